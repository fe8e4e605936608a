"""The article's five claims on a language model: policy gradients, and their supervised twin on as many labels."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from algorithms.language.pretraining import Pretraining
from algorithms.references.behaviour_cloning import BehaviourCloning
from algorithms.training.evaluation import Evaluation
from benchmarks.figures.claims import Claim
from benchmarks.findings.twin import Twin
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
LABELS = {"detox": 2_000, "unfair": 2_000, "fair": 2_000, "truth": 3_000, "truth_kl": 3_000, "cue": 2_000, "cue_clear": 2_000, "domain": 2_000}
HORIZONS = {"detox": 3, "unfair": 3, "fair": 3, "truth": 1, "truth_kl": 1, "cue": 2, "cue_clear": 2, "domain": 3}
TITLES = {
    "unfair": "unfair: no penalty on the gap, and twins of skewed demonstrations",
    "fair": "fair: a penalty of 1 on the gap, and twins of balanced demonstrations",
}


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
    "truth_kl": lambda models: truth_task("truth_kl", models.base, facts=2, beta=0.1),
    "cue": lambda models: cue_task("cue", models.base),
    "cue_clear": lambda models: cue_task("cue_clear", models.base, rho=0.7, rho_ood=0.3),
    "domain": lambda models: reviews_task("domain", models.base, models.judge, prompts=8, words=5),
}


def build_tasks(models: Models, names: tuple[str, ...] = tuple(BUILD)) -> tuple[Task, ...]:
    """The tasks of these names."""
    return tuple(BUILD[name](models) for name in names)


def claim(name: str, caption: str, tasks: tuple[str, ...], *measures: str) -> Claim:
    """The figure and the table of a claim."""
    return Claim(name, caption, {task: HORIZONS[task] for task in tasks}, measures)


TINY = DecoderConfig(width=16, layers=1, heads=2, key_value_heads=2, head_width=8, inner=32, end=END)
SMALL = ("detox", "cue")
EXPERIMENT = LanguageExperiment(
    name="alignment",
    question="Do policy gradients cure what the article says, better than supervised learning on as many labels?",
    tasks=tuple(BUILD),
    variants=(
        "rloo",
        "ppo",
        "gae",
        BehaviourCloning(name="imitation", summary="likelihood of the labelled texts that are kept"),
    ),
    env_steps={name: LABELS[name] * HORIZONS[name] for name in BUILD},
    evaluation=Evaluation(checkpoints=12, episodes=50),
    build_tasks=build_tasks,
    baseline="imitation",
    # its sixteen steps a rollout at the rate of one would end at whatever is paid first
    configurations={(name, "ppo"): training(learning_rate=1e-3) for name in BUILD},
    figures=(
        claim("toxicity", "Inappropriate content: score, share of flagged words, nats a token under the judge model.",
              ("detox",), "flagged", "nll"),
        claim("bias", "Bias, over a base that praises men more: score, sentiment, and its gap between men and women. "
              + " ".join(f"{text}." for text in TITLES.values()), ("unfair", "fair"), "sentiment", "gap"),
        claim("truthfulness", "Truthfulness: score, share of prompts that are answered at all, and truly.",
              ("truth",), "answered", "true"),
        claim("causality", "Causality: score, return where the cue lies (ood), and actions an episode.",
              ("cue",), "ood", "length"),
        claim("domains", "Generalisation: score, gold on the prompts of training (IMDB) and of another site (Rotten "
              "Tomatoes).", ("domain",), "gold", "gold elsewhere"),
    ),
    finding=Twin("rloo", "imitation"),
    small={
        "tasks": SMALL,
        "seeds": 2,
        "variants": ("rloo", BehaviourCloning(name="imitation", summary="likelihood of the labelled texts that are kept")),
        "env_steps": dict.fromkeys(SMALL, 400),
        "evaluation": Evaluation(checkpoints=4, episodes=20),
        "build_tasks": partial(build_tasks, names=SMALL),
        "models": tuple(
            replace(OwnModel(kind), shape=TINY, training=Pretraining(passes=0.02, batch=1024)) for kind in KINDS
        ),
        "figures": (),
    },
)  # fmt: skip
