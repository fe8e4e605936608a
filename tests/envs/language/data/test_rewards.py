"""Rewards of a user's own: what is accepted, and what is wrong with the others."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

from envs.language.data.rewards import OwnJudge, OwnReward
from envs.validation import UnknownName, UsageError

MODULE = """
import numpy as np
calls = []
LIMIT = 3
def lengths(texts): return [len(text) for text in texts]
def array(texts): return np.array(lengths(texts), np.float32)
def one(texts): return 1.0
def text(texts): return "12"
def short(texts): return lengths(texts)[1:]
def infinite(texts): return [float("inf") if t == "bb" else 0 for t in texts]
def none(texts): return [None] * len(texts)
def constant(texts): return [2] * len(texts)
def fails(texts): return 1 / 0
class Reward: pass
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_rewards_of_a_test.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)


def reward(name: str) -> OwnReward:
    return OwnReward(f"own_rewards_of_a_test:{name}")


def test_a_reward_is_a_number_for_each_text() -> None:
    for name in ("lengths", "array"):
        found = reward(name)(("a", "bb"))
        assert found.dtype == np.float64
        assert found.tolist() == [1, 2]
        reward(name).examine(["a", "bb"])
    assert reward("lengths")([]).shape == (0,)


def test_a_reward_goes_to_another_process_by_its_name() -> None:
    used = reward("lengths")
    used(["a"])
    assert OwnReward(used.name) == used
    assert pickle.loads(pickle.dumps(OwnReward(used.name)))(["bb"]).tolist() == [2]


def test_another_source_is_another_reward(tmp_path: Path) -> None:
    sys.modules.pop("own_rewards_of_a_test", None)  # another test's, in another folder
    first = OwnReward.of("own_rewards_of_a_test:lengths")
    assert (first.name, len(first.source)) == ("own_rewards_of_a_test:lengths", 16)
    assert OwnReward.of("own_rewards_of_a_test:lengths") == first
    (tmp_path / "own_rewards_of_a_test.py").write_text(MODULE + "# changed\n")
    assert OwnReward.of("own_rewards_of_a_test:lengths") != first


def test_a_function_may_be_a_judge() -> None:
    judge = OwnJudge(reward("lengths"))
    assert judge.score(["a", "bb"]).tolist() == [1, 2]
    assert judge.model is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("one", "must return a list of numbers, not float"),
        ("text", "must return a list of numbers, not str"),
        ("short", "returned 1 numbers for 2 texts"),
        ("infinite", "gave inf to the text 'bb'; a reward is a finite number"),
        ("none", "gave None to the text 'a'"),
        ("constant", "gave 2 to all of 2 different texts"),
        ("fails", "fails on 2 texts: ZeroDivisionError: division by zero"),
        ("LIMIT", "is of class int and cannot be called"),
        ("Reward", "is a class; name a constant that holds a function"),
    ],
)
def test_what_is_wrong_with_a_reward_is_named(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        reward(name).examine(["a", "bb"])


def test_a_name_that_leads_nowhere() -> None:
    with pytest.raises(UnknownName, match=r"'length'; nearest: lengths"):
        reward("length")(["a"])
    with pytest.raises(UsageError, match=r"'nothing' is not of the form module:CONSTANT"):
        OwnReward("nothing")(["a"])
    with pytest.raises(UsageError, match="there is no module 'no_such_module'"):
        OwnReward("no_such_module:f")(["a"])
