"""Learning from an optimal policy's word on every token, against learning from the reward of the text.

The teacher is the task's softened optimum, so all learn towards nearly the same policy. What differs is what they hear: the
reward at the end, or the log ratio of the teacher to the student at every token. Supervised learning from the teacher's
texts is not among them: `sft` imitates texts that gold picks, and these tasks have no gold.
"""

from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.guide_case import GuideCase
from benchmarks.figures.measures import MeasureCurves
from benchmarks.findings.pairs.several_pairs import Pairs

TASKS = ("bandit/medium", "lock/medium", "dyck/sparse-medium")  # of the text suite, those that can be listed
DISTILLED = ("distil_token", "distil_sequence")
REWARDED = ("rloo", "gae")

EXPERIMENT = ComparisonExperiment(
    name="distillation",
    question="What does an optimal teacher's word on every token buy over the reward of the text?",
    tasks=TASKS,
    variants=(*REWARDED, *DISTILLED, "random", "optimal"),
    seeds=14,
    env_steps=dict.fromkeys(TASKS, 60_000),
    protocol="distillation",
    baseline="rloo",
    figures=(
        MeasureCurves(
            "distillation",
            "Score along training, by what is learned from: the reward of a text, or the log ratio of the optimal policy to "
            "the learning one at each of its tokens",
            measures=("score",),
        ),
    ),
    finding=Pairs(
        tuple((taught, paid) for taught in DISTILLED for paid in REWARDED), "with a teacher", "with the reward"
    ),
    guide=(GuideCase("reward", "a teacher rates every token, or the text is paid at its end", TASKS),),
    small={"tasks": ("lock/small",), "seeds": 2, "env_steps": {"lock/small": 4_000}},
)
