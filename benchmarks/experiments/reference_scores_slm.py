"""Do we reach what SLM-Lab has published, in its own settings and at its own budgets? Classic control and LunarLander."""

from algorithms.training.evaluation import Evaluation
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.figures.published_scores import PublishedScores
from benchmarks.findings.published_scores import ReachedScores
from benchmarks.published import A2C, PPO
from benchmarks.published.scores import scores_from
from benchmarks.published.slm_lab import BUDGETS, CONFIGURATIONS

SCORES = scores_from("SLM")

EXPERIMENT = ComparisonExperiment(
    name="reference_scores_slm",
    question="Do our A2C and PPO reach SLM-Lab's scores in its settings?",
    tasks=tuple(BUDGETS),
    variants=(A2C, PPO),
    env_steps=BUDGETS,
    configurations=CONFIGURATIONS,
    figures=(
        PublishedScores(
            "reference_scores_slm", "SLM-Lab's scores and ours after as many steps, in its settings", scores=SCORES
        ),
    ),
    finding=ReachedScores(SCORES),
    evaluation=Evaluation(checkpoints=10, episodes=20),
    small={
        "tasks": ("CartPole-v1", "Pendulum-v1"),
        "seeds": 2,
        "env_steps": {"CartPole-v1": 5_000, "Pendulum-v1": 10_000},
    },
)
