"""What tests of the benchmarks share: workers that start at once."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from algorithms.asynchronous import workers
from benchmarks.execution.engines import pool


@pytest.fixture(autouse=True, scope="session")
def forked_workers() -> Iterator[None]:
    """A new process takes two seconds to load torch; a fork has it. Commands that tests start do as for users."""
    with pytest.MonkeyPatch.context() as patch:
        if sys.platform == "linux":
            patch.setattr(pool, "START", "fork")
            patch.setattr(workers, "START", "fork")
        yield
