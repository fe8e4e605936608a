"""Sentences about missing scores: cells without a surviving member, returns that are not finite, returns of unlike units."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.statistics.scores import Scores

NAMED = 6  # cells that a sentence lists by name


def list_cells(cells: Sequence[tuple[str, str]]) -> str:
    """`gae` on CartPole-v1, `ppo` on Acrobot-v1 and 3 more; places are (task, variant)."""
    named = [f"`{variant}` on {task}" for task, variant in cells[:NAMED]]
    more = len(cells) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def score_warnings(suite: Scores) -> tuple[str, ...]:
    """Warnings that precede the tables of this suite."""
    return tuple(text for text in (without_mean(suite), not_finite(suite)) if text)


def without_mean(suite: Scores) -> str:
    """Which cells have no mean, because no member has a finite last return; empty where there is none."""
    if not (lost := suite.without_mean):
        return ""
    subject = "It has" if len(lost) == 1 else "They have"
    over = "" if len(suite.scales) == 1 else ", and a variant without one is not ranked over tasks"
    return f"All seeds diverged or returned no finite number: {list_cells(lost)}. {subject} no mean there{over}."


def not_finite(suite: Scores) -> str:
    """Which members returned NaN or inf although they did not diverge; empty where none did."""
    last = {place: int(c.not_finite[-1].sum()) for place, c in suite.curves.items() if c.not_finite[-1].any()}
    early = {place: 1 for place, c in suite.curves.items() if place not in last and c.not_finite.any()}
    sentences = []
    if last:
        counts = [f"{count} of `{v}` on {t}" for (t, v), count in list(last.items())[:NAMED]]
        more = f" and others in {len(last) - NAMED} more cells" if len(last) > NAMED else ""
        sentences.append(
            f"The last evaluation is NaN or infinite for members that did not diverge: {', '.join(counts)}{more}. They "
            "count as diverged members do."
        )
    if early:
        sentences.append(
            f"An earlier evaluation is NaN or infinite for {list_cells(list(early))}; it counts as the task's worst."
        )
    return " ".join(sentences)


def nothing_compared(suite: Scores) -> str:
    """Why no two variants can be ranked over all tasks; empty where divergence and units are not the reason."""
    if not suite.can_average(list(suite.scales)):
        return "No variant is ranked over tasks, for returns of different tasks are not averaged."
    lost = {variant for _, variant in suite.without_mean}
    ranked = [v for v in suite.learners if v not in lost]
    if not lost or len(ranked) > 1:
        return ""
    only = f"only `{ranked[0]}` has a mean on every task" if ranked else "no variant has a mean on every task"
    return f"Nothing is compared here: {only}, because all seeds of others diverged or returned no finite number."


def not_averaged(suite: Scores) -> str:
    """Why nothing is averaged over tasks; empty where scores may be."""
    if suite.can_average(list(suite.scales)):
        return ""
    raw = without_ceiling(suite)
    names = ", ".join(raw[:NAMED]) + (f" and {len(raw) - NAMED} more" if len(raw) > NAMED else "")
    verb = "has" if len(raw) == 1 else "have"
    return f"{names} {verb} no ceiling: scores are returns there, and returns of different tasks are not averaged."


def without_ceiling(suite: Scores) -> list[str]:
    """The tasks whose scores are returns."""
    return [task for task, scale in suite.scales.items() if not scale.normalised]
