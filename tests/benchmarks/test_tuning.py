"""Studies: the protocol, the search, populations of configurations, racing, what a study leaves behind, and a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest

from algorithms import VARIANTS
from algorithms.training import Record
from algorithms.tunable import Choice
from benchmarks import store
from benchmarks.cellwork import reading
from benchmarks.cli.main import main
from benchmarks.cli.tune import plans_of
from benchmarks.experiment import Cell, canonical
from benchmarks.tuning import counting, report, result
from benchmarks.tuning import protocol as rules
from benchmarks.tuning.cells import groups, objective, read
from benchmarks.tuning.lookup import configurations
from benchmarks.tuning.protocol import Protocol, Stream, disjoint
from benchmarks.tuning.racing import Race
from benchmarks.tuning.result import Attempt, Stage, Tuned
from benchmarks.tuning.session import Session
from benchmarks.tuning.space import space
from benchmarks.tuning.storage import open_storage
from benchmarks.tuning.study import StudyInProgress, _candidates
from envs import TASKS
from envs.api import Scale
from envs.discover import UnknownName
from envs.streams import Purpose

TASK, VARIANT = TASKS["bandit/small"], VARIANTS["gae"]
SMALL: dict[str, Any] = {"trials": 6, "batch": 4, "selection_seeds": 3, "test_seeds": 4, "top": 2, "episodes": 2}
STEPS = {"bandit/small": 1_500}


def protocol(**changes: Any) -> Protocol:
    return Protocol(**{"env_steps": STEPS, **SMALL, **changes})


def tuned_in(folder: Path, variants: tuple[str, ...] = ("gae",), jobs: int = 1, **changes: Any) -> list[Tuned]:
    """Studies of bandit/small, run to their end."""
    plans = plans_of("tuned", [VARIANTS[v] for v in variants], [(TASK,)], {**SMALL, **changes}, STEPS)
    outcome = Session(open_storage(None, folder / "tuned"), folder / "tuned", jobs, "cpu").run(plans)
    assert not outcome.failures
    return result.load_all(folder / "tuned")


@pytest.fixture(scope="module")
def studied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("studies")
    tuned_in(folder, ("gae", "reinforce"))
    return folder


# the protocol


def test_no_seed_may_judge_what_it_chose() -> None:
    disjoint({"tuning": Stream(Purpose.TUNING, (0, 1)), "test": Stream(Purpose.TEST, (0, 1))})
    with pytest.raises(ValueError, match=r"the tuning and the test seeds overlap in \[1\]"):
        disjoint({"tuning": Stream(Purpose.TEST, (0, 1)), "test": Stream(Purpose.TEST, (1, 2))})


def test_the_streams_of_a_protocol_share_nothing_with_each_other_or_with_training() -> None:
    streams = protocol().streams
    assert {name: s.purpose for name, s in streams.items()} == {
        "tuning": Purpose.TUNING,
        "selection": Purpose.SELECTION,
        "test": Purpose.TEST,
    }
    # the first selection seeds chose the learning rates of the settings
    assert streams["selection"].seeds == (1000, 1001, 1002)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tuning_seeds": 4}, "--tuning-seeds must be at least 5, not 4"),
        ({"trials": 0}, "--trials must be at least 1, not 0"),
        ({"pruner": "racing", "trials": 63}, "--pruner racing needs 64 trials or more, not 63"),
        ({"pruner": "wilcoxon"}, "--pruner wilcoxon needs 64 trials or more"),
        ({"pruner": "rascing"}, "unknown pruner 'rascing'; nearest: racing"),
        ({"objective": "last"}, "unknown objective 'last'; nearest: last_fifth"),
    ],
)
def test_a_protocol_that_breaks_the_rules_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        protocol(**changes)


def test_only_what_the_objective_and_the_rungs_read_is_evaluated() -> None:
    assert protocol().evaluation.fractions == (0.8, 0.9, 1.0)
    assert not protocol().evaluation.greedy
    assert protocol(pruner="racing", trials=64).evaluation.fractions == (0.25, 0.5, 0.8, 0.9, 1.0)
    assert protocol(objective="auc").evaluation.fractions == tuple(i / 10 for i in range(11))


# the search


def test_members_differ_in_numbers_and_shapes_need_populations() -> None:
    numbers = [p.path for p in space(VARIANTS["ppo"], [TASK]).parameters]
    assert "training.learning_rate" in numbers
    assert not any(isinstance(p.search, Choice) for p in space(VARIANTS["ppo"], [TASK]).parameters)
    everything = [p.path for p in space(VARIANTS["ppo"], [TASK], "all").parameters]
    assert set(numbers) < set(everything)
    assert {"schedule.epochs", "training.collection.envs", "training.network.width"} <= set(everything)


def test_fields_are_named_by_path_or_last_word() -> None:
    named = space(VARIANT, [TASK], "lam,training.discount")
    assert [p.path for p in named.parameters] == ["training.discount", "estimator.credit.lam"]
    with pytest.raises(UnknownName, match=r"unknown parameter 'lamm'; nearest: .*lam"):
        space(VARIANT, [TASK], "lamm")


def test_a_study_over_tasks_searches_what_all_of_them_have() -> None:
    both = {p.path for p in space(VARIANT, [TASKS["CartPole-v1"], TASK], "all").parameters}
    assert "training.network.hidden" not in both
    assert "training.network.width" not in both
    assert "estimator.credit.lam" in both


def test_nothing_to_tune_is_an_error() -> None:
    with pytest.raises(ValueError, match="random does not learn"):
        plans_of("tuned", [VARIANTS["random"]], [(TASK,)], SMALL, STEPS)


def test_choices_come_back_as_they_were() -> None:
    made = space(VARIANT, [TASKS["CartPole-v1"]], "hidden,lam")
    assert made.default == {"training.network.hidden": "64x64", "estimator.credit.lam": 0.95}
    assert made.values({**made.default, "training.network.hidden": "32x32"})["training.network.hidden"] == (32, 32)
    assert made.as_json()[0] == {"name": "training.network.hidden", "choices": [[32, 32], [64, 64], [128, 128]]}
    assert made.varied == ("estimator.credit.lam",)


# populations of configurations


def test_a_batch_is_cut_by_shape_and_into_cells_of_40_members() -> None:
    values = [
        {"training.learning_rate": 10.0**-k, "training.collection.envs": 64 if k % 2 else 32} for k in range(1, 21)
    ]
    made = groups(
        VARIANT, TASK, values, ["training.learning_rate"], Stream(Purpose.TUNING, (0, 1, 2, 3, 4)), protocol()
    )
    assert [len(g.places) for g in made] == [8, 2, 8, 2]
    assert [g.cell.training.collection.envs for g in made] == [64, 64, 32, 32]
    first = made[0].cell.members
    assert made[0].places == (0, 2, 4, 6, 8, 10, 12, 14)
    assert first.seeds == (0, 1, 2, 3, 4) * 8
    assert first.rates[:10] == (0.1,) * 5 + (0.001,) * 5
    assert first.purpose == Purpose.TUNING
    # twenty seeds a configuration: two of them a cell
    of_twenty = groups(
        VARIANT, TASK, values[:3], ["training.learning_rate"], Stream(Purpose.TEST, tuple(range(20))), protocol()
    )
    assert [g.places for g in of_twenty] == [(0, 2), (1,)]


def test_each_configuration_is_checked_before_it_trains() -> None:
    with pytest.raises(ValueError, match="lam must lie in"):
        groups(
            VARIANT,
            TASK,
            [{"estimator.credit.lam": 0.9}, {"estimator.credit.lam": 1.5}],
            ["estimator.credit.lam"],
            Stream(Purpose.TUNING, (0,)),
            protocol(),
        )


def test_a_cells_digest_tells_configurations_and_races_apart() -> None:
    def cell(lam: float, race: Race | None = None) -> Cell:
        values = [{"estimator.credit.lam": lam}]
        (group,) = groups(
            VARIANT, TASK, values, ["estimator.credit.lam"], Stream(Purpose.TUNING, (0,)), protocol(), race
        )
        return group.cell

    digests = {cell(0.9).digest, cell(0.8).digest, cell(0.9, Race((0,), 1, 0.0, 1.0)).digest}
    assert len(digests) == 3
    assert cell(0.9).digest == cell(0.9).digest


def written(path: Path, cell: Cell, returns: dict[tuple[int, int], float]) -> None:
    """A cell's file with these returns by (place, checkpoint); NaN: diverged. Rows come in no order."""
    at = cell.evaluation.fractions
    records = [
        Record(
            seed=cell.members.seeds[place],
            learning_rate=0.1,
            checkpoint=k,
            fraction=at[k],
            env_steps=1,
            updates=1,
            wall_s=0.0,
            eval_return=value,
            eval_return_greedy=float("nan"),
            diverged=bool(np.isnan(value)),
            measures={"length": 3.0, "place": float(place)},
        )
        for (place, k), value in returns.items()
    ]
    meta = {"cell": canonical(cell), "provenance": {}, "reading": reading(cell), "texts": {}}
    store.save_cell(path, cell.task.name, cell.variant.name, records[::-1], meta)


