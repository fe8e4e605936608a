"""Studies that many tests read, and copies of them that a test may change."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.benchmarks.tuning.small_studies import tuned_in


@pytest.fixture(scope="session")
def studied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two finished studies; it is read only."""
    folder = tmp_path_factory.mktemp("studies")
    tuned_in(folder, ("gae", "reinforce"))
    return folder


@pytest.fixture
def copied(studied: Path, tmp_path: Path) -> Path:
    """The same studies, which a test may go on with."""
    shutil.copytree(studied, tmp_path / "copied")
    return tmp_path / "copied"


@pytest.fixture
def trained(studied: Path, tmp_path: Path) -> Path:
    """A folder without studies, that holds the cells of the finished ones: what they trained is not trained again."""
    shutil.copytree(studied / "tuned" / "cells", tmp_path / "trained" / "tuned" / "cells")
    return tmp_path / "trained"
