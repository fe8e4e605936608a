"""Scores that others have published, each with its source and budget. Their spreads mean different things and are given as
text.

zoo      rl-baselines3-zoo, benchmark.md: one trained agent, deviation over its episodes, its likeliest actions (on Atari:
         sampled ones)
SLM      SLM-Lab, BENCHMARKS.md: final moving average, 4 sessions
CleanRL  its documentation: episodes of training, deviation over 3 seeds
Tianshou examples/mujoco/README.md: 10 seeds, 10 sampled episodes each, the largest mean along training
SpinUp   Spinning Up, read off its figures: episodes of training, 10 seeds; its VPG has a critic and GAE

Sources have versions 2 to 4 of the MuJoCo bodies, which observe and pay a little otherwise than version 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Metric = Literal["final", "maximum"]


@dataclass(frozen=True)
class PublishedScore:
    """What a source reports. metric: the mean over seeds of the last policy, or the largest such mean along training.

    note  where its environment or method is not quite ours
    """

    task: str
    variant: str
    source: str
    value: float
    env_steps: int
    metric: Metric = "final"
    note: str = ""

    @property
    def greedy(self) -> bool:
        """Whether the source's policies take their likeliest actions."""
        return self.source == "zoo" and self.task != "Pong-v5"


_NORMALISED = "observations normalised"


def scores_from(*sources: str) -> tuple[PublishedScore, ...]:
    """The scores that these have published."""
    return tuple(score for score in SCORES if score.source in sources)