def race_cell(task: str = "CartPole-v1", **changes: Any) -> tuple[Cell, Protocol]:
    """Two configurations of five seeds on a task of floor 21.9 (say) and ceiling 500."""
    made = protocol(**{"env_steps": {task: 1_000}, "pruner": "racing", "trials": 64, **changes})
    values = [{"training.learning_rate": r} for r in (0.1, 0.01)]
    (group,) = groups(VARIANT, TASKS[task], values, ["training.learning_rate"], made.streams["tuning"], made)
    return group.cell, made


def test_scores_are_read_by_place_and_normalised(tmp_path: Path) -> None:
    cell, made = race_cell()
    task = cell.task
    span = task.ceiling - task.floor

    def at(score: float) -> float:
        return task.floor + score * span

    returns = {(p, k): at(0.1 * k + 0.01 * p) for p in range(10) for k in range(5)}
    returns[3, 4] = float("nan")
    for place in range(5, 10):  # stopped after the first rung
        for k in range(1, 5):
            del returns[place, k]
    cell = replace(cell, race=Race((0, 1), 5, task.scale))
    path = tmp_path / cell.file_name
    written(path, cell, returns)
    found = read(path, cell, made)
    # the last three checkpoints are 0.2, 0.3 and 0.4: their mean is 0.3; a run that diverged has no score
    np.testing.assert_allclose(found.scores[0], [0.30, 0.31, 0.32, np.nan, 0.34], atol=1e-12)
    assert np.isnan(found.scores[1]).all()
    assert found.came.tolist() == [True, False]
    assert [found.arrived[f].tolist() for f in (0.25, 0.5)] == [[True, True], [True, False]]
    np.testing.assert_allclose(found.rungs[0.25][1], [0.05, 0.06, 0.07, 0.08, 0.09], atol=1e-12)
    assert np.isnan(found.rungs[0.5][1]).all()


