"""A user's folder, where commands are given."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.cli.language.own_texts import made


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder, with a base that was pretrained once."""
    folder, _ = made()
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    return folder
