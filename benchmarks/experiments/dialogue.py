"""Which variant learns to ask before it answers? Dialogues with a hidden secret, where turns cost and answers inform."""

from algorithms.training.evaluation import Evaluation
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.guide_case import GuideCase
from benchmarks.figures.measures import MeasureCurves

TASKS = ("guessnumber/medium", "infogame/medium", "infogame/letters-medium")

EXPERIMENT = ComparisonExperiment(
    name="dialogue",
    question="Which variant learns to gather information over several turns?",
    tasks=TASKS,
    variants=("reinforce", "baseline_loo", "gae", "ppo"),
    env_steps=dict.fromkeys(TASKS, 100_000),
    evaluation=Evaluation(checkpoints=10, episodes=100),
    figures=(
        MeasureCurves(
            "dialogue",
            "Score and turns of a dialogue along training; dotted: the turns that an optimal policy takes (binary search)",
            measures=("score", "length"),
            levels={("guessnumber/medium", "length"): (("optimal: 3.375", 3.375),)},
        ),
    ),
    guide=(GuideCase("horizon", "several turns that uncover a secret", TASKS),),
    small={"tasks": ("guessnumber/small",), "seeds": 2, "env_steps": {"guessnumber/small": 5_000}},
)
