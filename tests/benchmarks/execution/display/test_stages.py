"""What is said of a stage of a language model: how far it is, and how long it will take as soon as that can be known."""

from __future__ import annotations

import io
from collections.abc import Generator

import pytest

from algorithms.language.stage import StageProgress
from benchmarks.execution.display import stages


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


def test_the_first_line_has_no_estimate_and_later_ones_go_by_the_speed_since_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Resumed at 10 of 100 after four minutes; then 2 steps a second: at 50 it takes another 25 s."""
    clock = Clock()
    monkeypatch.setattr(stages, "time", clock)

    def stage() -> Generator[StageProgress, None, str]:
        for clock.now, done in ((240.0, 10), (260.0, 50), (285.0, 100)):
            yield StageProgress(done, 100, {"loss": 1.5})
        return "made"

    out = io.StringIO()
    assert stages.watch("pretraining", stage(), out) == "made"
    lines = out.getvalue().splitlines()
    assert lines[:3] == ["pretraining", "4:00   10%  loss 1.5", "4:20   50%  loss 1.5  about 25 s left"]
    assert lines[-1] == "pretraining: done in 4:45"


def test_a_second_stage_has_an_estimate_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first makes a step a second, the second one in ten seconds: 2 are left at 3 of 5."""
    clock = Clock()
    monkeypatch.setattr(stages, "time", clock)

    def stage() -> Generator[StageProgress, None, None]:
        for clock.now, done in ((20.0, 80), (40.0, 100), (60.0, 1), (80.0, 3)):
            yield StageProgress(done, 100 if clock.now < 50 else 5)

    out = io.StringIO()
    stages.watch("labels", stage(), out)
    lines = out.getvalue().splitlines()
    assert lines[3] == "1:00   20%"
    assert lines[4] == "1:20   60%  about 20 s left"
