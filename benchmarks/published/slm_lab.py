"""SLM-Lab's settings of A2C and PPO, at its budgets.

Source: slm_lab/spec/benchmark_arc, a2c_classic_arc.yaml, ppo_classic_arc.yaml and ppo_box2d_arc.yaml (commit 96be393).

As there: windows, epochs, minibatches, discounts, lambda, entropy bonuses, both learning rates, which of them fall, hidden
layers, and that each network's gradient is clipped by itself. Different from there: layers are orthogonal throughout; the
critic's targets are not normalised (on its Pendulum they are); AdamW's decay and moving clip ranges are left out; whole runs
are judged by separate episodes, where it reports the moving average of training.
"""

from __future__ import annotations

from typing import Any

from algorithms.estimators.entropy_bonus import Annealed
from algorithms.estimators.optimisers import Adam
from algorithms.policies.networks.mlp import MLP
from benchmarks.published.values import Configurations, Values, ppo, training, window
from benchmarks.published.variants import A2C, PPO

BUDGETS = {
    "CartPole-v1": 200_000,
    "Acrobot-v1": 300_000,
    "Pendulum-v1": 300_000,
    "LunarLander-v3": 300_000,
    "LunarLanderContinuous-v3": 300_000,
}
WIDE = training(network=MLP((128, 128)))
SWING = training(network=MLP((256, 256), "relu"))  # Pendulum


def _a2c(steps: int, envs: int, rate: float, critic: float, alpha: float = 0.0, falls: bool = False) -> Values:
    """critic: its own learning rate; falls: the entropy bonus `alpha`, to 0."""
    bonus: Values = {"estimator.entropy": Annealed(alpha, 0.0)} if falls else {"estimator.entropy.alpha": alpha}
    values = {**window(steps, envs), **bonus, "estimator.credit.lam": 0.95}
    return values | training(optimiser=Adam(), learning_rate=rate, critic_rate=critic / rate)


def _ppo(steps: int, envs: int, epochs: int, lam: float, rate: float, critic: float, **more: Any) -> Values:
    """As `ppo`, with the critic's own learning rate."""
    return ppo(steps, envs, epochs, lam, learning_rate=rate, critic_rate=critic / rate, **more)


def _entropy(alpha: float) -> Values:
    return {"estimator.entropy.alpha": alpha}


A2C_SETTINGS: dict[str, Values] = {
    "CartPole-v1": _a2c(32, 4, 1e-3, 3e-3, 0.01, falls=True),
    "Acrobot-v1": _a2c(32, 4, 1e-3, 3e-3, 0.01, falls=True),
    "Pendulum-v1": {**_a2c(2048, 4, 2e-3, 2e-3), **SWING, **training(normalise_observations=True)},
    "LunarLander-v3": {**_a2c(5, 8, 8.3e-4, 8.3e-4, 1e-5), **WIDE, **training(discount=0.995, anneal=True)},
    "LunarLanderContinuous-v3": {**_a2c(64, 8, 7e-4, 1e-3, 0.01), **WIDE, **training(anneal=True)},
}
PPO_SETTINGS: dict[str, Values] = {
    "CartPole-v1": {
        **_ppo(256, 4, 15, 0.9112, 5.909e-4, 6.352e-4, batch=128, discount=0.9769, value_coefficient=0.6049),
        **_entropy(0.0074),
        "estimator.surrogate.clip": 0.1312,
    },
    "Acrobot-v1": {**_ppo(256, 4, 10, 0.95, 3e-4, 1e-3), **_entropy(0.01)},
    "Pendulum-v1": {**_ppo(2048, 4, 10, 0.95, 3e-4, 3e-4), **SWING},
    "LunarLander-v3": {
        **_ppo(512, 8, 15, 0.9527, 5.65e-4, 5.58e-3, batch=256, discount=0.9914, value_coefficient=1.1395),
        **_entropy(1e-5),
        **WIDE,
        **training(max_grad_norm=1.0),
    },
    "LunarLanderContinuous-v3": {
        **_ppo(640, 8, 8, 0.9758, 2.67e-4, 1.34e-3, batch=128, discount=0.9858, value_coefficient=1.452),
        **_entropy(1.27e-5),
        **training(network=MLP((128, 64), "relu"), max_grad_norm=1.0),
    },
}

CONFIGURATIONS: Configurations = {
    (task, variant.name): {**training(clipped="apart"), **values}
    for variant, settings in ((A2C, A2C_SETTINGS), (PPO, PPO_SETTINGS))
    for task, values in settings.items()
}
