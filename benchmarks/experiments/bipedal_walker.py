"""Do we reach what rl-baselines3-zoo has published on BipedalWalker? Its settings and its budget, five seeds."""

from algorithms.training.evaluation import Evaluation
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.figures.published_scores import PublishedScores
from benchmarks.findings.published_scores import ReachedScores
from benchmarks.published import A2C, CONFIGURATIONS, IMPALA, PPO
from benchmarks.published.scores import SCORES

EXPERIMENT = ComparisonExperiment(
    name="bipedal_walker",
    question="Do our variants reach the published scores of walking over uneven ground?",
    tasks=("BipedalWalker-v3",),
    variants=(A2C, PPO, IMPALA),
    seeds=5,
    env_steps={"BipedalWalker-v3": 5_000_000},
    configurations=CONFIGURATIONS,
    figures=(
        PublishedScores(
            "bipedal_walker",
            "Published scores on BipedalWalker and ours after as many environment steps, in zoo's settings",
            scores=SCORES,
        ),
    ),
    finding=ReachedScores(SCORES),
    evaluation=Evaluation(checkpoints=10, episodes=20),
    small={
        "seeds": 2,
        "env_steps": {"BipedalWalker-v3": 5_000},
        "evaluation": Evaluation(checkpoints=1, episodes=4),
    },
)
