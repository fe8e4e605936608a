"""Adding seeds until all is decided: the error over all looks, by hand and by simulation, and the run itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from algorithms import VARIANTS
from benchmarks.cli import main as cli
from benchmarks.design.experiment import ComparisonExperiment, Outcome
from benchmarks.execution import adaptive
from benchmarks.execution.adaptive import SequentialPlan
from benchmarks.statistics import sequential
from benchmarks.statistics.sign_flips import sign_flip_p
from benchmarks.statistics.tests import holm
from envs import TASKS
from tests.benchmarks.small_cells import stored_rows
from tests.benchmarks.synthetic_results import write_cell


def test_the_levels_add_up_to_alpha() -> None:
    np.testing.assert_allclose(sequential.levels(4), [0.02, 0.01, 0.01, 0.01])
    assert sequential.levels(1).tolist() == [0.05]
    assert sequential.levels(7).sum() == pytest.approx(0.05)
    with pytest.raises(ValueError, match="one look"):
        sequential.levels(0)


def test_a_look_by_hand() -> None:
    """Ten seeds, three pairs: p 2/1024, 2/1024 and large; Holm times 3 and 2 is .0059 and .0039, below .02."""
    rng = np.random.default_rng(0)
    up = rng.uniform(0.2, 0.4, 10)
    found = sequential.look({"up": up, "down": -up, "none": rng.normal(0, 1, 10)}, 0.02, 0.05)
    assert {v: d.kind for v, d in found.items()} == {"up": "better", "down": "worse"}
    assert found["up"] == ("better", 10, pytest.approx(up.mean()), 2 / 1024)
    assert sequential.look({"up": up, "down": -up, "none": rng.normal(0, 1, 10)}, 0.003, 0.05) == {}
    close = sequential.look({"close": rng.normal(0, 0.01, 10)}, 0.02, 0.05)
    assert close["close"].kind == "same"


Rule = Callable[[dict[str, np.ndarray], float], set[str]]


def any_false_decision(rule: Rule, alphas: np.ndarray, skew: bool = False, rivals: int = 4, block: int = 6) -> float:
    """How often somebody is called different from a baseline that is like all of them, over all looks."""
    rng, false, repeats = np.random.default_rng(0), 0, 250
    for _ in range(repeats):
        shape = (block * len(alphas), rivals + 1)
        x = rng.lognormal(size=shape) if skew else rng.normal(size=shape)
        d = {f"v{j}": x[:, j] - x[:, 0] for j in range(1, rivals + 1)}
        false += any(rule({v: of[: block * (k + 1)] for v, of in d.items()}, a) for k, a in enumerate(alphas))
    return false / repeats


def ours(d: dict[str, np.ndarray], level: float) -> set[str]:
    return {v for v, found in sequential.look(d, level, 1e-9).items() if found.kind != "same"}


@pytest.mark.parametrize("skew", [False, True])
def test_false_decisions_over_all_looks_stay_below_alpha(skew: bool) -> None:
    assert any_false_decision(ours, sequential.levels(4), skew) <= 0.05 + 0.02


def test_peeking_is_caught_by_the_same_check() -> None:
    """Testing at .05 at every look, corrected within a look only, is wrong far more often."""

    def peeking(d: dict[str, np.ndarray], level: float) -> set[str]:
        p = holm(np.array([sign_flip_p(x) for x in d.values()]))
        return {v for v, q in zip(d, p, strict=True) if q < 0.05}

    assert any_false_decision(peeking, sequential.levels(6), rivals=1, block=5) > 0.08
    assert any_false_decision(ours, sequential.levels(6), rivals=1, block=5) <= 0.05


def test_seeds_are_added_until_all_is_decided(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """random play cannot be the baseline; reinforce against rloo on a bandit is open or decided, and says after how many."""
    words = ["run", "smoke", "--tasks", "bandit/small", "--variants", "reinforce,rloo,gae", "--env-steps", "1500"]
    words += ["--results", str(tmp_path), "--adaptive", "--max-seeds", "20", "--jobs", "1"]
    assert cli.main([*words, "--baseline", "rlo"]) == 2
    assert "unknown baseline 'rlo'; nearest: rloo" in capsys.readouterr().err
    assert cli.main([*words, "--max-seeds", "15"]) == 2
    assert "--max-seeds must be a multiple of 10, 10 or more, not 15" in capsys.readouterr().err
    assert cli.main([*words, "--baseline", "rloo", "--margin", "0.01"]) == 0
    said = capsys.readouterr().err
    assert "look 1 of 2, 10 seeds" in said
    found = json.loads((tmp_path / "smoke" / "adaptive.json").read_text())
    rows = {row["variant"]: row for row in found["decisions"]}
    assert set(rows) == {"reinforce", "gae"}
    frame = stored_rows(tmp_path / "smoke")
    seeds = frame.groupby("variant")["seed"].nunique()
    for variant, row in rows.items():
        assert seeds[variant] == row["seeds"]  # whoever is decided gets no more seeds
    text = (tmp_path / "smoke" / "report.md").read_text()
    assert "## Adaptive seeds" in text


def test_seeds_are_not_added_for_a_variant_that_diverged_with_all(tmp_path: Path) -> None:
    trained: list[set[str]] = []

    def train(cells: Any) -> Outcome:
        trained.append({c.algorithm.name for c in cells if c.members.seeds[0] == 10})
        paths = []
        for cell in cells:
            seeds = cell.members.seeds
            luck = np.random.default_rng(seeds[0]).uniform(0.4, 0.6, len(seeds))
            end = {"reinforce": luck, "gae": np.full(len(seeds), np.nan), "ppo": luck[::-1]}[cell.algorithm.name]
            paths.append(write_cell(tmp_path, "bandit/small", cell.algorithm.name, seeds, np.stack([luck * 0, end])))
        return Outcome(tuple(paths), ())

    chosen = tuple(VARIANTS[v] for v in ("reinforce", "gae", "ppo"))
    plan = SequentialPlan(
        ComparisonExperiment("x", "?", (TASKS["bandit/small"],), chosen), "reinforce", 20, 0.001, 0.05, 100
    )
    adaptive.run(plan, train, tmp_path)
    decisions = {r["variant"]: r for r in json.loads((tmp_path / "adaptive.json").read_text())["decisions"]}
    assert decisions["gae"]["decision"] == "no mean: all seeds diverged"
    assert decisions["ppo"]["decision"] == "undecided"
    assert trained == [set(), {"reinforce", "ppo"}]
    assert "NaN" not in (tmp_path / "adaptive.json").read_text()
