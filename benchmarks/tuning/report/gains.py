"""Default against tuned settings on the test seeds."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pandas as pd

from benchmarks.design.report_blocks import FigureBlock, Prose, Section, Table, joined
from benchmarks.statistics.wording.answers import as_many_as_fit
from benchmarks.statistics.wording.phrases import count_noun
from benchmarks.tuning.figures.gains import draw_gains
from benchmarks.tuning.report.headline import average_change, shown_changes
from benchmarks.tuning.report.phrases import study_names, tested_seeds
from benchmarks.tuning.summary.summary import Summary
from benchmarks.tuning.summary.trials import SETTINGS

FIGURE = (
    "Default (circles) and tuned setting (filled marks) on the test seeds: means, their 95 % t intervals and a dot a "
    "seed, {n}. A filled mark has a colour where the difference is shown (sign-flip, Holm). A circle alone: the default "
    "was chosen."
)
CAPTION = (
    "Mean {unit} on the test seeds, {n}, the same for both settings. Differences are paired by seed. `p`: of an exact "
    "sign-flip test; `p (Holm)`: corrected for all tests of this table. `A12`: how often a tuned run is above a default "
    "one. `detectable`: where no difference is shown, the true one that would be found in 80 % of such experiments, at "
    "the level that Holm's correction guarantees to each row."
)
BOLD = " Bold: the highest of its task and column, and those not shown to be lower."
CHANGES = "What each chosen configuration changed, default -> tuned; names as in the table of the search space."


def gains_section(summary: Summary) -> Section:
    """Every study on the test seeds."""
    n, bold = tested_seeds(summary), bold_rows(summary)
    caption = CAPTION.format(unit=summary.unit, n=n) + (BOLD if bold else "")
    blocks = (
        Prose(joined(gain_sentences(summary))),
        FigureBlock("default_against_tuned", partial(draw_gains, summary), FIGURE.format(n=n)),
        Table("gains", summary.gains.drop(columns=["kept", "within"]), caption, bold),
        Table("changes", summary.changed, CHANGES),
    )
    return Section("Default against tuned", blocks)


def bold_rows(summary: Summary) -> Mapping[str, list[bool]]:
    """By setting, the best of a task and those not shown to be lower; none where nothing is compared."""
    ranked = {r.where: r for r in summary.rankings if r.tasks == 1}
    return {
        setting: [task in ranked and v in ranked[task].best(setting) for task, v in summary.studies]
        for setting in (SETTINGS if ranked else ())
    }


def gain_sentences(summary: Summary) -> list[str]:
    """How much on average, in how many studies, and where the default was chosen."""
    sentences = []
    if len(summary.studies) > 1 and summary.compared:
        sentences.append(f"Tuning {average_change(summary)}: each seed's mean over the studies, paired.")
        shown = shown_changes(summary)
        tested = f"of {len(shown.tested)}" + (" tested" if len(shown.tested) < len(summary.studies) else "")
        gains = count_noun(len(shown.gains), "study", "studies")
        sentences.append(f"A gain is shown in {gains} {tested} (Holm over all){_where(shown.gains)}.")
        sentences.append(f"A loss is shown in {len(shown.losses)}{_where(shown.losses)}.")
    kept = summary.gains[summary.gains["kept"]]
    if len(kept):
        sentences.append(f"The default itself was chosen in {len(kept)} of {len(summary.studies)}{_where(kept)}.")
    return [*sentences, floor_sentence(summary)]


def _where(rows: pd.DataFrame) -> str:
    return f": {study_names(zip(rows['task'], rows['variant'], strict=True))}" if len(rows) else ""


def floor_sentence(summary: Summary) -> str:
    """Whether every tuned setting scores at least the default's mean less the half width of the default's interval."""
    rule = "the default's less the half width of the default's 95 % interval"
    if min(summary.test_seeds) < 2:
        return f"Whether the tuned test score is at least {rule} cannot be said of one test seed."
    low = summary.gains[~summary.gains["within"]]
    total = len(summary.studies)
    if low.empty:
        every = "the study's" if total == 1 else f"each of the {total} studies'"
        return f"On the test seeds {every} tuned score is at least {rule}."
    where = [
        f"`{r['variant']}` on {r['task']} ({_mean(r['tuned'])}, default {_mean(r['default'])})"
        for r in low.to_dict("records")
    ]
    head = f"In {len(low)} of {total} the tuned test score is below {rule}."
    return f"{head} {as_many_as_fit('There:', where)}"


def _mean(value: float) -> str:
    """0.123; a setting that lost all runs has none."""
    return "no mean" if value != value else f"{value:.3f}"
