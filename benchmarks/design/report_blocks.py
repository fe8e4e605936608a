"""Blocks and sections of reports, and the protocols of an experiment's figures and findings."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import pandas as pd

from benchmarks.store.suite import Data, Suite

LONGEST = 60  # rows of a table that a page shows; longer ones are in their files
Bold = Mapping[str, Sequence[bool]]  # by column: which rows are bold
MatplotlibFigure = Any  # a matplotlib Figure: an experiment's declaration needs no plotting library
Group = Literal["Answer", "Evidence", "Learning", "Details"]
FOLDED: tuple[Group, ...] = ("Learning", "Details")  # groups of sections that a page shows when they are opened
Ledger = Any  # a statistics.families.Ledger: declarations do not import the statistics


@dataclass(frozen=True)
class Prose:
    """Paragraphs and lists of Markdown."""

    text: str


@dataclass(frozen=True)
class Notice:
    """A paragraph of Markdown that must not be overlooked."""

    text: str


@dataclass(frozen=True)
class Samples:
    """Lines that keep their spaces."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """tables/<name>.csv, .md and .tex; the page shows it unless it is long."""

    name: str
    frame: pd.DataFrame
    caption: str = ""
    bold: Bold = field(default_factory=dict)
    title: str = ""

    @property
    def long(self) -> bool:
        return len(self.frame) > LONGEST


@dataclass(frozen=True)
class FigureBlock:
    """figures/<name>.svg, .pdf and .png; the caption ends in a full stop, and is read by those who cannot see it."""

    name: str
    draw: Callable[[], MatplotlibFigure]
    caption: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "caption", f"{self.caption.rstrip('.')}." if self.caption else "")


Block = Prose | Notice | Samples | Table | FigureBlock


@dataclass(frozen=True)
class Section:
    """Blocks under a heading; pages gather sections that follow one another in groups."""

    title: str
    blocks: tuple[Block, ...]
    group: Group = "Evidence"

    @property
    def anchor(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")


def joined(sentences: Sequence[str]) -> str:
    """A Markdown list."""
    return "\n".join(f"- {s}" for s in sentences)


def with_details(answer: str, details: Sequence[str]) -> str:
    """A short answer, and what else there is to say in a list below it."""
    kept = [text for text in details if text]
    return f"{answer}\n\n{joined(kept)}" if kept else answer


class Figure(Protocol):
    """A figure that an experiment declares."""

    @property
    def name(self) -> str: ...

    @property
    def caption(self) -> str: ...

    def draw(self, data: Data) -> MatplotlibFigure: ...

    def table(self, data: Data) -> Table | None:
        """The table that the report shows below it unless it has no rows."""

    def sentences(self, table: Table) -> list[str]:
        """What the table shows; the report says it above the figure."""


class PlainFigure:
    """Figures inherit from it what they lack: a table, sentences."""

    def table(self, data: Data) -> Table | None:
        return None

    def sentences(self, table: Table) -> list[str]:
        return []


class Finding(Protocol):
    """What an experiment's runs answer to its question."""

    def sentence(self, data: Data) -> str:
        """The answer, in Markdown: a short paragraph, and a list of details where there are any (`with_details`).

        It claims no more than the corrected tests show; empty where too little ran.
        """

    def decide(self, suite: Suite, ledger: Ledger) -> None:
        """Enter the families of pairs that it tests in the ledger, before those of the report."""
