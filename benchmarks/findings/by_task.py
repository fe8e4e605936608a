"""Sentences about comparisons on single tasks, which several findings share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.suite import Suite
from benchmarks.tested import Asked, Told, listed, too_few


def task_sentences(found: Mapping[Asked, Told], suite: Suite, what: str) -> list[str]:
    """Who is shown to gain or lose where, a sentence a task; that no `what` is shown where nobody is."""
    how = "Each task alone (Holm over the tasks of a pair)"
    if text := too_few(found, suite):
        return [f"{how}: {text}"]
    sentences = []
    for task in suite.scales:
        shown = [(b, t) for (b, _, tasks), t in found.items() if tasks == (task,) and t.shown]
        sentences += [f"{listed(_losses_first(shown))} on {task}."] if shown else []
    if not sentences:
        return [f"{how}: no {what} is shown."]
    return [f"{how}: {sentences[0]}", *sentences[1:]]


def _losses_first(shown: Sequence[tuple[str, Told]]) -> list[str]:
    """`a` loses 0.43, `b` gains 0.38: losses before gains, the larger first."""
    order = sorted(shown, key=lambda item: (item[1].difference > 0, -abs(item[1].difference)))
    return [f"`{b}` {'gains' if t.difference > 0 else 'loses'} {abs(t.difference):.2g}" for b, t in order]
