"""What `examine FILE::function` prints: the rules of a function of another library that break, each with an example."""

from __future__ import annotations

from collections.abc import Sequence

from algorithms import VARIANTS
from algorithms.conformance.finding import Finding
from algorithms.conformance.foreign.adapters.registry import adapt
from algorithms.conformance.foreign.examine import Report, check_promises, examine
from algorithms.estimators.estimator import Estimator
from benchmarks.design.own.functions import find_function, read_given
from benchmarks.validation.usage import DONE, FAILED, work_errors

MOST_NAMES = 6


def estimators() -> dict[str, Estimator]:
    """The estimators of ours, by the names of their variants."""
    return {name: variant.estimator for name, variant in VARIANTS.items()}


def report_of(name: str, adapter: str | None, promises: Sequence[str], given: str) -> Report:
    """The report on a function that a name stands for; UsageError for what is wrong, before any rule is tested."""
    check_promises(promises, estimators())
    foreign = adapt(find_function(name), adapter, read_given(given))
    with work_errors(f"{name} cannot be examined"):
        return examine(foreign, promises, estimators())


def print_report(name: str, report: Report, every: bool) -> int:
    """Print it; the exit status."""
    for finding in report.findings if every else report.broken:
        _print(finding)
    for found in report.properties:
        if found.holds:
            print(f"has  {found.name}: {found.says}")
    for found in report.properties:
        if not found.holds and every:
            print(f"not  {found.name}: {found.says}")
    if report.same_as:
        more = len(report.same_as) - MOST_NAMES
        names = ", ".join(report.same_as[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
        print(f"same as ours: {names}")
    held = len(report.findings) - len(report.broken)
    print(f"{name}: {held} of {len(report.findings)} rules hold")
    return FAILED if report.broken else DONE


def _print(finding: Finding) -> None:
    print(f"{'ok  ' if finding.holds else 'FAIL'} {finding.rule}: {finding.detail}")
    if finding.example:
        print("     smallest example:")
    for line in finding.example.splitlines():
        print(f"       {line}")