def test_what_diverged_counts_the_worst_of_the_floor_and_what_everyone_scored() -> None:
    nan = float("nan")
    one, other = {"t": (nan, 0.5)}, {"t": (-0.7, 0.1)}
    assert counting.values([one], {}).tolist() == [0.25]  # the floor, 0
    assert counting.values([one, other], {}).tolist() == pytest.approx([-0.1, -0.3])
    raw = {"t": Scale(-100.0, None)}
    assert counting.values([{"t": (nan, -50.0)}, {"t": (-300.0, -20.0)}], raw).tolist() == [-175.0, -160.0]
    found = counting.values([{"t": (nan, nan)}, {"t": (-900.0, -900.0)}], raw).tolist()
    assert found[1:] == [-900.0]
    assert np.isnan(found[0])  # a configuration that lost all its runs has no value
    joint = {"t": (1.0, 1.0), "u": (nan, nan)}
    assert np.isnan(counting.values([joint], {}).item())


def test_of_equals_who_lost_fewest_runs_is_best_and_then_the_first() -> None:
    """All finite scores are .1, and a lost run counts .1 too (the floor is unknown): all values are .1."""
    nan = float("nan")
    default, one, none = {"t": (nan, nan, 0.1)}, {"t": (0.1, nan, 0.1)}, {"t": (0.1, 0.1, 0.1)}
    raw = {"t": Scale(None, None)}
    assert counting.best([default, one, none, none], raw) == 2
    assert counting.best([default, one], raw) == 1
    assert counting.best([none, one, none], raw) == 0
    assert counting.best([default, {"t": (0.2, nan, 0.1)}, none], raw) == 1  # no tie
    assert counting.best([{"t": (nan, nan, nan)}], raw) is None


def test_of_equals_who_lost_fewest_runs_comes_first_to_the_selection() -> None:
    nan = float("nan")
    scores = [(0.1, 0.1), (nan, 0.1), (nan, 0.1), (0.1, 0.1)]
    trials = [Attempt(i, "complete", {"x": i}, {"t": of}, 0.1) for i, of in enumerate(scores)]
    assert _candidates(trials, 2) == [0, 3, 1]


