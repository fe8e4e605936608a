"""Do we reach what others have published on robot control? MuJoCo's bodies, a setting a variant, as the sources have it."""

from algorithms.training.evaluation import Evaluation
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.figures.published_scores import PublishedScores
from benchmarks.findings.published_scores import ReachedScores
from benchmarks.published import A2C, CONFIGURATIONS, IMPALA, PPO, REINFORCE
from benchmarks.published.robots import BODIES, BUDGETS
from benchmarks.published.scores import SCORES

EXPERIMENT = ComparisonExperiment(
    name="robot_control",
    question="Do our variants reach the published scores on robot control?",
    tasks=BODIES,
    variants=(REINFORCE, A2C, PPO, IMPALA),
    env_steps=BUDGETS,
    configurations=CONFIGURATIONS,
    figures=(
        PublishedScores(
            "robot_control",
            "Published scores on robot control and ours after as many environment steps, one setting a variant",
            scores=SCORES,
        ),
    ),
    finding=ReachedScores(SCORES),
    evaluation=Evaluation(checkpoints=20, episodes=10),  # a maximum along training is one of many looks
    small={
        "tasks": ("InvertedPendulum-v5", "Hopper-v5"),
        "seeds": 2,
        "env_steps": {"InvertedPendulum-v5": 5_000, "Hopper-v5": 5_000},
        "evaluation": Evaluation(checkpoints=2, episodes=5),
    },
)
