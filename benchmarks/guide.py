"""The decision guide: for each declared situation the variant of the highest mean, and what the joint test shows of it.

"Better than 3 of 9" is a statement about all three at once: the chance that any of them is not worse is at most .05, whoever
leads (benchmarks/leaders.py). "By at least" are the test's lower confidence bounds, which hold together.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmarks import pooling, report_cells, store, verdict
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.experiments import EXPERIMENTS
from benchmarks.families import Ledger
from benchmarks.leaders import Leaders, leaders
from benchmarks.phrases import amount
from benchmarks.rate_notes import RateNotes
from benchmarks.situation import Situation
from benchmarks.suite import Suite
from envs.discover import UsageError


def row(suite: Suite, situation: Situation, ledger: Ledger | None = None) -> dict[str, object] | None:
    """The line of one situation; None where its tasks or variants are not here."""
    among = [v for v in situation.variants or suite.learners if v in suite.learners]
    tasks = [t for t in situation.tasks if t in suite.scales]
    among = [v for v in among if set(tasks) <= set(suite.tasks(v))]
    if len(among) < 2 or not tasks:
        return None
    found = leaders(suite, among, tasks, ledger)
    if found is None:
        return None
    head = {"aspect": situation.aspect, "your case": situation.case}
    if found.table.empty:
        if not found.apart:
            return None
        why = verdict.why_none_compared(suite, [found.best, *found.apart])
        return {**head, "use": "-", "not separated from": "-", "what is shown": f"nothing: {why}"}
    score = float(suite.final(found.best, tasks).to_numpy(float).mean())
    apart = "".join(f"; {text.removesuffix('.')}" for text in verdict.apart(found))
    return {
        **head,
        "use": f"`{found.best}` ({verdict.mean_of(found, score, suite)})",
        "not separated from": verdict.names(found.others) if found.others else "-",
        "what is shown": _shown(found, verdict.is_raw(suite.unit)) + apart,
    }


def _shown(found: Leaders, raw: bool) -> str:
    """How many rivals the leader is shown to be better than, and by how much at least; or what would be detected."""
    beaten, rivals = found.beaten, len(found.table)
    seeds = verdict.seeds_of(beaten if len(beaten) else found.table).lower()
    if not found.possible:
        return f"nothing: {seeds} cannot separate any two of them"
    if len(beaten):
        return f"better than {len(beaten)} of {rivals}{verdict.at_least(beaten, raw)} ({seeds})"
    limit = found.detectable
    if limit != limit:
        return "no difference"
    verb, size = "detects" if verdict.one_seed(found.table) else "detect", amount(limit, 2, raw)
    return f"no difference; {seeds} {verb} a true difference of {size} with probability 0.8"


def table(
    suite: Suite, situations: Sequence[Situation], rates: RateNotes | None = None, ledger: Ledger | None = None
) -> pd.DataFrame:
    """A row a situation that this suite can speak of.

    rates  says of each line whether its variants train at rates of their own      ledger  the decisions of the page
    """
    rows = []
    for situation in situations:
        if found := row(suite, situation, ledger):
            note = rates.note(situation.tasks, situation.variants or suite.learners) if rates else ""
            rows.append(found | ({"learning rates": note or "each its own."} if rates else {}))
    return pd.DataFrame(rows)


def collected(root: Path) -> pd.DataFrame:
    """The guide of all experiments whose folders lie under `root`; UsageError where they say nothing."""
    rows = []
    for experiment in EXPERIMENTS.values():
        paths = sorted((root / experiment.name / "cells").glob("*.parquet"))
        if not isinstance(experiment, ComparisonExperiment) or not experiment.guide or not paths:
            continue
        try:
            chosen = pooling.select(paths, store.read_metas(paths))
            read = store.read([paths[i] for i in chosen])
        except store.Damaged as error:
            raise UsageError(f"damaged: {error}; run {experiment.name} again to replace it") from error
        report = report_cells.input_of(experiment, read, root / experiment.name)
        found = table(report.suite, experiment.guide, report.rates, report.ledger)
        rows.append(found.assign(experiment=experiment.name))
    if not rows:
        raise UsageError(f"{root} holds no runs of experiments that speak in the guide")
    rows = [found for found in rows if len(found)]
    if not rows:
        raise UsageError(f"the runs under {root} hold no case of the guide with two variants to compare")
    return pd.concat(rows, ignore_index=True).sort_values("aspect", kind="stable", ignore_index=True)
