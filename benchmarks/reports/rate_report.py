"""Learning rates: score against rate, the table that settings.py reads, and how much of a ranking is the rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.stats

from benchmarks.design.experiment import ComparisonExperiment, Outcome
from benchmarks.design.report_blocks import FigureBlock, Prose, Samples, Section, Table, joined
from benchmarks.design.settings import LAST_FIFTH
from benchmarks.figures import learning_rates
from benchmarks.figures.rendering.file_kinds import SUFFIXES
from benchmarks.loading import suites
from benchmarks.loading.titles import task_titles, variant_titles
from benchmarks.reports.document import Document
from benchmarks.statistics.wording.answers import as_many_as_fit
from benchmarks.statistics.wording.phrases import count_noun
from envs.api import Scale
from envs.validation import UsageError

# rates whose scores are this close are equals: of them those that lost fewest runs, and of these the smallest
TIE = 0.01
CELL_COLUMNS = ["task", "variant", "learning_rate"]


def objective(frame: pd.DataFrame, scales: Mapping[str, Scale]) -> pd.DataFrame:
    """Mean score over seeds and the last fifth of the checkpoints, per task, variant and rate.

    A run that diverged, or whose return is not a finite number there, counts as the lowest of its task (Scale): of the
    floor and the worst run at any rate of any variant. A rate at which all runs did so has no score and is not chosen.
    Of rates that are equals (TIE) those with the fewest lost runs are left, and the smallest of them is chosen.
    """
    checked_scales = _check_comparable_scales(scales)
    rows = frame[frame["fraction"] >= LAST_FIFTH]
    rows = rows.assign(lost=rows["diverged"].astype(bool) | ~np.isfinite(rows["eval_return"]))
    runs = rows.groupby([*CELL_COLUMNS, "seed"], sort=False).agg(
        value=("eval_return", "mean"), lost=("lost", "any"), diverged=("diverged", "any")
    )
    worst = {str(task): float(value) for task, value in runs[~runs["lost"]]["value"].groupby("task").min().items()}
    cells, lost_runs = [], []
    for (task, variant, rate), group in runs.groupby(CELL_COLUMNS, sort=False):
        others = worst.get(str(task), np.inf)
        scores = checked_scales[str(task)].score(group["value"], group["lost"], others)
        row = {"task": task, "variant": variant, "learning_rate": rate, "score": float(scores.mean())}
        cells.append(row | {"diverged": int(group["diverged"].sum()), "seeds": len(group)})
        lost_runs.append(int(group["lost"].sum()))
    table = pd.DataFrame(cells)
    cell, score = [table["task"], table["variant"]], table["score"]
    tie = table["task"].map(
        {task: _tie(group["score"], checked_scales[str(task)]) for task, group in table.groupby("task")}
    )
    good = score >= score.groupby(cell).transform("max") - tie  # never where it is NaN
    lost = pd.Series(
        lost_runs, table.index
    )  # such a run ties with the worst of the others, and is still no equal of it
    steady = good & (lost == lost.where(good).groupby(cell).transform("min"))
    smallest = table["learning_rate"].where(steady).groupby(cell).transform("min")
    table["chosen"] = table["learning_rate"] == smallest
    return table


def _check_comparable_scales(scales: Mapping[str, Scale]) -> Mapping[str, Scale]:
    """The scales; UsageError where returns of several tasks would be averaged."""
    raw = [task for task, scale in scales.items() if not scale.normalised]
    if raw and len(scales) > 1:
        raise UsageError(
            f"rates are averaged over tasks, and {raw[0]} has no ceiling: give --ceiling, or take it alone"
        )
    return scales


def _tie(scores: pd.Series, scale: Scale) -> float:
    """Within which scores of a task are equals: TIE of the normalised score, or of the range of its returns."""
    return TIE if scale.normalised else TIE * float(scores.max() - scores.min())


def variants_without_score(table: pd.DataFrame) -> str:
    """Which variants have no rate with a finite return, and at which rates others have none; empty where all have."""
    lost = table[table["score"].isna()]
    if lost.empty:
        return ""
    parts = []
    for (task, variant), group in lost.groupby(["task", "variant"], sort=False):
        every = len(group) == len(table[(table["task"] == task) & (table["variant"] == variant)])
        at = "every rate, so none is chosen" if every else ", ".join(f"{rate:g}" for rate in group["learning_rate"])
        parts.append(f"`{variant}` on {task} at {at}")
    return f"All seeds diverged or returned no finite number: {'; '.join(parts)}."


def ranking(table: pd.DataFrame) -> pd.DataFrame:
    """The ranking of variants at one rate for all, against that at each variant's own: a row a rate, and one for their own.

    Scores are means over the tasks that all variants have; a variant without a mean is not ranked. `tau` is Kendall's rank
    correlation with the ranking at own rates; `cost` is what the variants lose, on average, by the common rate.
    """
    tasks = table.groupby("task")["variant"].nunique()
    shared = table[table["task"].isin(tasks[tasks == tasks.max()].index)]
    chosen = shared[shared["chosen"]].drop_duplicates(["task", "variant"])
    lost = set(shared["variant"][shared["score"].isna().groupby([shared["task"], shared["variant"]]).transform("all")])
    own = chosen[~chosen["variant"].isin(lost)].groupby("variant", sort=False)["score"].mean()
    diverged = chosen.groupby("variant", sort=False)["diverged"].sum()
    if own.empty:
        return pd.DataFrame()
    rows = [{"rate": "own", "leader": _leader(own, diverged), "score": own.max(), "tau": 1.0, "cost": 0.0}]
    for rate, group in shared.groupby("learning_rate"):
        means = group.groupby("variant", sort=False)["score"].agg(lambda x: x.mean(skipna=False))
        diverged_at_rate = group.groupby("variant", sort=False)["diverged"].sum()
        score = means.reindex(own.index).dropna()  # a variant without a mean at this rate is not ranked
        if score.empty:
            continue
        other = own[score.index]
        tau = float(scipy.stats.kendalltau(score, other).statistic) if len(other) > 1 else float("nan")
        cost = float((other - score).mean())
        rows.append(
            {
                "rate": f"{rate:g}",
                "leader": _leader(score, diverged_at_rate),
                "score": score.max(),
                "tau": tau,
                "cost": cost,
            }
        )
    return pd.DataFrame(rows)


def _leader(score: pd.Series, diverged: pd.Series) -> str:
    """The variant with the highest score; of equals the one with fewer diverged seeds, then the first."""
    return min(score.index, key=lambda v: (-round(float(score[v]), 12), int(diverged[v])))


def spreads(table: pd.DataFrame) -> pd.DataFrame:
    """How far the score moves, a row a task: over variants, each at its own rate; and over rates, mean of the variants."""
    rows = []
    for task, group in table.groupby("task", sort=False):
        own = group[group["chosen"]].drop_duplicates("variant")["score"]
        over = group.groupby("variant")["score"].agg(lambda x: x.max() - x.min())
        rows.append({"task": task, "over variants": own.max() - own.min(), "over rates": over.mean()})
    return pd.DataFrame(rows)


def verdicts(ranks: pd.DataFrame, moved: pd.DataFrame, seeds: int, variants: int) -> list[str]:
    """Sentences about the two tables; no ranking for one variant or rate."""
    if ranks.empty:
        return ["No rate is chosen, for no variant has a finite return on every task."]
    at = ranks[ranks["rate"] != "own"]
    verb = "seed chooses a rate; it does" if seeds == 1 else "seeds choose a rate; they do"
    last = f"{seeds} selection {verb} not compare variants. That is the ladder's, on other seeds."
    if len(at) < 2:
        only = "".join(at["rate"])
        return [f"Only the rate {only} has a score." if only else "No rate has a score on every task.", last]
    by_cost = at.sort_values("cost")
    own, best, worst = ranks.iloc[0], by_cost.iloc[0], by_cost.iloc[-1]
    rates, own_rates = moved["over rates"], moved["over variants"]
    several = f" on average over {len(moved)} tasks" if len(moved) > 1 else ""
    if variants < 2:
        return [f"The choice of the rate moves the score of `{own['leader']}` by {rates.mean():.2f}{several}.", last]
    more = int((rates.to_numpy() > own_rates.to_numpy()).sum())
    counted = f" On {more} of {len(moved)} tasks the rate matters more." if len(moved) > 1 else ""
    leaders = [f"`{r['leader']}` at {r['rate']}" for r in at.to_dict("records")]
    return [
        f"The choice of the rate moves a variant's score by {rates.mean():.2f}{several}. The choice of the variant, each at "
        f"its own rate, moves it by {own_rates.mean():.2f} ({count_noun(seeds, 'seed')}, not tested).",
        f"At its own rates `{own['leader']}` leads ({own['score']:.2f}).{counted}",
        f"One rate for all costs {best['cost']:.2f} of the score at the best rate ({best['rate']}) and "
        f"{worst['cost']:.2f} at the worst ({worst['rate']}).",
        f"At one rate for all `{at['leader'].iloc[0]}` leads, whichever it is."
        if at["leader"].nunique() == 1
        else as_many_as_fit("At one rate for all the leaders are", leaders),
        *(
            f"Kendall's tau of the ranking at {r['rate']} with that at own rates is {r['tau']:.2f}."
            for r in (best, worst)
            if r["tau"] == r["tau"]
        ),
        last,
    ]


def rates_at_ends(table: pd.DataFrame) -> str:
    """How often the best score, and the rate that was chosen, is at an end of the list of rates: two sentences, if any.

    `table` is what `objective` makes. Where the best score is at an end, a better rate may lie outside the list.
    """
    if table["learning_rate"].nunique() < 2:
        return ""
    scored = table.dropna(subset="score")
    order = scored.assign(down=-scored["score"]).sort_values(["down", "diverged", "learning_rate"], kind="stable")
    best = order.drop_duplicates(["task", "variant"])  # of equals the one with fewer diverged seeds, then the smallest
    chosen = table[table["chosen"]].drop_duplicates(["task", "variant"])
    ends = (table["learning_rate"].min(), table["learning_rate"].max())
    low, high = (int((best["learning_rate"] == end).sum()) for end in ends)
    many = "search" if len(best) == 1 else "searches"
    kept = int(chosen["learning_rate"].isin(ends).sum())
    return (
        f"The best score of {low + high} of {len(best)} {many} is at an end of the list of rates ({low} at {ends[0]:g}, "
        f"{high} at {ends[1]:g}). The chosen rate is at an end in {kept}. There a better rate may lie outside the list."
    )


def as_settings(table: pd.DataFrame, protocol: str) -> str:
    """The chosen rates as lines of learning_rates.csv."""
    chosen = table[table["chosen"]].drop_duplicates(["task", "variant"]).to_dict("records")
    return "\n".join(f"{protocol},{r['task']},{r['variant']},{r['learning_rate']:g}" for r in chosen)


def rate_report(
    experiment: ComparisonExperiment, outcome: Outcome, folder: Path, kinds: Sequence[str] = SUFFIXES
) -> Path:
    """Write the report of an experiment that selects learning rates; returns the path of report.md."""
    results = suites.read_folder(outcome.paths, folder)
    scales = suites.task_scales(experiment, results.metas, folder)
    return build_document(experiment, results.frame, scales).write(folder, kinds)


def build_document(experiment: ComparisonExperiment, frame: pd.DataFrame, scales: Mapping[str, Scale]) -> Document:
    """The figure, who is best at which rate, and the table that settings.py reads."""
    table = objective(frame, scales)
    unit = next(iter(scales.values())).unit
    ranks, moved, seeds = ranking(table), spreads(table), int(table["seeds"].max())
    variants = int(table["variant"][table["chosen"]].nunique())
    first, *others = verdicts(ranks, moved, seeds, variants)
    others += [sentence] if (sentence := rates_at_ends(table)) else []
    titles = task_titles(scales, experiment.own_tasks)
    titles |= variant_titles(dict.fromkeys(table["variant"]), experiment.own_variants)
    drawn = FigureBlock(
        "rates",
        partial(learning_rates.rate_curves, table, unit, unit == "normalised score", titles),
        f"Mean {unit} over {count_noun(seeds, 'selection seed')} and the checkpoints of the last fifth of the budget, "
        "against the learning rate. A ring or a frame marks the rate chosen.",
    )
    common = "Means over the tasks that all variants have, at each variant's own rate and at one rate for all."
    compared = (
        Table("ranking", ranks, common),
        Table("spreads", moved, "How far the mean score moves over variants, each at its own rate, and over rates."),
    )
    shown = table.assign(chosen=["yes" if c else "" for c in table["chosen"]])
    lines = tuple(as_settings(table, experiment.protocol).splitlines())
    sections = (
        Section("Score against learning rate", (Prose(joined(others)), drawn)),
        *([Section("How much of the ranking is the rate", compared)] if variants > 1 and len(ranks) > 2 else []),
        Section("All rates", (Table("rates", shown),)),
        Section("For benchmarks/design/learning_rates.csv", (Samples("Lines", lines),)),
    )
    warnings = tuple(filter(None, [variants_without_score(table)]))
    names = (*scales, *dict.fromkeys(table["variant"]))
    return Document(experiment.name, experiment.question, first, sections, warnings, names=names)
