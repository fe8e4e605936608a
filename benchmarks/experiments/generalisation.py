"""What carries over from prompts trained on to others? Training prompts, held-out ones, and ones outside the range."""

from dataclasses import replace

from algorithms.training.evaluation import Evaluation
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.figures.measures import MeasureCurves
from benchmarks.findings.measured import Measured
from envs.api import Task
from envs.text.padanswer import PadAnswer
from envs.text.transduce import Transduce
from envs.text_env import TextFactory, text_task


def _task(name: str, mdp: TextFactory) -> Task:
    """Trained on the split "train", read on the others too."""
    others = [split for split in ("test", "ood") if split in mdp.splits]
    return replace(
        text_task(name, replace(mdp, split="train")), views=tuple((s, replace(mdp, split=s)) for s in others)
    )


TASKS = (
    _task("copy", Transduce(operation="copy", symbols=4, length=3, longest=4)),
    _task("reverse", Transduce(operation="reverse", symbols=4, length=3, longest=4)),
    _task("sort", Transduce(operation="sort", symbols=4, length=3, longest=4)),
    _task("parity", PadAnswer(bits=5, length=4)),
)

EXPERIMENT = ComparisonExperiment(
    name="generalisation",
    question="How much of what is learned on some prompts carries over to others?",
    tasks=TASKS,
    variants=("baseline_loo", "gae", "entropy", "ppo"),
    env_steps={task.name: 100_000 for task in TASKS},
    evaluation=Evaluation(checkpoints=10, episodes=100),
    figures=(
        MeasureCurves(
            "generalisation",
            "Score on the prompts trained on, and return on held-out prompts (test) and on longer ones (ood; parity has "
            "none). Uniform play gets .25 on the rewriting tasks and .49 on parity; the optimum is 1",
            measures=("score", "test", "ood"),
        ),
    ),
    finding=Measured(("test",), tuple(task.name for task in TASKS), "On held-out prompts the return is"),
    small={"tasks": TASKS[:1], "seeds": 2, "env_steps": {TASKS[0].name: 5_000}},
)
