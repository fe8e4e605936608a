"""When is the reward too sparse? An answer to copy, paid by symbol, as a fraction, shaped, or only when all is right."""

from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.guide_case import GuideCase
from benchmarks.figures.sweep import Sweep
from benchmarks.findings.sweep import SweepChange
from envs.text.transduce import Transduce
from envs.text_env import text_task

LENGTHS = (2, 4, 6)
MODES = ("dense", "terminal", "shaped", "exact")
TASKS = {
    (mode, length): text_task(f"copy {mode} L={length}", Transduce(symbols=4, length=length, reward_mode=mode))
    for mode in MODES
    for length in LENGTHS
}

EXPERIMENT = ComparisonExperiment(
    name="sparse_reward",
    question="What does a sparser reward cost, over the length of the answer?",
    tasks=tuple(TASKS.values()),
    variants=("reinforce", "reward_to_go", "baseline_loo", "gae"),
    env_steps={task.name: 100_000 for task in TASKS.values()},
    figures=(
        Sweep(
            "sparse_reward",
            "Final score against the length of the answer, by how it is paid. Dense: a symbol at a time; terminal: as a "
            "fraction at the end; exact: 1 for the whole answer only; shaped: exact with potential-based shaping",
            x={task.name: length for (_, length), task in TASKS.items()},
            label="symbols in the answer",
            lines={task.name: mode for (mode, _), task in TASKS.items()},
        ),
    ),
    finding=SweepChange(
        {task.name: length for (_, length), task in TASKS.items()},
        "symbols in the answer",
        {task.name: mode for (mode, _), task in TASKS.items()},
    ),
    guide=(
        GuideCase("reward", "for each token", tuple(TASKS["dense", length].name for length in LENGTHS)),
        GuideCase("reward", "for the whole answer only, of 4 tokens", (TASKS["exact", 4].name,)),
    ),
    small={
        "tasks": tuple(TASKS[mode, 2] for mode in MODES),
        "seeds": 2,
        "env_steps": {TASKS[mode, 2].name: 5_000 for mode in MODES},
    },
)
