"""Every kind of experiment says which flags have no meaning for it, and is run and reported by a class of its own."""

from __future__ import annotations

import pytest

from algorithms.training.evaluation import Evaluation
from benchmarks.cli.kinds.comparison import ComparisonRun
from benchmarks.cli.kinds.gradients import GradientRun
from benchmarks.cli.kinds.language import LanguageRun
from benchmarks.cli.kinds.registry import experiment_run
from benchmarks.cli.kinds.studies import StudyRun
from benchmarks.cli.options import RunFlags
from benchmarks.cli.run import Run
from benchmarks.design.experiment import check_flags
from benchmarks.experiments import EXPERIMENTS
from envs.validation import UnknownName, UsageError

REFUSED = [
    ("gradient_quality", "tasks", "--tasks has no meaning for gradient_quality, whose policies are fixed"),
    ("gradient_quality", "baseline", "--baseline has no meaning for gradient_quality, which compares no learning"),
    ("learning_rates", "adaptive", "--adaptive has no meaning for learning_rates, which does not compare seeds"),
    ("learning_rates", "tuned", "--tuned has no meaning for learning_rates, which has settings of its own"),
    ("tuning", "seeds", "--seeds has no meaning for tuning, whose rows are studies"),
]


@pytest.mark.parametrize(("name", "flag", "message"), REFUSED)
def test_a_flag_without_meaning_is_refused_with_its_reason(name: str, flag: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_flags(EXPERIMENTS[name], [flag])
    check_flags(EXPERIMENTS["ladder"], [flag])


def test_given_flags_are_those_that_were_set() -> None:
    assert RunFlags("ladder").given_flags() == []
    flags = Run("ladder", seeds=3, env_steps=10, floor=0.0, save_policies=True)
    assert flags.given_flags() == ["seeds", "env-steps", "floor", "save-policies"]


def test_every_experiment_has_a_run_of_its_kind() -> None:
    kinds = {name: type(experiment_run(experiment)) for name, experiment in EXPERIMENTS.items()}
    assert kinds.pop("tuning") is StudyRun
    measured = ("gradient_quality", "gradient_quality_2026", "objectives", "trust_regions")
    assert {kinds.pop(name) for name in measured} == {GradientRun}
    assert set(kinds.values()) == {ComparisonRun, LanguageRun}


def test_a_comparison_is_resized_and_resolved() -> None:
    run = ComparisonRun(EXPERIMENTS["smoke"])  # type: ignore[arg-type]
    run.select(Run("smoke", tasks="bandit/small", variants="gae,ppo", seeds=20, env_steps=100))
    assert [task.name for task in run.experiment.own_tasks] == ["bandit/small"]
    assert [(c.algorithm.name, len(c.members.seeds), c.env_steps) for c in run.cells] == [
        ("gae", 10, 100), ("gae", 10, 100), ("ppo", 10, 100), ("ppo", 10, 100),
    ]  # fmt: skip
    assert {c.evaluation for c in run.cells} == {Evaluation(checkpoints=5, episodes=10)}


def test_gradients_of_some_variants_are_those_measurements_alone() -> None:
    run = GradientRun(EXPERIMENTS["gradient_quality"].smoke())  # type: ignore[arg-type]
    with pytest.raises(UnknownName, match="unknown variant of gradient_quality 'rlo'; nearest: rloo"):
        run.select(Run("gradient_quality", variants="rlo"))
    run.select(Run("gradient_quality", variants="rloo"))
    assert run.experiment.variant_names == ("rloo",)
    assert {m.variant.name for m in run.experiment.measurements} == {"rloo"}


def test_studies_are_a_pair_each() -> None:
    run = StudyRun(EXPERIMENTS["tuning"].smoke())  # type: ignore[arg-type]
    run.select(Run("tuning", smoke=True))
    assert [plan.label for plan in run.plans] == ["reinforce on bandit/small", "gae on bandit/small"]
    assert {plan.study for plan in run.plans} == {"tuning-smoke"}
