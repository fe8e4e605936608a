"""Studies that are odd in one way each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.tuning.result import StudyResult
from tests.benchmarks.tuning.report.synthetic_studies import study


def constant(t: StudyResult) -> StudyResult:
    """No field varies, and one of them has no width."""
    return replace(t, space=({"name": "training.learning_rate", "low": 1.0, "high": 1.0, "log": True, "integer": False},),
                   trials=tuple(replace(a, values={"training.learning_rate": 1.0}) for a in t.trials),
                   configuration={"training.learning_rate": 1.0}, default={"training.learning_rate": 1.0})  # fmt: skip


def chosen_of(values: Sequence[Any]) -> StudyResult:
    """A study of one field of choices."""
    t = study(values=np.linspace(0.4, 0.6, 12).tolist(), space=({"name": "a.kind", "choices": list(values)},))
    tried = [{"a.kind": values[k % len(values)]} for k in range(12)]
    return replace(t, trials=tuple(replace(a, values=v) for a, v in zip(t.trials, tried, strict=True)), default=tried[0],
                   configuration=tried[1])  # fmt: skip


def all_pruned(t: StudyResult) -> StudyResult:
    rest = tuple(replace(a, state="pruned") for a in t.trials[1:])
    return replace(
        t, trials=(t.trials[0], *rest), chosen=0, configuration=t.default, test={**t.test, "tuned": t.test["default"]}
    )


ODD: dict[str, list[StudyResult]] = {
    "nothing": [],
    "one trial": [study(values=(0.5,))],
    "one trial beside three": [study(values=(0.5,)), study("ppo", ("dyck/small",))],
    "long names": [
        study("like_openrlhf_reinforce_pp", (f"{name}Continuous-v3",)) for name in ("LunarLander", "MountainCar", "W")
    ],
    "a constant": [constant(study(values=[0.5] * 12))],
    "numbers": [chosen_of([8, 16, 32])],
    "words and lists": [chosen_of(["relu", "tanh"]), replace(chosen_of([[64, 64], [32, 32, 32]]), variant="ppo")],
    "a mixture": [chosen_of([None, 0.5, "auto"])],
    "all scores equal": [study(v, default=(0.5,) * 8, tuned=(0.5,) * 8, values=(0.5,) * 12) for v in ("a", "b")],
    "pruned but the default": [all_pruned(study(values=(0.5, 0.4, 0.3)))],
    "no trial complete": [replace(study(), trials=tuple(replace(a, state="pruned") for a in study().trials))],
    "one seed": [study(default=(0.4,), tuned=(0.5,)), study("ppo", default=(0.6,), tuned=(0.3,))],
    "jointly": [study(v, ("CartPole-v1", "Acrobot-v1")) for v in ("gae", "ppo")],
    "seeds that differ": [study(), study("ppo", default=(0.4,) * 5, tuned=(0.5,) * 5)],
    "twice": [study(), study(study="other"), study()],
    "bare": [study(protocol={}, provenance={}, space=(), selection=())],
    "diverged": [study(default=(float("nan"),) * 8), study("ppo", values=(float("nan"), 0.4, 0.5))],
}
