"""Environments of text alone: how many tokens a second they take, without a policy."""

from __future__ import annotations

import time

import numpy as np

from benchmarks.speed.cells import SEEDS
from envs import TASKS
from envs.seeding import Role, stream
from envs.text_mdp import TextMDP

TEXT_ENVS = 64  # environments of each of the 10 members
STEP_FOR_S = 0.3


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


def what_stepped(name: str) -> str:
    """A row on a text task that is stepped."""
    turns = "several turns" if TASKS[name].factory.reply_length else "one turn"  # type: ignore[attr-defined]
    return f"{name} ({turns}), 640 episodes in lock step"
