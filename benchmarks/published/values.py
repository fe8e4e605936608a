"""Settings of published sources, by our field paths (algorithms.tunable): windows, epochs, discounts, exploration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from algorithms.policies.exploration import GSDE
from algorithms.training_config import Episodes, Unroll
from benchmarks.published.variants import A2C, IMPALA, PPO, REINFORCE

Values = Mapping[str, Any]
Configurations = dict[tuple[str, str], Values]  # by (task, variant)
NORMALISED: dict[str, Any] = {"training.normalise_observations": True, "training.normalise_returns": True}


def training(**values: Any) -> dict[str, Any]:
    """Fields of Training."""
    return {f"training.{name}": value for name, value in values.items()}


def gsde(log_std: float, sample_freq: int = -1) -> dict[str, Any]:
    """State-dependent exploration, as sources' use_sde."""
    return training(exploration=GSDE(initial_log_std=log_std, sample_freq=sample_freq))


def window(steps: int, envs: int) -> dict[str, Any]:
    """An update learns from so many steps of so many environments."""
    return training(collection=Unroll(steps, envs))


def ppo(steps: int, envs: int, epochs: int, lam: float, batch: int = 64, **more: Any) -> dict[str, Any]:
    """PPO's window and schedule; batch: rows of a minibatch, as sources count them."""
    schedule = {"schedule.epochs": epochs, "schedule.minibatches": steps * envs // batch}
    return window(steps, envs) | schedule | {"estimator.credit.lam": lam} | training(**more)


def reinforce(envs: int = 16, **more: Any) -> dict[str, Any]:
    """So many whole episodes an update."""
    return training(normalise_observations=True, collection=Episodes(envs), learning_rate=1e-3, **more)


def configurations_for(
    tasks: tuple[str, ...], a2c: Values, ppo: Values, reinforce: Values | None = None
) -> Configurations:
    """One setting a variant for all tasks of a field, where its source has one; IMPALA has A2C's, its entropy bonus too."""
    impala = {"estimator.entropy.alpha": 0.0, **a2c}  # its own is Atari's
    pairs = ((A2C, a2c), (PPO, ppo), (IMPALA, impala), (REINFORCE, reinforce))
    return {(task, variant.name): values for task in tasks for variant, values in pairs if values is not None}
