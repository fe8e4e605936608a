"""The budgets of the compared variants: environment steps, optimiser steps and seconds of training.

A comparison holds the environment steps equal. It does not hold the optimiser steps or the computation equal: PPO makes 16
optimiser steps on a rollout on which others make one. Counts are of the last checkpoint, means over the seeds that did not
diverge; ratios are geometric means over the tasks that both variants have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from benchmarks.reports.methods import methods_of
from benchmarks.statistics.comparisons import Pair
from benchmarks.store.curves import Curve
from benchmarks.store.suite import Suite

NAN = float("nan")
Meta = Mapping[str, Any]
TOLERANCE = 0.05  # the last rollout may pass the budget by as much
RATIOS_EXPLAINED = (
    "`optimiser steps` and `training time`: how many times those of the other variant (geometric mean over tasks; `-` where "
    "they were not counted here)."
)


class Budget(NamedTuple):
    """One variant on one task; NaN where it was not counted or not measured by us."""

    env_steps: float
    optimiser_steps: float
    train_s: float  # a seed


def optimiser_steps_per_update(meta: Meta) -> float:
    """Optimiser steps of each counted update; NaN where they are not counted, as in imported runs."""
    steps = None if meta["cell"].get("imported") else methods_of(meta).steps_per_update
    return NAN if steps is None else float(steps)


def _is_timed(meta: Meta) -> bool:
    """Whether its training was timed by this project."""
    return not meta["cell"].get("imported") and not methods_of(meta).library


def _budget(curve: Curve, metas: Sequence[Meta]) -> Budget:
    """The budget of one curve, from its cells' metadata."""
    finite = ~curve.diverged
    if not finite.any():
        return Budget(NAN, NAN, NAN)
    steps = {optimiser_steps_per_update(m) for m in metas}
    each = steps.pop() if len(steps) == 1 else NAN
    seconds = curve.train_s / len(curve.seeds) if all(map(_is_timed, metas)) else NAN
    updates = float(curve.updates[-1, finite].mean()) * each
    return Budget(float(curve.env_steps[-1, finite].mean()), updates or NAN, seconds or NAN)


def budgets(suite: Suite, metas: Sequence[Meta]) -> dict[tuple[str, str], Budget]:
    """By (task, variant) of the learners."""
    metas_by_cell: dict[tuple[str, str], list[Meta]] = {}
    for meta in metas:
        metas_by_cell.setdefault((meta["cell"]["task"]["name"], meta["cell"]["algorithm"]["name"]), []).append(meta)
    curves = {key: curve for key, curve in suite.curves.items() if key[1] in suite.learners}
    return {key: _budget(curve, metas_by_cell.get(key, [])) for key, curve in curves.items()}


def one_processor(metas: Sequence[Meta]) -> bool:
    """Whether seconds can be compared: all cells that we timed ran on one kind of processor."""
    return len({str(m.get("provenance", {}).get("processor")) for m in metas if _is_timed(m)}) < 2


def _ratio(by_cell: Mapping[tuple[str, str], Budget], suite: Suite, pair: Pair, name: str) -> float:
    """Geometric mean of b / a over the tasks where both are known; NaN where there is none."""
    logs = [np.log(getattr(by_cell[t, pair.b], name) / getattr(by_cell[t, pair.a], name)) for t in suite.tasks(*pair)]
    known = [x for x in logs if np.isfinite(x)]
    return float(np.exp(np.mean(known))) if known else NAN


def ratios(suite: Suite, metas: Sequence[Meta], family: Sequence[Pair]) -> pd.DataFrame:
    """A row a pair: b's optimiser steps and training time as multiples of a's."""
    by_cell, timed = budgets(suite, metas), one_processor(metas)
    return pd.DataFrame(
        {
            "optimiser steps": [_ratio(by_cell, suite, p, "optimiser_steps") for p in family],
            "training time": [_ratio(by_cell, suite, p, "train_s") if timed else NAN for p in family],
        }
    )


