"""What to use when, and how sure that is: a table made from the runs under a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks import formats, guide
from benchmarks.cli.options import RESULTS
from benchmarks.usage import DONE


@dataclass(frozen=True)
class Guide:
    """The flags of `guide`."""

    results: Path = RESULTS

    def __call__(self) -> int:
        print(formats.markdown(guide.collected(self.results)))
        return DONE
