"""How worker processes start in tests."""

from __future__ import annotations

import sys

import pytest

from algorithms.asynchronous import workers


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new process takes three seconds to load torch; a fork has it. The runs that end as they should start new ones."""
    if sys.platform == "linux":
        monkeypatch.setattr(workers, "START", "fork")