def test_the_objective_is_never_the_last_evaluation_alone() -> None:
    scores = np.array([[0.0], [0.3], [0.9]])
    assert objective(scores, (0.8, 0.9, 1.0), protocol()).tolist() == pytest.approx([0.4])
    # trapezoids: 0.5 (0 + 1) / 2 + 0.5 (1 + 0) / 2
    assert objective(np.array([[0.0], [1.0], [0.0]]), (0.0, 0.5, 1.0), protocol(objective="auc")).tolist() == [0.5]


# racing


def race(**changes: Any) -> Race:
    return replace(Race(checkpoints=(1,), seeds=5, scale=Scale(0.0, 10.0)), **changes)


def at_rung(*configurations: tuple[float, ...]) -> dict[int, dict[int, float]]:
    return {1: dict(enumerate(v for of in configurations for v in of))}


GOOD, WORSE, MIXED = (5.0, 6.0, 7.0, 8.0, 9.0), (4.0, 5.0, 6.5, 6.0, 7.0), (4.0, 5.0, 6.5, 6.0, 9.5)


def test_who_is_worse_on_all_five_seeds_is_dropped() -> None:
    assert race().dropped(at_rung(GOOD, WORSE, MIXED)) == [(5, 6, 7, 8, 9)]  # p = 1/32; of MIXED 2/32 at least


def test_the_defaults_are_spared_and_the_best_of_the_study_counts() -> None:
    assert race(spared=(1,)).dropped(at_rung(GOOD, WORSE, MIXED)) == []
    assert race().dropped(at_rung(WORSE)) == []
    bar = (tuple(v / 10 for v in GOOD),)
    assert race(bar=bar).dropped(at_rung(WORSE)) == [(0, 1, 2, 3, 4)]


LOST = (float("nan"),) * 5
BAD = (-50.0, -60.0, -70.0, -80.0, -90.0)


def test_who_lost_all_runs_is_dropped_and_never_leads() -> None:
    assert race().dropped(at_rung(LOST, BAD)) == [(0, 1, 2, 3, 4)]
    assert race(spared=(0,)).dropped(at_rung(LOST, BAD)) == []
    assert race().dropped(at_rung(LOST, LOST)) == []  # there is nobody to lose to
    assert race(bar=(LOST,)).dropped(at_rung(BAD)) == []
    assert race(scale=Scale(-10.0, None)).dropped(at_rung(LOST, BAD)) == [(0, 1, 2, 3, 4)]


def test_a_lost_run_counts_as_the_worst_of_all_at_the_rung() -> None:
    nearly, poor, poorest = (*LOST[:4], 9.0), (-5.0, -6.0, -7.0, -8.0, -9.0), (-100.0, -6.0, -7.0, -8.0, -9.0)
    assert race().dropped(at_rung(nearly, poor)) == []
    assert race().dropped(at_rung((*LOST[:4], -95.0), poorest, GOOD)) == [(0, 1, 2, 3, 4), (5, 6, 7, 8, 9)]
    assert race().dropped(at_rung((*LOST[:4], 5.0), GOOD)) == [(0, 1, 2, 3, 4)]


def test_a_race_keeps_its_digest() -> None:
    assert canonical(race()) == {
        "class": "benchmarks.tuning.racing.Race", "checkpoints": [1], "seeds": 5, "floor": 0.0, "span": 10.0, "bar": [],
        "spared": [], "alpha": 0.05,
    }  # fmt: skip


def test_a_configuration_is_judged_when_all_its_seeds_have_come() -> None:
    seen = at_rung(GOOD, WORSE)
    del seen[1][9]
    assert race().dropped(seen) == []


# a study


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
    assert gae.best.value == max(t.value for t in gae.trials)


def test_the_selection_seeds_choose_and_of_equals_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, list[int]] = {}
    factor = [-1.0]  # whoever did worst on the tuning seeds is the best on the others; then all are equal

    def again(self: StudyInProgress, stage: str, trials: list[Attempt]) -> Generator[list[Cell], None, list[Stage]]:
        asked[stage] = [t.number for t in trials]
        yield []
        count = len(self.plan.protocol.streams[stage].seeds)
        return [Stage(t.number, {"bandit/small": (factor[0] * t.value,) * count}) for t in trials]

    monkeypatch.setattr(StudyInProgress, "_again", again)
    (worst,) = tuned_in(tmp_path / "a")
    candidates = [t for t in worst.trials if t.number in asked["selection"]]
    assert worst.chosen == min(candidates, key=lambda t: t.value).number
    factor[0] = 0.0
    (equal,) = tuned_in(tmp_path / "b")
    assert (equal.chosen, asked["test"]) == (0, [0])


