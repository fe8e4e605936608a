"""The answer of a tuning report, in a sentence."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from benchmarks.design.report_blocks import with_details
from benchmarks.statistics.sign_flips import smallest_p
from benchmarks.statistics.tests import LEVEL
from benchmarks.statistics.wording import phrases
from benchmarks.statistics.wording.answers import as_many_as_fit, first_that_fits
from benchmarks.statistics.wording.phrases import change, count_noun, signed
from benchmarks.tuning.figures.layout import bounds
from benchmarks.tuning.report.phrases import describe_studies, lost_phrase, study_names
from benchmarks.tuning.summary.ranking import Ranking
from benchmarks.tuning.summary.summary import Summary
from benchmarks.tuning.summary.trials import SETTINGS


def headline(summary: Summary) -> str:
    """The answer in at most 40 words, and a list of what else there is to say of it."""
    if len(summary.studies) == 1:
        return headline_of_one(summary)
    if not summary.compared:
        return f"{describe_studies(summary)}: nothing is compared, for in each a setting lost all its test runs."
    if summary.overall is None:
        return headline_of_several(summary)
    return with_details(_answer(summary, summary.overall), _not_said(summary.overall))


def _not_said(ranking: Ranking) -> list[str]:
    """What the answer does not say: whether the ranking survives is in it."""
    return [text for text in ranking_sentences(ranking) if not text.startswith("The ranking ")]


def _answer(summary: Summary, ranking: Ranking) -> str:
    """How much tuning gains, whether the ranking survives it, and who leads before and after."""
    orders = ranking.orders
    gain = f"Tuning {average_change(summary)}."
    before, after = (f"`{ranking.best(setting)[0]}`" for setting in SETTINGS)
    leads = (
        f"{before} leads by default and tuned" if before == after else f"{before} leads by default, {after} once tuned"
    )
    verdict = "does not survive it" if orders.reversed else "survives it" + (" in part" if orders.left_open else "")
    known = f"The ranking {verdict}: {leads}." if orders.default else f"{leads[0].upper()}{leads[1:]}."
    return first_that_fits([f"{gain} {known}", gain])


def headline_of_one(summary: Summary) -> str:
    """One study: what tuning does to its test score, and what the seeds cannot show."""
    ((key, study),) = summary.studies.items()
    row = summary.gains.iloc[0]
    what, seeds = study_names([key]), int(row["seeds"])
    if settings := summary.lost.get(key):
        return f"No difference can be measured for {what}: {lost_phrase(settings)} all {seeds} test runs."
    if row["kept"]:
        score = f"Its test score is {row['default']:.3f} ({count_noun(seeds, 'test seed')})."
        return f"Tuning {what} chose the default itself, of {count_noun(len(study.trials), 'trial')}. {score}"
    scores = f"By default the test score is {row['default']:.3f}, tuned it is {row['tuned']:.3f}."
    difference = change(row)
    if row["p"] < LEVEL:
        word = "raises" if row["difference"] > 0 else "lowers"
        sure = f"p {row['p']:.2g}, {seeds} test seeds"
        return with_details(f"Tuning {word} the test score of {what} by {difference} ({sure}).", [scores])
    answer = f"No difference is shown for {what}: {difference} (p {row['p']:.2g})."
    return with_details(answer, [scores, _why_not_shown(row, seeds)])


def _why_not_shown(row: Any, seeds: int) -> str:
    if (least := smallest_p(seeds)) > LEVEL:
        return f"{phrases.spell_seeds(seeds)} cannot show one: the smallest p is {min(1.0, least):.3g}."
    return phrases.detection_sentence(seeds, row["detectable"], row["difference"])


def headline_of_several(summary: Summary) -> str:
    """Studies that make no ranking: how much tuning gains, and in how many it is shown."""
    shown = shown_changes(summary)
    counted = f"A gain is shown in {len(shown.gains)} of {len(shown.tested)} that were tested"
    counted += f", a loss in {len(shown.losses)}." if len(shown.losses) else "."
    alone = "The variants share no task, so there is no ranking." if len(summary.variants) > 1 else ""
    return with_details(f"{describe_studies(summary)}: tuning {average_change(summary)}. {counted}", [alone])


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


def ranking_sentences(r: Ranking) -> list[str]:
    """Whether the ranking survives tuning, and which variant leads before and after."""
    where = f"{len(r.variants)} variants {f'over {r.tasks} tasks' if r.tasks > 1 else f'on {r.where}'}"
    if r.tau != r.tau:
        return [f"There is no ranking to survive: {r.where}, all score the same before or after tuning."]
    correlation = f"Kendall's tau of the rankings before and after is {r.tau:.2f}{bounds(r.interval)} ({where})."
    return [*_survival(r), correlation, *(_leader(r, setting) for setting in SETTINGS)]


def _survival(r: Ranking) -> list[str]:
    seeds, orders = count_noun(len(r.default), "test seed"), r.orders
    if not orders.default:
        return [
            f"{seeds} order no pair of variants by default, so they cannot tell whether the ranking survives tuning."
        ]
    survives = "survives tuning" + (" in part" if orders.left_open else "")
    return [
        f"The ranking {'does not survive tuning' if orders.reversed else survives}.",
        f"Of {count_noun(orders.default, 'pair')} that {seeds} order by default, {orders.kept} keep that order, "
        f"{orders.left_open} are left open and {len(orders.reversed)} are reversed.",
    ]


def _leader(r: Ranking, setting: str) -> str:
    """`ppo` leads after tuning. Not shown to be lower: `gae`."""
    best, *others = r.best(setting)
    head = f"`{best}` leads {'before' if setting == 'default' else 'after'} tuning"
    return (
        as_many_as_fit(f"{head}; not shown to be lower:", [f"`{v}`" for v in others]) if others else f"{head}, alone."
    )
