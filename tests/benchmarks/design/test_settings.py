"""Rates are chosen under a protocol: which rate a cell runs at, and cells that choose rates do not hang on those chosen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from algorithms import ALGORITHMS, VARIANTS
from algorithms.policies.networks.adapters import Adapters
from benchmarks.design import settings
from benchmarks.design.cell import Cell
from benchmarks.design.cells import UNUSED_RATE, build_cells, reads_rates
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.lookup import find_tasks, find_variants
from benchmarks.design.resolve import resolve
from benchmarks.experiments import EXPERIMENTS
from benchmarks.experiments.estimators import LEARNERS
from benchmarks.experiments.estimators import TASKS as TEXT_SUITE
from benchmarks.experiments.ladder import RUNGS
from benchmarks.experiments.ladder import TASKS as LADDER_SUITE
from benchmarks.language.experiment import LanguageExperiment
from benchmarks.reports import rate_report
from benchmarks.store.many.footers import read_metas
from benchmarks.store.sources import read_cells, stored_cells
from envs import TASKS
from envs.api import Scale, Task
from tests.envs.language.tiny_reviews import adapters, review

RELEASED = Path(__file__).parents[3] / "results" / "reference"
# tasks of language experiments need models on disk
SELECTIONS = [
    e
    for e in EXPERIMENTS.values()
    if isinstance(e, ComparisonExperiment) and e.rates and not isinstance(e, LanguageExperiment)
]


def cells(experiment: ComparisonExperiment) -> list[Cell]:
    return build_cells(experiment, find_tasks(experiment.tasks), find_variants(experiment.variants), None)


def own_rates(experiment: ComparisonExperiment) -> dict[tuple[str, str], float]:
    return {(c.task.name, c.algorithm.name): c.members.rates[0] for c in cells(experiment) if c.algorithm.learns}


@pytest.mark.parametrize("experiment", SELECTIONS, ids=lambda e: e.name)
def test_what_chooses_rates_does_not_depend_on_those_chosen(
    experiment: ComparisonExperiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every chosen rate turned into another: no digest of a selection's cells moves, every digest of the ladder's does."""
    ladder = EXPERIMENTS["ladder"]
    assert isinstance(ladder, ComparisonExperiment)
    before, trained = ([c.digest for c in cells(e)] for e in (experiment, ladder))
    other = {
        protocol: {task: dict.fromkeys(of_task, 0.123) for task, of_task in tasks.items()}
        for protocol, tasks in settings.LEARNING_RATES.items()
    }
    monkeypatch.setattr(settings, "LEARNING_RATES", other)
    assert [c.digest for c in cells(experiment)] == before
    moved = [c.algorithm.name for c, old in zip(cells(ladder), trained, strict=True) if c.digest != old]
    assert set(moved) >= set(RUNGS)


@pytest.mark.parametrize("experiment", SELECTIONS, ids=lambda e: e.name)
def test_a_selection_trains_every_rate_on_every_seed(experiment: ComparisonExperiment) -> None:
    for cell in cells(experiment):
        pairs = list(zip(cell.members.seeds, cell.members.rates, strict=True))
        assert pairs == [(s, r) for s in range(experiment.seeds) for r in settings.RATES]
        assert cell.training.learning_rate == UNUSED_RATE


def test_estimators_compares_rates_of_one_protocol() -> None:
    """All of its learners stand at the text selection's rates, and the ladder's rungs at the ladder's."""
    estimators, ladder = EXPERIMENTS["estimators"], EXPERIMENTS["ladder"]
    assert isinstance(estimators, ComparisonExperiment)
    assert isinstance(ladder, ComparisonExperiment)
    assert (
        own_rates(estimators).items()
        >= {
            (task, name): settings.LEARNING_RATES["text"][task][name] for task in TEXT_SUITE for name in LEARNERS
        }.items()
    )
    assert (
        own_rates(ladder).items()
        >= {
            (task, name): settings.LEARNING_RATES["ladder"][task][name] for task in LADDER_SUITE for name in RUNGS
        }.items()
    )


def test_where_a_protocol_has_no_rate_the_other_has_then_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    task, gae, rloo, npg = TASKS["lock/medium"], VARIANTS["gae"], VARIANTS["rloo"], VARIANTS["npg"]
    made = {"ladder": {task.name: {"gae": 0.1}}, "text": {task.name: {"gae": 0.2, "rloo": 0.3}}}
    monkeypatch.setattr(settings, "LEARNING_RATES", made)
    assert resolve(task, gae).training.learning_rate == 0.1
    assert resolve(task, gae, protocol="text").training.learning_rate == 0.2
    assert resolve(task, rloo, protocol="ladder").training.learning_rate == 0.3
    assert resolve(task, npg, protocol="text").training.learning_rate == settings.TEXT.learning_rate
    with pytest.raises(ValueError, match="protocol 'texts'; there are ladder, text"):
        resolve(task, gae, protocol="texts")


