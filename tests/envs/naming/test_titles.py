"""Identifiers as words."""

from __future__ import annotations

import pytest

from envs import TASKS
from envs.naming.titles import distinct, title_of_task, title_of_variant


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("CartPole-v1", "CartPole"),
        ("gymnasium:CartPole-v1", "CartPole"),
        ("ALE/Pong-v5", "Pong"),
        ("lock/medium", "Lock (medium)"),
        ("dyck/sparse-medium", "Dyck (sparse, medium)"),
        ("copy 3 of 4", "Copy 3 of 4"),
        ("my_module:MyEnv", "MyEnv"),
        ("parity", "Parity"),
    ],
)
def test_tasks(name: str, title: str) -> None:
    assert title_of_task(name) == title


@pytest.mark.parametrize(
    ("name", "title"), [("my_estimator", "My estimator"), ("lag 8 + V-trace", "Lag 8 + V-trace"), ("DQN", "DQN")]
)
def test_variants(name: str, title: str) -> None:
    assert title_of_variant(name) == title


def test_a_family_names_itself() -> None:
    assert TASKS["guessnumber/noisy-small"].title == "Guess the number (noisy, small)"
    assert TASKS["Pendulum-v1"].title == "Pendulum"


def test_titles_that_two_share_are_left_out() -> None:
    assert distinct({"CartPole-v0": "CartPole", "CartPole-v1": "CartPole", "x": "X"}) == {
        "CartPole-v0": "CartPole-v0",
        "CartPole-v1": "CartPole-v1",
        "x": "X",
    }
