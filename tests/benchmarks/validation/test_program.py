"""Commands that messages show can be typed as they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.validation.program import run_line


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("results/ladder", "ladder"),
        ("results/ladder-smoke", "ladder --smoke"),
        ("my results/ladder", "ladder --results 'my results'"),
    ],
)
def test_the_line_that_makes_results_names_their_folder(folder: str, words: str) -> None:
    assert run_line("ladder", Path(folder)) == f"python -m benchmarks run {words}"
