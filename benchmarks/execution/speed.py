"""Speed on this machine: ours and that of installed libraries, alternating in one call, medians of several runs."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from algorithms import VARIANTS
from algorithms.asynchronous.learner import train_asynchronously
from algorithms.estimators.optimisers import RMSprop
from algorithms.policies.mlp import MLP
from algorithms.training.evaluation import Evaluation
from algorithms.training.records import Members
from algorithms.training.run import Run, train
from algorithms.training_config import TrainingConfig, Unroll
from benchmarks.design.resolve import resolve
from benchmarks.execution.pool import available_processors
from benchmarks.experiments.async_throughput import COMPUTED, SYNCHRONOUS, TWO
from benchmarks.experiments.async_throughput import VARIANTS as BY_PROCESSES
from envs import TASKS
from envs.seeding import Role, stream
from envs.text_mdp import TextMDP

SEEDS = 10
TASK = "CartPole-v1"
TEXT_ENVS = 64  # environments of each of the 10 members, where text is stepped
STEP_FOR_S = 0.3


@dataclass(frozen=True)
class SpeedComparison:
    """Ours against another library: each callable runs once and returns environment steps per second."""

    what: str
    ours: Callable[[], float]
    theirs: Callable[[], float]
    name: str


def _ours(training: TrainingConfig, steps: int) -> Callable[[], float]:
    """Training speed of 10 seeds of a2c, all seeds together, evaluation not counted."""

    def once() -> float:
        members = Members(tuple(range(SEEDS)), (training.learning_rate,) * SEEDS)
        run = Run(TASKS[TASK], VARIANTS["a2c"], training, members, steps, Evaluation(1, 1))
        start = time.perf_counter()
        while run.playing.any():
            for _ in run.segment():
                pass
        return float(run.env_steps.sum() / (time.perf_counter() - start))

    return once


def _sb3(steps: int) -> Callable[[], float]:
    """stable-baselines3's A2C at its own defaults on 8 environments x 5 steps."""

    def once() -> float:
        from stable_baselines3 import A2C
        from stable_baselines3.common.env_util import make_vec_env

        env: Any = make_vec_env(TASK, n_envs=8, seed=0)
        model = A2C(
            "MlpPolicy", env, seed=0, device="cpu", policy_kwargs={"net_arch": {"pi": [64, 64], "vf": [64, 64]}}
        )
        start = time.perf_counter()
        model.learn(steps)
        done = time.perf_counter() - start
        env.close()
        return float(model.num_timesteps / done)

    return once


def comparisons() -> list[SpeedComparison]:
    """What is measured."""
    like_sb3 = TrainingConfig(
        network=MLP((64, 64)),
        optimiser=RMSprop(),
        learning_rate=7e-4,
        max_grad_norm=0.5,
        discount=0.99,
        collection=Unroll(steps=5, envs=8),
        segment=2_000,
    )
    default = resolve(TASKS[TASK], VARIANTS["a2c"]).training
    name = "stable-baselines3 A2C (8 environments x 5 steps)"
    shape = default.collection
    assert isinstance(shape, Unroll)
    return [
        SpeedComparison(
            "10 seeds of a2c, CartPole-v1, 8 environments x 5 steps", _ours(like_sb3, 20_000), _sb3(20_000), name
        ),
        SpeedComparison(
            f"10 seeds of a2c, CartPole-v1, our default {shape.envs} environments x {shape.steps} steps",
            _ours(default, 60_000),
            _sb3(20_000),
            name,
        ),
    ]


def actors_comparison(steps: int = 1_000) -> SpeedComparison:
    """Actors and a learner against one process that does both, where a step of the environment computes for 1 ms."""
    return SpeedComparison(
        f"{TWO} and a learner, {COMPUTED.name} a step, on {available_processors()} processors",
        _trained(TWO, steps),
        _trained(SYNCHRONOUS, steps),
        "one process that plays and learns in turn",
    )


def _trained(name: str, steps: int) -> Callable[[], float]:
    """Training speed of one seed of a configuration of `async_throughput`, as its clock reads."""

    def once() -> float:
        (variant,) = (v for v in BY_PROCESSES if v.name == name)
        training = resolve(COMPUTED, variant).training
        run = Run(COMPUTED, variant, training, Members((0,), (training.learning_rate,)), steps, Evaluation(1, 1))
        for _ in train(run) if variant.schedule.processes is None else train_asynchronously(run):
            pass
        return float(run.env_steps.sum() / run.wall_s)

    return once


def text_tasks() -> list[str]:
    """The medium presets of the text tasks."""
    return [n for n, t in TASKS.items() if n.endswith("medium") and isinstance(t.factory, TextMDP)]


def measure_tokens_per_s(name: str) -> float:
    """Tokens a second of 10 x 64 episodes in lock step: random tokens, every row to the horizon, resets included."""
    mdp = TASKS[name].factory
    assert isinstance(mdp, TextMDP)
    env = mdp.make([stream(s, Role.ENVIRONMENT, 0) for s in range(SEEDS)], TEXT_ENVS)
    shape = (SEEDS, TEXT_ENVS)
    actions = np.random.default_rng(0).integers(mdp.actions, size=(mdp.horizon, *shape))
    active, tokens, start = np.ones(shape, np.bool_), 0, time.perf_counter()
    while time.perf_counter() - start < STEP_FOR_S:
        env.reset()
        for action in actions:
            env.step(action, active)
        tokens += actions.size
    return tokens / (time.perf_counter() - start)


def use_one_core() -> None:
    """Keep this process and the threads it will start (EnvPool has one) on one core, where the system allows it."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def compare(pair: SpeedComparison, repeats: int) -> dict[str, Any]:
    """The two sides alternate, and the ratio is the median of the ratios of neighbours, so drift of the machine cancels."""
    pair.ours()  # the first run of each also imports and warms up
    pair.theirs()
    pairs = [(pair.ours(), pair.theirs()) for _ in range(repeats)]
    return {
        "what": pair.what,
        "ours": round(statistics.median(a for a, _ in pairs)),
        "peer": round(statistics.median(b for _, b in pairs)),
        "peer_name": pair.name,
        "ratio": round(statistics.median(a / b for a, b in pairs), 2),
    }


def measure(repeats: int) -> list[dict[str, Any]]:
    """Rows {what, ours, peer, peer_name, ratio} in environment steps per second, then {what, ours, unit}.

    The comparison of actors comes first and has all cores; the others have one.
    """
    torch.set_num_threads(1)
    # on all processors, hence first: a process cannot return from one core to all
    rows = [compare(actors_comparison(), repeats)]
    use_one_core()
    rows += [compare(pair, repeats) for pair in comparisons()]
    for name in text_tasks():
        measure_tokens_per_s(name)
        rate = statistics.median(measure_tokens_per_s(name) for _ in range(repeats))
        turns = "several turns" if TASKS[name].factory.reply_length else "one turn"  # type: ignore[attr-defined]
        rows.append({"what": f"{name} ({turns}), 640 episodes in lock step", "ours": round(rate), "unit": "tokens/s"})
    return rows


def as_text(rows: list[dict[str, Any]]) -> str:
    """A line for each row."""
    lines = []
    for r in rows:
        against = f"; {r['peer_name']}: {r['peer']:,}; ratio {r['ratio']}" if "peer" in r else ""
        lines.append(f"{r['what']}: {r['ours']:,} {r.get('unit', 'steps/s')}{against}")
    return "\n".join(lines)
