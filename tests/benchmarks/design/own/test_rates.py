"""Which variants have no selected learning rate, and how selected ones are kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from algorithms import ALGORITHMS, VARIANTS
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.own.rates import RATE, read_selected, save_selected, unselected, with_rates
from envs import TASKS

MINE = replace(VARIANTS["gae"], name="mine")
PRESET = replace(VARIANTS["gae"], name="preset", fixed=(("learning_rate", 0.1),))


def experiment(*more: object) -> ComparisonExperiment:
    names = (*more, MINE, PRESET, *(ALGORITHMS[n] for n in ("gae", "random", "exact_pg")))
    return ComparisonExperiment("made", "?", (TASKS["CartPole-v1"], TASKS["MountainCar-v0"]), names)  # type: ignore[arg-type]


def listed(made: ComparisonExperiment) -> list[tuple[str, list[str], list[str]]]:
    return [(t.name, [v.name for v in a], [v.name for v in b]) for t, a, b in unselected(made)]


def test_those_without_a_rate_and_their_rivals_with_one() -> None:
    assert listed(experiment()) == [("CartPole-v1", ["mine"], ["gae"]), ("MountainCar-v0", ["mine", "gae"], [])]
    rated = with_rates(experiment(), {("CartPole-v1", "mine"): 0.01, ("MountainCar-v0", "gae"): 0.1})
    assert listed(rated) == [("MountainCar-v0", ["mine"], ["gae"])]
    assert rated.configurations["CartPole-v1", "mine"] == {RATE: 0.01}


def test_rates_are_kept_beside_earlier_ones(tmp_path: Path) -> None:
    assert read_selected(tmp_path) == {}
    save_selected(tmp_path, {("t", "a"): 0.1, ("u", "a"): 0.2})
    save_selected(tmp_path, {("t", "b"): 0.3, ("u", "a"): 0.4})
    assert read_selected(tmp_path) == {("t", "a"): 0.1, ("t", "b"): 0.3, ("u", "a"): 0.4}


def test_a_rate_is_added_to_what_was_set() -> None:
    set_before = replace(experiment(), configurations={("CartPole-v1", "mine"): {"training.discount": 0.5}})
    rated = with_rates(set_before, {("CartPole-v1", "mine"): 0.01})
    assert rated.configurations == {("CartPole-v1", "mine"): {"training.discount": 0.5, RATE: 0.01}}
