"""Which returns are limits: optima of text MDPs and of episodes, and never a published score."""

from __future__ import annotations

import math

from benchmarks.loading.limits import named_limits, task_limits
from envs import TASKS
from envs.api import Scale
from envs.text.causal import Causal
from envs.text.transduce import Transduce
from envs.text_env import text_task


def meta(name: str, kind: str | None) -> dict[str, object]:
    return {"cell": {"task": {"name": name} | ({"factory": {"class": kind}} if kind else {})}}


def test_the_ceiling_of_a_text_mdp_is_a_limit_and_a_reference_score_is_none() -> None:
    assert named_limits("bandit/medium", TASKS["bandit/medium"].scale) == (-math.inf, TASKS["bandit/medium"].ceiling)
    assert named_limits("CartPole-v1", TASKS["CartPole-v1"].scale) == (0, 500)
    assert named_limits("gymnasium:CartPole-v1", Scale(20.0, 400.0)) == (0, 500)
    assert named_limits("HalfCheetah-v5", TASKS["HalfCheetah-v5"].scale) == (-math.inf, math.inf)
    assert named_limits("nobody's", Scale(0.0, 1.0)) == (-math.inf, math.inf)


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
    assert found["copy", "ood"].high == 0.95
