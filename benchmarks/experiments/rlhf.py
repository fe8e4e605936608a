"""RLHF on natural text: policy gradients paid by a reward model, and what else can be done with labels."""

from collections.abc import Generator
from dataclasses import replace
from functools import partial

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
from envs.language.models.decoder import DecoderConfig
from envs.language.tasks.review import review_task

BETAS = {"review": 0.05, "review beta=0": 0.0, "review beta=0.2": 0.2}
GOLD = "review paid by gold"
TASKS = (*BETAS, GOLD)
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
    tasks = {
        name: review_task(name, models.base, made.gold, made.openings, beta=beta, cut_reward=CUT, **knobs)
        for name, beta in BETAS.items()
        if name in names
    }
    if GOLD in names:
        tasks[GOLD] = review_task(GOLD, models.base, made.gold, made.openings, judge="gold", beta=0.05, **knobs)
    return tuple(tasks[name] for name in names)


def demonstrations(n: int) -> Imitation:
    """SFT on more demonstrations: the best of four of its own texts by gold."""
    return Imitation(name=f"sft_{n}", summary=f"imitates the best of four texts by gold, for {n} prompts", labels=n)


def comparisons(n: int) -> Preference:
    """DPO on n pairs."""
    return Preference(name=f"dpo_{n}", summary=f"learns from {n} pairs of texts, labelled by gold", labels=n, noise=0.0,
                      sharpness=3.0)  # fmt: skip


BEST = tuple(
    BestOfSamples(name=f"best_of_{n}_samples", summary=f"the best of {n} texts of SFT by what is paid", n=n)
    for n in (1, 4, 16)
)
GRADIENTS = ("rloo", "grpo", "ppo", "baseline_value", "raft")
TINY = DecoderConfig(width=16, layers=1, heads=2, key_value_heads=2, head_width=8, inner=32, end=END)
SOURCE, TINY_SOURCE = (
    OwnModel("base"),
    OwnModel("base", shape=TINY, training=Pretraining(passes=0.02, batch=1024)),
)
SMALL = ("review",)
FIGURES = (
    RewardFrontier("frontier", "What is paid, gold and the held-out judge against the KL to SFT, along training", BEST[1:]),
    LabelsUsed("labels", "Gold of the last policies against the labels that were used", comparisons=Pipeline().pairs),
)  # fmt: skip
EXPERIMENT = LanguageExperiment(
    name="rlhf",
    question="What do policy gradients paid by a reward model do to texts, and at how many labels are they worth it?",
    tasks=TASKS,
    variants=(
        *GRADIENTS, *map(demonstrations, (64, 256, 1024)), *map(comparisons, (64, 256, 1024)), "sft_favourites", *BEST,
    ),
    env_steps={"review": 46_080, "review beta=0": 23_040, "review beta=0.2": 23_040, GOLD: 23_040},
    evaluation=Evaluation(checkpoints=6, episodes=64),
    pipeline=partial(review_tasks, Pipeline(longest=LONGEST), TASKS, SOURCE),
    baseline="rloo",
    figures=FIGURES,
    finding=WinRate("rloo", "review"),
    small={
        "tasks": SMALL,
        "seeds": 2,
        "variants": ("rloo", demonstrations(16), comparisons(16), *BEST[:2]),
        "env_steps": {"review": 768},
        "evaluation": Evaluation(checkpoints=2, episodes=8),
        "models": (TINY_SOURCE, replace(TINY_SOURCE, part="judge")),
        "pipeline": partial(review_tasks, smallest(Pipeline()), SMALL, TINY_SOURCE),
    },
)  # fmt: skip
