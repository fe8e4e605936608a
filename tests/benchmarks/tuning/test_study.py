"""One study from its first trial to the test."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest

from benchmarks.cli.kinds.plans import build_plans
from benchmarks.design.cell import Cell
from benchmarks.tuning import protocol, result
from benchmarks.tuning.lookup import configurations
from benchmarks.tuning.report.report import compose
from benchmarks.tuning.result import StageResult, TrialResult
from benchmarks.tuning.space import space
from benchmarks.tuning.stages import Stages
from benchmarks.tuning.study import selection_candidates
from benchmarks.tuning.summary.trials import best_value
from envs import TASKS
from tests.benchmarks.tuning.small_studies import (
    SMALL,
    TASK,
    VARIANT,
    in_progress,
    lose_runs,
    plans,
    run_study,
    tuned_in,
)


def test_a_study_starts_with_the_defaults_and_ends_with_one_test(studied: Path) -> None:
    gae, reinforce = result.load_all(studied / "tuned")
    assert (gae.variant, reinforce.variant) == ("gae", "reinforce")
    assert len(gae.trials) == 6
    assert gae.trials[0].values == gae.default == dict(space(VARIANT, [TASK]).default)
    assert [t.state for t in gae.trials] == ["complete"] * 6
    assert all(len(t.scores["bandit/small"]) == 5 for t in gae.trials)
    best = sorted(gae.trials[1:], key=lambda t: -t.value)[:2]
    ahead = sorted(gae.trials, key=lambda t: -t.value)[:3]
    assert {s.number for s in gae.selection} in ({0} | {t.number for t in best}, {t.number for t in ahead})
    assert gae.selection[0].number == 0
    assert gae.chosen == max(gae.selection, key=lambda s: s.value).number
    assert gae.configuration == gae.trials[gae.chosen].values
    assert gae.test["tuned"].number == gae.chosen
    assert all(len(s.scores["bandit/small"]) == 4 for s in gae.test.values())


def test_the_selection_seeds_choose_and_of_equals_the_default(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers: dict[str, list[int]] = {}
    factor = [-1.0]  # the worst on the tuning seeds is the best on the others; then all are equal

    def given(self: Stages, trials: list[TrialResult], stage: str) -> Generator[list[Cell], None, list[StageResult]]:
        numbers[stage] = [t.number for t in trials]
        yield []
        count = len(self.plan.protocol.streams[stage].seeds)
        return [StageResult(t.number, {"bandit/small": (factor[0] * t.value,) * count}) for t in trials]

    monkeypatch.setattr(Stages, "run_again", given)
    worst, _ = tuned_in(copied)
    candidates = [t for t in worst.trials if t.number in numbers["selection"]]
    assert worst.chosen == min(candidates, key=lambda t: t.value).number
    factor[0] = 0.0
    equal, _ = tuned_in(copied)
    assert (equal.chosen, numbers["test"]) == (0, [0])


def test_of_equals_who_lost_fewest_runs_comes_first_to_the_selection() -> None:
    nan = float("nan")
    scores = [(0.1, 0.1), (nan, 0.1), (nan, 0.1), (0.1, 0.1)]
    trials = [TrialResult(i, "complete", {"x": i}, {"t": of}, 0.1) for i, of in enumerate(scores)]
    assert selection_candidates(trials, 2) == [0, 3, 1]


def test_a_configuration_that_diverged_is_not_chosen(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lose_runs(monkeypatch, lambda stage, c, s: c == 0 or (stage == "tuning" and c == 2))
    (study,) = tuned_in(trained)
    assert [t.state for t in study.trials] == ["diverged", "complete", "diverged", "complete", "complete", "complete"]
    assert np.isnan(study.trials[0].value)
    assert study.trials[0].scores["bandit/small"] == pytest.approx((np.nan,) * 5, nan_ok=True)
    assert study.chosen not in (0, 2)
    assert np.isnan(study.test["default"].value)
    assert 2 not in {stage.number for stage in study.selection}
    text = json.loads((trained / "tuned" / study.file_name).read_text(), parse_constant=pytest.fail)
    assert text["trials"][0]["value"] is None
    assert "`gae` on bandit/small: the default setting" in compose("x", "?", [study]).as_text()


def test_one_lost_seed_counts_as_the_worst_of_the_study(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lose_runs(monkeypatch, lambda stage, c, s: stage == "tuning" and c == 5 and s == 0)
    (study,) = tuned_in(trained)
    scores = [t.scores["bandit/small"] for t in study.trials]
    worst = min(0.0, *(x for of in scores for x in of if x == x))
    assert study.trials[5].value == pytest.approx((worst + sum(scores[5][1:])) / 5)


def test_another_seed_gives_others(studied: Path, tmp_path: Path) -> None:
    """What the first batch asks for is known before anything is trained."""
    (plan,) = plans(trials=2, batch=2, seed=1)
    other = in_progress(plan, tmp_path)
    work = other.work()  # while it is held, so are the trials of its first batch
    next(work)
    first = result.load_all(studied / "tuned")[0]
    drawn = [plan.space.values(t.params) for t in other.study.trials]
    assert drawn[0] == first.trials[0].values
    assert drawn[1] != first.trials[1].values


def test_a_study_that_was_tested_takes_no_more_trials(studied: Path) -> None:
    with pytest.raises(ValueError, match="it cannot grow"):
        tuned_in(studied, trials=8)
    with pytest.raises(ValueError, match=r"another protocol: batch 4 \(requested: 3\)"):
        tuned_in(studied, batch=3)


def test_a_study_that_is_complete_trains_nothing_again(copied: Path) -> None:
    cells = {p: p.stat().st_mtime_ns for p in (copied / "tuned" / "cells").iterdir()}
    tuned_in(copied, ("gae", "reinforce"))
    assert {p: p.stat().st_mtime_ns for p in (copied / "tuned" / "cells").iterdir()} == cells


@pytest.fixture
def prunes_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MIN_TRIALS_TO_PRUNE", 1)


@pytest.mark.parametrize("pruner", ["racing", "wilcoxon"])
def test_pruned_trials_are_kept_and_compare_with_nothing(pruner: str, prunes_early: None, tmp_path: Path) -> None:
    (tuned,) = tuned_in(tmp_path, pruner=pruner, trials=16, batch=8, sampler="random", tuning_seeds=6)
    pruned = [t for t in tuned.trials if t.state == "pruned"]
    assert 0 < len(pruned) < 16
    assert tuned.trials[0].state == "complete"
    assert {s.number for s in tuned.selection}.isdisjoint({t.number for t in pruned})
    if pruner == "wilcoxon":
        assert all(4 <= len(t.scores["bandit/small"]) < 6 for t in pruned)
    assert max(t.value for t in pruned) < best_value(tuned)


def test_one_configuration_for_several_tasks_is_judged_by_their_mean(tmp_path: Path) -> None:
    tasks = (TASKS["bandit/small"], TASKS["lock/small"])
    steps = {t.name: 1_500 for t in tasks}
    (plan,) = build_plans("tuned", [VARIANT], [tasks], {**SMALL, "trials": 2, "batch": 2}, steps)
    tuned = run_study(plan, tmp_path).result
    assert tuned is not None
    assert tuned.file_name == "gae__bandit-small+lock-small.json"
    result.save(tuned, tmp_path)
    for trial in tuned.trials:
        means = [np.mean(trial.scores[t.name]) for t in tasks]
        assert trial.value == pytest.approx(np.mean(means))
    assert configurations(tmp_path, tasks, [VARIANT]).keys() == {(t.name, "gae") for t in tasks}