def test_all_train_at_the_rate_of_the_one_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """gae's .1 on one task and the base rate on the other, whatever ppo's own are; a fixed rate gives way."""
    locks, dyck = TASKS["lock/medium"], TASKS["dyck/small"]
    made = {"ladder": {locks.name: {"gae": 0.1, "ppo": 0.4}, dyck.name: {"ppo": 0.4}}}
    monkeypatch.setattr(settings, "LEARNING_RATES", made)
    fixed = replace(VARIANTS["gae"], name="fixed", fixed=(("learning_rate", 0.7), ("max_grad_norm", 9.0)))
    shared = ComparisonExperiment("e", "?", (locks, dyck), (VARIANTS["ppo"], fixed), seeds=1, shared_rate_variant="gae")
    built = cells(shared)
    base = settings.TEXT.learning_rate
    assert [c.members.rates for c in built] == [(0.1,), (0.1,), (base,), (base,)]
    assert built[1].training.max_grad_norm == 9.0
    assert [c.members.rates[0] for c in cells(replace(shared, shared_rate_variant=None))] == [0.4, 0.7, 0.4, 0.7]
    own = cells(replace(shared, variants=(VARIANTS["gae"],), shared_rate_variant=None))
    assert [c.digest for c in own] == [c.digest for c in cells(replace(shared, variants=(VARIANTS["gae"],)))]
    with pytest.raises(ValueError, match="every rate"):
        replace(shared, rates=(0.1, 0.2))


def test_the_text_rates_are_what_the_released_selections_chose() -> None:
    """Chosen anew from the released cells, one by one the lines of learning_rates.csv for registered tasks."""
    lines: set[str] = set()  # two selections of a variant on a task, at the same budget, chose the same rate
    for name in ("text_rates", "text_rates_2026", "trust_regions_rates", "estimators_rewards_rates"):
        experiment = EXPERIMENTS[name]
        assert isinstance(experiment, ComparisonExperiment)
        paths = stored_cells(RELEASED / name)
        assert len(paths) == len(cells(experiment))  # that they are its cells is asked in test_experiments.py
        scales = {t: Scale(TASKS[t].floor, TASKS[t].ceiling, TASKS[t].threshold) for t in experiment.task_names}
        table = rate_report.objective(read_cells(paths), scales)
        of_experiment = rate_report.as_settings(table, "text").splitlines()
        assert len(of_experiment) == len(experiment.task_names) * len(experiment.variant_names)
        lines.update(of_experiment)
    written = (Path(settings.__file__).parent / "learning_rates.csv").read_text().splitlines()
    assert sorted(lines) == sorted(x for x in written if x.startswith("text,") and x.split(",")[1] in TASKS)


def test_the_language_rates_are_what_the_released_selection_chose() -> None:
    """Chosen anew from the released cells, as for text; the scale is that of the model that was trained."""
    paths = stored_cells(RELEASED / "language_rates")
    metas = read_metas(paths)
    scales = {meta["cell"]["task"]["name"]: Scale(*meta["reading"]["scale"]) for meta in metas}
    lines = rate_report.as_settings(rate_report.objective(read_cells(paths), scales), "language").splitlines()
    written = (Path(settings.__file__).parent / "learning_rates.csv").read_text().splitlines()
    assert sorted(lines) == sorted(line for line in written if line.startswith("language,"))
    assert len(lines) == len(paths) > 20


def test_all_that_learn_at_our_rates_are_swept() -> None:
    """Also those that learn from labelled texts; not those with a rate of their own, of others, or with none."""
    swept = {name for name, algorithm in ALGORITHMS.items() if reads_rates(algorithm)}
    assert swept >= {*RUNGS, *LEARNERS, "exact_pg", "sft", "dpo"}
    assert not swept & {"q_learning", "random", "optimal", "best_of_16", "sb3:ppo", "like_sb3_ppo"}


def test_a_cell_of_one_rate_holds_it_twice() -> None:
    """Where a variant has a rate of its own, it is the members' and the training's."""
    small = replace(EXPERIMENTS["estimators"].smoke(), seeds=1)  # type: ignore[type-var]
    assert isinstance(small, ComparisonExperiment)
    assert all(c.members.rates == (c.training.learning_rate,) for c in cells(small))


def test_training_begins_at_the_adapters_of_the_reference_policy() -> None:
    """Else a policy would begin away from the policy that its KL is measured to."""
    plain = Task("plain", review())
    assert settings.training_config(plain, "rloo").network == Adapters()
    tuned = Task("tuned", review(reference_adapters=adapters()))
    assert settings.training_config(tuned, "rloo").network == Adapters(2, 1.0, start=adapters())


def test_what_is_normalised_where_nobody_has_chosen_settings() -> None:
    own = replace(TASKS["CartPole-v1"], name="tank:Tank")
    assert settings.normalised(own) == ("observations", "returns")
    training = settings.training_config(own, "gae")
    assert (training.normalise_observations, training.normalise_returns) == (True, True)
    for name in ("CartPole-v1", "lock/small"):
        assert settings.normalised(TASKS[name]) == ()
        training = settings.training_config(TASKS[name], "gae")
        assert (training.normalise_observations, training.normalise_returns) == (False, False)
    assert settings.normalised(replace(TASKS["lock/small"], name="texts of my own")) == ()
