"""Which way of RLHF comes nearest to the optimum? A language model with so few texts that everything is exact."""

from dataclasses import replace
from functools import partial

from algorithms import VARIANTS
from algorithms.algorithm import Algorithm
from algorithms.estimators.kl_penalty import KL
from algorithms.language.pretraining import Pretraining
from algorithms.training.evaluation import Evaluation
from benchmarks.figures.measures import MeasureCurves
from benchmarks.language.bases import KINDS, Models, OwnModel
from benchmarks.language.experiment import LanguageExperiment
from envs.api import Task
from envs.language.data.words import END
from envs.language.models.decoder import DecoderConfig
from envs.language.tasks.phrase import SIZES, phrase_task

BETAS = {"phrase beta=0.1": 0.1, "phrase beta=0.3": 0.3}
RLOO = VARIANTS["rloo"]
# the KL of rloo, which is k1 in the reward, in other places
PLACES = tuple(
    RLOO.rung(f"rloo_{kind}_{over}", f"{kind} of the {over} in the loss", kl=KL(kind, "loss", over))
    for kind in ("k1", "k2", "k3")
    for over in ("token", "sequence")
)
ESTIMATORS = (
    "reinforce", "reward_to_go", "baseline_mean", "baseline_value", "baseline_loo", "rloo", "grpo", "dr_grpo", "gspo",
    "ppo", "gae", "raft", "reinforce_pp", "npg", "exact_pg",
)  # fmt: skip
LABELLED = ("sft", "sft_favourites", "dpo", "best_of_16")
VARIANTS_HERE: tuple[str | Algorithm, ...] = (*ESTIMATORS, *PLACES, *LABELLED)


def build_tasks(models: Models, names: tuple[str, ...] = tuple(BETAS)) -> tuple[Task, ...]:
    """phrase/small at each beta."""
    small = SIZES["small"]
    return tuple(phrase_task(name, models.base, models.judge, **(small | {"beta": BETAS[name]})) for name in names)


TINY = DecoderConfig(width=16, layers=1, heads=2, key_value_heads=2, head_width=8, inner=32, end=END)
FIRST = tuple(BETAS)[:1]
EXPERIMENT = LanguageExperiment(
    name="rlhf_exact",
    question="Which estimator, place of the KL and kind of label comes nearest to the exact optimum of RLHF?",
    tasks=tuple(BETAS),
    variants=VARIANTS_HERE,
    env_steps=dict.fromkeys(BETAS, 6_000),
    evaluation=Evaluation(checkpoints=10, episodes=50),
    build_tasks=build_tasks,
    baseline="rloo",
    figures=(
        MeasureCurves(
            "rlhf_exact",
            "Score (0: the reference, 1: the exact optimum), gold, and KL to the reference along training, all exact",
            measures=("score", "gold", "kl"),
        ),
    ),
    small={
        "tasks": FIRST,
        "seeds": 2,
        "variants": ("rloo", "exact_pg", *PLACES[:1], *LABELLED),
        "env_steps": dict.fromkeys(FIRST, 600),
        "evaluation": Evaluation(checkpoints=4, episodes=20),
        "build_tasks": partial(build_tasks, names=FIRST),
        "models": tuple(
            replace(OwnModel(kind), shape=TINY, training=Pretraining(passes=0.02, batch=1024)) for kind in KINDS
        ),
    },
)
