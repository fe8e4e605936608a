"""Which hyper-parameters matter."""

from __future__ import annotations

from functools import partial

from benchmarks.design.report_blocks import Block, FigureBlock, Prose, Section, Table, joined
from benchmarks.statistics.wording.phrases import count_noun
from benchmarks.tuning.figures.importance import draw_importance_bars, draw_importance_map
from benchmarks.tuning.report.phrases import number_range, study_names
from benchmarks.tuning.summary.importance import SHUFFLES, TOP
from benchmarks.tuning.summary.summary import Summary
from benchmarks.tuning.summary.trials import StudyKey

METHOD = (
    "Importance by PED-ANOVA (Watanabe et al., 2023): how far the density of the best trials over a field differs from "
    f"that of all trials. The best are a tenth, at least {TOP}. Shares of a study sum to 1."
)
CHANCE = (
    f"`above chance`: more than in each of {SHUFFLES} shuffles of the scores, as a field of no effect is in one of 20."
)
LARGEST = "`largest in`: studies in which no other field has a larger share."


def importance_section(summary: Summary) -> Section:
    """PED-ANOVA: in which fields the best trials differ from the others."""
    title = "Which hyper-parameters matter"
    importances = [i for i in summary.importances.values() if i.shares]
    if not importances:
        return Section(title, (Prose(joined(missing_importances(summary))),))
    n = f"n = {number_range(i.trials for i in importances)} complete trials a study"
    blocks = (
        _blocks_of_one_study(summary, n)
        if len(summary.studies) == 1
        else _blocks_of_several_studies(summary, n, len(importances))
    )
    return Section(title, (Prose(joined(importance_sentences(summary))), *blocks))


def _blocks_of_one_study(summary: Summary, n: str) -> tuple[Block, ...]:
    table = summary.every_share.sort_values("share", ascending=False)
    return (
        FigureBlock("importance", partial(draw_importance_bars, summary), f"{METHOD} Filled: {CHANCE} {n}."),
        Table("importance", table, f"{CHANCE} {n}."),
    )


def _blocks_of_several_studies(summary: Summary, n: str, studies: int) -> tuple[Block, ...]:
    means = f"Means over {count_noun(studies, 'study', 'studies')}; `-`: not searched."
    return (
        FigureBlock("importance", partial(draw_importance_map, summary), f"{METHOD} {means} {n}."),
        Table("importance", summary.fields, f"{LARGEST} {CHANCE} {n}."),
        Table("importance_by_study", summary.every_share, f"Every share. {n}.", title="Study by study"),
    )


def importance_sentences(summary: Summary) -> list[str]:
    """Which fields have the largest shares, and how many of them are more than chance."""
    table, importances = summary.fields, [i for i in summary.importances.values() if i.shares]
    top = ", ".join(f"{r['parameter']} {r['mean share']:.2f}" for r in table.head(3).to_dict("records"))
    many = " on average where they were searched" if len(importances) > 1 else ""
    shares = sum(len(i.shares) for i in importances)
    above = sum(len(i.above_chance) for i in importances)
    chance = f"{shares / (SHUFFLES + 1):.{0 if shares > 2 * SHUFFLES else 1}f}"
    return [
        f"The largest shares of the importance{many}: {top}.",
        f"{above} of {shares} shares are above those of all {SHUFFLES} shuffles of the scores. By chance about {chance} "
        "would be.",
        *missing_importances(summary),
    ]


def missing_importances(summary: Summary) -> list[str]:
    """Studies that have no importances, by reason."""
    reasons: dict[str, list[StudyKey]] = {}
    for key, importance in summary.importances.items():
        if importance.missing:
            reasons.setdefault(importance.missing, []).append(key)
    return [f"No importances, because {reason}: {study_names(keys)}." for reason, keys in reasons.items()]
