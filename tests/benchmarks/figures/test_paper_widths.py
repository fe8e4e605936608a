"""Every figure of a report has the width that was asked for, type of 7 to 9 points, and no text on another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure

from algorithms.estimators.diagnostics import NAMES
from benchmarks.cli.kinds.registry import experiment_run
from benchmarks.cli.lookup import find_results
from benchmarks.design.report_blocks import FigureBlock
from benchmarks.experiments import EXPERIMENTS
from benchmarks.figures.rendering.width import PAGE_WIDTH, at_width
from benchmarks.reports import report, score_tables
from benchmarks.reports.document import Document
from benchmarks.store.many.frames import MEASURE_COLUMNS
from benchmarks.store.packed import cells_path, rows_path
from tests.benchmarks.figures.drawn import faults, laid_out
from tests.benchmarks.synthetic_results import frame, report_input

RELEASED = Path(__file__).resolve().parents[3] / "results" / "reference"
WIDTHS = (3.25, 5.5, PAGE_WIDTH)


def figures_of(document: Document) -> dict[str, FigureBlock]:
    blocks = [block for section in document.sections for block in section.blocks]
    return {block.name: block for block in blocks if isinstance(block, FigureBlock)}


def first_of_each(figures: dict[str, FigureBlock]) -> dict[str, FigureBlock]:
    """One figure of each series: curves_1 for curves_2 too, whose panels are as many and as wide."""
    return {name: block for name, block in figures.items() if not re.search(r"_([2-9]|[1-9]\d)$", name)}


def complaints(figures: dict[str, FigureBlock], widths: tuple[float, ...] = WIDTHS) -> Iterator[str]:
    for width in widths:
        for name, block in figures.items():
            with at_width(width):
                yield from (f"{name} at {width}: {fault}" for fault in faults(laid_out(block.draw()), width))


def test_every_figure_of_a_report_fits_a_column_and_a_page(tmp_path: Path) -> None:
    made = report_input(frame(seeds=3, checkpoints=3), tmp_path)
    named = [made.measures.assign(measure=name) for name in NAMES]
    made = replace(made, measures=pd.concat([made.measures, *named])[MEASURE_COLUMNS])
    figures = figures_of(report.build_document(made, score_tables.score_table(made.suite)))
    assert {"aggregate", "ingredients", "heat_map", "curves_1", "profile", "sample_efficiency", "diagnostics_1",
            "lengths"} <= figures.keys()  # fmt: skip
    assert list(complaints(figures, (3.25,))) == []
    few = {name: figures[name] for name in ("aggregate", "ingredients", "curves_1")}
    assert list(complaints(few, (5.5, PAGE_WIDTH))) == []


class Written(Exception):
    """The document, in place of its files."""


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in EXPERIMENTS if cells_path(RELEASED / n).exists() or n == "tuning"])
def test_every_figure_of_the_released_results_fits(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in RELEASED.glob(f"{name}.*.parquet"):
        (tmp_path / path.name).symlink_to(path)
    if rows_path(RELEASED / name).exists():
        (tmp_path / rows_path(RELEASED / name).name).symlink_to(rows_path(RELEASED / name))

    def write(document: Document, *_: object) -> None:
        raise Written(document)

    monkeypatch.setattr(Document, "write", write)
    with pytest.raises(Written) as caught:
        experiment_run(find_results(name, tmp_path)).report_folder(tmp_path / name, None, [".svg"])
    figures = figures_of(caught.value.args[0])
    assert figures
    # the narrowest is the hardest; wider, a figure of each series is enough, so that large experiments end in time
    assert list(complaints(figures, WIDTHS[:1])) == []
    assert list(complaints(first_of_each(figures), WIDTHS[1:])) == []


def test_one_figure_of_each_series_is_drawn_at_the_wider_widths() -> None:
    names = ("aggregate", "curves_1", "curves_2", "curves_12", "pass_at_k_1", "pass_at_k_3", "rates_2026")
    block = FigureBlock("any", lambda: Figure(), "")
    assert [*first_of_each(dict.fromkeys(names, block))] == ["aggregate", "curves_1", "pass_at_k_1", "rates_2026"]
