"""Settings that others have published, as configurations of our variants: a module a field, each naming its sources."""

from __future__ import annotations

from benchmarks.published import atari, bipedal, classic, driving, robots
from benchmarks.published.values import Configurations
from benchmarks.published.variants import A2C, IMPALA, PPO, REINFORCE

__all__ = ["A2C", "CONFIGURATIONS", "IMPALA", "PPO", "REINFORCE"]

CONFIGURATIONS: Configurations = {
    **classic.CONFIGURATIONS,
    **robots.CONFIGURATIONS,
    **bipedal.CONFIGURATIONS,
    **atari.CONFIGURATIONS,
    **driving.CONFIGURATIONS,
}
