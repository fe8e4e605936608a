"""The dispatcher's clock, in the test's hands."""

from __future__ import annotations

import pytest

from benchmarks.execution.dispatch import dispatcher
from tests.benchmarks.execution.dispatch.scripted import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(dispatcher, "time", clock)
    return clock
