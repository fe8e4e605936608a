"""Studies with scores that are given, or that look like the released ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from zlib import crc32

import numpy as np

from benchmarks.tuning import result
from benchmarks.tuning.report.report import compose
from benchmarks.tuning.result import StageResult, StudyResult, TrialResult
from benchmarks.tuning.summary.summary import Summary, by_task_and_variant

RATE = {"name": "training.learning_rate", "low": 1e-4, "high": 1e-1, "log": True, "integer": False}
LAM = {"name": "estimator.credit.lam", "low": 0.8, "high": 1.0, "log": False, "integer": False}
PROTOCOL = {
    "trials": 3, "batch": 16, "tuning_seeds": 5, "selection_seeds": 20, "test_seeds": 10, "top": 5,
    "env_steps": {"CartPole-v1": 50_000, "Acrobot-v1": 80_000, "dyck/small": 20_000, "Pendulum-v1": 100_000,
                  "gymnasium:MountainCarContinuous-v0": 120_000},
    "objective": "last_fifth", "sampler": "tpe", "pruner": "none",
    "space": "all", "episodes": 10, "seed": 0,
}  # fmt: skip
PROVENANCE = {
    "commit": "0123abcd", "dirty": False, "results_version": 3, "python": "3.11.9", "device": "cpu",
    "packages": {"numpy": "2.3.1", "torch": "2.13.0", "optuna": "5.0.0"}, "command": "python -m benchmarks tune made",
}  # fmt: skip
LADDER = ("reinforce", "reward_to_go", "baseline_mean", "baseline_loo", "baseline_value", "gae", "a2c", "ppo", "npg",
          "like_openrlhf_reinforce_pp")  # fmt: skip
TASKS = ("CartPole-v1", "Acrobot-v1", "dyck/small", "Pendulum-v1", "gymnasium:MountainCarContinuous-v0")
SPACE: tuple[dict[str, Any], ...] = (
    RATE,
    {"name": "training.discount", "low": 0.9, "high": 1.0, "log": False, "integer": False},
    {"name": "training.max_grad_norm", "low": 0.1, "high": 10.0, "log": True, "integer": False},
    {"name": "training.network.hidden", "choices": [[32, 32], [64, 64], [128, 128]]},
    {"name": "training.collection.envs", "choices": [8, 16, 32, 64]},
)
CRITIC: tuple[dict[str, Any], ...] = (
    {"name": "training.value_coefficient", "low": 0.1, "high": 2.0, "log": True, "integer": False},
    {"name": "training.critic_rate", "low": 0.1, "high": 10.0, "log": True, "integer": False},
    LAM,
)
OWN: dict[str, tuple[dict[str, Any], ...]] = {
    "ppo": ({"name": "estimator.surrogate.clip", "low": 0.05, "high": 0.5, "log": False, "integer": False},
            {"name": "schedule.epochs", "choices": [1, 2, 4, 8]},
            {"name": "schedule.minibatches", "choices": [1, 2, 4, 8]}),
    "a2c": ({"name": "estimator.credit.n", "low": 1, "high": 20, "log": False, "integer": True},
            {"name": "estimator.entropy.alpha", "low": 1e-4, "high": 0.1, "log": True, "integer": False}),
    "npg": ({"name": "update.delta", "low": 1e-3, "high": 0.1, "log": True, "integer": False},),
}  # fmt: skip
DEFAULTS = {
    "training.learning_rate": 3e-3, "training.discount": 1.0, "training.max_grad_norm": 0.5,
    "training.network.hidden": [64, 64], "training.collection.envs": 16, "training.value_coefficient": 0.5,
    "training.critic_rate": 1.0, "estimator.credit.lam": 0.95, "estimator.surrogate.clip": 0.2, "schedule.epochs": 4,
    "schedule.minibatches": 4, "estimator.credit.n": 5, "estimator.entropy.alpha": 0.01, "update.delta": 0.01,
}  # fmt: skip
TEN: dict[str, Any] = {"default": (0.4,) * 10, "tuned": (0.5, 0.6) * 5}


def drawn(entry: Mapping[str, Any], rng: np.random.Generator) -> Any:
    """A value of the search space."""
    if "choices" in entry:
        return entry["choices"][int(rng.integers(len(entry["choices"])))]
    if entry["log"]:
        return float(np.exp(rng.uniform(np.log(entry["low"]), np.log(entry["high"]))))
    return int(rng.integers(entry["low"], entry["high"] + 1)) if entry["integer"] else float(
        rng.uniform(entry["low"], entry["high"]))  # fmt: skip


def lifelike(
    variant: str, tasks: Sequence[str], trials: int = 30, seeds: int = 20, pruned: bool = False
) -> StudyResult:
    """A study whose score depends on the rate, the discount and shared that seeds share."""
    rng = np.random.default_rng(crc32(f"{variant}{tasks}".encode()))
    space = (*SPACE, *(CRITIC if variant in ("baseline_value", "gae", "a2c", "ppo") else ()), *OWN.get(variant, ()))
    default = {e["name"]: DEFAULTS[e["name"]] for e in space}
    known = variant in LADDER
    level = 0.45 + 0.05 * (LADDER.index(variant) if known else 3) + rng.normal(0, 0.05)
    best_rate = np.log(3e-3) + rng.normal(0, 1.2)

    def truth(values: Mapping[str, Any]) -> float:
        rate = np.log(values["training.learning_rate"]) - best_rate
        gap = 0.03 * rate**2 + 1.5 * abs(values["training.discount"] - 0.985)
        return float(min(level + 0.1 - gap + 0.02 * (values["training.collection.envs"] == 32), 1.0))

    def scores(values: Mapping[str, Any], n: int, stream: int) -> dict[str, tuple[float, ...]]:
        made = {}
        for task in tasks:
            shared = np.random.default_rng([stream, crc32(task.encode())]).normal(0, 0.05, n)
            raw = truth(values) + shared + rng.normal(0, 0.06, n)
            made[task] = tuple(float(x) for x in np.where(rng.random(n) < 0.01, 0.0, np.clip(raw, -0.1, 1.02)))
        return made

    tried = [default, *({e["name"]: drawn(e, rng) for e in space} for _ in range(trials - 1))]
    attempts = []
    for i, values in enumerate(tried):
        on = scores(values, 5, 0)
        state = "pruned" if pruned and i and i % 4 == 0 else "complete"
        attempts.append(TrialResult(i, state, values, on, result.mean_score(on)))
    whole = sorted((a for a in attempts if a.state == "complete"), key=lambda a: -a.value)
    again = {0: StageResult(0, scores(default, 20, 1))}
    again |= {a.number: StageResult(a.number, scores(a.values, 20, 1)) for a in whole[:5]}
    chosen = max(again.values(), key=lambda s: s.value).number
    test = {"default": StageResult(0, scores(default, seeds, 2))}
    test["tuned"] = test["default"] if chosen == 0 else StageResult(chosen, scores(tried[chosen], seeds, 2))
    protocol = {**PROTOCOL, "trials": trials, "test_seeds": seeds, "pruner": "racing" if pruned else "none"}
    return StudyResult("made", variant, tuple(tasks), chosen, tried[chosen], default, protocol, space, tuple(attempts),
                 tuple(again.values()), test, PROVENANCE)  # fmt: skip


def study(
    variant: str = "gae",
    tasks: Sequence[str] = ("CartPole-v1",),
    default: Sequence[float] = (0.4,) * 8,
    tuned: Sequence[float] = (0.5, 0.6) * 4,
    values: Sequence[float] = (0.5, 0.7, 0.6),
    **other: Any,
) -> StudyResult:
    """Test scores of both settings, and a trial a value; the second was chosen, whose learning rate is .01."""
    rates = [0.003, *(0.01 * (k + 1) for k in range(len(values) - 1))]
    tried = [{"training.learning_rate": rate, "estimator.credit.lam": 0.95} for rate in rates]
    attempts = tuple(
        TrialResult(k, "complete", tried[k], dict.fromkeys(tasks, (value,) * 5), value)
        for k, value in enumerate(values)
    )
    chosen = min(1, len(values) - 1)
    test = {"default": StageResult(0, dict.fromkeys(tasks, tuple(default)))}
    test["tuned"] = StageResult(chosen, dict.fromkeys(tasks, tuple(tuned))) if chosen else test["default"]
    again = tuple(StageResult(k, dict.fromkeys(tasks, (v - 0.05,) * 20)) for k, v in enumerate(values[:2]))
    made = StudyResult(
        "made", variant, tuple(tasks), chosen, tried[chosen], tried[0], PROTOCOL, (RATE, LAM), attempts, again, test,
        PROVENANCE,
    )  # fmt: skip
    return replace(made, **other)


def of(*studies: StudyResult) -> Summary:
    return Summary(by_task_and_variant(studies))


def said(*studies: StudyResult) -> str:
    """The report as plain text."""
    return compose("made", "Is tuned better?", studies).as_text()
