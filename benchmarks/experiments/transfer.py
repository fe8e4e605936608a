"""Does a ranking of estimators under one kind of policy hold under another? From a table to a language model.

The same text tasks are learned by a table, a linear policy, a recurrent network and a small transformer; short film reviews
by adapters of a language model, at the KL of the task. The kinds of policy are tasks of their own here (`lock/small
(table)`), so that every variant has its own learning rate under each of them (`transfer_rates`).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from algorithms.policies.api import Network
from algorithms.policies.networks.gru import GRU
from algorithms.policies.networks.linear import Linear
from algorithms.policies.networks.tabular import Tabular
from algorithms.policies.networks.transformer import Transformer
from algorithms.training.evaluation import Evaluation
from benchmarks.design.guide_case import GuideCase
from benchmarks.experiments.rlhf_exact import FIRST, TINY_MODELS
from benchmarks.experiments.rlhf_exact import build_tasks as build_phrases
from benchmarks.figures.rankings.by_kind import RanksByKind
from benchmarks.findings.transfer.finding import Transfer
from benchmarks.language.bases import Models
from benchmarks.language.experiment import LanguageExperiment
from envs.api import Task
from envs.tasks import TASKS as REGISTERED
from envs.text_mdp import TextMDP

PROBLEMS = ("bandit/medium", "lock/small", "transduce/copy-small", "padanswer/small")
LEARNERS = (
    "reinforce", "reward_to_go", "baseline_mean", "baseline_value", "baseline_loo", "batch_mean", "rloo", "gae", "ppo",
    "grpo", "dr_grpo", "grpo_epochs", "gspo", "dapo", "raft", "reinforce_pp", "opo", "maxrl", "sapo", "awr",
)  # fmt: skip
LANGUAGE_MODEL = "adapters of a language model"


def _mdp(problem: str) -> TextMDP:
    mdp = REGISTERED[problem].factory
    assert isinstance(mdp, TextMDP)
    return mdp


def networks(problem: str) -> dict[str, Network]:
    """By kind of policy; a table is of its task."""
    return {
        "table": Tabular(_mdp(problem)),
        "linear": Linear(),
        "GRU": GRU(32),
        "transformer": Transformer(32, 1, 4),
    }


NAMES = {(problem, kind): f"{problem} ({kind})" for problem in PROBLEMS for kind in networks(problem)}
KINDS = {kind: tuple(NAMES[problem, kind] for problem in PROBLEMS) for kind in networks(PROBLEMS[0])}
KINDS[LANGUAGE_MODEL] = FIRST


def configurations(variants: tuple[str, ...]) -> Mapping[tuple[str, str], Mapping[str, Any]]:
    """The network of each task and variant."""
    return {
        (name, variant): {"training.network": networks(problem)[kind]}
        for (problem, kind), name in NAMES.items()
        for variant in variants
    }


PLAIN = tuple(replace(REGISTERED[problem], name=name, shown_as="") for (problem, _), name in NAMES.items())


def build_tasks(models: Models) -> tuple[Task, ...]:
    """Every problem under every kind of policy, and the language model's."""
    return (*PLAIN, *build_phrases(models, FIRST))


TASKS = (*NAMES.values(), *FIRST)
STEPS = dict.fromkeys(NAMES.values(), 20_000) | dict.fromkeys(FIRST, 2_112)
SMALL_VARIANTS = ("reinforce", "rloo", "grpo")

EXPERIMENT = LanguageExperiment(
    name="transfer",
    question="Does a ranking of estimators on a toy policy hold on a language model?",
    tasks=TASKS,
    variants=LEARNERS,
    seeds=20,  # of 190 pairs under each of five kinds of policy none could pass the correction with fewer than 16
    env_steps=STEPS,
    evaluation=Evaluation(checkpoints=5, episodes=50),
    plain=PLAIN,
    build_tasks=build_tasks,
    configurations=configurations(LEARNERS),
    protocol="text",
    baseline="reinforce",
    figures=(
        RanksByKind(
            "transfer",
            "The rank of each variant under each kind of policy, each at its own learning rate",
            kinds=KINDS,
            target=LANGUAGE_MODEL,
        ),
    ),
    finding=Transfer(KINDS, LANGUAGE_MODEL),
    guide=tuple(GuideCase("policy", kind, tasks) for kind, tasks in KINDS.items()),
    small={
        "seeds": 2,
        "variants": SMALL_VARIANTS,
        "env_steps": dict.fromkeys(NAMES.values(), 600) | dict.fromkeys(FIRST, 300),
        "evaluation": Evaluation(checkpoints=2, episodes=10),
        "models": TINY_MODELS,
    },
)