def without_origin(tuned: Tuned) -> str:
    return json.dumps({**asdict(tuned), "provenance": None}, sort_keys=True)


def lossy(monkeypatch: pytest.MonkeyPatch, lost: Callable[[str, int, int], bool]) -> None:
    """Let every run be lost of which lost(stage, place of its configuration in the stage, seed) is true."""
    train = StudyInProgress._train
    seen = {"tuning": 0}

    def trained(self: Any, configurations: Any, stage: str, *more: Any, **others: Any) -> Any:
        found = yield from train(self, configurations, stage, *more, **others)
        first = seen["tuning"] if stage == "tuning" else 0
        seen["tuning"] += len(configurations) if stage == "tuning" else 0
        for of in found.values():
            for c, s in np.ndindex(of.scores.shape):
                if lost(stage, first + c, s):
                    of.scores[c, s] = np.nan
        return found

    monkeypatch.setattr(StudyInProgress, "_train", trained)


def test_a_configuration_that_diverged_is_not_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lossy(monkeypatch, lambda stage, c, s: c == 0 or (stage == "tuning" and c == 2))
    (tuned,) = tuned_in(tmp_path)
    assert [t.state for t in tuned.trials] == ["diverged", "complete", "diverged", "complete", "complete", "complete"]
    assert np.isnan(tuned.trials[0].value)
    assert tuned.trials[0].scores["bandit/small"] == pytest.approx((np.nan,) * 5, nan_ok=True)
    assert tuned.chosen not in (0, 2)
    assert np.isnan(tuned.test["default"].value)
    assert 2 not in {stage.number for stage in tuned.selection}
    text = json.loads((tmp_path / "tuned" / tuned.file_name).read_text(), parse_constant=pytest.fail)
    assert text["trials"][0]["value"] is None
    assert "`gae` on bandit/small: the default setting" in report.compose("x", "?", [tuned]).as_text()


def test_one_lost_seed_counts_as_the_worst_of_the_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lossy(monkeypatch, lambda stage, c, s: stage == "tuning" and c == 5 and s == 0)
    (tuned,) = tuned_in(tmp_path)
    scores = [t.scores["bandit/small"] for t in tuned.trials]
    worst = min(0.0, *(x for of in scores for x in of if x == x))
    assert tuned.trials[5].value == pytest.approx((worst + sum(scores[5][1:])) / 5)


def test_where_all_diverged_nothing_is_chosen_and_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lossy(monkeypatch, lambda stage, c, s: True)
    plans = plans_of("tuned", [VARIANT], [(TASK,)], SMALL, STEPS)
    outcome = Session(open_storage(None, tmp_path), tmp_path, 1, "cpu").run(plans)
    assert outcome.paths == ()
    assert outcome.failures == (
        "gae on bandit/small: every configuration, the default too, diverged on all selection seeds: none can be chosen",
    )


def test_the_same_seed_gives_the_same_trials_on_one_process_and_on_two(studied: Path, tmp_path: Path) -> None:
    first = result.load_all(studied / "tuned")
    again = tuned_in(tmp_path, ("gae", "reinforce"), jobs=2)
    assert [without_origin(t) for t in first] == [without_origin(t) for t in again]


def test_another_seed_gives_others(studied: Path, tmp_path: Path) -> None:
    (other,) = tuned_in(tmp_path, trials=2, batch=2, seed=1)
    first = result.load_all(studied / "tuned")[0]
    assert other.trials[0].values == first.trials[0].values
    assert other.trials[1].values != first.trials[1].values


def test_a_study_that_was_tested_takes_no_more_trials(studied: Path) -> None:
    with pytest.raises(ValueError, match="it cannot grow"):
        tuned_in(studied, trials=8)
    with pytest.raises(ValueError, match=r"another protocol: batch 4 \(asked for: 3\)"):
        tuned_in(studied, batch=3)


