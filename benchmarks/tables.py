"""From one tidy frame to tables: scores, aggregates over the suite, and each rung against its parent.

A diverged member counts as its task's floor (normalised 0): dropping it would reward divergence. It is counted beside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from algorithms.diagnostics import NAMES
from benchmarks import stats

SEED = 20_240  # of the resampling generators: the same rows give the same report


@dataclass(frozen=True)
class Scale:
    """How a task's returns are read: (x - floor) / (ceiling - floor), solved at `threshold`."""

    floor: float
    ceiling: float
    threshold: float


def final_rows(frame: pd.DataFrame, scales: Mapping[str, Scale]) -> pd.DataFrame:
    """The last checkpoint of every member, with `score` (normalised; a diverged member's is 0) and `value` (its return)."""
    last = frame.groupby(["task", "variant", "seed"], sort=False)["checkpoint"].transform("max")
    rows = frame[frame["checkpoint"] == last].copy()
    floor = rows["task"].map({t: s.floor for t, s in scales.items()})
    span = rows["task"].map({t: s.ceiling - s.floor for t, s in scales.items()})
    rows["value"] = rows["eval_return"].where(~rows["diverged"], floor)
    rows["score"] = (rows["value"] - floor) / span
    return rows


def score_table(frame: pd.DataFrame, scales: Mapping[str, Scale], variants: Sequence[str]) -> pd.DataFrame:
    """One row per task and variant: final return, its interval, time to threshold, speed, failures."""
    final = final_rows(frame, scales)
    rows = []
    for task in scales:
        for variant in variants:
            cell = final[(final["task"] == task) & (final["variant"] == variant)]
            if cell.empty:
                continue
            curve = frame[(frame["task"] == task) & (frame["variant"] == variant)]
            values = cell["value"].to_numpy(float)
            interval = stats.t_interval(values)
            reached = _steps_to(curve, scales[task].threshold)
            train_s = _training_seconds(curve)
            rows.append(
                {
                    "task": task,
                    "variant": variant,
                    "seeds": len(cell),
                    "mean": values.mean(),
                    "iqm": stats.iqm(values),
                    "low": interval.low,
                    "high": interval.high,
                    "greedy": cell["eval_return_greedy"].mean(),
                    "score": cell["score"].mean(),
                    "env_steps": int(cell["env_steps"].mean()),
                    "reached": len(reached),
                    "steps_to_threshold": float(np.median(reached)) if reached else float("nan"),
                    "steps_per_s": cell["env_steps"].sum() / train_s if train_s else float("nan"),
                    "diverged": int(cell["diverged"].sum()),
                }
            )
    return pd.DataFrame(rows)


def _steps_to(curve: pd.DataFrame, threshold: float) -> list[int]:
    """Environment steps at the first checkpoint at or above the threshold, of the members that have one."""
    above = curve[curve["eval_return"] >= threshold]
    return [int(v) for v in above.groupby("seed")["env_steps"].min()]


def _training_seconds(curve: pd.DataFrame) -> float:
    """Seconds of training over all cells: each block of seeds reports the clock of its own process."""
    block = curve["seed"] // 10
    return float(curve.groupby(block)["wall_s"].max().sum())


def suite_matrix(final: pd.DataFrame, variant: str, tasks: Sequence[str]) -> pd.DataFrame:
    """Normalised scores [seeds, tasks] of a variant, of the seeds that have all these tasks."""
    rows = final[(final["variant"] == variant) & final["task"].isin(tasks)]
    return rows.pivot_table(index="seed", columns="task", values="score").reindex(columns=list(tasks)).dropna()


def aggregate_table(frame: pd.DataFrame, scales: Mapping[str, Scale], variants: Sequence[str]) -> pd.DataFrame:
    """One row per variant: mean and IQM of the normalised score over its tasks, interval clustered by seed."""
    final, rows = final_rows(frame, scales), []
    for variant in variants:
        tasks = [t for t in scales if not final[(final["task"] == t) & (final["variant"] == variant)].empty]
        if not tasks:
            continue
        matrix = suite_matrix(final, variant, tasks).to_numpy(float)
        interval = stats.bootstrap_iqm(matrix, np.random.default_rng(SEED))
        rows.append(
            {
                "variant": variant,
                "tasks": len(tasks),
                "seeds": len(matrix),
                "mean": matrix.mean() if matrix.size else float("nan"),
                "iqm": stats.iqm(matrix) if matrix.size else float("nan"),
                "low": interval.low,
                "high": interval.high,
                "diverged": int(final[final["variant"] == variant]["diverged"].sum()),
            }
        )
    return pd.DataFrame(rows)


RUNG_COLUMNS = [
    "variant", "parent", "tasks", "seeds", "difference", "low", "high", "p", "p_holm", "a12", "better", "detectable",
]  # fmt: skip


