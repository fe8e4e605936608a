"""What all tests share: one torch thread a worker (two workers share two cores), compiled modules, and that no test is
skipped in silence.

A test that needs something which the machine lacks (Chromium, a PostgreSQL server) is skipped, and the last line of the run
names it. Where PG_LADDER_NO_SKIPS is set, as .ci/run sets it on a machine that has everything, such a skip is a failure.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Generator

import pytest

NO_SKIPS = "PG_LADDER_NO_SKIPS"

# while tests are collected, bytecode is kept: every process that a test starts would else compile our packages anew
_without_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, False

for library in (
    "OMP",
    "OPENBLAS",
    "MKL",
):  # read when torch and numpy load: small products get slower with a second thread
    os.environ[f"{library}_NUM_THREADS"] = "1"


def pytest_collection_finish() -> None:
    """What a test writes and imports is compiled as whoever runs the tests has it."""
    sys.dont_write_bytecode = _without_bytecode


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    return (str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)).removeprefix(
        "Skipped: "
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if os.environ.get(NO_SKIPS) and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome, report.longrepr = "failed", f"{NO_SKIPS} is set, and this test was skipped: {_reason(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if os.environ.get(NO_SKIPS) and report.skipped:
        report.outcome, report.longrepr = "failed", f"{NO_SKIPS} is set, and a file was skipped: {_reason(report)}"
    return report


def skipped_line(reports: list[pytest.TestReport | pytest.CollectReport]) -> str:
    """One line: how many tests were skipped, and why."""
    reasons = Counter(map(_reason, reports))
    return "; ".join(f"{count} skipped: {reason}" for reason, count in reasons.items()) or "no test was skipped"


def pytest_unconfigure(config: pytest.Config) -> None:
    """The last line of the run; workers have no terminal and say nothing."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and not hasattr(config, "workerinput"):
        terminal.write_line(skipped_line(terminal.stats.get("skipped", [])))
