"""What all tests share: one torch thread a worker (two workers share two cores)."""

from __future__ import annotations

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Small products get slower, not faster, with a second thread under contention."""
    torch.set_num_threads(1)
