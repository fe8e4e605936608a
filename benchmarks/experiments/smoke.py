"""Does everything run here? The whole ladder, small: one control and one text task, five seeds."""

from algorithms.training.evaluation import Evaluation
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.experiments.ladder import REFERENCES, RUNGS

EXPERIMENT = ComparisonExperiment(
    name="smoke",
    question="Does everything run here, and does it learn?",
    tasks=("CartPole-v1", "dyck/small"),
    variants=RUNGS + REFERENCES,
    seeds=5,
    env_steps={"CartPole-v1": 50_000, "dyck/small": 20_000},
    evaluation=Evaluation(checkpoints=5, episodes=10),
    small={"seeds": 2, "env_steps": {"CartPole-v1": 5_000, "dyck/small": 5_000}},
)
