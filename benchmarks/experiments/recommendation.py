"""Please the user now, or learn what he likes? Recommendation with a hidden taste, myopic credit against long-run credit."""

from algorithms import VARIANTS
from algorithms.estimators.credit import ImmediateReward
from algorithms.training.evaluation import Evaluation
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.guide_case import GuideCase
from benchmarks.figures.measures import MeasureCurves
from benchmarks.findings.pairs.one_pair import OnePair
from envs.text.recdialog import RecDialog
from envs.text_env import text_task

MYOPIC = VARIANTS["baseline_loo"].rung("myopic", "the immediate reward in place of G_t", credit=ImmediateReward())
TASKS = (
    text_task("clicks only", RecDialog(genres=3, turns=5)),
    text_task("may ask", RecDialog(genres=3, turns=5, ask=True)),
    text_task("fatigue", RecDialog(genres=3, turns=8, fatigue=0.15, diversity=0.1)),
)

EXPERIMENT = ComparisonExperiment(
    name="recommendation",
    question="What does credit for the long run buy over pleasing the user now?",
    tasks=TASKS,
    variants=("reinforce", "baseline_loo", MYOPIC, "gae", "ppo"),
    env_steps={task.name: 120_000 for task in TASKS},
    evaluation=Evaluation(checkpoints=10, episodes=200),
    figures=(
        MeasureCurves(
            "recommendation",
            "Score along training; 1 is the optimum of a learner that keeps beliefs. A question earns nothing by itself: "
            "only credit for what follows can learn to ask",
            measures=("score",),
        ),
    ),
    finding=OnePair("baseline_loo", MYOPIC.name),
    guide=(GuideCase("horizon", "5 to 8 turns, a taste to find out", tuple(task.name for task in TASKS)),),
    small={"tasks": TASKS[:1], "seeds": 2, "env_steps": {TASKS[0].name: 5_000}},
)
