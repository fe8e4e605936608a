"""Shortcut or cause? A cue that agrees with the answer while training and lies afterwards, and a test that costs."""

from dataclasses import replace

from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.figures.measures import MeasureCurves
from benchmarks.findings.measured import Measured
from envs.api import Task
from envs.text.causal import Causal
from envs.text_env import text_task


def _task(name: str, mdp: Causal) -> Task:
    return replace(text_task(name, mdp), views=(("ood", replace(mdp, split="ood")),))


ASKING_PAYS = Causal(rho=0.9, rho_ood=0.1, q=1.0, cost=0.05, asks=1, symptoms=3)
CUE_PAYS = replace(ASKING_PAYS, cost=0.15)
NOISY = Causal(rho=0.7, rho_ood=0.3, q=0.8, cost=0.02, asks=3, symptoms=3)
TASKS = (_task("asking pays .05", ASKING_PAYS), _task("the cue pays .05", CUE_PAYS), _task("noisy tests", NOISY))

EXPERIMENT = ComparisonExperiment(
    name="causal",
    question="Does a policy learn the shortcut or the cause, and what is it worth when the shortcut breaks?",
    tasks=TASKS,
    variants=("reinforce", "baseline_loo", "gae", "entropy", "ppo"),
    env_steps={task.name: 60_000 for task in TASKS},
    figures=(
        MeasureCurves(
            "causal",
            "Score in training, return where the cue lies (ood), and actions an episode (1: answers by the cue at once). In "
            "the first task asking is optimal by .05, in the second the shortcut is",
            measures=("score", "ood", "length"),
            levels={
                ("asking pays .05", "ood"): (("asks", 0.95), ("shortcut", 0.1)),
                ("the cue pays .05", "ood"): (("asks", 0.85), ("shortcut", 0.1)),
            },
        ),
    ),
    finding=Measured(
        ("ood",),
        (TASKS[0].name,),
        "Where the cue lies, the return after training is",
        tail="An agent that asks gets 0.95 there, one that trusts the cue 0.10.",
    ),
    small={"tasks": TASKS[:1], "seeds": 2, "env_steps": {TASKS[0].name: 5_000}},
)