def table(suite: Suite, metas: Sequence[Meta], baseline: str) -> pd.DataFrame:
    """A row a learner: sums over its tasks, for tasks differ in their budgets; and its multiples of the baseline's."""
    by_cell = budgets(suite, metas)
    rows = [
        {
            "variant": v,
            "tasks": len(tasks := suite.tasks(v)),
            **{name: float(np.sum([getattr(by_cell[t, v], name) for t in tasks])) for name in Budget._fields},
        }
        for v in suite.learners
    ]
    family = [Pair(v, baseline) for v in suite.learners]
    names = {"env_steps": "environment steps", "optimiser_steps": "optimiser steps", "train_s": "training s a seed"}
    against = ratios(suite, metas, family)
    against.insert(0, "environment steps", [_ratio(by_cell, suite, p, "env_steps") for p in family])
    made = pd.DataFrame(rows).rename(columns=names).join(against.add_suffix(f" / {baseline}"))
    return made.assign(tasks=made.pop("tasks"))  # what a phone shows first is what was spent


def _ratio_text(ratio: float) -> str:
    """0.25, 16, 600: two digits, without an exponent."""
    return f"{float(f'{ratio:.2g}'):,g}"


def _times(ratio: float) -> str:
    """1 -> `as many`, 16 -> `16 times as many`."""
    return "as many" if abs(ratio - 1) <= TOLERANCE else f"{_ratio_text(ratio)} times as many"


def sentences(suite: Suite, metas: Sequence[Meta], baseline: str, leader: str) -> list[str]:
    """What is equal between the learners, and by how much the rest differs; none for one learner."""
    if len(suite.learners) < 2:
        return []
    multiples = table(suite, metas, baseline).set_index("variant").drop(index=baseline)
    env, steps, seconds = (
        multiples[f"{name} / {baseline}"].dropna() for name in ("environment steps", "optimiser steps", "training time")
    )
    parts = [_environment(suite, metas, env, baseline)]
    if leader in steps and abs(steps[leader] - 1) > TOLERANCE and not _at_end(steps, leader):
        parts.append(f"`{leader}` makes {_times(steps[leader])} optimiser steps as `{baseline}`.")
    if leader in seconds and abs(seconds[leader] - 1) > TOLERANCE and not _at_end(seconds, leader):
        parts.append(f"`{leader}` takes {_ratio_text(seconds[leader])} times the training time of `{baseline}`.")
    if len(steps) and (steps - 1).abs().max() <= TOLERANCE:
        parts.append("All make the same number of optimiser steps.")
    elif len(steps) > 1:
        parts.append(f"Optimiser steps are {_range(steps)} times those of `{baseline}`.")
    if len(seconds) > 1 and (seconds - 1).abs().max() > TOLERANCE:
        parts.append(f"Training times are {_range(seconds)} times that of `{baseline}`.")
    return [p for p in parts if p]


def _at_end(ratios_: pd.Series, leader: str) -> bool:
    """Whether the sentence on the range names it anyway."""
    return len(ratios_) > 1 and leader in (ratios_.idxmin(), ratios_.idxmax())


def _range(ratios_: pd.Series) -> str:
    """0.8 (`a`) to 16 (`ppo`)"""
    low, high = _ratio_text(ratios_.min()), _ratio_text(ratios_.max())
    return f"{low} (`{ratios_.idxmin()}`) to {high} (`{ratios_.idxmax()}`)"


def _environment(suite: Suite, metas: Sequence[Meta], ratio: pd.Series, baseline: str) -> str:
    """Whether the environment steps are equal, and how many they are."""
    if ratio.empty:
        return ""
    if (ratio - 1).abs().max() > TOLERANCE:
        return f"Environment steps differ: they are {_range(ratio)} times those of `{baseline}`."
    declared = {
        int(m["cell"]["env_steps"])
        for m in metas
        if m["cell"]["algorithm"]["name"] == baseline and m["cell"].get("env_steps")
    }
    counts = declared or {round(suite.curves[t, baseline].env_steps[-1].max()) for t in suite.tasks(baseline)}
    budget = f"{min(counts):,}" + (f" to {max(counts):,}, by task" if len(counts) > 1 else "")
    return f"All variants use the same number of environment steps ({budget})."
