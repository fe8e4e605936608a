"""TRL's GRPOTrainer, in the environment that PG_LADDER_TRL names, brings a random model between J0 and J* of a task."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.other_python import ROOT, run_there

TRAINING = (ROOT / "tests" / "envs" / "exports" / "trl_training.py").read_text()


@pytest.mark.slow
def test_sixty_updates_raise_the_score(tmp_path: Path) -> None:
    """At first some of its words cannot be read, so the score is below 0."""
    found, _ = run_there("PG_LADDER_TRL", "trl peft accelerate datasets", TRAINING, tmp_path, "bandit/small", "60")
    assert found["before"] < 0.1
    assert 0.3 < found["after"] < 1.1
