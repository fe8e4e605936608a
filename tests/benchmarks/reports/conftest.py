"""What several tests of reports look at, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.reports import report
from tests.benchmarks.synthetic_results import frame, report_input


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the report of `frame()`, with all kinds of figure files. Tests read it and change nothing."""
    return report.write(report_input(frame(), tmp_path_factory.mktemp("drawn"))).parent
