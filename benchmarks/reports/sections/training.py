"""The sections of a report that look at training: curves, efficiency, profiles, diagnostics, samples, throughput."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd

from benchmarks.design.report_blocks import Block, FigureBlock, Prose, Section, Table
from benchmarks.figures import learning_curves
from benchmarks.figures.layout import line_groups
from benchmarks.reports import score_tables
from benchmarks.reports.inputs import ReportInput
from benchmarks.statistics.wording.phrases import count_noun

DIAGNOSTICS_EXPLAINED = (
    "Means over seeds and the whole run, of updates between checkpoints.\n\n"
    "- `gradient norm`: before clipping. `gradient variance`: over the updates between two checkpoints; `gradient snr`: the "
    "ratio of signal to it.\n"
    "- `entropy share`: entropy of the actions taken, as a share of its maximum.\n"
    "- `approximate kl`: to the policy that acted (k3). `effective sample size`: of the importance ratios, as a share "
    "(Kish).\n"
    "- `clipped up`, `clipped down`: shares of good actions clipped above and of bad ones clipped below.\n"
    "- `explained variance`: of the critic. `equal groups`: share of groups of texts whose returns are all equal.\n"
    "- `length right`, `length wrong`: of texts better and worse than halfway to the optimum. Where that is unknown: of "
    "texts with an end and of cut ones.\n"
    "- `gradient cosine`: to the exact gradient, where the task can be listed."
)
# diagnostics without a unit: shares, a cosine, and explained variance
SHARES = (
    "entropy_share",
    "effective_sample_size",
    "clipped_up",
    "clipped_down",
    "explained_variance",
    "equal_groups",
    "gradient_cosine",
)


def curves(report: ReportInput) -> Section:
    """Learning curves against steps, updates and seconds."""
    blocks: list[Block] = []
    mean = f"mean of {count_noun(report.suite.seeds, 'seed')}"
    title = f"{mean}, band: 95 % t interval"
    for x, word in (("env_steps", ""), ("updates", "_updates"), ("wall_s", "_seconds")):
        for i, lines in enumerate(line_groups(report.suite.variants_with_curves)):
            against = learning_curves.AXES[x]
            named = _titles(report, lines)
            caption = f"Evaluation return against {against}: {named}. Lines: {mean}; bands: 95 % t intervals."
            draw = partial(learning_curves.learning_curves, report.suite, lines, x, title)
            blocks.append(FigureBlock(f"curves{word}_{i + 1}", draw, caption))
    return Section("Learning curves", tuple(blocks))


def _titles(report: ReportInput, variants: Sequence[str]) -> str:
    """Variants by the names that they have in figures."""
    return ", ".join(report.suite.title(v) for v in variants)


def efficiency(report: ReportInput) -> Section:
    """How soon each variant reaches levels of the score."""
    table = score_tables.efficiency_table(report.suite)
    if table.empty:
        return Section("Sample efficiency", ())
    unit = report.suite.unit
    caption = f"Area under the curve of the {unit} against environment steps, as a mean {unit}, with a 95 % t interval."
    if report.suite.normalised:
        caption += (
            " `to half`, `to nine tenths`: the share of the budget at which the mean over tasks and seeds first reaches "
            ".5 and .9 (`-`: never)."
        )
    caption += " Times to each task's own threshold are in the scores by task."
    areas = Table("efficiency", table, caption)
    if not learning_curves.has_sample_efficiency(report.suite):
        return Section("Sample efficiency", (areas,))
    title = f"IQM over tasks and {count_noun(report.suite.seeds, 'seed')}, bands: bootstrap of whole seeds"
    drawn = FigureBlock(
        "sample_efficiency",
        partial(learning_curves.sample_efficiency, report.suite, title),
        f"Sample efficiency: IQM of the {unit} against the share of the budget, {report.n}.",
    )
    return Section("Sample efficiency", (drawn, areas))


def profile(report: ReportInput) -> Section:
    """The distribution of scores, not their mean alone."""
    if not learning_curves.profiled(report.suite):
        return Section("Performance profile", ())
    caption = (
        f"Performance profile: the share of runs whose {report.suite.unit} is above tau, {report.n} on each task. Bands: "
        "bootstrap of whole seeds. A curve that lies above another throughout is better at every level."
    )
    draw = partial(learning_curves.profile, report.suite, f"Performance profiles, {report.n}")
    return Section("Performance profile", (FigureBlock("profile", draw, caption),))


def diagnostics(report: ReportInput) -> Section:
    """Diagnostics of every training run."""
    table = score_tables.diagnostics_table(report.measures, report.suite)
    if table.empty:
        return Section("While learning", ())
    lines = [v for v in report.suite.variants_with_curves if v in set(table["variant"])]
    blocks: list[Block] = [Prose(DIAGNOSTICS_EXPLAINED)]
    measures, of = report.measures, report.n
    if len(report.suite.scales) > 1:  # what has a unit is not averaged over tasks
        measures = measures[measures["measure"].isin(SHARES)]
        caption = "Means over tasks of what has no unit. Norms, variances, lengths and KL are in the table by task."
        blocks.append(Table("diagnostics", score_tables.over_tasks(table, report.suite, SHARES), caption))
        of = f"means over tasks, {of}"
    drawn = set(measures["variant"].unique())
    for i, group in enumerate(line_groups([v for v in lines if v in drawn])):
        draw = partial(learning_curves.diagnostics, report.suite, measures, group, "means over tasks and seeds")
        blocks.append(
            FigureBlock(f"diagnostics_{i + 1}", draw, f"Diagnostics of training: {_titles(report, group)}; {of}.")
        )
    blocks.append(
        Table("diagnostics_by_task", table, "Means over seeds and the whole run.", title="Diagnostics by task")
    )
    return Section("While learning", tuple(blocks))


def throughput(report: ReportInput, scores: pd.DataFrame) -> Section:
    """Environment steps a second."""
    table = score_tables.throughput_table(scores, report.suite)
    caption = (
        "Environment steps a second of one process with one thread, which trains all seeds of a block. Evaluation is left "
        "out. Real actors, where a variant has some, have processes of their own."
    )
    return Section("Throughput", () if table.empty else (Table("throughput", table, caption),))
