"""Whether the ranking of variants survives tuning."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.design.report_blocks import FigureBlock, Prose, Section, Table, joined
from benchmarks.statistics import intervals
from benchmarks.statistics.wording.phrases import NAMED, count_noun, list_words
from benchmarks.tuning.figures.rankings import draw_rankings
from benchmarks.tuning.report.headline import ranking_sentences as sentences_of
from benchmarks.tuning.report.phrases import number_range
from benchmarks.tuning.summary.ranking import Ranking
from benchmarks.tuning.summary.summary import Summary

FIGURE = (
    "Places and mean test scores before and after tuning, n = {n} test seeds. In bold: the highest mean and those not "
    "shown to be lower (all pairs tested together, familywise error 5 %). `tau`: Kendall's, with its 95 % bootstrap "
    "interval."
)
CAPTION = (
    "n = {n} test seeds. `tau`: Kendall's rank correlation of the default and the tuned ranking. Its interval is from "
    "{resamples:,} bootstrap resamples of whole test seeds. `again`: mean tau of the default ranking on one resample with "
    "itself on another. That is to be expected where tuning changes nothing. `ordered`: pairs of variants whose order is "
    "shown (sign-flip, Holm over the pairs). Of those ordered by default, some are ordered in the same way once tuned "
    "(`kept`), some in no way (`left open`), and some the other way (`reversed`)."
)


def ranking_section(summary: Summary) -> Section | None:
    """Rankings before and after tuning; None without variants to rank."""
    if not summary.rankings:
        return None
    n = number_range(len(r.default) for r in summary.rankings)
    blocks = (
        Prose(joined(ranking_sentences(summary))),
        FigureBlock("rankings", partial(draw_rankings, summary.rankings, summary.titles), FIGURE.format(n=n)),
        Table("rankings", summary.ranks, CAPTION.format(n=n, resamples=intervals.RESAMPLES)),
    )
    return Section("Does the ranking survive tuning", blocks)


def ranking_sentences(summary: Summary) -> list[str]:
    """The ranking of all, and the tasks one by one."""
    sentences = []
    if summary.overall is None:
        sentences.append(
            "No task is shared by all variants, so there is no ranking of all; each task ranks those that it has."
        )
    main = summary.overall or (summary.rankings[0] if len(summary.rankings) == 1 else None)
    sentences += _ranking_details(main) if main else []
    sentences += _task_by_task([r for r in summary.rankings if r.tasks == 1 and r.tau == r.tau])
    if summary.overall and len(summary.overall.variants) == 2:
        sentences.append("Of two variants tau can only be 1 or -1.")
    return sentences


def _ranking_details(r: Ranking) -> Iterator[str]:
    yield from sentences_of(r)
    if r.self_agreement == r.self_agreement:
        yield f"For comparison: the default ranking agrees with itself on other test seeds at tau {r.self_agreement:.2f}."
    if r.orders.reversed:
        pairs = list_words([f"`{a}` above `{b}`" for a, b in r.orders.reversed], NAMED)
        yield f"Shown before tuning, and the other way after: {pairs}."
    if r.orders.new:
        yield f"{count_noun(r.orders.new, 'pair')} of {r.orders.pairs} are ordered only after tuning."


def _task_by_task(rankings: list[Ranking]) -> Iterator[str]:
    if len(rankings) > 1:
        low, high = min(rankings, key=lambda r: r.tau), max(rankings, key=lambda r: r.tau)
        moved = sum(r.best("default")[0] != r.best("tuned")[0] for r in rankings)
        yield (
            f"Task by task tau runs from {low.tau:.2f} ({low.where}) to {high.tau:.2f} ({high.where}). Another variant "
            f"leads after tuning on {moved} of {len(rankings)} tasks."
        )
