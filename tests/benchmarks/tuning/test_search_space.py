"""What a study searches."""

from __future__ import annotations

import pytest

from algorithms import REFERENCES, VARIANTS
from algorithms.tunable import Choice
from benchmarks.cli.kinds.plans import build_plans
from benchmarks.tuning.space import space
from envs import TASKS
from envs.validation import UnknownName
from tests.benchmarks.tuning.small_studies import SMALL, STEPS, TASK, VARIANT


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
        build_plans("tuned", [REFERENCES["random"]], [(TASK,)], SMALL, STEPS)


def test_choices_come_back_as_they_were() -> None:
    made = space(VARIANT, [TASKS["CartPole-v1"]], "hidden,lam")
    assert made.default == {"training.network.hidden": "64x64", "estimator.credit.lam": 0.95}
    assert made.values({**made.default, "training.network.hidden": "32x32"})["training.network.hidden"] == (32, 32)
    assert made.as_json()[0] == {"name": "training.network.hidden", "choices": [[32, 32], [64, 64], [128, 128]]}
    assert made.varied == ("estimator.credit.lam",)
