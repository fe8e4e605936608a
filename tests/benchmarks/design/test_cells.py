"""Cells of a comparison: whose budget and whose number of seeds they have; and settings that follow the task."""

from __future__ import annotations

from dataclasses import replace

from algorithms import VARIANTS
from benchmarks.design import settings
from benchmarks.design.cells import build_cells
from benchmarks.design.experiment import ComparisonExperiment
from envs import TASKS
from envs.api import Task
from envs.text.lock import Lock
from envs.text_env import text_task
from tests.contracts.image_task import IMAGES

CARTPOLE = TASKS["CartPole-v1"]
PAIR = (VARIANTS["gae"], VARIANTS["reinforce"])
MADE = ComparisonExperiment("made", "?", (CARTPOLE,), PAIR, seeds=2)


def test_a_budget_on_the_command_line_goes_before_the_experiments_and_that_before_the_tasks() -> None:
    sized = replace(MADE, env_steps={"CartPole-v1": 500})
    for experiment, given, steps in ((sized, 300, 300), (sized, None, 500), (MADE, None, 250_000)):
        assert {cell.env_steps for cell in build_cells(experiment, [CARTPOLE], PAIR, given)} == {steps}


def test_a_variant_may_have_seeds_of_its_own() -> None:
    cells = build_cells(replace(MADE, seeds_by_variant={"gae": 3}), [CARTPOLE], PAIR, 300)
    assert [cell.members.seeds for cell in cells] == [(0, 1, 2), (0, 1)]


def test_a_learner_on_text_has_the_discount_of_its_task() -> None:
    task = text_task("discounted", Lock(length=2, vocabulary=4, locks=2, gamma=0.9))
    assert settings.training_config(task, "gae").discount == 0.9
    assert settings.training_config(TASKS["lock/small"], "gae").discount == 1.0


def test_images_of_unknown_tasks_are_not_normalised_and_their_rewards_are() -> None:
    assert settings.normalised(Task("mine", IMAGES.factory)) == ("returns",)
