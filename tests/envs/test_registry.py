"""Registries and streams."""

from __future__ import annotations

import numpy as np
import pytest

import algorithms.variants
from algorithms import REFERENCES, VARIANTS
from benchmarks.experiments import EXPERIMENTS
from envs import TASKS
from envs.registry import declared, unique
from envs.seeding import Purpose, Role, generator
from envs.validation import UnknownName, look_up


def test_registries_are_filled_by_discovery() -> None:
    assert "transduce/reverse-small" in TASKS
    assert "CartPole-v1" in TASKS
    assert set(VARIANTS) >= {"reinforce", "gae", "async", "exact_pg"}
    assert set(REFERENCES) >= {"random", "optimal", "q_learning", "sb3:a2c"}
    assert set(EXPERIMENTS) >= {"ladder", "smoke"}
    assert len(declared("algorithms.variants", "VARIANT")) == len(VARIANTS)
    assert len(declared("algorithms.variants", "REFERENCE")) == len(REFERENCES)
    assert declared("algorithms.variants", "NO_SUCH_CONSTANT") == []
    assert algorithms.variants.__doc__


def test_two_entries_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="'a'"):
        unique([("a", 1), ("b", 2), ("a", 3)])


def test_unknown_names_come_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="'gea'; nearest: gae"):
        look_up(VARIANTS, "gea", "variant")
    with pytest.raises(UnknownName, match="CartPole-v1"):
        look_up(TASKS, "Cartpole", "task")


def test_streams_of_purposes_roles_and_positions_are_disjoint() -> None:
    draws = [
        generator(seed, role, position, purpose=purpose).integers(2**62)
        for seed in (0, 1)
        for role in Role
        for position in (0, 1)
        for purpose in Purpose
    ]
    assert len(set(draws)) == len(draws)
    again = generator(1, Role.ACTION, 1, purpose=Purpose.TEST).integers(2**62)
    assert again in set(draws)
    assert isinstance(again, np.int64)
