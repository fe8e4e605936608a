"""The article's five claims on a language model: policy gradients, and their supervised twin with equally many labels."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from algorithms.language.pretraining import Pretraining
from algorithms.references.behaviour_cloning import BehaviourCloning
from algorithms.training.evaluation import Evaluation
from benchmarks.design.settings import LANGUAGE
from benchmarks.figures.claims import Claim
from benchmarks.findings.pairs.twin import Twin
from benchmarks.language.bases import KINDS, Models, OwnModel
from benchmarks.language.experiment import LanguageExperiment
from benchmarks.language.skewed import Skewed, skewed_base
from benchmarks.published.values import training
from envs.api import Task
from envs.language.data.words import END
from envs.language.models.decoder import DecoderConfig
from envs.language.tasks.cue import cue_task
from envs.language.tasks.detox import detox_task
from envs.language.tasks.domain import reviews_task
from envs.language.tasks.fairness import Fairness, fairness_task
from envs.language.tasks.truth import truth_task

SKEW = 0.5  # of the demonstrations that the base of fairness is fine-tuned on, and of the first twin's
TRUTH_KL, ASKING_PAYS = "truth beta=0.1", "cue rho=0.7"
LABELS = {
    "detox": 2_000,
    "unfair": 2_000,
    "fair": 2_000,
    "truth": 3_000,
    TRUTH_KL: 3_000,
    "cue": 2_000,
    ASKING_PAYS: 2_000,
    "domain": 2_000,
}
HORIZONS = {"detox": 3, "unfair": 3, "fair": 3, "truth": 1, TRUTH_KL: 1, "cue": 2, ASKING_PAYS: 2, "domain": 3}
# each the best of 3e-4, 1e-3, 3e-3 and 1e-2, as far as they were tried, by the last score of two or three other seeds
RATES = {
    "rloo": dict.fromkeys(LABELS, 3e-3),
    "imitation": dict.fromkeys(LABELS, 1e-3) | dict.fromkeys(("truth", TRUTH_KL), 3e-3),
}
TITLES = {
    "unfair": "Task unfair: no penalty on the gap, and twins of skewed demonstrations",
    "fair": "Task fair: a penalty of 1 on the gap, and twins of balanced demonstrations",
}
TWIN = BehaviourCloning(name="imitation", summary="likelihood of the labelled texts that are kept")


def _fairness(models: Models, name: str, penalty: float, skew: float) -> Task:
    """Over a base that has learned from skewed demonstrations."""
    pairs: Mapping[str, Any] = {"pairs": 3, "words": 4}
    plain = fairness_task("skewed", models.base, models.judge, skew=SKEW, **pairs).factory
    assert isinstance(plain, Fairness)
    base = skewed_base(models.base.path.parent.parent, Skewed(plain))
    return fairness_task(name, base, models.judge, penalty=penalty, skew=skew, **pairs)


BUILD = {
    "detox": lambda models: detox_task("detox", models.base, models.judge, prompts=4, words=5),
    "unfair": lambda models: _fairness(models, "unfair", penalty=0.0, skew=SKEW),
    "fair": lambda models: _fairness(models, "fair", penalty=1.0, skew=0.0),
    "truth": lambda models: truth_task("truth", models.base, facts=2),
    TRUTH_KL: lambda models: truth_task(TRUTH_KL, models.base, facts=2, beta=0.1),
    "cue": lambda models: cue_task("cue", models.base),
    ASKING_PAYS: lambda models: cue_task(ASKING_PAYS, models.base, rho=0.7, rho_ood=0.3),
    "domain": lambda models: reviews_task("domain", models.base, models.judge, prompts=8, words=5),
}


def build_tasks(models: Models, names: tuple[str, ...] = tuple(BUILD)) -> tuple[Task, ...]:
    """The tasks of these names."""
    return tuple(BUILD[name](models) for name in names)


def claim(name: str, caption: str, tasks: tuple[str, ...], *measures: str) -> Claim:
    """The figure and the table of a claim."""
    return Claim(name, caption, tasks, measures, LANGUAGE.collection.envs)


TINY = DecoderConfig(width=16, layers=1, heads=2, key_value_heads=2, head_width=8, inner=32, end=END)
SMALL = ("detox", "cue")
FIGURES = (
    claim("toxicity", "Inappropriate content: score, share of flagged words, nats a token under the judge model.",
          ("detox",), "flagged", "nll"),
    claim("bias", "Bias, over a base that praises men more: score, sentiment, and its gap between men and women. "
          + " ".join(f"{text}." for text in TITLES.values()), ("unfair", "fair"), "sentiment", "gap"),
    claim("truthfulness", "Truthfulness: score, share of prompts that are answered at all, and truly.",
          ("truth", TRUTH_KL), "answered", "true"),
    claim("causality", "Causality: score, return where the cue lies (ood), and actions an episode.",
          ("cue", ASKING_PAYS), "ood", "length"),
    claim("domains", "Generalisation: score, gold on the prompts of training (IMDB) and of another site (Rotten "
          "Tomatoes).", ("domain",), "gold", "gold elsewhere"),
)  # fmt: skip
EXPERIMENT = LanguageExperiment(
    name="alignment",
    question="Do the article's five claims for policy gradients hold against supervised learning with equally many labels?",
    tasks=tuple(BUILD),
    variants=("rloo", TWIN),
    env_steps={name: LABELS[name] * HORIZONS[name] for name in BUILD},
    evaluation=Evaluation(checkpoints=8, episodes=50),
    build_tasks=build_tasks,
    baseline="imitation",
    configurations={
        (task, variant): training(learning_rate=rate)
        for variant, rates in RATES.items()
        for task, rate in rates.items()
    },
    figures=FIGURES,
    finding=Twin("rloo", "imitation"),
    small={
        "tasks": SMALL,
        "seeds": 2,
        "variants": ("rloo", TWIN),
        "env_steps": dict.fromkeys(SMALL, 400),
        "evaluation": Evaluation(checkpoints=4, episodes=20),
        "build_tasks": partial(build_tasks, names=SMALL),
        "models": tuple(
            replace(OwnModel(kind), shape=TINY, training=Pretraining(passes=0.02, batch=1024)) for kind in KINDS
        ),
        "figures": FIGURES[:1],
    },
)  # fmt: skip
