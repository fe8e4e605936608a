"""Shares of work that follow from the command alone."""

from __future__ import annotations

import random

import pytest

from benchmarks.sharing.shard import Shard
from envs.validation import UsageError

SECONDS = {"a": 8.0, "b": 5.0, "c": 4.0, "d": 3.0, "e": 0.0, "f": 0.0}


def shares(names: list[str], count: int) -> list[list[str]]:
    return [Shard(i, count).of(names, str, SECONDS.__getitem__) for i in range(1, count + 1)]


def test_work_is_dealt_out_longest_first_to_whoever_has_least() -> None:
    """8 | 5 + 4 and then 3 to the first: 11 | 9, and what takes no time to the second."""
    assert shares([*SECONDS], 2) == [["a", "d"], ["b", "c", "e", "f"]]
    assert shares([*SECONDS], 1) == [[*SECONDS]]
    assert shares(["a"], 3) == [["a"], [], []]


def test_every_piece_is_in_one_share_whatever_the_order() -> None:
    names, mixed = [*SECONDS], [*SECONDS]
    random.Random(0).shuffle(mixed)
    for count in (1, 2, 3, 4, 7):
        assert sorted(n for share in shares(names, count) for n in share) == names
        assert [sorted(share) for share in shares(mixed, count)] == shares(names, count)


def test_the_last_bits_of_expected_seconds_move_nothing() -> None:
    """Two processors may round differently, and c is not to be in both shares, or in none."""
    nearly = {name: s * (1 + 1e-9) if name in "bd" else s for name, s in SECONDS.items()}
    assert Shard(2, 2).of([*nearly], str, nearly.__getitem__) == ["b", "c", "e", "f"]
    equal = {"a": 1.0, "b": 1.0 + 1e-12, "c": 1.0}
    assert Shard(1, 3).of([*equal], str, equal.__getitem__) == ["a"]


@pytest.mark.parametrize("text", ["0/4", "5/4", "1-4", "a/b", "1/0", "0/0", "", "1/", "/4", "-1/4", "1/4/2", "1.0/4"])
def test_what_names_no_share_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--shard takes i/n") as error:
        Shard.read(text)
    assert repr(text) in str(error.value)
    assert len(str(error.value).split()) <= 25


def test_reading() -> None:
    assert Shard.read("2/4") == Shard(2, 4)
    with pytest.raises(UsageError, match=r"here 1/4 to 4/4, not '5/4'"):
        Shard.read("5/4")
