"""Texts that are wider than their place: few lines, even ones, and none for a word alone."""

from __future__ import annotations

import matplotlib as mpl
import pytest

from benchmarks.figures.layout import grid, label_axes, note
from benchmarks.figures.rendering.metrics import text_inches
from benchmarks.figures.rendering.width import at_width
from benchmarks.figures.rendering.wrapping import even_lines
from benchmarks.figures.style import STYLE
from tests.benchmarks.figures.drawn import faults, laid_out

WORD = "aaaa"


@pytest.mark.parametrize(
    ("words", "lines"),
    [(3, [3]), (4, [2, 2]), (5, [3, 2]), (7, [3, 2, 2])],
)
def test_lines_are_few_and_even(words: int, lines: list[int]) -> None:
    """With room for three words: four are two and two, not three and one."""
    room = text_inches(" ".join([WORD] * 3), 8.0) + 0.01
    made = even_lines(" ".join([WORD] * words), room, 8.0)
    assert [line.count(WORD) for line in made] == lines


def test_a_word_that_is_wider_than_the_room_has_a_line_of_its_own() -> None:
    assert even_lines("a incomprehensibilities b", 0.5, 8.0) == ["a", "incomprehensibilities", "b"]


def test_notes_and_labels_of_a_narrow_figure_leave_no_word_alone() -> None:
    """Wrapped once, by its width: a line that is a little too long was wrapped again, and left "over" alone."""
    with at_width(3.25), mpl.rc_context(STYLE):
        figure = grid(1, 1, 1.0).figure
        label_axes(figure, "difference of the normalised score, mean over the eight tasks of the ladder")
        note(figure, "Final normalised score, n = 3 seeds; a dot: one seed's mean over its tasks; bars: 95 % intervals")
        laid_out(figure)
    assert faults(figure, 3.25) == []
    for text in figure.texts:
        lines = text.get_text().split("\n")
        assert len(lines) == 2
        assert min(map(len, lines)) > 0.6 * max(map(len, lines))