def rung_table(
    frame: pd.DataFrame, scales: Mapping[str, Scale], variants: Sequence[str], parents: Mapping[str, str | None]
) -> pd.DataFrame:
    """Each rung against its parent: difference of the suite mean, paired by seed, over the tasks that both have."""
    final, rows = final_rows(frame, scales), []
    for variant, parent, tasks in _pairs(final, scales, variants, parents):
        b, a = suite_matrix(final, variant, tasks), suite_matrix(final, parent, tasks)
        shared = b.index.intersection(a.index)
        if shared.empty:
            continue
        b, a = b.loc[shared], a.loc[shared]
        result = stats.compare_paired(
            b.mean(axis=1).to_numpy(float), a.mean(axis=1).to_numpy(float), np.random.default_rng(SEED)
        )
        rows.append(
            {
                "variant": variant,
                "parent": parent,
                "tasks": len(tasks),
                "seeds": result.n,
                "difference": result.difference,
                "low": result.interval.low,
                "high": result.interval.high,
                "p": result.p,
                "a12": result.a12,
                "better": int((b.mean() > a.mean()).sum()),
                "detectable": result.detectable,
            }
        )
    return _with_holm(rows)


def rung_task_table(
    frame: pd.DataFrame, scales: Mapping[str, Scale], variants: Sequence[str], parents: Mapping[str, str | None]
) -> pd.DataFrame:
    """The same comparison on each task alone; Holm over all of its rows."""
    final, rows = final_rows(frame, scales), []
    for variant, parent, tasks in _pairs(final, scales, variants, parents):
        for task in tasks:
            b, a = suite_matrix(final, variant, [task])[task], suite_matrix(final, parent, [task])[task]
            shared = b.index.intersection(a.index)
            if shared.empty:
                continue
            result = stats.compare_paired(
                b.loc[shared].to_numpy(float), a.loc[shared].to_numpy(float), np.random.default_rng(SEED)
            )
            rows.append(
                {
                    "task": task,
                    "variant": variant,
                    "parent": parent,
                    "seeds": result.n,
                    "difference": result.difference,
                    "low": result.interval.low,
                    "high": result.interval.high,
                    "p": result.p,
                    "a12": result.a12,
                    "detectable": result.detectable,
                }
            )
    return _with_holm(rows)


def _pairs(
    final: pd.DataFrame, scales: Mapping[str, Scale], variants: Sequence[str], parents: Mapping[str, str | None]
) -> list[tuple[str, str, list[str]]]:
    """(rung, parent, tasks both have) of the rungs whose parent is here too."""
    have = {(str(t), str(v)) for t, v in zip(final["task"], final["variant"], strict=True)}
    found = []
    for variant in variants:
        parent = parents.get(variant)
        tasks = [t for t in scales if (t, variant) in have and (t, parent) in have]
        if parent is not None and tasks:
            found.append((variant, parent, tasks))
    return found


def _with_holm(rows: list[dict[str, object]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=None if rows else RUNG_COLUMNS)
    if rows:
        place = list(table.columns).index("p") + 1
        table.insert(place, "p_holm", stats.holm(table["p"].to_numpy(float)))
    return table


def measure_table(measures: pd.DataFrame, scales: Mapping[str, Scale], variants: Sequence[str]) -> pd.DataFrame:
    """What was measured beside the return at the last checkpoint: a row a task and variant, means over seeds."""
    last = measures.groupby(["task", "variant", "seed"])["checkpoint"].transform("max")
    return _wide(measures[(measures["checkpoint"] == last) & ~measures["measure"].isin(NAMES)], scales, variants)


def diagnostics_table(measures: pd.DataFrame, scales: Mapping[str, Scale], variants: Sequence[str]) -> pd.DataFrame:
    """What was noted while learning: a row a task and variant, means over seeds and the whole run."""
    table = _wide(measures[measures["measure"].isin(NAMES)], scales, variants)
    return table[[c for c in ("task", "variant", *NAMES) if c in table.columns]]


def _wide(measures: pd.DataFrame, scales: Mapping[str, Scale], variants: Sequence[str]) -> pd.DataFrame:
    """Long rows -> a row a task and variant, a column a measure, means."""
    if measures.empty:
        return pd.DataFrame()
    wide = measures.pivot_table(index=["task", "variant"], columns="measure", values="value", aggfunc="mean")
    order = [(t, v) for t in scales for v in variants if (t, v) in wide.index]
    return wide.loc[order].reset_index().rename_axis(columns=None)


def missing_cells(
    frame: pd.DataFrame, scales: Mapping[str, Scale], variants: Sequence[str], optional: set[str]
) -> list[str]:
    """`task x variant` pairs without rows; variants in `optional` exist only where an oracle has them."""
    have = {(str(t), str(v)) for t, v in zip(frame["task"], frame["variant"], strict=True)}
    return [f"{t} x {v}" for t in scales for v in variants if v not in optional and (t, v) not in have]


def verdicts(rungs: pd.DataFrame) -> list[str]:
    """One sentence a rung; none names a winner that the corrected test does not support."""
    said = []
    for row in rungs.to_dict("records"):
        pair = f"`{row['variant']}` against `{row['parent']}`"
        size = f"{row['difference']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]"
        tasks = f"better on {row['better']} of {row['tasks']} tasks"
        if row["p_holm"] < 0.05:
            word = "gains" if row["difference"] > 0 else "loses"
            said.append(f"{pair} {word} {size} of the normalised score (p {row['p_holm']:.3g}, {tasks}).")
        else:
            limit = f"these {row['seeds']} seeds would have shown {row['detectable']:.3f} four times in five"
            said.append(f"{pair}: no difference shown, {size} (p {row['p_holm']:.3g}, {tasks}); {limit}.")
    return said