SCORES: tuple[PublishedScore, ...] = (
    PublishedScore("CartPole-v1", "REINFORCE", "SLM", 483.3, 200_000),
    PublishedScore("CartPole-v1", "A2C", "SLM", 496.7, 200_000),
    PublishedScore("CartPole-v1", "A2C", "zoo", 500.0, 500_000),
    PublishedScore("CartPole-v1", "PPO", "zoo", 500.0, 100_000),
    PublishedScore("CartPole-v1", "PPO", "SLM", 498.9, 200_000),
    PublishedScore("CartPole-v1", "PPO", "CleanRL", 490.0, 500_000, note="6.1 over 3 seeds"),
    PublishedScore("Acrobot-v1", "A2C", "zoo", -83.4, 500_000),
    PublishedScore("Acrobot-v1", "A2C", "SLM", -84.0, 300_000),
    PublishedScore("Acrobot-v1", "PPO", "zoo", -73.5, 1_000_000),
    PublishedScore("Acrobot-v1", "PPO", "CleanRL", -86.4, 500_000),
    PublishedScore("Acrobot-v1", "PPO", "SLM", -81.3, 300_000),
    PublishedScore("MountainCar-v0", "A2C", "zoo", -111.3, 1_000_000, note=_NORMALISED),
    PublishedScore("MountainCar-v0", "PPO", "zoo", -110.4, 1_000_000, note=_NORMALISED),
    PublishedScore("MountainCar-v0", "PPO", "CleanRL", -200.0, 500_000),
    PublishedScore("MountainCarContinuous-v0", "A2C", "zoo", 91.2, 100_000, note="gSDE"),
    PublishedScore("MountainCarContinuous-v0", "PPO", "zoo", 88.3, 20_000, note="gSDE"),
    PublishedScore("Pendulum-v1", "A2C", "zoo", -163.0, 1_000_000, note="gSDE"),
    PublishedScore("Pendulum-v1", "A2C", "SLM", -820.7, 300_000),
    PublishedScore("Pendulum-v1", "PPO", "zoo", -172.2, 100_000),
    PublishedScore("Pendulum-v1", "PPO", "SLM", -174.9, 300_000),
    PublishedScore("LunarLander-v3", "A2C", "SLM", 27.4, 300_000),
    PublishedScore("LunarLander-v3", "A2C", "zoo", 155.8, 200_000, note="LunarLander-v2"),
    PublishedScore("LunarLander-v3", "PPO", "SLM", 183.3, 300_000),
    PublishedScore("LunarLander-v3", "PPO", "zoo", 242.1, 1_000_000, note="LunarLander-v2"),
    PublishedScore("LunarLanderContinuous-v3", "A2C", "SLM", -76.8, 300_000),
    PublishedScore("LunarLanderContinuous-v3", "PPO", "SLM", 132.6, 300_000),
    PublishedScore("BipedalWalker-v3", "A2C", "zoo", 299.8, 5_000_000, note="gSDE"),
    PublishedScore("BipedalWalker-v3", "PPO", "zoo", 287.9, 5_000_000),
    PublishedScore("InvertedPendulum-v5", "REINFORCE", "Tianshou", 999.2, 3_000_000, "maximum", "v2"),
    PublishedScore("InvertedPendulum-v5", "A2C", "Tianshou", 1000.0, 1_000_000, "maximum", "v2"),
    PublishedScore("InvertedPendulum-v5", "PPO", "CleanRL", 963.1, 1_000_000, note="v4, 22.2 over 3 seeds"),
    PublishedScore("InvertedPendulum-v5", "PPO", "Tianshou", 1000.0, 1_000_000, "maximum", "v2"),
    PublishedScore("Reacher-v5", "A2C", "Tianshou", -6.7, 1_000_000, "maximum", "v2"),
    PublishedScore("Reacher-v5", "PPO", "Tianshou", -4.1, 1_000_000, "maximum", "v2"),
    PublishedScore("Swimmer-v5", "A2C", "Tianshou", 36.6, 1_000_000, "maximum", "v3"),
    PublishedScore("Swimmer-v5", "A2C", "zoo", 200.6, 1_000_000, note="v3, discount 0.9999"),
    PublishedScore("Swimmer-v5", "PPO", "Tianshou", 66.7, 1_000_000, "maximum", "v3"),
    PublishedScore("Swimmer-v5", "PPO", "zoo", 281.6, 1_000_000, note="v3, discount 0.9999"),
    PublishedScore("Hopper-v5", "REINFORCE", "SpinUp", 391.0, 1_000_000, note="v3, with a critic"),
    PublishedScore("Hopper-v5", "A2C", "Tianshou", 1253.2, 1_000_000, "maximum", "v3"),
    PublishedScore("Hopper-v5", "A2C", "zoo", 733.5, 1_000_000, note="v3"),
    PublishedScore("Hopper-v5", "PPO", "CleanRL", 2382.9, 1_000_000, note="v4, 271.7 over 3 seeds"),
    PublishedScore("Hopper-v5", "PPO", "Tianshou", 2609.3, 1_000_000, "maximum", "v3"),
    PublishedScore("Hopper-v5", "PPO", "zoo", 2410.4, 1_000_000, note="v3, settings of its own"),
    PublishedScore("HalfCheetah-v5", "REINFORCE", "SpinUp", -51.0, 1_000_000, note="v3, with a critic"),
    PublishedScore("HalfCheetah-v5", "A2C", "Tianshou", 1829.9, 1_000_000, "maximum", "v3"),
    PublishedScore("HalfCheetah-v5", "A2C", "zoo", 3041.2, 1_000_000, note="v3"),
    PublishedScore("HalfCheetah-v5", "PPO", "CleanRL", 1442.6, 1_000_000, note="v4, 46.0 over 3 seeds"),
    PublishedScore("HalfCheetah-v5", "PPO", "Tianshou", 5783.9, 1_000_000, "maximum", "v3"),
    PublishedScore("HalfCheetah-v5", "PPO", "zoo", 5819.1, 1_000_000, note="v3, settings of its own"),
    PublishedScore("Walker2d-v5", "REINFORCE", "SpinUp", 293.0, 1_000_000, note="v3, with a critic"),
    PublishedScore("Walker2d-v5", "A2C", "Tianshou", 1091.6, 1_000_000, "maximum", "v3"),
    PublishedScore("Walker2d-v5", "A2C", "zoo", 581.8, 1_000_000, note="v3"),
    PublishedScore("Walker2d-v5", "PPO", "CleanRL", 2288.0, 1_000_000, note="v4, 571.8 over 3 seeds"),
    PublishedScore("Walker2d-v5", "PPO", "Tianshou", 3588.5, 1_000_000, "maximum", "v3"),
    PublishedScore("Walker2d-v5", "PPO", "zoo", 3478.8, 1_000_000, note="v3, settings of its own"),
    PublishedScore("Pong-v5", "A2C", "zoo", 17.3, 10_000_000),
    PublishedScore("Pong-v5", "PPO", "zoo", 21.0, 10_000_000),
)
