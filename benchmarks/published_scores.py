"""Scores that others have published, each with its source and budget. Their spreads mean different things and stand as text.

zoo      rl-baselines3-zoo, benchmark.md: one trained agent, deviation over its episodes
SLM      SLM-Lab, BENCHMARKS.md: final moving average, 4 sessions
CleanRL  its documentation: deviation over 3 seeds
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Metric = Literal["final", "maximum"]


@dataclass(frozen=True)
class Score:
    """What a source reports. metric: of the last policy, or the largest along training.

    note  where its environment or method is not quite ours
    """

    task: str
    column: str
    source: str
    value: float
    env_steps: int
    metric: Metric = "final"
    note: str = ""


_NORMALISED = "observations normalised"
SCORES: tuple[Score, ...] = (
    Score("CartPole-v1", "REINFORCE", "SLM", 483.3, 200_000),
    Score("CartPole-v1", "A2C", "SLM", 496.7, 200_000),
    Score("CartPole-v1", "A2C", "zoo", 500.0, 500_000),
    Score("CartPole-v1", "PPO", "zoo", 500.0, 100_000),
    Score("CartPole-v1", "PPO", "SLM", 498.9, 200_000),
    Score("CartPole-v1", "PPO", "CleanRL", 490.0, 500_000, note="6.1 over 3 seeds"),
    Score("Acrobot-v1", "A2C", "zoo", -83.4, 500_000),
    Score("Acrobot-v1", "A2C", "SLM", -84.0, 300_000),
    Score("Acrobot-v1", "PPO", "zoo", -73.5, 1_000_000),
    Score("Acrobot-v1", "PPO", "CleanRL", -86.4, 500_000),
    Score("Acrobot-v1", "PPO", "SLM", -81.3, 300_000),
    Score("MountainCar-v0", "A2C", "zoo", -111.3, 1_000_000, note=_NORMALISED),
    Score("MountainCar-v0", "PPO", "zoo", -110.4, 1_000_000, note=_NORMALISED),
    Score("MountainCar-v0", "PPO", "CleanRL", -200.0, 500_000),
    Score("MountainCarContinuous-v0", "A2C", "zoo", 91.2, 100_000, note="gSDE"),
    Score("MountainCarContinuous-v0", "PPO", "zoo", 88.3, 20_000, note="gSDE"),
    Score("Pendulum-v1", "A2C", "zoo", -163.0, 1_000_000, note="gSDE"),
    Score("Pendulum-v1", "A2C", "SLM", -820.7, 300_000),
    Score("Pendulum-v1", "PPO", "zoo", -172.2, 100_000),
    Score("Pendulum-v1", "PPO", "SLM", -174.9, 300_000),
    Score("LunarLander-v3", "A2C", "SLM", 27.4, 300_000),
    Score("LunarLander-v3", "A2C", "zoo", 155.8, 200_000, note="LunarLander-v2"),
    Score("LunarLander-v3", "PPO", "SLM", 183.3, 300_000),
    Score("LunarLander-v3", "PPO", "zoo", 242.1, 1_000_000, note="LunarLander-v2"),
)
