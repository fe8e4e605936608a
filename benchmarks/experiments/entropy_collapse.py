"""Does entropy fall because learning needs it to? Tasks with one answer, with many equal ones, and with nothing to learn."""

import math

from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.figures.measures import MeasureCurves
from benchmarks.findings.measured import Measured

TASKS = ("lock/medium", "dyck/sparse-medium", "dyck/masked-medium", "bandit/null-medium")

EXPERIMENT = ComparisonExperiment(
    name="entropy_collapse",
    question="Does entropy fall because learning needs it to, or by noise alone?",
    tasks=TASKS,
    variants=("reinforce", "baseline_loo", "gae", "entropy", "ppo"),
    env_steps=dict.fromkeys(TASKS, 60_000),
    figures=(
        MeasureCurves(
            "entropy_collapse",
            "Entropy of an episode along training. On dyck/masked-medium and bandit/null-medium the true gradient is 0: "
            "what falls there falls by noise. Dotted: the entropy that an optimal policy may keep",
            measures=("entropy", "score"),
            levels={
                ("dyck/sparse-medium", "entropy"): (("log of 224 answers", math.log(14 * 2**4)),),
                ("dyck/masked-medium", "entropy"): (("log of 8,448 answers", math.log(132 * 2**6)),),
                ("bandit/null-medium", "entropy"): (("log 100", math.log(100)),),
            },
        ),
    ),
    finding=Measured(
        ("entropy",),
        ("bandit/null-medium",),
        "Where nothing can be learned, the entropy after training is",
        unit="nats",
        tail="It starts at 4.61, so what is missing was lost to noise.",
    ),
    small={"tasks": ("lock/small",), "seeds": 2, "env_steps": {"lock/small": 5_000}},
)
