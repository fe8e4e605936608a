"""Published scores and ours in one panel."""

from __future__ import annotations

from matplotlib.backends.backend_agg import FigureCanvasAgg

from benchmarks.figures.published_scores import PublishedScores
from tests.benchmarks.findings.middling_runs import data, score


def test_the_figure_puts_crosses_where_the_sources_are() -> None:
    figure = PublishedScores("b", "Beside", (score(4.0, 100), score(6.9, 100))).draw(data())
    crosses = [float(line.get_xdata()[0]) for line in figure.axes[0].lines if line.get_marker() == "x"]
    assert crosses == [4.0, 6.9]


def test_a_single_panel_has_room_for_its_words_and_its_axis_shows_whole_numbers() -> None:
    figure = PublishedScores("b", "Beside", (score(999.2, 100), score(1000.0, 100))).draw(data(greedy=1000.0))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    words = figure.texts[0].get_window_extent(canvas.get_renderer())
    assert 0 <= words.x0 < words.x1 <= figure.bbox.width
    (axis,) = figure.axes
    axis.set_xlim(999.1, 1000.1)
    canvas.draw()
    assert axis.xaxis.get_offset_text().get_text() == ""


def test_without_a_checkpoint_near_a_budget_the_figure_says_so_and_the_table_is_empty() -> None:
    drawing = PublishedScores("b", "Beside", (score(1.0, 75),))
    assert drawing.table(data()).frame.empty
    assert [text.get_text() for text in drawing.draw(data()).texts] == [
        "no checkpoint of ours lies near a published budget"
    ]
