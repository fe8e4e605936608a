"""Every released report answers in at most 40 words, and has no longer sentence anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.cli.kinds.registry import experiment_run
from benchmarks.experiments import EXPERIMENTS
from benchmarks.reports import document, report
from benchmarks.statistics.wording.answers import MOST_WORDS, count_words
from benchmarks.store.packed import rows_path
from tests.benchmarks.sentences import answer, long_ones, sentences

RELEASED = Path(__file__).resolve().parents[2] / "results" / "reference"
QUICK = ("bias", "length_bias", "driving")  # the others are computed in a session of their own


def is_released(name: str) -> bool:
    return rows_path(RELEASED / name).exists() or (RELEASED / f"{name}.trials.parquet").exists()


NAMES = [
    pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in EXPERIMENTS if is_released(name)
]


def text_of(name: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The report as Markdown; nothing is drawn or written."""
    said: list[str] = []

    def keep(self: document.Document, *_: Any) -> Path:
        said.append(self.as_markdown())
        return Path("report.md")

    monkeypatch.setattr(document.Document, "write", keep)
    monkeypatch.setattr(report, "write_text", lambda *_: None)
    experiment_run(EXPERIMENTS[name]).report_folder(RELEASED / name, None, ())
    return said[0]


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_and_every_sentence_are_short(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = text_of(name, monkeypatch)
    assert 5 < count_words(answer(text)) <= MOST_WORDS, answer(text)
    assert long_ones(text, MOST_WORDS) == []
    assert "nan" not in answer(text)
    assert "four times in five" not in text


def test_nearly_all_experiments_are_released() -> None:
    assert sum(map(is_released, EXPERIMENTS)) >= 31


def test_sentences_are_split_at_stops_and_not_at_decimals_or_in_tables() -> None:
    made = "# a\n\n**Why?**\n\n> **Few. Seeds.**\n\nA gains .5. `b` loses 0.1 [0.0, 0.2].\n\n"
    made += "| a. B |\n\n```\nX. Y\n```\n- One. Two"
    assert [*sentences(made)] == [
        "**Why?**", "**Few.", "Seeds.**", "A gains .5.", "`b` loses 0.1 [0.0, 0.2].", "One.", "Two",
    ]  # fmt: skip
    assert answer(made) == "A gains .5. `b` loses 0.1 [0.0, 0.2]."
    assert long_ones(made, 4) == ["`b` loses 0.1 [0.0, 0.2]."]
