"""What the compared variants have in common: environment steps, optimiser steps, training time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from algorithms import ALGORITHMS, VARIANTS
from algorithms.algorithm import Methods
from algorithms.composition import Schedule
from benchmarks.reports import report
from benchmarks.reports.sections import answer, budgets, pairs
from benchmarks.statistics.comparisons import Pair
from benchmarks.store.suite import Suite
from tests.benchmarks.statistics.test_comparisons import made
from tests.benchmarks.synthetic_results import frame, report_input, suite

ONE, SIXTEEN = Methods(steps_per_update=1), Methods(steps_per_update=16)
SB3 = Methods("stable-baselines3")  # whose PPO does not count its steps


def meta(task: str, variant: str, methods: Methods = ONE, **cell: Any) -> dict[str, Any]:
    """What a cell says of how it trained."""
    return {
        "cell": {"task": {"name": task}, "algorithm": {"name": variant}, "env_steps": 100, **cell},
        "provenance": {"processor": "one"},
        "reading": {"methods": methods._asdict()},
    }


def two(updates: float = 1.0, seconds: float = 2.0, steps: float = 1.0) -> Suite:
    """On t and u `b` makes so many times the updates, seconds and environment steps of `a`; two seeds each."""
    of = made({t: {"a": [0.1, 0.2], "b": [0.3, 0.4]} for t in ("t", "u")})
    rows = of.frame.copy()
    b = rows["variant"] == "b"
    rows = rows.astype({"updates": float, "env_steps": float})
    rows.loc[b, "updates"] *= updates
    rows.loc[b, "wall_s"] *= seconds
    rows.loc[b, "env_steps"] *= steps
    return Suite(rows, of.scales, of.variants)


METAS = [meta(t, v, SIXTEEN) if v == "b" else meta(t, v) for t in ("t", "u") for v in ("a", "b")]


def test_optimiser_steps_are_updates_times_epochs_times_minibatches() -> None:
    ppo = replace(VARIANTS["ppo"], schedule=Schedule(epochs=4, minibatches=8))
    assert budgets.optimiser_steps_per_update(meta("t", "ppo", ppo.methods)) == 32
    assert budgets.optimiser_steps_per_update(meta("t", "gae", ALGORITHMS["gae"].methods)) == 1
    assert np.isnan(budgets.optimiser_steps_per_update(meta("t", "theirs", imported=True)))
    assert np.isnan(budgets.optimiser_steps_per_update(meta("t", "sb3:ppo", ALGORITHMS["sb3:ppo"].methods)))
    assert budgets.optimiser_steps_per_update(meta("t", "sb3:a2c", ALGORITHMS["sb3:a2c"].methods)) == 1


def test_ratios_by_hand() -> None:
    """Half the updates of 16 steps each are 8 times the steps; twice the seconds."""
    row = budgets.ratios(two(updates=0.5), METAS, [Pair("b", "a")]).iloc[0]
    assert row["optimiser steps"] == pytest.approx(8)
    assert row["training time"] == pytest.approx(2)
    table = budgets.table(two(updates=0.5), METAS, "a").set_index("variant")
    assert table.loc["b", "optimiser steps / a"] == pytest.approx(8)
    assert table.loc["a", "optimiser steps / a"] == table.loc["a", "training time / a"] == 1
    assert table.loc["a", "environment steps"] == 200  # 100 on each of two tasks


def test_the_sentence_names_what_is_equal_and_what_is_not() -> None:
    assert budgets.sentences(two(), METAS, "a", "b") == [
        "All variants use the same number of environment steps (100).",
        "`b` makes 16 times as many optimiser steps as `a`.",
        "`b` takes 2 times the training time of `a`.",
    ]
    assert budgets.sentences(two(seconds=1.0), [meta(t, v) for t in "tu" for v in "ab"], "a", "b") == [
        "All variants use the same number of environment steps (100).",
        "All make the same number of optimiser steps.",
    ]
    assert budgets.sentences(two(steps=600.0), METAS, "a", "b")[0] == (
        "Environment steps differ: they are 600 (`b`) to 600 (`b`) times those of `a`."
    )


def test_seconds_of_different_processors_or_of_others_are_not_compared() -> None:
    elsewhere = [
        m | {"provenance": {"processor": "two"}} if m["cell"]["algorithm"]["name"] == "b" else m for m in METAS
    ]
    assert np.isnan(budgets.ratios(two(), elsewhere, [Pair("b", "a")])["training time"][0])
    assert "training time" not in " ".join(budgets.sentences(two(), elsewhere, "a", "b"))
    of = budgets.ratios(two(), [*METAS[::2], *(meta(t, "b", SB3) for t in "tu")], [Pair("b", "a")])
    assert np.isnan(of.to_numpy()).all()


def test_members_that_diverged_do_not_count() -> None:
    """Seed 0 of b froze at half its steps: the other one's count stands."""
    of = two()
    rows = of.frame.copy()
    lost = (rows["variant"] == "b") & (rows["seed"] == 0) & (rows["checkpoint"] == 1)
    rows.loc[lost, ["diverged", "updates"]] = [True, 0.5]
    of = Suite(rows, of.scales, of.variants)
    assert budgets.ratios(of, METAS, [Pair("b", "a")])["optimiser steps"][0] == pytest.approx(16)


def test_a_report_says_it_beside_the_headline_and_in_the_rungs_table(tmp_path: Path) -> None:
    of = suite(frame(seeds=6, checkpoints=2))
    metas = [meta(t, v, SIXTEEN) if v == "ppo" else meta(t, v) for t in of.scales for v in of.variants]
    made_of = replace(report_input(of.frame, tmp_path), metas=(), kinds=(".svg",))
    section = answer.equal(replace(made_of, metas=metas))
    assert section.title == "What is equal"
    rungs = next(iter(pairs.families(replace(made_of, metas=metas))))
    table = next(b for b in rungs.blocks if getattr(b, "name", "") == "rungs").frame.set_index("variant")
    assert table.loc["ppo", "optimiser steps"] == pytest.approx(16)
    assert table.loc["gae", "optimiser steps"] == pytest.approx(1)
    first = report.equal_budgets(replace(made_of, metas=metas))[0]
    assert first.startswith("All variants use the same number of environment steps (")
