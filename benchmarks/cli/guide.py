"""Which variant to use in which case, from the runs under a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.cli.options import RESULTS
from benchmarks.reports import table_formats
from benchmarks.reports.report import collected_guide
from benchmarks.validation.usage import DONE


@dataclass(frozen=True)
class Guide:
    """The flags of `guide`."""

    results: Path = RESULTS

    def __call__(self) -> int:
        print(table_formats.markdown(collected_guide(self.results)))
        return DONE
