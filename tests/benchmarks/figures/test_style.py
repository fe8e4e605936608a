"""A line looks the same wherever it is drawn, and unlike all others."""

from __future__ import annotations

from matplotlib.figure import Figure

from benchmarks.figures.parts.legends import line_legend
from benchmarks.figures.style import line_styles

NAMES = [f"variant {i}" for i in range(40)]


def test_a_variant_keeps_its_style_in_every_group_of_lines() -> None:
    whole = line_styles(NAMES)
    assert line_styles(NAMES[6:12], NAMES) == {name: whole[name] for name in NAMES[6:12]}
    assert line_styles(NAMES[6:12]) != line_styles(NAMES[6:12], NAMES)  # among themselves they begin anew
    assert line_styles(["other", *NAMES[:2]], NAMES)["other"] == line_styles([*NAMES, "other"])["other"]


def test_many_lines_all_differ_and_six_neighbours_differ_in_colour_dash_and_mark() -> None:
    styles = list(line_styles(NAMES).values())
    assert len(set(styles)) == 40
    for i in range(35):
        assert all(len({style[part] for style in styles[i : i + 6]}) == 6 for part in range(3))


def test_a_legend_shows_the_styles_of_the_panels() -> None:
    figure = Figure()
    line_legend(figure, NAMES[8:10], "title", among=NAMES, titles={NAMES[8]: "Eighth"})
    shown = [(line.get_color(), line.get_marker()) for line in figure.legends[0].get_lines()]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["Eighth", NAMES[9]]
    assert shown == [(style.colour, style.marker) for style in line_styles(NAMES[8:10], NAMES).values()]
