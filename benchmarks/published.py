"""Settings that others have published, as configurations of our variants: one entry a (task, variant), each with its source.

A2C, PPO     rl-baselines3-zoo, hyperparams/a2c.yml and ppo.yml (commit 22e3ff2): windows, epochs, discounts, rates and what
             is normalised as there. Where zoo lets the clip range fall, ours stays; and networks start orthogonal here
             throughout, also where zoo says `ortho_init=False`
REINFORCE    whole episodes, returns whitened over the batch and observations normalised, which Tianshou's ablation found
             crucial for it (Weng et al. 2022, JMLR 23(267)); one setting for all, discounts as zoo's A2C
IMPALA       A2C's settings of the task, V-trace, four simulated actors (Espeholt et al. 2018)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from algorithms import VARIANTS
from algorithms.baseline import Zero
from algorithms.credit import RewardToGo, VTrace
from algorithms.exploration import GSDE
from algorithms.scale import Deviation
from algorithms.setting import Episodes, Unroll
from algorithms.surrogate import Score
from algorithms.types import Estimator, Variant
from algorithms.update import FirstOrder

Values = Mapping[str, Any]
NORMALISED: dict[str, Any] = {"training.normalise_observations": True, "training.normalise_returns": True}

A2C = replace(VARIANTS["like_sb3_a2c"], name="A2C", summary="advantage actor-critic, settings of rl-baselines3-zoo")
PPO = replace(
    VARIANTS["like_sb3_ppo"], name="PPO", summary="proximal policy optimisation, settings of rl-baselines3-zoo"
)
IMPALA = replace(
    VARIANTS["impala"],
    name="IMPALA",
    summary="A2C's settings, V-trace and four simulated actors",
    estimator=replace(VARIANTS["impala"].estimator, credit=VTrace(lam=1.0), aggregation="token"),
    collection=A2C.collection,
    fixed=A2C.fixed,
)
REINFORCE = Variant(
    name="REINFORCE",
    summary="reward-to-go of whole episodes, whitened over the batch",
    estimator=Estimator(
        RewardToGo(),
        Zero(),
        Score(),
        scale=Deviation("batch", of="advantages", centre=True, eps=1e-8),
        aggregation="token",
    ),
    update=FirstOrder(),
)


def _training(**values: Any) -> dict[str, Any]:
    return {f"training.{name}": value for name, value in values.items()}


def _gsde(log_std: float, sample_freq: int = -1) -> dict[str, Any]:
    return _training(exploration=GSDE(initial_log_std=log_std, sample_freq=sample_freq))


def _window(steps: int, envs: int) -> dict[str, Any]:
    return _training(collection=Unroll(steps, envs))


def _ppo(steps: int, envs: int, epochs: int, lam: float, batch: int = 64, **more: Any) -> dict[str, Any]:
    schedule = {"schedule.epochs": epochs, "schedule.minibatches": steps * envs // batch}
    return _window(steps, envs) | schedule | {"estimator.credit.lam": lam} | _training(**more)


def _reinforce(envs: int = 16, **more: Any) -> dict[str, Any]:
    return _training(normalise_observations=True, collection=Episodes(envs), learning_rate=1e-3, **more)


OF_A2C: dict[str, Values] = {
    "CartPole-v1": {},
    "Acrobot-v1": _window(5, 16) | NORMALISED,
    "MountainCar-v0": _window(5, 16) | NORMALISED,
    "MountainCarContinuous-v0": _window(100, 4) | _gsde(0.0, 16) | NORMALISED,
    "Pendulum-v1": {
        **_window(8, 8),
        **_gsde(-2.0),
        **NORMALISED,
        **_training(discount=0.9, value_coefficient=0.4, anneal=True),
        "estimator.credit.lam": 0.9,
    },
    "LunarLander-v3": {
        **_training(discount=0.995, learning_rate=8.3e-4, anneal=True),
        "estimator.entropy.alpha": 1e-5,
    },
}
OF_PPO: dict[str, Values] = {
    "CartPole-v1": _ppo(32, 8, 20, 0.8, batch=256, discount=0.98, learning_rate=1e-3, anneal=True),
    "Acrobot-v1": _ppo(256, 16, 4, 0.94) | NORMALISED,
    "MountainCar-v0": _ppo(16, 16, 4, 0.98) | NORMALISED,
    "MountainCarContinuous-v0": {
        # zoo's window of 8 steps of one environment and minibatches of 256 is one minibatch
        **_ppo(
            8, 1, 10, 0.9, batch=8, discount=0.9999, learning_rate=7.77e-5, max_grad_norm=5.0, value_coefficient=0.19
        ),
        **_gsde(-3.29),
        **NORMALISED,
        "estimator.surrogate.clip": 0.1,
        "estimator.entropy.alpha": 0.00429,
    },
    "Pendulum-v1": _ppo(1024, 4, 10, 0.95, discount=0.9, learning_rate=1e-3) | _gsde(-2.0, 4),
    "LunarLander-v3": _ppo(1024, 16, 4, 0.98, discount=0.999) | {"estimator.entropy.alpha": 0.01},
}
DISCOUNTS = {"Pendulum-v1": 0.9, "LunarLander-v3": 0.995}

CONFIGURATIONS: dict[tuple[str, str], Values] = {
    **{(task, A2C.name): values for task, values in OF_A2C.items()},
    **{
        (task, IMPALA.name): {p: v for p, v in values.items() if p != "estimator.entropy.alpha"}
        for task, values in OF_A2C.items()
    },
    **{(task, PPO.name): values for task, values in OF_PPO.items()},
    **{(task, REINFORCE.name): _reinforce(discount=DISCOUNTS.get(task, 0.99)) for task in OF_A2C},
}
