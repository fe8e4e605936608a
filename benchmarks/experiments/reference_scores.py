"""Do we reach what others have published? Classic control and LunarLander, in rl-baselines3-zoo's settings (REINFORCE's are
Tianshou's); SLM-Lab's own settings and budgets are `reference_scores_slm`."""

from algorithms.training.evaluation import Evaluation
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.figures.published_scores import PublishedScores
from benchmarks.findings.published_scores import ReachedScores
from benchmarks.published import A2C, CONFIGURATIONS, IMPALA, PPO, REINFORCE
from benchmarks.published.scores import SCORES

BUDGETS = {
    "CartPole-v1": 500_000,
    "Acrobot-v1": 1_000_000,
    "MountainCar-v0": 1_000_000,
    "MountainCarContinuous-v0": 100_000,
    "Pendulum-v1": 1_000_000,
    "LunarLander-v3": 1_000_000,
}

EXPERIMENT = ComparisonExperiment(
    name="reference_scores",
    question="Do our variants reach the scores that others have published?",
    tasks=tuple(BUDGETS),
    variants=(REINFORCE, A2C, PPO, IMPALA),
    env_steps=BUDGETS,
    configurations=CONFIGURATIONS,
    figures=(
        PublishedScores(
            "reference_scores",
            "Published scores and ours after as many environment steps, in the settings of rl-baselines3-zoo",
            scores=SCORES,
        ),
    ),
    finding=ReachedScores(SCORES),
    evaluation=Evaluation(checkpoints=10, episodes=20),
    small={
        "tasks": ("CartPole-v1", "Pendulum-v1"),
        "seeds": 2,
        "env_steps": {"CartPole-v1": 10_000, "Pendulum-v1": 10_000},
    },
)
