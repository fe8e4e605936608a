"""Score against the tuning budget."""

from __future__ import annotations

from functools import partial

import pandas as pd

from benchmarks.design.report_blocks import Block, FigureBlock, Prose, Section, Table, joined
from benchmarks.figures.layout import line_groups
from benchmarks.reports.table_formats import number
from benchmarks.statistics.wording.phrases import count_noun
from benchmarks.tuning.figures.budget import draw_budget
from benchmarks.tuning.figures.trials import draw_trials
from benchmarks.tuning.report.phrases import (
    figure_name,
    number_range,
    protocol_count,
    seed_count,
    steps_per_seed,
    tested_seeds,
)
from benchmarks.tuning.summary.summary import Summary

MANY = 12  # studies: of more, a table shows means
FIGURE_OF_ONE = (
    "Every trial on its tuning seeds and the best so far, what was run again on selection seeds, and both settings on the "
    "test seeds. Bars: 95 % t intervals. n = {trials} trials, {n}. {cost}"
)
FIGURE = (
    "Highest value so far on the tuning seeds (lines) against trials. Circles: the default, which is trial 1. Shaded, at "
    "the right: the chosen configuration on the test seeds, with 95 % t intervals; {n}. {cost}"
)
CAPTION = (
    "Highest value on the tuning seeds after a part of the trials (default: trial 1). The trials at which the best and the "
    "chosen configuration came. The chosen one's test score; {n}."
)


def budget_section(summary: Summary) -> Section:
    """Best value so far against trials, and the chosen configuration's test score."""
    n, cost = tested_seeds(summary), trial_cost(summary)
    blocks: list[Block] = [Prose(joined(budget_sentences(summary)))]
    if len(summary.studies) == 1:
        (study,) = summary.studies.values()
        caption = FIGURE_OF_ONE.format(trials=len(study.trials), n=n, cost=cost)
        blocks.append(FigureBlock("budget", partial(draw_trials, study), caption))
    else:
        groups = line_groups(summary.variants)
        for i, group in enumerate(groups):
            name = figure_name("budget", "", i, len(groups))
            blocks.append(FigureBlock(name, partial(draw_budget, summary, group), FIGURE.format(n=n, cost=cost)))
    if len(summary.budgets):
        blocks.append(Table("budgets", mean_budgets(summary), CAPTION.format(n=n)))
    return Section("Score against tuning budget", tuple(blocks))


def mean_budgets(summary: Summary) -> pd.DataFrame:
    """A row a study; of many, means over those of a task."""
    table = summary.budgets
    if len(table) <= MANY:
        return table
    counts = table.groupby("task", sort=False)["variant"].size().to_numpy()
    means = table.groupby("task", sort=False, as_index=False).mean(numeric_only=True)
    means.insert(1, "studies", counts)
    return means


def trial_cost(summary: Summary) -> str:
    """Environment steps of a trial."""
    tasks_by_cost: dict[str, list[str]] = {}
    for (task, _), study in summary.studies.items():
        seeds, steps = seed_count(study, "tuning"), steps_per_seed(study)
        text = f"{number(seeds * steps)} ({count_noun(seeds, 'seed')} of {number(steps)})"
        tasks_by_cost.setdefault(text, []).append(task)
    if len(tasks_by_cost) == 1:
        return f"A trial costs {next(iter(tasks_by_cost))} environment steps."
    parts = "; ".join(f"{text} on {', '.join(dict.fromkeys(tasks))}" for text, tasks in tasks_by_cost.items())
    return f"Environment steps of a trial: {parts}."


def budget_sentences(summary: Summary) -> list[str]:
    """What the later trials brought."""
    table = summary.budgets
    if table.empty:
        return ["No trial was complete."]
    mean = table.mean(numeric_only=True)
    many = " on average" if len(table) > 1 else ""
    sentences = [
        f"The highest value on the tuning seeds is{many} {mean['after a quarter']:.3f} after a quarter of the trials, "
        f"{mean['after a half']:.3f} after a half and {mean['after all']:.3f} after all.",
        f"The default's value there is{many} {mean['default']:.3f}.",
        f"The chosen configuration's test score is{many} {mean['chosen, test']:.3f}.",
        "The highest of many noisy values is too high, and more so the more were tried. A line that still rises need not "
        "mean that the choice still gains.",
    ]
    if len(table) > 1:
        late = int((table["best at trial"] > table["trials"] / 2).sum())
        sentences.append(f"In {late} of {len(table)} studies the highest value came in the second half of the trials.")
    else:
        sentences.append(
            f"The highest value came at trial {int(table['best at trial'].iloc[0])} of {int(mean['trials'])}."
        )
    batches = {protocol_count(study, "batch") for study in summary.studies.values()} - {0, 1}
    if batches:
        sentences.append(
            f"Trials are drawn in batches of {number_range(batches)}: inside a batch their order means nothing."
        )
    return sentences
