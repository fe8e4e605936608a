"""Who pays for safety? A penalty on flagged words, where what helps the second group is flagged more often."""

from dataclasses import replace

from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.figures.measures import MeasureCurves
from benchmarks.findings.measured import Measured
from envs.text.safereply import Group, SafeReply, grouped_task

GROUPS: tuple[Group, ...] = ("first", "second")
PENALTIES = (0.0, 0.5, 2.0)
MDPS = {f"penalty {penalty:g}": SafeReply(penalty=penalty) for penalty in PENALTIES}
TASKS = tuple(grouped_task(name, mdp) for name, mdp in MDPS.items())

EXPERIMENT = ComparisonExperiment(
    name="bias",
    question="Who pays for a penalty on flagged words?",
    tasks=TASKS,
    variants=("reinforce", "baseline_loo", "gae", "ppo"),
    env_steps={task.name: 150_000 for task in TASKS},
    figures=(
        MeasureCurves(
            "bias",
            "Score, and the return of each group (the second is three prompts in ten); dotted: the best that the penalty "
            "leaves to that group",
            measures=("score", "first group", "second group"),
            levels={
                (name, f"{group} group"): (("optimum", replace(mdp, group=group).optimal_return()),)
                for name, mdp in MDPS.items()
                for group in GROUPS
            },
        ),
    ),
    finding=Measured(
        tuple(f"{group} group" for group in GROUPS),
        (TASKS[0].name, TASKS[-1].name),
        "`ppo` earns",
        variants=("ppo",),
    ),
    small={"tasks": TASKS[:1], "seeds": 2, "env_steps": {TASKS[0].name: 5_000}},
)
