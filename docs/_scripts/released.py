"""The released runs as files: the tables, sentences and clocks under results/reference, each read once.

Reports are drawn (`report`) and not tracked. What pages read of them is kept in excerpts.json.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from benchmarks.statistics.tests import LEVEL
from benchmarks.store.sources import read_cell, stored_cells

FOLDER = Path("results") / "reference"
EXCERPTS = "excerpts.json"
NO_PROSE = ("|", "![")  # how lines of a report begin that are of a table or a figure


class Clocks(NamedTuple):
    """Training time and processors of an experiment's cells."""

    cells: int
    seconds: float  # of training, summed over the cells; evaluation is not counted
    processors: tuple[str, ...]


@dataclass(frozen=True)
class Released:
    """Released results under `root`; ValueError names what a file does not hold.

    drawn  whether a report that has been drawn goes before its excerpts
    """

    root: Path
    drawn: bool = True
    texts: dict[str, str] = field(default_factory=dict, compare=False)  # what has been read of reports, by path

    def has(self, *path: str) -> bool:
        """Whether a report has this file."""
        return (self.drawn and self.root.joinpath(*path).exists()) or "/".join(path) in self._excerpts

    def text(self, *path: str) -> str:
        """A file of a report."""
        name, place = "/".join(path), self.root.joinpath(*path)
        if not self.has(*path):
            raise ValueError(f"{place} does not exist; `report` writes those of an experiment")
        if name not in self.texts:
            drawn = self.drawn and place.exists()
            self.texts[name] = place.read_text() if drawn else "\n".join(self._excerpts[name])
        return self.texts[name]

    @cached_property
    def _excerpts(self) -> dict[str, list[str]]:
        path = self.root / EXCERPTS
        found: dict[str, list[str]] = json.loads(path.read_text()) if path.exists() else {}
        return found

    def excerpts(self) -> str:
        """What has been read of reports, as excerpts.json holds it: by path, the lines; of a report, its sentences."""
        lines = {name: text.splitlines() for name, text in sorted(self.texts.items())}
        for name in lines:
            if name.endswith("report.md"):
                lines[name] = [line for line in lines[name] if not line.startswith(NO_PROSE)]
        return json.dumps(lines, indent=1, ensure_ascii=False) + "\n"

    def summary(self, experiment: str) -> pd.DataFrame:
        """A row per task and variant."""
        return self._csv(experiment, "summary.csv")

    def table(self, experiment: str, name: str) -> pd.DataFrame:
        """tables/<name>.csv"""
        return self._csv(experiment, "tables", f"{name}.csv")

    def markdown(self, experiment: str, name: str) -> str:
        """tables/<name>.md"""
        return self.text(experiment, "tables", f"{name}.md").strip()

    def value(self, experiment: str, task: str, variant: str, column: str = "score") -> float:
        """One number of summary.csv."""
        return float(_row(self.summary(experiment), f"{experiment}/summary.csv", task=task, variant=variant)[column])

    def measure(self, experiment: str, task: str, variant: str, column: str) -> float:
        """One number of tables/measures.csv."""
        return float(self.row(experiment, "measures", task=task, variant=variant)[column])

    def pair(self, experiment: str, variant: str, against: str, name: str = "rungs") -> dict[str, Any]:
        """One comparison: the row of tables/<name>.csv."""
        return self.row(experiment, name, variant=variant, against=against)

    def row(self, experiment: str, name: str, **keys: str) -> dict[str, Any]:
        """The one row of tables/<name>.csv whose columns have these values."""
        return _row(self.table(experiment, name), f"{experiment}/tables/{name}.csv", **keys)

    def answer(self, experiment: str) -> str:
        """The answer of a report, as one line: its first paragraph or list after the question and the warnings."""
        first = next(block for block in self._blocks(experiment)[2:] if not block.startswith(">"))
        return " ".join(line.removeprefix("- ") for line in first.splitlines())

    def section(self, experiment: str, title: str) -> str:
        """The sentences that open a section of a report."""
        blocks = self._blocks(experiment)
        if f"## {title}" not in blocks:
            raise ValueError(f"the report of {experiment} has no section {title!r}")
        following = blocks[blocks.index(f"## {title}") + 1 :]
        return next(block for block in following if not block.startswith(">"))

    def missing(self, experiment: str) -> list[tuple[str, str]]:
        """(task, variant) of the cells that the report lists as missing."""
        lines = [x for b in self._blocks(experiment) for x in b.splitlines() if x.startswith("- missing: ")]
        pairs = [line.removeprefix("- missing: ").partition(" x ") for line in lines]
        return [(task, variant) for task, _, variant in pairs]

    def clocks(self, experiment: str) -> Clocks:
        """The sum of the cells' own clocks, and the processors they ran on."""
        return _clocks(self.root / experiment)

    def json(self, name: str) -> Any:
        """A file of measurements that belongs to no experiment."""
        path = self.root / name
        if not path.exists():
            raise ValueError(f"{path} does not exist; `speed --json` prints speed.json")
        return json.loads(path.read_text())

    def _csv(self, *path: str) -> pd.DataFrame:
        return _csv(self.text(*path))

    def _blocks(self, experiment: str) -> list[str]:
        return self.text(experiment, "report.md").strip().split("\n\n")


def shown(row: Mapping[Any, Any]) -> bool:
    """Whether the corrected test shows a difference."""
    return float(row["p_holm"]) < LEVEL


@cache
def _csv(text: str) -> pd.DataFrame:
    return pd.read_csv(StringIO(text))


@cache
def _clocks(folder: Path) -> Clocks:
    """A cell's seconds are those of its slowest member: all members of a cell train together, on one clock."""
    cells = [read_cell(path) for path in stored_cells(folder)]
    seconds = [max(rows["wall_s"].to_pylist()) for rows, _ in cells]
    processors = {str(meta["provenance"]["processor"]) for _, meta in cells}
    return Clocks(len(cells), sum(seconds), tuple(sorted(processors)))


def _row(table: pd.DataFrame, where: str, **keys: str) -> dict[str, Any]:
    rows = table
    for column, value in keys.items():
        rows = rows[rows[column] == value]
    if len(rows) != 1:
        raise ValueError(f"{where} has {len(rows)} rows of {' and '.join(f'{k} {v!r}' for k, v in keys.items())}")
    return {str(k): v for k, v in rows.iloc[0].items()}
