"""Sentences about comparisons on single tasks, which several findings share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.statistics.families import ComparisonKey
from benchmarks.statistics.tests import Comparison
from benchmarks.statistics.wording.phrases import list_words
from benchmarks.statistics.wording.sentences import too_few_seeds
from benchmarks.store.suite import Suite


def task_sentences(comparisons: Mapping[ComparisonKey, Comparison], suite: Suite, what: str) -> list[str]:
    """Sentences per task with shown gains and losses; one sentence where nothing is shown."""
    how = "Differences on single tasks are corrected"
    if text := too_few_seeds(comparisons, suite):
        return [f"On single tasks: {text}"]
    sentences = []
    for task in suite.scales:
        shown = [(b, t) for (b, _, tasks), t in comparisons.items() if tasks == (task,) and t.shown]
        for losses in (True, False):
            named = _largest_first([(b, t) for b, t in shown if (t.difference < 0) == losses])
            sentences += [f"On {task} {text}." for text in pieces(named)]
    return (
        [*sentences, f"{how} over the tasks of each pair (Holm)."]
        if sentences
        else [f"No {what} is shown on any single task."]
    )


def pieces(named: Sequence[str], most: int = 4) -> list[str]:
    """Lists of a few each: a sentence has room for no more."""
    return [list_words(named[i : i + most]) for i in range(0, len(named), most)]


def _largest_first(shown: Sequence[tuple[str, Comparison]]) -> list[str]:
    """`a` loses 0.43, `b` loses 0.38: the larger first."""
    order = sorted(shown, key=lambda item: -abs(item[1].difference))
    return [f"`{b}` {'gains' if t.difference > 0 else 'loses'} {abs(t.difference):.2g}" for b, t in order]
