"""Figures of final scores: variants look as in the learning curves."""

from __future__ import annotations

from matplotlib.colors import to_hex

from benchmarks.figures.final_scores import aggregate
from benchmarks.figures.style import UNSURE, line_styles
from benchmarks.reports.score_tables import aggregate_table
from tests.benchmarks.synthetic_results import frame, suite


def test_variants_of_the_aggregate_have_their_colours_and_marks_and_references_are_grey() -> None:
    made = suite(frame(seeds=3))
    figure = aggregate(made, aggregate_table(made, list(made.scales)), "title")
    styles = line_styles(made.present)
    looks = {
        (to_hex(line.get_color()), line.get_marker()) for line in figure.axes[1].lines if len(line.get_xdata()) == 1
    }
    expected = {(to_hex(styles[v].colour), styles[v].marker) for v in made.learners}
    references = {(to_hex(UNSURE), "o")} if set(made.present) - set(made.learners) else set()
    assert looks == expected | references
    assert len(expected) == len(made.learners)


def test_an_interval_is_seen_around_its_mark_however_short_it_is() -> None:
    """A column of a paper has less than an inch for all scores: a mark as large as the interval's bar would hide it."""
    made = suite(frame(seeds=3))
    figure = aggregate(made, aggregate_table(made, list(made.scales)), "title")
    for axes in figure.axes:
        intervals = [line for line in axes.lines if len(line.get_xdata()) == 2 and line.get_marker() == "None"]
        marks = [line for line in axes.lines if len(line.get_xdata()) == 1]
        bars = [line for line in intervals if line.get_linestyle() != "None" and line.get_linewidth() > 1]
        assert len(bars) == len(marks) == len(made.present)
        assert min(bar.get_linewidth() for bar in bars) > 1.5 * max(mark.get_markersize() for mark in marks)
