"""The answer of a tuning report, in a sentence."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from benchmarks.statistics.sign_flips import smallest_p
from benchmarks.statistics.tests import LEVEL
from benchmarks.statistics.wording import phrases
from benchmarks.statistics.wording.phrases import change, count_noun, list_variants, signed
from benchmarks.tuning.figures.layout import bounds
from benchmarks.tuning.report.phrases import describe_studies, lost_phrase, study_names
from benchmarks.tuning.summary.ranking import Ranking
from benchmarks.tuning.summary.summary import Summary


def headline(summary: Summary) -> str:
    """The answer, in a sentence."""
    if len(summary.studies) == 1:
        return headline_of_one(summary)
    if not summary.compared:
        return f"{describe_studies(summary)}: nothing is compared, for in each a setting lost all its test runs."
    if summary.overall is None:
        return headline_of_several(summary)
    return f"{ranking_sentence(summary.overall)}, and tuning {average_change(summary)}."


def headline_of_one(summary: Summary) -> str:
    """One study: what tuning does to its test score, and what the seeds cannot show."""
    ((key, study),) = summary.studies.items()
    row = summary.gains.iloc[0]
    what, seeds = study_names([key]), int(row["seeds"])
    if settings := summary.lost.get(key):
        return f"No difference can be measured for {what}: {lost_phrase(settings)} all {seeds} test runs."
    if row["kept"]:
        score = f"its test score is {row['default']:.3f} ({count_noun(seeds, 'test seed')})"
        return f"Tuning {what} chose the default itself, of {count_noun(len(study.trials), 'trial')}: {score}."
    scores = f"{row['default']:.3f} by default and {row['tuned']:.3f} tuned"
    difference = change(row)
    if row["p"] < LEVEL:
        word = "raises" if row["difference"] > 0 else "lowers"
        return f"Tuning {word} the test score of {what}: {scores}, {difference} (p {row['p']:.2g}, {seeds} test seeds)."
    return f"No difference is shown for {what}: {scores}, {difference} (p {row['p']:.2g}).{_why_not_shown(row, seeds)}"


def _why_not_shown(row: Any, seeds: int) -> str:
    if (least := smallest_p(seeds)) > LEVEL:
        return f" {phrases.spell_seeds(seeds)} cannot show one: the smallest p is {min(1.0, least):.3g}."
    detects = phrases.detection_sentence(seeds, row["detectable"], row["difference"])
    return f" {detects}" if detects else ""


def headline_of_several(summary: Summary) -> str:
    """Studies that make no ranking: how much tuning gains, and in how many it is shown."""
    shown = shown_changes(summary)
    text = f"{describe_studies(summary)}: tuning {average_change(summary)}; "
    text += f"a gain is shown in {len(shown.gains)} of {len(shown.tested)} that were tested"
    text += f", a loss in {len(shown.losses)}" if len(shown.losses) else ""
    text += "; the variants share no task, so there is no ranking" if len(summary.variants) > 1 else ""
    return text + "."


class ShownChanges(NamedTuple):
    """Rows of the table of gains: those with a gain, with a loss that is shown (Holm), and all that were tested."""

    gains: pd.DataFrame
    losses: pd.DataFrame
    tested: pd.DataFrame


def shown_changes(summary: Summary) -> ShownChanges:
    """Of the studies in which the default was not chosen."""
    tested = summary.gains[~summary.gains["kept"]]
    shown = tested[tested["p_holm"] < LEVEL]
    return ShownChanges(shown[shown["difference"] > 0], shown[shown["difference"] < 0], tested)


def average_change(summary: Summary) -> str:
    """... `gains +0.050 [+0.030, +0.070] on average over 50 studies (p 0.001, 20 test seeds)`"""
    average = summary.average
    shown = average.p < LEVEL
    verb = "changes the test score by" if not shown else "gains" if average.difference > 0 else "costs"
    test = f"p {average.p:.2g}, {count_noun(average.n, 'test seed')}{'' if shown else '; not shown'}"
    difference = signed(average.difference, *average.interval)
    return f"{verb} {difference} on average over {count_noun(len(summary.compared), 'study', 'studies')} ({test})"


def ranking_sentence(r: Ranking) -> str:
    """Whether the ranking survives tuning, and which variant leads before and after."""
    if r.tau != r.tau:
        return f"There is no ranking to survive: {r.where}, all score the same before or after tuning"
    where = f"{len(r.variants)} variants {f'over {r.tasks} tasks' if r.tasks > 1 else f'on {r.where}'}"
    leads = f"{leader_phrase(r, 'default')} leads before tuning, {leader_phrase(r, 'tuned')} after"
    return f"{_survival(r)} (Kendall's tau {r.tau:.2f}{bounds(r.interval)}, {where}); {leads}"


def _survival(r: Ranking) -> str:
    seeds, orders = count_noun(len(r.default), "test seed"), r.orders
    if not orders.default:
        return f"{seeds} cannot tell whether the ranking survives tuning: they order no pair of variants by default"
    survives = "survives tuning" + (" in part" if orders.left_open else "")
    return (
        f"The ranking {'does not survive tuning' if orders.reversed else survives}: of "
        f"{count_noun(orders.default, 'pair')} that {seeds} order by default {orders.kept} keep that order, "
        f"{orders.left_open} are left open and {len(orders.reversed)} are reversed"
    )


def leader_phrase(r: Ranking, setting: str) -> str:
    """`ppo` (`gae` may be as good)"""
    best, *others = r.best(setting)
    return f"`{best}` ({list_variants(others) if others else 'no other'} may be as good)"
