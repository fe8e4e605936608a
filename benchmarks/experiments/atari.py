"""Do A2C and PPO learn Atari from images in zoo's settings? Pong, three seeds, a tenth of the published budget.

A processor core does some hundred steps a second with PPO. zoo's scores are at 10M steps: use `--env-steps 10000000` to
compare with them.
"""

from algorithms.training.evaluation import Evaluation
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.figures.published_scores import PublishedScores
from benchmarks.findings.published_scores import ReachedScores
from benchmarks.published import A2C, CONFIGURATIONS, PPO
from benchmarks.published.scores import SCORES

EXPERIMENT = ComparisonExperiment(
    name="atari",
    question="Do A2C and PPO learn Pong from images, in published settings?",
    tasks=("Pong-v5",),
    variants=(A2C, PPO),
    seeds=3,
    env_steps={"Pong-v5": 1_000_000},
    configurations=CONFIGURATIONS,
    figures=(
        PublishedScores(
            "atari",
            "Published scores on Pong and ours after as many environment steps, in zoo's settings",
            scores=SCORES,
        ),
    ),
    finding=ReachedScores(SCORES),
    evaluation=Evaluation(checkpoints=10, episodes=5),  # a game is some thousand images
    small={"seeds": 1, "env_steps": {"Pong-v5": 1_000}, "evaluation": Evaluation(checkpoints=1, episodes=1)},
)
