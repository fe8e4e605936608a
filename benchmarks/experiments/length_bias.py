"""Do answers grow because they must, or because of how the loss is averaged? Only the answer pays; thinking is free."""

from algorithms import VARIANTS
from algorithms.training.evaluation import Evaluation
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.figures.measures import MeasureCurves
from benchmarks.findings.pairs.one_pair import MeasureDifference
from envs.text.padanswer import PadAnswer
from envs.text_env import text_task

EPISODE = VARIANTS["rloo"]  # whole returns, as GRPO: a text that has ended keeps its reward
TOKEN = EPISODE.rung("loo_token", "mean over all tokens of the batch", shown_as="RLOO, token mean", aggregation="token")
SEQUENCE = EPISODE.rung(
    "loo_sequence",
    "mean over a text's tokens (1/len), then over texts",
    shown_as="RLOO, text mean",
    aggregation="sequence",
)
TASKS = (
    text_task("2 fillers", PadAnswer(length=16, bits=2, fillers=2)),
    text_task("20 fillers", PadAnswer(length=16, bits=2, fillers=20)),
)

EXPERIMENT = ComparisonExperiment(
    name="length_bias",
    question="Does dividing the loss by the length of the text make texts longer?",
    tasks=TASKS,
    variants=(EPISODE, TOKEN, SEQUENCE),
    env_steps={task.name: 100_000 for task in TASKS},
    evaluation=Evaluation(checkpoints=10, episodes=100),
    figures=(
        MeasureCurves(
            "length_bias",
            "Tokens of a text and score along training, by how the loss is averaged: sums over a text (rloo), over all "
            "tokens (loo_token), over a text's tokens first (loo_sequence, as GRPO). Fillers change no reward. With 20 of "
            "them a fifth of the first texts is cut at 16 tokens without an answer",
            measures=("length", "score"),
        ),
    ),
    finding=MeasureDifference(SEQUENCE.name, EPISODE.name, "length", "the length of texts"),
    small={"tasks": TASKS[:1], "seeds": 2, "env_steps": {TASKS[0].name: 5_000}},
)
