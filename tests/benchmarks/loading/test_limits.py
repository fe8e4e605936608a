"""Which returns are limits: optima of text MDPs and of episodes, and never a published score."""

from __future__ import annotations

import math

import pytest

from benchmarks.loading.limits import named_limits, task_limits
from envs import TASKS
from envs.api import Scale
from envs.text.causal import Causal
from envs.text.guessnumber import GuessNumber
from envs.text.overopt import OverOpt
from envs.text.padanswer import PadAnswer
from envs.text.recdialog import RecDialog
from envs.text.textgraph import TextGraph
from envs.text.transduce import Transduce
from envs.text_env import text_task
from envs.text_mdp import TextMDP


def meta(name: str, kind: str | None) -> dict[str, object]:
    return {"cell": {"task": {"name": name} | ({"factory": {"class": kind}} if kind else {})}}


def test_the_ceiling_of_a_text_mdp_is_a_limit_and_a_reference_score_is_none() -> None:
    assert named_limits("bandit/medium", TASKS["bandit/medium"].scale) == (0.0, TASKS["bandit/medium"].ceiling)
    assert named_limits("CartPole-v1", TASKS["CartPole-v1"].scale) == (0, 500)
    assert named_limits("gymnasium:CartPole-v1", Scale(20.0, 400.0)) == (0, 500)
    assert named_limits("HalfCheetah-v5", TASKS["HalfCheetah-v5"].scale) == (-math.inf, math.inf)
    assert named_limits("nobody's", Scale(0.0, 1.0)) == (-math.inf, math.inf)


@pytest.mark.parametrize(
    ("mdp", "least"),
    [
        (Transduce(symbols=4, length=2, reward_shift=-0.5), -0.5),
        (Causal(rho=0.9, rho_ood=0.1, q=1.0, cost=0.05, asks=1), -0.1),  # two questions
        (GuessNumber(numbers=16, turns=4), -5.0),  # a turn each, and one more
        (TextGraph(size=2, steps=3, mazes=2, loops=0.0), -3.0),  # a step each
        (RecDialog(genres=2, turns=3, fatigue=0.2), -0.6),  # one genre throughout: seen 0, 1 and 2 times before
        (PadAnswer(length=4, overlong=0.5), -0.5),  # four tokens, two too many of two
        (OverOpt(judge="proxy", beta=0.1), -math.inf),  # the KL has no bound
    ],
    ids=lambda x: type(x).__name__ if isinstance(x, TextMDP) else "",
)
def test_text_tasks_know_what_their_worst_episode_earns(mdp: TextMDP, least: float) -> None:
    assert mdp.least_return() == pytest.approx(least)


def test_cells_say_by_their_class_whether_a_ceiling_is_exact() -> None:
    scales = {"own text": Scale(0.0, 0.9), "own control": Scale(0.0, 1.0), "delayed": Scale(0.0, 0.8)}
    metas = [meta("own text", "Transduce"), meta("own control", "Control"), meta("delayed", "Delayed")]
    metas[2]["cell"]["task"]["factory"]["factory"] = {"class": "Dyck"}  # type: ignore[index]
    assert task_limits(metas, scales) == {"own text": (-math.inf, 0.9), "delayed": (-math.inf, 0.8)}
    assert task_limits([meta("gone", "NoSuchClass")], {"gone": Scale(0.0, 1.0)}) == {}


def test_views_of_declared_tasks_have_the_optimum_of_their_own_rewards() -> None:
    task = text_task("copy", Transduce(symbols=4, length=2))
    viewed = type(task)(
        **{**task.__dict__, "views": (("ood", Causal(rho=0.9, rho_ood=0.1, q=1.0, cost=0.05, asks=1)),)}
    )
    found = task_limits([], {}, [viewed])
    assert found["copy", "ood"] == (-0.1, 0.95)


def test_own_tasks_have_the_limits_of_their_knobs() -> None:
    task = text_task("my copy", Transduce(symbols=4, length=2, reward_shift=1.0))
    assert task_limits([meta("my copy", "Transduce")], {"my copy": task.scale}, [task]) == {"my copy": (1.0, 2.0)}


def test_what_the_author_of_a_task_declares_is_read_from_its_cells() -> None:
    declared = meta("mine:Env", None) | {"reading": {"return_range": [None, 3.0]}}
    assert task_limits([declared], {"mine:Env": Scale(0.0, None)}) == {"mine:Env": (-math.inf, 3.0)}
    pole = meta("gymnasium:CartPole-v1", None) | {"reading": {"return_range": [9.0, 600.0]}}
    assert task_limits([pole], {"gymnasium:CartPole-v1": Scale(20.0, 400.0)}) == {"gymnasium:CartPole-v1": (9.0, 500.0)}
