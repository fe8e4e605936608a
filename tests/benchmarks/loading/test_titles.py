"""What figures call things: each answers for itself, a copy does not inherit, and no digest holds it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from algorithms import ALGORITHMS, VARIANTS
from algorithms.estimators.credit import LambdaReturn
from benchmarks.design.identity import canonical
from benchmarks.loading.titles import task_titles, variant_titles
from envs import TASKS
from envs.tasks import PRESETS

META = {"cell": {"algorithm": {"name": "theirs"}}, "reading": {"title": "Their method"}}


def test_registered_names() -> None:
    names = ("gae", "baseline_value", "ppo", "random", "sb3:ppo")
    assert variant_titles(names) == {
        "gae": "GAE", "baseline_value": "Value baseline", "ppo": "PPO", "random": "Uniform policy", "sb3:ppo": "PPO (SB3)",
    }  # fmt: skip


def test_every_algorithm_and_task_has_a_title_of_its_own() -> None:
    assert len({algorithm.title for algorithm in ALGORITHMS.values()}) == len(ALGORITHMS)
    titles = task_titles(PRESETS)
    assert len({*titles.values()}) == len(PRESETS)
    assert max(map(len, titles.values())) <= 45


def test_own_variants_say_it_themselves_and_a_copy_is_called_by_its_name() -> None:
    gae = VARIANTS["gae"]
    own = gae.rung("mine", "another lambda", shown_as="Ours", credit=LambdaReturn(0.5))
    copied = replace(gae, name="my_copy")
    assert variant_titles(["mine", "my_copy", "gae"], [own, copied]) == {
        "mine": "Ours",
        "my_copy": "My copy",
        "gae": "GAE",
    }
    assert gae.rung("other", "another lambda", credit=LambdaReturn(0.5)).title == "Other"


def test_cells_tell_the_title_of_what_is_not_registered() -> None:
    assert variant_titles(["theirs", "unknown_one"], (), [META]) == {
        "theirs": "Their method",
        "unknown_one": "Unknown one",
    }


@pytest.mark.parametrize("name", ["gae", "random", "sb3:ppo"])
def test_no_identity_holds_an_algorithms_title(name: str) -> None:
    algorithm = ALGORITHMS[name]
    assert canonical(replace(algorithm, shown_as="Another")) == canonical(algorithm)  # type: ignore[type-var]


def test_no_identity_holds_a_tasks_title() -> None:
    task = TASKS["bandit/small"]
    assert canonical(replace(task, shown_as="Another")) == canonical(task)
    assert replace(task, shown_as="Another").title == "Another"
