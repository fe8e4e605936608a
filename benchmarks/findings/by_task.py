"""Sentences about comparisons on single tasks, which several findings share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.statistics.families import ComparisonKey
from benchmarks.statistics.tests import Comparison
from benchmarks.statistics.wording.phrases import list_words
from benchmarks.statistics.wording.sentences import too_few_seeds
from benchmarks.store.suite import Suite


def task_sentences(comparisons: Mapping[ComparisonKey, Comparison], suite: Suite, what: str) -> list[str]:
    """One sentence per task with shown gains and losses; one sentence where nothing is shown."""
    how = "Each task alone (Holm over the tasks of a pair)"
    if text := too_few_seeds(comparisons, suite):
        return [f"{how}: {text}"]
    sentences = []
    for task in suite.scales:
        shown = [(b, t) for (b, _, tasks), t in comparisons.items() if tasks == (task,) and t.shown]
        sentences += [f"{list_words(_losses_first(shown))} on {task}."] if shown else []
    if not sentences:
        return [f"{how}: no {what} is shown."]
    return [f"{how}: {sentences[0]}", *sentences[1:]]


def _losses_first(shown: Sequence[tuple[str, Comparison]]) -> list[str]:
    """`a` loses 0.43, `b` gains 0.38: losses before gains, the larger first."""
    order = sorted(shown, key=lambda item: (item[1].difference > 0, -abs(item[1].difference)))
    return [f"`{b}` {'gains' if t.difference > 0 else 'loses'} {abs(t.difference):.2g}" for b, t in order]
