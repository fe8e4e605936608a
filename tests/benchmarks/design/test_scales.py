"""Scales of users' tasks: flags, what a report reads, and two folders that must agree."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.design import scales
from benchmarks.design.scales import ScaleFlags, scales_from_cells
from envs import TASKS
from envs.api import Scale, Task
from envs.validation import UsageError
from tests.benchmarks.synthetic_results import meta
from tests.contracts.image_task import IMAGES

MINE = Task("mine", IMAGES.factory)


def test_flags_are_of_the_one_task_that_is_the_users() -> None:
    carts, mine = ScaleFlags(1.0, 9.0, 8.0).apply([TASKS["CartPole-v1"], MINE])
    assert carts is TASKS["CartPole-v1"]
    assert mine.scale == Scale(1.0, 9.0, 8.0)
    assert ScaleFlags(ceiling=7.0).apply([replace(MINE, floor=2.0)])[0].scale == Scale(2.0, 7.0)
    assert ScaleFlags().apply([MINE, replace(MINE, name="other")])[1].name == "other"


@pytest.mark.parametrize(
    ("flags", "tasks", "said"),
    [
        ({"ceiling": 1.0}, [TASKS["CartPole-v1"]], "--ceiling has no meaning for CartPole-v1: a registered task"),
        ({"floor": 1.0}, [MINE, replace(MINE, name="other")], "--floor cannot be the scale of both mine and other"),
        ({"floor": 2.0, "ceiling": 1.0}, [MINE], "--floor must be below --ceiling, not 2 and 1"),
        ({"floor": 3.0}, [replace(MINE, ceiling=3.0)], "--floor must be below --ceiling, not 3 and 3"),
        ({"ceiling": math.nan}, [MINE], "--ceiling must be a finite number, not nan"),
        ({"threshold": math.nan}, [MINE], "--threshold must be a number"),
    ],
)
def test_flags_that_cannot_be_are_refused(flags: dict[str, float], tasks: list[Task], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ScaleFlags(**flags).apply(tasks)


def told(task: str, *scale: float | None) -> dict[str, Any]:
    return {**meta(task, "v", [0]), "reading": {"scale": list(scale)}}


def test_which_scale_a_report_reads() -> None:
    inf = math.inf
    cells = [told("CartPole-v1", 0.0, 1.0, inf), told("mine", -3.0, None, inf), told("mine", -3.0, 4.0, 2.0)]
    found = scales_from_cells([*cells, told("mine", None, None, None), told("gymnasium:Old-v0", 0.0, 1.0, inf)])
    assert found["CartPole-v1"] == TASKS["CartPole-v1"].scale
    assert found["mine"] == Scale(-3.0, 4.0, 2.0)  # of all that was said, the fullest
    assert found["gymnasium:Old-v0"] == Scale(None, None)  # 0 and 1 were no measured ends
    assert scales_from_cells([told("mine", 0.0, 1.0, inf)])["mine"] == Scale(0.0, 1.0)  # here they were given
    assert scales_from_cells(cells, [replace(MINE, floor=0.0, ceiling=9.0, threshold=8.0)])["mine"] == Scale(
        0.0, 9.0, 8.0
    )


def test_a_ceiling_that_comes_after_the_cells_is_kept_for_later_reports(tmp_path: Path) -> None:
    scales.save_scales([replace(MINE, floor=0.0, ceiling=5.0), TASKS["CartPole-v1"]], tmp_path)
    assert scales_from_cells([told("mine", 0.0, None, None)], folders=[tmp_path])["mine"] == Scale(0.0, 5.0)
    assert list(json.loads((tmp_path / "scales.json").read_text())) == ["mine"]


def test_a_ceiling_that_one_folder_does_not_know_is_no_contradiction(tmp_path: Path) -> None:
    known, unknown = told("mine", 0.0, 5.0, None), told("mine", 0.0, None, None)
    scales.check_agree([([known], tmp_path / "a"), ([unknown], tmp_path / "b")])
    scales.check_agree(
        [([told("CartPole-v1", 0.0, 1.0, None)], tmp_path), ([told("CartPole-v1", 0.0, 2.0, None)], tmp_path)]
    )


@pytest.mark.parametrize(
    ("scale", "said"),
    [((1.0, 5.0), "mine has floor 0 and ceiling 5 in .*a, floor 1 and ceiling 5 in .*b"), ((0.0, 6.0), "ceiling 6")],
)
def test_two_floors_or_two_ceilings_are_a_contradiction(scale: tuple[float, float], said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        scales.check_agree(
            [([told("mine", 0.0, 5.0, None)], tmp_path / "a"), ([told("mine", *scale, None)], tmp_path / "b")]
        )


def test_only_a_mean_over_tasks_needs_a_ceiling() -> None:
    scales.check_averaged([MINE], "a study")
    with pytest.raises(UsageError, match="a study averages over tasks, and mine has no ceiling"):
        scales.check_averaged([TASKS["CartPole-v1"], MINE], "a study")
