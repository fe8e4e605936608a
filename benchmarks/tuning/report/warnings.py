"""Warnings about unfair comparisons and about too few test seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from benchmarks.reports.table_formats import number
from benchmarks.statistics.comparisons import least_corrected_p
from benchmarks.statistics.tests import LEVEL
from benchmarks.statistics.wording.phrases import count_noun
from benchmarks.statistics.wording.sentences import few_seeds
from benchmarks.tuning.report.phrases import as_text, lost_phrase, number_range, steps_per_seed
from benchmarks.tuning.report.protocol import provenance_values, search_range
from benchmarks.tuning.summary.summary import Summary

ENOUGH_SEEDS = 10
COMMON = ("trials", "batch", "tuning_seeds", "selection_seeds", "test_seeds", "top", "objective", "episodes", "sampler",
          "pruner", "space")  # fmt: skip
NEUTRAL = ("command", "commit", "dirty")  # provenance that may differ without moving a number


def report_warnings(summary: Summary) -> Iterator[str]:
    """All warnings of a report."""
    for (task, variant), settings in summary.lost.items():
        yield (
            f"`{variant}` on {task}: {lost_phrase(settings)} all test runs, which diverged or returned no number. It has "
            "no mean there and is not ranked."
        )
    yield from differing_protocols(summary)
    if unlike := differing_ranges(summary):
        yield f"The same field was searched in different ranges: {', '.join(unlike)} (table of the search space)."
    if len(set(summary.test_seeds)) > 1:
        yield (
            f"The studies have {number_range(summary.test_seeds)} test seeds: rankings and averages use the first "
            f"{min(summary.test_seeds)} of each."
        )
    origin = provenance_values(list(summary.studies.values()))
    if facts := [key for key, values in origin if len(values) > 1 and key not in NEUTRAL]:
        yield f"The provenance of the studies differs ({', '.join(facts)})."
    yield from few_seed_warnings(summary)


def differing_protocols(summary: Summary) -> Iterator[str]:
    """Rules and budgets that are not the same in all studies that are compared."""
    for key in COMMON:
        counts = Counter(as_text(study.protocol.get(key)) for study in summary.studies.values())
        if len(counts) > 1:
            parts = "; ".join(f"{value} in {count_noun(k, 'study', 'studies')}" for value, k in counts.most_common(4))
            yield f"The studies differ in their protocol ({key.replace('_', ' ')}: {parts}): comparing them is unfair."
    for task in summary.tasks:
        steps = dict.fromkeys(steps_per_seed(study) for study in summary.on_task(task).values())
        if len(steps) > 1:
            parts = ", ".join(number(float(s)) for s in steps)
            yield f"On {task} the studies differ in environment steps a run ({parts}): comparing them is unfair."


def differing_ranges(summary: Summary) -> list[str]:
    """Fields whose range is not the same in all studies that search them."""
    ranges_by_name: dict[str, set[tuple[str, str]]] = {}
    for study in summary.studies.values():
        for entry in study.space:
            ranges_by_name.setdefault(str(entry["name"]), set()).add(search_range(entry))
    return [summary.parameters[name].label for name, ranges in ranges_by_name.items() if len(ranges) > 1]


def few_seed_warnings(summary: Summary) -> Iterator[str]:
    """Warnings about too few test seeds."""
    seeds, tested = min(summary.test_seeds), int((~summary.gains["kept"]).sum())
    if text := few_seeds(seeds, ENOUGH_SEEDS):
        yield text.replace("seeds:", "test seeds:", 1)
    elif tested and (least := least_corrected_p(seeds, tested)) > LEVEL:
        yield (
            f"{seeds} test seeds and {tested} tests: the smallest corrected p is {least:.3g}. No gain of a single study "
            "can be shown, only averages. Use more test seeds."
        )