def test_a_study_that_is_complete_trains_nothing_again(studied: Path) -> None:
    cells = {p: p.stat().st_mtime_ns for p in (studied / "tuned" / "cells").iterdir()}
    tuned_in(studied, ("gae", "reinforce"))
    assert {p: p.stat().st_mtime_ns for p in (studied / "tuned" / "cells").iterdir()} == cells


def command(results: Path, **changes: Any) -> list[str]:
    flags = {**{k: v for k, v in SMALL.items() if k not in ("top", "episodes")}, **changes}
    words = [w for key, value in flags.items() for w in (f"--{key.replace('_', '-')}", str(value))]
    return [
        "tune",
        "--variant",
        "gae",
        "--task",
        "bandit/small",
        "--env-steps",
        "1500",
        "--results",
        str(results),
        *words,
    ]


def test_a_kill_in_the_middle_loses_nothing_and_leaves_no_trial_running(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    words = ["--trials", "12", "--batch", "4", "--jobs", "1"]
    for folder in (whole, cut):
        argv = [sys.executable, "-m", "benchmarks", *command(folder), *words]
        env = {**os.environ, "OMP_NUM_THREADS": "1"}
        if folder == whole:
            subprocess.run(argv, env=env, check=True, capture_output=True)
            continue
        process = subprocess.Popen(argv, env=env, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        cells = folder / "tuned" / "cells"
        while len(list(cells.glob("*.parquet"))) < 2 and process.poll() is None:
            time.sleep(0.01)  # in the middle of the second or third batch
        process.send_signal(signal.SIGKILL)
        process.wait()
        subprocess.run(argv, env=env, check=True, capture_output=True)
    one, other = (result.load_all(folder / "tuned") for folder in (whole, cut))
    assert [without_origin(t) for t in one] == [without_origin(t) for t in other]
    study = optuna.load_study(storage=open_storage(None, cut / "tuned"), study_name="tuned/gae/bandit/small")
    states = [t.state for t in study.trials]
    assert optuna.trial.TrialState.RUNNING not in states
    assert states.count(optuna.trial.TrialState.COMPLETE) == 12


@pytest.fixture
def prunes_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "FEWEST_TO_PRUNE", 1)


@pytest.mark.parametrize("pruner", ["racing", "wilcoxon"])
def test_pruned_trials_are_kept_and_compare_with_nothing(pruner: str, prunes_early: None, tmp_path: Path) -> None:
    (tuned,) = tuned_in(tmp_path, pruner=pruner, trials=24, batch=12, sampler="random", tuning_seeds=6)
    pruned = [t for t in tuned.trials if t.state == "pruned"]
    assert 0 < len(pruned) < 24
    assert tuned.trials[0].state == "complete"
    assert {s.number for s in tuned.selection}.isdisjoint({t.number for t in pruned})
    if pruner == "wilcoxon":
        assert all(4 <= len(t.scores["bandit/small"]) < 6 for t in pruned)
    assert max(t.value for t in pruned) < tuned.best.value


# several tasks


def test_one_configuration_for_several_tasks_is_judged_by_their_mean(tmp_path: Path) -> None:
    tasks = (TASKS["bandit/small"], TASKS["lock/small"])
    steps = {t.name: 1_500 for t in tasks}
    plans = plans_of("tuned", [VARIANT], [tasks], {**SMALL, "trials": 2, "batch": 2}, steps)
    folder = tmp_path / "tuned"
    Session(open_storage(None, folder), folder, 1, "cpu").run(plans)
    (tuned,) = result.load_all(folder)
    assert tuned.file_name == "gae__bandit-small+lock-small.json"
    for trial in tuned.trials:
        means = [np.mean(trial.scores[t.name]) for t in tasks]
        assert trial.value == pytest.approx(np.mean(means))
    assert configurations(folder, tasks, [VARIANT]).keys() == {(t.name, "gae") for t in tasks}


# run --tuned


def test_run_tuned_trains_what_the_studies_chose(studied: Path) -> None:
    words = [
        "run",
        "smoke",
        "--tasks",
        "bandit/small",
        "--variants",
        "gae,random",
        "--seeds",
        "2",
        "--env-steps",
        "640",
    ]
    assert main([*words, "--results", str(studied), "--tuned", "--jobs", "1"]) == 0
    (path,) = (studied / "smoke-tuned" / "cells").glob("*__gae__*")
    meta = store.read_meta(path)["cell"]
    (gae, _) = result.load_all(studied / "tuned")
    assert meta["training"]["learning_rate"] == gae.configuration["training.learning_rate"]
    assert meta["variant"]["estimator"]["credit"]["lam"] == gae.configuration["estimator.credit.lam"]
    assert meta["members"]["purpose"] == Purpose.TRAIN
    assert main(["report", "smoke", "--results", str(studied), "--tuned", "--figures", "svg"]) == 0


def test_run_tuned_refuses_what_was_not_tuned(studied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["run", "smoke", "--tuned", "--tasks", "bandit/small", "--variants", "gae,ppo", "--results", str(studied)])
        == 2
    )
    said = capsys.readouterr().err
    assert "no configuration of ppo on bandit/small" in said
    assert f"tune --variant ppo --task bandit/small --results {studied} --study tuned" in said


