"""The sections on texts: what is measured of them, how good reward models are, and samples before and after training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from benchmarks.design.report_blocks import Block, Prose, Samples, Section, Table
from benchmarks.reports.inputs import ReportInput
from benchmarks.statistics.intervals import t_interval
from benchmarks.store.file_names import file_names
from benchmarks.store.suite import Data
from envs.api import Doubles
from envs.control.limits import ANYTHING, SHARE, Limits

ACCURACY = "reward_accuracy"
SPEED = "tokens_a_second"
FORM = ("length", "length_right", "length_wrong", "cut", "entropy", "distinct_2", "equal_groups")  # in a second table
STILL = 1e-3  # nats: a policy whose texts are as likely as under the reference, but for rounding, is the reference
EXPLAINED = (
    "At the last checkpoint, mean over seeds with its 95 % t interval. KL to the reference policy and entropy are in nats "
    "a text, length in tokens.\n\n"
    "- `length right`, `length wrong`: of texts above and below halfway to the optimum. Where that is unknown: of texts "
    "with an end and of cut ones.\n"
    "- `cut`: share of texts without an end.\n"
    "- `equal groups`: share of the groups of one prompt whose returns are all equal, so that they teach nothing.\n"
    "- `tokens a second`: of one process that trains all seeds of a block, evaluation left out."
)


def measures(report: ReportInput) -> Section:
    """A table a task: the measures that the experiment names, with intervals."""
    data, files = report.data, file_names(report.suite.scales)
    betas = {meta["cell"]["task"]["name"]: meta["cell"]["task"].get("beta", 0.0) for meta in report.metas}
    blocks: list[Block] = []
    for task in report.suite.scales if report.text_measures else ():
        rows = [
            {"variant": variant, **found}
            for variant in report.suite.variants
            if (found := _row(data, task, variant, report.text_measures, betas.get(task, 0.0)))
        ]
        if rows:
            frame = pd.DataFrame(rows)
            judged = [name for name in report.text_measures if name not in FORM]
            formed = [name for name in (*report.text_measures, SPEED) if name in (*FORM, SPEED)]
            blocks.append(Table(f"texts/{files[task]}", _part(frame, judged), title=task))
            blocks.append(Table(f"texts/{files[task]}_form", _part(frame, formed)))
    return Section("Texts", (Prose(EXPLAINED), *blocks) if blocks else ())


def _part(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The columns of these measures, with their bounds, and the variants that have any of them."""
    columns = [n for name in names for n in (name, f"{name}_low", f"{name}_high") if n in frame]
    return frame[["variant", *columns]].dropna(how="all", subset=columns)


def _row(data: Data, task: str, variant: str, names: Sequence[str], beta: float) -> dict[str, float]:
    """The measures of a variant, and its speed; {} where nothing is measured.

    A reward that is not measured is the return with beta times the KL added.
    """
    found: dict[str, float] = {}
    for name in names:
        if points := data.series(task, variant, name):
            found |= _mean(name, points[-1][1], data.limits(task, name))
    curve = data.suite.curves.get((task, variant))
    if "reward" in names and "reward" not in found and "kl" in found and curve is not None:
        kl = data.series(task, variant, "kl")[-1][1]
        if len(kl) == len(curve.seeds):
            found = _mean("reward", curve.value[-1] + beta * kl) | found
    if found and curve is not None and curve.train_s and variant not in data.suite.imported:
        found[SPEED] = float(curve.env_steps[-1].sum() / curve.train_s)
    return found


def _mean(name: str, values: Doubles, limits: Limits = ANYTHING) -> dict[str, float]:
    """The mean over seeds, and its interval where there are two."""
    mean = {name: float(values.mean())}
    if len(values) < 2:
        return mean
    low, high = t_interval(values, limits=limits)
    return mean | {f"{name}_low": low, f"{name}_high": high}


def reward_models(report: ReportInput) -> Section:
    """How often each seed's reward model prefers the text that its label does, on pairs that it was not fitted to."""
    rows = report.measures[report.measures["measure"] == ACCURACY]
    if rows.empty:
        return Section("Reward models", ())
    table = rows.groupby("seed")["value"].first().rename("accuracy").reset_index()
    low, high = t_interval(table["accuracy"].to_numpy(np.float64), limits=SHARE)
    interval = f", 95 % interval {low:.3f} to {high:.3f}" if len(table) > 1 else ""
    sentences = (
        "Share of unseen labelled pairs in which the seed's reward model prefers the chosen text: mean "
        f"{table['accuracy'].mean():.3f}{interval}. A model without knowledge has 0.5. Labels are drawn, so none can have 1."
    )
    return Section("Reward models", (Prose(sentences), Table("reward_models", table)))


def samples(report: ReportInput) -> Section:
    """Texts of policies before and after training."""
    blocks: list[Block] = []
    files = file_names(report.texts)
    for task, writers in report.texts.items():
        if scores := report.text_scores.get(task):
            blocks += _scored(task, files[task], writers, scores)
            continue
        lines = [f"{name if i == 0 else '':<16} {row}" for name, rows in writers.items() for i, row in enumerate(rows)]
        blocks.append(Samples(f"{task}: samples", tuple(lines)))
    if blocks:
        explanation = (
            "The first member's samples before and after training, and an optimal policy's, from the same starts."
        )
        scored = (
            " `reward` is what is paid. `kl` is log pi(text) / reference(text); its mean over a policy's texts is its KL. "
            "`reference` is the policy with which training began."
        )
        sentences = scored if report.text_scores else ""
        blocks.insert(0, Prose(f"{explanation} The prompt is before the bar or above the table.{sentences}"))
    return Section("What they write", tuple(blocks))


def _scored(
    task: str, file: str, writers: Mapping[str, Sequence[str]], scores: Mapping[str, Sequence[Mapping[str, float]]]
) -> list[Block]:
    """A table a prompt: what each writer makes of it, and its scores."""
    tables: list[Block] = []
    starts = [text.partition(" | ")[0] for text in next(iter(writers.values()))]
    for i, prompt in enumerate(starts):
        rows = []
        for writer, texts in writers.items():
            own = scores.get(writer, ())
            still = writer == "untrained" and own and all(abs(of.get("kl", np.inf)) < STILL for of in own)
            row: dict[str, object] = {"writer": "reference" if still else writer, "text": texts[i].partition(" | ")[2]}
            rows.append(row | dict(own[i] if own else {}) | ({"kl": 0.0} if still else {}))
        tables.append(Table(f"samples/{file}_{i + 1}", pd.DataFrame(rows), title=f"{task}: {prompt} ..."))
    return tables
