"""The decision guide: for each declared situation what to use and how sure these seeds are, generated from runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmarks import EXPERIMENTS, pairs, pooling, rate_notes, report_cells, store, verdict
from benchmarks.experiment import Experiment
from benchmarks.rate_notes import RateNotes
from benchmarks.situation import Situation
from benchmarks.suite import Suite


def row(suite: Suite, situation: Situation) -> dict[str, object] | None:
    """The line of one situation; None where its tasks or variants are not here."""
    among = [v for v in situation.variants or suite.learners if v in suite.learners]
    tasks = [t for t in situation.tasks if t in suite.scales]
    among = [v for v in among if set(tasks) <= set(suite.tasks(v))]
    if len(among) < 2 or not tasks:
        return None
    found = pairs.leaders(suite, among, tasks)
    if found is None or found.table.empty:
        return None
    score = float(suite.final(found.best, tasks).to_numpy(float).mean())
    return {
        "aspect": situation.aspect,
        "your case": situation.case,
        "use": f"`{found.best}` ({score:.2f})",
        "may be as good": verdict.names(found.others) if found.others else "-",
        "how sure": _sure(found),
    }


def _sure(found: pairs.Leaders) -> str:
    """How many rivals it is shown to beat, and the nearest of them; or what could have been shown."""
    table, seeds = found.table, int(found.table["seeds"].min())
    beaten = table[~table["variant"].isin(found.others)]
    if (least := pairs.least_p_best(seeds, len(table))) > pairs.LEVEL:
        return f"not at all: {seeds} seeds cannot reach p < .05 against {len(table)} (least {least:.2g})"
    if beaten.empty:
        limit = float(table["detectable"].max())
        return f"no difference shown; {seeds} seeds would have shown {limit:.2f}"
    nearest = beaten.iloc[beaten["difference"].argmin()]
    text = f"better than {len(beaten)} of {len(table)}, by {nearest['difference']:.2f} or more"
    return f"{text} (p {beaten['p_best'].max():.2g} at most, {seeds} seeds)"


def table(suite: Suite, situations: Sequence[Situation], rates: RateNotes | None = None) -> pd.DataFrame:
    """A row a situation that this suite can speak of; with `rates`, whether its variants train at rates of their own."""
    rows = []
    for situation in situations:
        if found := row(suite, situation):
            note = rates.note(situation.tasks, situation.variants or suite.learners) if rates else ""
            rows.append(found | ({"learning rates": note or "each its own."} if rates else {}))
    return pd.DataFrame(rows)


def collected(root: Path) -> pd.DataFrame:
    """The guide of all experiments whose folders lie under `root`; ValueError where none does."""
    rows = []
    for experiment in EXPERIMENTS.values():
        paths = sorted((root / experiment.name / "cells").glob("*.parquet"))
        if not isinstance(experiment, Experiment) or not experiment.guide or not paths:
            continue
        chosen = pooling.select(paths, [store.read_meta(path) for path in paths])
        frame, _, metas = store.read([paths[i] for i in chosen])
        rates = rate_notes.of_experiment(experiment, metas)
        found = table(report_cells.suite_of(experiment, frame, metas), experiment.guide, rates)
        rows.append(found.assign(experiment=experiment.name))
    if not rows:
        raise ValueError(f"{root} holds no runs of experiments that speak in the guide")
    return pd.concat(rows, ignore_index=True).sort_values("aspect", kind="stable", ignore_index=True)
