"""PGF is written without TeX, is the same each time, and holds no text that LaTeX would read as a command."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib as mpl
import pytest

from benchmarks.figures.layout import grid, name_rows
from benchmarks.figures.rendering import output, pgf
from benchmarks.figures.rendering.width import at_width
from benchmarks.figures.style import STYLE

ROWS = ["50 % & a_b", "${x}$ #1 ~^\\", "Value baseline"]


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PATH", str(tmp_path))  # no TeX anywhere
    with at_width(5.5), mpl.rc_context(STYLE):
        made = grid(1, 1, 1.0)
        name_rows(made.panels[0], ROWS)
        made.panels[0].set_title("one title\nin two lines")
    (path,) = output.save(made.figure, tmp_path / "made", [".pgf"])
    return path.read_text()


def test_it_has_its_width_and_balanced_braces(written: str) -> None:
    assert r"\pgfpathrectangle{\pgfpointorigin}{\pgfqpoint{5.500000in}" in written
    plain = re.sub(r"\\[{}\\]", "", written)
    assert plain.count("{") == plain.count("}")
    assert written.count(r"\begin{pgfpicture}") == written.count(r"\end{pgfpicture}") == 1


def test_names_are_escaped_and_type_is_of_7_and_8_points(written: str) -> None:
    assert r"50 \% \& a\_b" in written
    assert r"\$\{x\}\$ \#1 \textasciitilde{}\textasciicircum{}\textbackslash{}" in written
    assert {*re.findall(r"\\fontsize\{([\d.]+)\}", written)} == {"7.000000", "8.000000"}


def test_texts_stand_where_they_are_aligned_whatever_font_sets_them(written: str) -> None:
    lines = {
        name: line
        for line in written.splitlines()
        for name in ("Value baseline", "one title", "in two")
        if name in line
    }
    assert re.search(r"\\pgftext\[x=[\d.]+in,y=[\d.]+in,right,base\]", lines["Value baseline"])
    assert re.search(r"\\pgftext\[x=[\d.]+in,y=[\d.]+in,,base\]", lines["one title"])
    middles = [float(re.search(r"x=([\d.]+)in", lines[name])[1]) for name in ("one title", "in two")]  # type: ignore[index]
    assert middles[0] == pytest.approx(middles[1], abs=0.01)


@pytest.mark.parametrize(
    ("text", "latex"), [("a", "a"), ("\N{MINUS SIGN}1", r"\ensuremath{-}1"), ("τ", r"\ensuremath{\tau}")]
)
def test_what_latex_has_no_letter_for(text: str, latex: str) -> None:
    assert pgf.escaped(text) == latex


def test_pdf_holds_its_letters_as_truetype(tmp_path: Path) -> None:
    with mpl.rc_context(STYLE):
        made = grid(1, 1, 1.0)
        made.panels[0].set_title("letters")
    (path,) = output.save(made.figure, tmp_path / "made", [".pdf"])
    assert b"/FontFile2" in path.read_bytes()  # fonttype 42: journals refuse type 3
    assert b"/Type3" not in path.read_bytes()
