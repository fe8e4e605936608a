"""What does a constant in the reward cost? The same task with 0, 1 and 10 added to every return."""

from dataclasses import replace

from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.guide_case import GuideCase
from benchmarks.figures.sweep import Sweep
from benchmarks.findings.sweep import SweepChange
from envs.text.transduce import Transduce
from envs.text_env import text_task

SHIFTS = (0.0, 1.0, 10.0)
COPY = Transduce(symbols=8, length=4)
TASKS = {shift: text_task(f"copy shift={shift:g}", replace(COPY, reward_shift=shift)) for shift in SHIFTS}

EXPERIMENT = ComparisonExperiment(
    name="reward_shift",
    question="What does a constant in the reward cost, and whom?",
    tasks=tuple(TASKS.values()),
    variants=(
        "reinforce",
        "reward_to_go",
        "baseline_mean",
        "baseline_loo",
        "baseline_value",
        "gae",
        "rloo",
        "optimal_const",
        "scst",
        "grpo",
        "reinforce_pp",
        "gpg",
    ),
    env_steps={task.name: 80_000 for task in TASKS.values()},
    figures=(
        Sweep(
            "reward_shift",
            "Final score on copying 4 of 8 symbols against the constant that is added to every return. The best policy is "
            "the same throughout, and no baseline's expected gradient moves",
            x={task.name: shift for shift, task in TASKS.items()},
            label="constant added to every return",
        ),
    ),
    finding=SweepChange({task.name: shift for shift, task in TASKS.items()}, "constant added to every return"),
    guide=(GuideCase("reward", "10 added to every return", (TASKS[10.0].name,)),),
    small={
        "tasks": (TASKS[0.0], TASKS[10.0]),
        "variants": ("reinforce", "rloo"),
        "seeds": 2,
        "env_steps": {task.name: 5_000 for task in TASKS.values()},
    },
)
