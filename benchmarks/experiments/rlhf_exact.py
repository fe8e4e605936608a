"""Which way of RLHF comes nearest to the optimum? A language model with so few texts that everything is exact."""

from dataclasses import replace
from functools import partial

from algorithms import VARIANTS
from algorithms.algorithm import Algorithm
from algorithms.estimators.kl_penalty import KL
from algorithms.language.pretraining import Pretraining
from algorithms.training.evaluation import Evaluation
from benchmarks.figures.frontier import Frontier
from benchmarks.figures.measures import MeasureCurves
from benchmarks.findings.exact_rlhf import ExactRLHF
from benchmarks.language.bases import KINDS, Models, OwnModel
from benchmarks.language.experiment import LanguageExperiment
from envs.api import Task
from envs.language.data.words import END
from envs.language.models.decoder import DecoderConfig
from envs.language.tasks.phrase import SIZES, phrase_task

# on the first task gold still rises where the optimum is; on the second it peaks there, so that all who go further lose it
TASKS = {"phrase small beta=0.1": ("small", 0.1), "phrase medium beta=0.03": ("medium", 0.03)}
RLOO = VARIANTS["rloo"]
# the KL of rloo, which is k1 in the reward, in other places
PLACES = tuple(
    RLOO.rung(
        f"rloo_{kind}_{over}",
        f"{kind} of the {over} in the loss",
        shown_as=f"RLOO, {kind}, {over}",
        kl=KL(kind, "loss", over),
    )
    for kind in ("k1", "k2", "k3")
    for over in ("token", "sequence")
)
ESTIMATORS = (
    "reinforce", "reward_to_go", "baseline_mean", "baseline_value", "baseline_loo", "rloo", "grpo", "dr_grpo", "gspo",
    "ppo", "gae", "raft", "reinforce_pp", "npg",
)  # fmt: skip
LABELLED = ("sft", "sft_favourites", "dpo")
LEARNERS: tuple[str | Algorithm, ...] = (*ESTIMATORS, *PLACES, *LABELLED)
STEPS = {"phrase small beta=0.1": 2_112, "phrase medium beta=0.03": 3_072}  # 22 and 32 rollouts


def build_tasks(models: Models, names: tuple[str, ...] = tuple(TASKS)) -> tuple[Task, ...]:
    """Each size of phrase at its beta."""
    knobs = {name: SIZES[size] | {"beta": beta} for name, (size, beta) in TASKS.items()}
    return tuple(phrase_task(name, models.base, models.judge, **knobs[name]) for name in names)


TINY = DecoderConfig(width=16, layers=1, heads=2, key_value_heads=2, head_width=8, inner=32, end=END)
TINY_MODELS = tuple(
    replace(OwnModel(kind), shape=TINY, training=Pretraining(passes=0.02, batch=1024)) for kind in KINDS
)
FIRST = tuple(TASKS)[:1]
WHERE = "Proxy (trained on) and gold (the true reward) of the last policies against their KL to the reference."
WHAT_LINES_ARE = (
    "Lines: the policies with the most proxy and with the most gold for their KL, and the best of n = 1 to 64 texts by "
    "proxy, all exact. Star: the optimum of the task's beta. Dotted: gold of the reference."
)
EXPERIMENT = LanguageExperiment(
    name="rlhf_exact",
    question="Which estimator, place of the KL and kind of label comes nearest to the exact optimum of RLHF?",
    tasks=tuple(TASKS),
    variants=(*LEARNERS, "exact_pg", "best_of_16"),
    env_steps=STEPS,
    evaluation=Evaluation(checkpoints=8, episodes=50),
    build_tasks=build_tasks,
    protocol="language",
    baseline="rloo",
    figures=(
        MeasureCurves(
            "rlhf_exact",
            "Score (0: the reference, 1: the exact optimum), gold, and KL to the reference along training, all exact",
            measures=("score", "gold", "kl"),
            variants=("reinforce", "rloo", "grpo", "ppo", *LABELLED),
        ),
        Frontier(
            "frontier",
            f"{WHERE} {WHAT_LINES_ARE}",
            variants=("reinforce", "rloo", "grpo", "dr_grpo", "ppo", "raft", *LABELLED, "exact_pg"),
            paths=False,
            measured=True,
        ),
        Frontier(
            "frontier_kl",
            f"{WHERE} Leave-one-out with its KL in the reward (`rloo`) and in the loss. {WHAT_LINES_ARE}",
            variants=("rloo", *(v.name for v in PLACES)),
            paths=False,
        ),
    ),
    finding=ExactRLHF("rloo", tuple(v.name for v in PLACES), LABELLED),
    small={
        "tasks": FIRST,
        "seeds": 2,
        "variants": ("rloo", *PLACES[:1], *LABELLED, "exact_pg", "best_of_16"),
        "env_steps": dict.fromkeys(FIRST, 600),
        "evaluation": Evaluation(checkpoints=4, episodes=20),
        "build_tasks": partial(build_tasks, names=FIRST),
        "models": TINY_MODELS,
    },
)
