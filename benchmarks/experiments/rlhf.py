"""RLHF on natural text: policy gradients paid by a reward model, and what else can be done with labels."""

from collections.abc import Generator
from dataclasses import replace
from functools import partial

from algorithms import VARIANTS
from algorithms.algorithm import Algorithm
from algorithms.estimators.kl_penalty import KL
from algorithms.language.pretraining import Pretraining
from algorithms.language.stage import StageProgress
from algorithms.references.best_of_samples import BestOfSamples
from algorithms.references.labelled import Imitation, Preference
from algorithms.training.evaluation import Evaluation
from benchmarks.figures.language.judged import LabelsUsed, RewardFrontier
from benchmarks.findings.win_rate import WinRate
from benchmarks.language.artefacts import ArtefactStore
from benchmarks.language.bases import Models, OwnModel
from benchmarks.language.experiment import LanguageExperiment
from benchmarks.language.own_pipeline import OwnData
from benchmarks.language.pipeline import prepare
from benchmarks.language.pipeline_plan import Pipeline, smallest
from envs.api import Task
from envs.language.data.words import END
from envs.language.judged_mdp import Judge
from envs.language.models.decoder import DecoderConfig
from envs.language.tasks.review import review_task

PAID = "review"
GOLD = "review paid by gold"
TASKS = (PAID, GOLD)
BETAS = {PAID: 0.05, GOLD: 0.02}  # a like share of a deviation, which is 1 for reward models and .38 for gold
LONGEST = 24
CUT = -2.0  # paid to a text without an end: two deviations below the mean of the reward model


def review_tasks(
    pipeline: Pipeline,
    names: tuple[str, ...],
    source: OwnModel,
    store: ArtefactStore,
    models: Models,
    seeds: int,
    own: OwnData = OwnData(),  # noqa: B008 (frozen)
) -> Generator[StageProgress, None, tuple[Task, ...]]:
    """The tasks of these names, after all stages before them."""
    made = yield from prepare(replace(pipeline, seeds=seeds), store, models, source, own)
    knobs = made.knobs() | {"longest": pipeline.longest}
    judges: dict[str, tuple[Judge, float | None]] = {PAID: ("reward", CUT), GOLD: ("gold", None)}
    return tuple(
        review_task(
            name, models.base, made.gold, made.openings, beta=BETAS[name], judge=judges[name][0], cut_reward=judges[name][1],
            **knobs,
        )
        for name in names
    )  # fmt: skip


def demonstrations(n: int) -> Imitation:
    """SFT on more demonstrations: the best of four of its own texts by gold."""
    return Imitation(
        name=f"sft_{n}",
        summary=f"imitates the best of four texts by gold, for {n} prompts",
        labels=n,
        shown_as=f"SFT, {n}",
    )


def comparisons(n: int) -> Preference:
    """DPO on n pairs."""
    return Preference(name=f"dpo_{n}", summary=f"learns from {n} pairs of texts, labelled by gold", labels=n, noise=0.0,
                      sharpness=3.0, shown_as=f"DPO, {n}")  # fmt: skip


BEST = tuple(
    BestOfSamples(
        name=f"best_of_{n}_samples",
        summary=f"the best of {n} texts of SFT by what is paid",
        n=n,
        shown_as=f"Best of {n} samples",
    )
    for n in (1, 4, 16)
)
RLOO = VARIANTS["rloo"]
NO_KL = RLOO.rung("rloo_no_kl", "rloo without a KL to SFT", shown_as="RLOO, no KL", kl=KL(beta=0.0))
GRADIENTS = (RLOO, NO_KL, VARIANTS["grpo"])
LABELS = (32, 128)
LABELLED: tuple[Algorithm, ...] = (
    *map(demonstrations, LABELS),
    *map(comparisons, LABELS),
    Imitation(
        name="sft_favourites",
        summary="imitates the best of four texts by the reward model",
        shown_as="SFT on favourites",
        labels=128,
        judge="paid",
    ),
)
# no full selection: dpo_128 and sft_32 were tried at 0.003 and 0.01 on two seeds, where 0.01 lost gold, and policy gradients
# at 0.003 only; 16 texts, so that there are enough updates
RATES = {variant.name: 3e-3 for variant in GRADIENTS} | {variant.name: 3e-3 for variant in LABELLED}
SETTINGS = {
    (task, variant): {"training.collection.envs": 16, "training.learning_rate": rate}
    for task in TASKS
    for variant, rate in RATES.items()
}
TINY = DecoderConfig(width=16, layers=1, heads=2, key_value_heads=2, head_width=8, inner=32, end=END)
SOURCE, TINY_SOURCE = (
    OwnModel("base"),
    OwnModel("base", shape=TINY, training=Pretraining(passes=0.02, batch=1024)),
)
SMALL = (PAID,)
FIGURES = (
    RewardFrontier("frontier", "What is paid, gold and the held-out judge against the KL to SFT, along training", BEST[1:]),
    LabelsUsed("labels", "Gold of the last policies against the labels that were used", comparisons=Pipeline().pairs,
               paid_by_gold=(GOLD,), unlabelled=(BEST[0].name,)),
)  # fmt: skip
EXPERIMENT = LanguageExperiment(
    name="rlhf",
    question="What do policy gradients paid by a reward model do to texts, and at how many labels are they worth it?",
    tasks=TASKS,
    variants=(*GRADIENTS, *LABELLED, *BEST),
    env_steps={PAID: 9_600, GOLD: 4_800},
    evaluation=Evaluation(checkpoints=5, episodes=32),
    configurations=SETTINGS,
    pipeline=partial(review_tasks, Pipeline(longest=LONGEST), TASKS, SOURCE),
    baseline="rloo",
    figures=FIGURES,
    finding=WinRate("rloo", PAID),
    small={
        "tasks": SMALL,
        "seeds": 2,
        "variants": (RLOO, demonstrations(16), comparisons(16), *BEST[:2]),
        "configurations": {},
        "env_steps": {PAID: 768},
        "evaluation": Evaluation(checkpoints=2, episodes=8),
        "models": (TINY_SOURCE, replace(TINY_SOURCE, part="judge")),
        "pipeline": partial(review_tasks, smallest(Pipeline()), SMALL, TINY_SOURCE),
    },
)  # fmt: skip
