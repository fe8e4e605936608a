"""The sections of a report that look at training: curves, efficiency, profiles, diagnostics, samples, throughput."""

from __future__ import annotations

from functools import partial

import pandas as pd

from benchmarks.design.report_blocks import Block, FigureBlock, Prose, Section, Table
from benchmarks.figures import learning_curves
from benchmarks.figures.layout import line_groups
from benchmarks.reports import score_tables
from benchmarks.reports.inputs import ReportInput
from benchmarks.statistics.wording.phrases import count_noun

DIAGNOSTICS_EXPLAINED = (
    "Means over seeds and the whole run, of updates between checkpoints: the gradient's norm before clipping; its "
    "variance over the updates between two checkpoints and the ratio of signal to it; the entropy of the actions "
    "taken as a share of its maximum; the KL to the policy that acted (k3) and the effective share of the sample "
    "(Kish) of the importance ratios; the shares of good actions clipped above and of bad ones clipped below; the "
    "critic's explained variance; groups of texts whose returns are all equal; the length of texts better and "
    "worse than halfway to the optimum or, where it is unknown, of texts with an end and of cut ones; and, where the "
    "task can be listed, the cosine of the gradient to the exact one."
)


def curves(report: ReportInput) -> Section:
    """Against steps, updates and seconds."""
    blocks: list[Block] = []
    mean = f"mean of {count_noun(report.suite.seeds, 'seed')}"
    title = f"{mean}, band: 95 % t interval"
    for x, word in (("env_steps", ""), ("updates", "_updates"), ("wall_s", "_seconds")):
        for i, lines in enumerate(line_groups(report.suite.variants_with_curves)):
            against = learning_curves.AXES[x]
            caption = f"{', '.join(lines)}: evaluation return against {against}, {mean}, 95 % t."
            draw = partial(learning_curves.learning_curves, report.suite, lines, x, title)
            blocks.append(FigureBlock(f"curves{word}_{i + 1}", draw, caption))
    return Section("Learning curves", tuple(blocks))


def efficiency(report: ReportInput) -> Section:
    """How soon each variant reaches levels of the score."""
    table = score_tables.efficiency_table(report.suite)
    if table.empty:
        return Section("Sample efficiency", ())
    unit = report.suite.unit
    caption = f"Area under the curve of the {unit} against environment steps, as a mean {unit}, with a 95 % t interval"
    if report.suite.normalised:
        caption += (
            "; and the share of the budget at which the mean over tasks and seeds first reaches .5 and .9 (`-`: never)"
        )
    caption += ". Times to each task's own threshold are in the scores by task."
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
        f"Performance profile: the share of runs whose {report.suite.unit} is above tau, {report.n} on each task; bands: "
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
    blocks: list[Block] = [
        Prose(DIAGNOSTICS_EXPLAINED),
        Table("diagnostics", score_tables.over_tasks(table, report.suite), "Means over tasks."),
    ]
    for i, group in enumerate(line_groups(lines)):
        draw = partial(learning_curves.diagnostics, report.suite, report.measures, group, "means over tasks and seeds")
        blocks.append(
            FigureBlock(f"diagnostics_{i + 1}", draw, f"{', '.join(group)}: diagnostics of training, {report.n}.")
        )
    blocks.append(
        Table("diagnostics_by_task", table, "Means over seeds and the whole run.", title="Diagnostics by task")
    )
    return Section("While learning", tuple(blocks))


def throughput(report: ReportInput, scores: pd.DataFrame) -> Section:
    """Environment steps a second."""
    table = score_tables.throughput_table(scores, report.suite)
    caption = (
        "Environment steps a second: one process and one thread training all seeds of a block, evaluation left out. Real "
        "actors, where a variant has some, have processes of their own."
    )
    return Section("Throughput", () if table.empty else (Table("throughput", table, caption),))
