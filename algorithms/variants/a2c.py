"""Advantage actor-critic: n-step returns in short windows, an update after every window.

    A_t = sum_{k<m} gamma^k r_{t+k} + gamma^m V(s_{t+m}) - V(s_t),    m: steps left in t's window of n

Windows of 5 steps in 64 auto-resetting environments need another batch shape on control tasks; on text, whose episodes
are short, the windows lie inside the episode (one of 5 tokens or fewer is a single window: there it is `baseline_value`).

Source: Mnih et al. (2016), Asynchronous methods for deep reinforcement learning, algorithm S3, run synchronously.
"""

from algorithms.estimators.credit import NStep
from algorithms.training_config import Unroll
from algorithms.variants import baseline_value

VARIANT = baseline_value.VARIANT.rung(
    "a2c",
    "n-step returns in windows of 5 steps",
    needs={"collection": Unroll(steps=5, envs=64)},
    credit=NStep(n=5),
    shown_as="A2C",
)
