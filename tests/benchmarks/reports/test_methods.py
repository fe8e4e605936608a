"""What a paper has to say of how numbers were made: read from the cells, whoever differs named."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from algorithms import ALGORITHMS, VARIANTS
from algorithms.algorithm import Algorithm, Methods
from algorithms.training.evaluation import Evaluation
from algorithms.training.records import Members
from benchmarks.design.cell import Cell
from benchmarks.design.identity import canonical
from benchmarks.design.resolve import resolve
from benchmarks.execution.train_cell import report_metadata
from benchmarks.reports import methods
from benchmarks.store.cell_checks import is_reference
from benchmarks.store.suite import Suite
from envs import TASKS
from tests.benchmarks.statistics.test_comparisons import made

PLACES = (("CartPole-v1", "gae"), ("CartPole-v1", "a2c"), ("bandit/small", "gae"), ("bandit/small", "a2c"))


def metas(places: tuple[tuple[str, str], ...] = (*PLACES, ("bandit/small", "random"))) -> list[dict[str, Any]]:
    """Four cells, and the uniform policy's, which has no settings worth telling."""
    found = []
    for task, variant in places:
        training = resolve(TASKS[task], ALGORITHMS[variant]).training
        members = Members((0, 1), (training.learning_rate,) * 2)
        cell = Cell(TASKS[task], ALGORITHMS[variant], training, members, 5_000, Evaluation(10, 20))
        found.append({"cell": canonical(cell), "reading": report_metadata(cell)})
    return found


def suite() -> Suite:
    rng = np.random.default_rng(0)
    return made({t: {v: rng.uniform(size=2).tolist() for v in ("gae", "a2c")} for t in ("CartPole-v1", "bandit/small")})


def test_settings_are_told_once_and_exceptions_by_name() -> None:
    table = methods.settings_table(metas(), ["CartPole-v1", "bandit/small"])
    rows = {(r["hyper-parameter"], r["value"]): r["where"] for r in table.to_dict("records")}
    assert rows["discount", "0.99"] == "CartPole-v1"
    assert rows["discount", "1"] == "bandit/small"
    assert rows["network", "MLP(hidden=(64, 64), activation=tanh)"] == "CartPole-v1"
    assert rows["env_steps", "5000"] == "everywhere"
    assert rows["value_coefficient", "0.5"] == "everywhere"
    windows = {value: where for (name, value), where in rows.items() if name == "collection"}
    assert windows["Unroll(steps=5, envs=64)"].endswith("CartPole-v1")
    assert "learning_rate" not in {name for name, _ in rows}


def test_rates_and_parts() -> None:
    rates = methods.rates_table(metas(), suite()).set_index("variant")
    assert (
        rates.loc["gae", "CartPole-v1"] == f"{resolve(TASKS['CartPole-v1'], VARIANTS['gae']).training.learning_rate:g}"
    )
    parts = methods.parts_table(metas(), ["gae", "a2c", "random"]).set_index("variant")
    assert list(parts.index) == ["gae", "a2c"]  # random has no parts
    assert parts.loc["gae", "credit"] == "LambdaReturn(lam=0.95)"
    assert parts.loc["a2c", "credit"].startswith("NStep(")
    assert parts.loc["gae", "scale"] == "-"


@pytest.mark.parametrize("algorithm", ALGORITHMS.values(), ids=lambda a: a.name)
def test_a_file_of_before_says_the_same_by_its_description(algorithm: Algorithm) -> None:
    """Files did not always hold what their algorithm says of itself."""
    old = {"cell": {"algorithm": json.loads(json.dumps(canonical(algorithm)))}, "reading": {}}
    assert methods.methods_of(old) == algorithm.methods
    assert is_reference(old) != algorithm.learns


def test_another_librarys_settings_are_listed_by_themselves() -> None:
    (sb3,) = metas((("CartPole-v1", "sb3:a2c"),))
    table = methods.library_table([*metas(), sb3])
    assert table["variant"].tolist() == ["sb3:a2c"]
    assert "model_class=a2c" in table["settings"][0]
    text = methods.methods([*metas(), sb3], suite(), {})
    assert "sb3:a2c: trained by stable-baselines3 itself, with its networks and settings." in text


def test_what_nobody_says_is_not_guessed() -> None:
    foreign = {"cell": {"algorithm": {"name": "mine", "class": "mine.Variant"}}, "reading": {}}
    assert methods.methods_of(foreign) == Methods()
    assert not is_reference(foreign)
    said = foreign | {"reading": {"learns": False, "methods": Methods("theirs")._asdict()}}
    assert methods.methods_of(said).library == "theirs"
    assert is_reference(said)


def test_the_paragraph_reads_its_numbers_from_the_cells() -> None:
    text = methods.methods(metas(), suite(), {"python": "3.11.7", "packages": "numpy 2.4.6", "processor": "a CPU"})
    assert "We compare 2 policy-gradient variants on 2 tasks with 2 seeds each." in text
    assert "for 5,000 environment steps" in text
    assert "at 11 evenly spaced points" in text
    assert "share network, optimiser, normalisation, initialisation and budget;" in text
    of = metas()
    of[1]["cell"]["training"]["optimiser"] = {"class": "RMSprop"}
    assert "share network, normalisation, initialisation and budget;" in methods.methods(of, suite(), {})
    assert "Python 3.11.7 (numpy 2.4.6). Hardware: a CPU" in text
    assert methods.methods([], suite(), {}) == ""
