"""How much the best trial's value exceeds the test score of the chosen configuration."""

from __future__ import annotations

from functools import partial

import pandas as pd

from benchmarks.design.report_blocks import FigureBlock, Prose, Section, Table, joined
from benchmarks.statistics.intervals import t_interval
from benchmarks.statistics.wording.phrases import signed
from benchmarks.tuning.figures.optimism import draw_optimism
from benchmarks.tuning.report.phrases import selection_seeds, tested_seeds
from benchmarks.tuning.summary.summary import Summary

FIGURE = (
    "The best trial's value on the tuning seeds, and the chosen configuration on selection and on test seeds. Means, 95 % t "
    "intervals and a dot a seed; {n}, n = {selection} selection seeds."
)
CAPTION = (
    "`optimism`: the best trial's value less the chosen configuration's test score, {n}. Its interval is the test score's. "
    "`drift`: the default's own value on the tuning seeds less its test score, which is what the seeds alone do."
)


def optimism_section(summary: Summary) -> Section:
    """The best value, and what of it the test seeds show."""
    n = tested_seeds(summary)
    caption = FIGURE.format(n=n, selection=selection_seeds(summary))
    drawn = FigureBlock("optimism", partial(draw_optimism, summary), caption)
    table = Table("optimism", summary.optimism, CAPTION.format(n=n))
    return Section("Optimism", (Prose(joined(optimism_sentences(summary))), drawn, table))


def optimism_sentences(summary: Summary) -> list[str]:
    """What the best trial would have claimed, and how much of it the seeds alone explain."""
    table = summary.optimism
    if table["best trial"].isna().all():
        return ["No trial was complete, so that there is no best value."]
    means, gain = table.mean(numeric_only=True), summary.gains["difference"].mean()
    many, claim = (" on average" if len(table) > 1 else ""), means["best trial"] - means["default, tuning"]
    sentences = [
        f"Reporting the best trial as it scored would have claimed{many} {means['best trial']:.3f}, {claim:+.3f} over the "
        "default on the same seeds.",
        f"On the test seeds the chosen configuration scores {means['chosen, test']:.3f}, {gain:+.3f} over the default.",
        *_size(table),
    ]
    if (drift := table["drift"].dropna()).size:
        sentences.append(
            f"The default, which was not selected, scores {drift.mean():+.3f}{many} on the tuning seeds over its test "
            "score. The seeds cause this difference, not the selection."
        )
    return sentences


def _size(table: pd.DataFrame) -> list[str]:
    values = table["optimism"].dropna().to_numpy(float)
    if len(values) > 1:
        mean = signed(float(values.mean()), *t_interval(values))
        return [
            f"Optimism is {mean} on average over {len(values)} studies (t interval over studies, which share their seeds).",
            f"It is above 0 in {int((values > 0).sum())} of them.",
        ]
    if len(values):
        row = table.iloc[0]
        return [f"Optimism is {signed(row['optimism'], row['low'], row['high'])}."]
    return []
