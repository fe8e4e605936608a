"""Rows of dots."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from benchmarks.figures.layout import line_groups, seed_dots


@pytest.mark.parametrize(("seeds", "alpha"), [(10, 0.4), (40, 0.4), (200, 0.08)])
def test_many_dots_in_a_row_are_paler(seeds: int, alpha: float) -> None:
    """Five times as many as 40 have a fifth of the opacity, so that they do not hide the interval of their colour."""
    axis = Figure().add_subplot()
    seed_dots(axis, np.zeros(seeds), 0.0, "k")
    assert axis.lines[0].get_alpha() == pytest.approx(alpha)


@pytest.mark.parametrize(("lines", "sizes"), [(0, []), (6, [6]), (7, [4, 3]), (13, [5, 5, 3]), (18, [6, 6, 6])])
def test_panels_of_lines_are_as_equal_as_can_be(lines: int, sizes: list[int]) -> None:
    names = [str(i) for i in range(lines)]
    groups = line_groups(names)
    assert [len(group) for group in groups] == sizes
    assert [name for group in groups for name in group] == names