def test_variants_of_unequal_budgets_are_not_compared(studied: Path, tmp_path: Path) -> None:
    gae, reinforce = result.load_all(studied / "tuned")
    result.save(gae, tmp_path)
    result.save(replace(reinforce, protocol={**reinforce.protocol, "trials": 12}), tmp_path)
    with pytest.raises(ValueError, match=r"under different budgets: trials 12 and 6"):
        configurations(tmp_path, [TASK], [VARIANT, VARIANTS["reinforce"]])


@pytest.mark.parametrize("text", ["", "{", "[]", '{"kind": "pg_ladder_tuned", "version": 1}', '{"kind": "other"}'])
def test_a_damaged_file_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "gae__x.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"gae__x\.json"):
        result.load_all(tmp_path)


def test_what_is_written_comes_back(studied: Path, tmp_path: Path) -> None:
    for tuned in result.load_all(studied / "tuned"):
        assert result.load(result.save(tuned, tmp_path)) == tuned


# the command


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--task", "bandit/small"], "tune takes --variant NAME or --variants A,B, one of the two"),
        (["--variant", "gae", "--variants", "ppo", "--task", "bandit/small"], "one of the two"),
        (["--variant", "gea", "--task", "bandit/small"], "unknown variant 'gea'; nearest: gae"),
        (["--variant", "gae", "--task", "bandit/smal"], "unknown task 'bandit/smal'; nearest: bandit/small"),
        (["--variant", "gae", "--task", "bandit/small", "--sampler", "tpee"], "unknown sampler 'tpee'; nearest: tpe"),
        (["--variant", "gae", "--task", "bandit/small", "--study", "a/b"], "--study names a folder"),
        (["--variant", "optimal", "--task", "bandit/small"], "optimal does not learn"),
        (["--variant", "scst", "--task", "CartPole-v1"], "scst compares with a greedy answer"),
        (["--variant", "gae", "--task", "bandit/small", "--env-steps", "0"], "--env-steps must be at least 1"),
        (["--variant", "gae", "--task", "bandit/small", "--jobs", "0"], "--jobs must be at least 1"),
        (
            ["--variant", "gae", "--tasks", "bandit/small,lock/small", "--pruner", "racing"],
            "--pruner racing races on one task",
        ),
        (["--variant", "gae", "--task", "bandit/small", "--storage", "sqlit:///x.db"], "unknown database 'sqlit'"),
    ],
)
def test_mistakes_are_named_before_any_compute(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tune", *words, "--results", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.strip().count("\n") <= 1
    assert not any(tmp_path.rglob("*.parquet"))


def test_a_dry_run_says_what_would_be_tuned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["tune", "--variants", "ladder", "--task", "bandit/small", "--dry-run", "--results", str(tmp_path)]) == 0
    )
    out = capsys.readouterr().out
    assert "ppo on bandit/small: 64 trials x 5 seeds over training.learning_rate" in out
    assert out.count("\n") == 10
    assert not any(tmp_path.iterdir())


def test_the_experiment_runs_and_is_drawn_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["run", "tuning", "--smoke", "--results", str(tmp_path)]
    assert main([*words, "--dry-run"]) == 0
    assert main([*words, "--env-steps", "640", "--jobs", "2"]) == 0
    folder = tmp_path / "tuning-smoke"
    assert len(result.load_all(folder)) == 2
    page = (folder / "report.html").read_text()
    assert main(["report", "tuning", "--smoke", "--results", str(tmp_path), "--figures", "svg"]) == 0
    assert "Default against tuned" in page
    assert main([*words, "--seeds", "3"]) == 2
    assert "--seeds has no meaning for tuning" in capsys.readouterr().err
