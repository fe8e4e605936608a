"""Documents: the same words twice, tables in three forms, figures that stand alone inside a page."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.figure import Figure

from benchmarks.design.report_blocks import Block, FigureBlock, Notice, Prose, Samples, Section, Table
from benchmarks.figures.rendering.output import save
from benchmarks.figures.style import STYLE
from benchmarks.reports import table_formats
from benchmarks.reports.document import Document

ROWS = pd.DataFrame(
    {
        "variant": ["gae", "a_b"],
        "seeds": [10, 1234],
        "difference": [0.25, -0.0004],
        "low": [0.2, -0.1],
        "high": [0.3, 0.1],
        "p_holm": [0.00012, 1.0],
    }
)


def drawing() -> Figure:
    figure = Figure(figsize=(3, 2), layout="constrained")
    axis = figure.subplots()
    axis.plot([0, 1], [0, 1], clip_on=True)
    axis.set_title("a title")
    return figure


def made(out: Path, *blocks: Block) -> tuple[str, str]:
    """report.md and report.html of one section."""
    path = Document("name", "Which?", "`gae` wins & says so.", (Section("One & all", blocks),), ("few seeds",)).write(
        out
    )
    return path.read_text(), (out / "report.html").read_text()


def test_a_table_is_shown_rounded_and_kept_whole(tmp_path: Path) -> None:
    table = Table("t", ROWS, "A *caption*.", {"variant": [True, False]}, title="Title")
    plain, page = made(tmp_path, table)
    assert "| variant | seeds | difference | 95 % interval | p (Holm) |\n| --- | ---: | ---: | --- | ---: |\n" in plain
    assert "| **gae** | 10 | 0.250 | [0.200, 0.300] | 0.00012 |" in plain
    assert "| a_b | 1,234 | 0.000 | [-0.100, 0.100] | 1 |" in plain  # never -0.000
    assert (tmp_path / "tables" / "t.md").read_text().strip() in plain
    kept = pd.read_csv(tmp_path / "tables" / "t.csv")
    assert kept["difference"].tolist() == [0.25, -0.0004]
    latex = (tmp_path / "tables" / "t.tex").read_text()
    assert r"\toprule" in latex
    assert r"\bfseries gae & 10 & 0.250 & [0.200, 0.300] & 0.00012 \\" in latex
    assert r"a\_b & 1,234" in latex
    assert r"95 \% interval" in latex
    assert '<th scope="row" class="words"><b>gae</b></th><td class="numbers">10</td>' in page
    assert '<table aria-describedby="table-t">' in page
    assert '</div>\n<p class="caption" id="table-t">A <em>caption</em>.' in page  # it does not scroll with the table


def test_a_long_table_is_a_link(tmp_path: Path) -> None:
    rows = pd.concat([ROWS] * 31)
    plain, page = made(tmp_path, Table("long", rows))
    assert "62 rows, in [tables/long.md](tables/long.md)" in plain
    assert "62 rows, too many to show here" in page
    assert len((tmp_path / "tables" / "long.md").read_text().splitlines()) == 64


def test_an_empty_table_says_so(tmp_path: Path) -> None:
    plain, page = made(tmp_path, Table("none", pd.DataFrame()))
    assert "(no rows)" in plain
    assert "No rows." in page


def test_words_are_escaped_and_rendered(tmp_path: Path) -> None:
    blocks = (Prose("- `a` <b> & **c**"), Notice("mind"), Samples("t: samples", ("a  <b>", "   c")))
    plain, page = made(tmp_path, *blocks)
    assert "- `a` <b> & **c**" in plain
    assert "<li><code>a</code> &lt;b&gt; &amp; <strong>c</strong></li>" in page
    assert "> **mind**" in plain
    assert '<div class="warning"><p>mind</p>' in page
    assert "```\na  <b>\n   c\n```" in plain
    assert "a  &lt;b&gt;\n   c</pre>" in page
    assert "<p><code>gae</code> wins &amp; says so.</p>" in page
    assert '<h2 id="one-all">One &amp; all</h2>' in page
    assert "few seeds" in page


def test_figures_come_in_three_forms_and_stand_inside_the_page(tmp_path: Path) -> None:
    two = [FigureBlock(name, drawing, "what `it` shows") for name in ("first", "second")]
    plain, page = made(tmp_path, *two)
    assert "![what `it` shows.](figures/first.svg)" in plain
    for name in ("first", "second"):
        for suffix in (".svg", ".pdf", ".png"):
            assert (tmp_path / "figures" / f"{name}{suffix}").stat().st_size > 500
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))  # two equal figures in one page
    used = set(re.findall(r"url\(#([^)]+)\)", page)) | set(re.findall(r'href="#([^"]+)"', page))
    assert used <= set(ids)
    assert page.count('<svg role="img" aria-label="what it shows."') == 2
    assert "<metadata>" not in page
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


def test_a_files_numbers_do_not_depend_on_the_day(tmp_path: Path) -> None:
    for name in ("a", "b"):
        made(tmp_path / name, FigureBlock("f", drawing, "c"))
    for path in (tmp_path / "a").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes(), path.name


def test_what_an_earlier_report_left_is_removed(tmp_path: Path) -> None:
    made(tmp_path, Table("old", ROWS), FigureBlock("gone", drawing, "c"))
    (tmp_path / "tables" / "notes.txt").write_text("mine")
    (tmp_path / "cells").mkdir()
    (tmp_path / "cells" / "x.md").write_text("mine")
    made(tmp_path, Table("sub/new", ROWS))
    left = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.*") if p.is_file()}
    new = {f"tables/sub/new{suffix}" for suffix in (".csv", ".md", ".tex")}
    assert left == {"report.md", "report.html", "tables/notes.txt", "cells/x.md", *new}


def test_a_text_for_a_terminal_has_no_figures(tmp_path: Path) -> None:
    section = Section("One", (FigureBlock("f", partial(drawing), "c"), Prose("words")))
    text = Document("n", "Q?", "V.", (section,)).as_text()
    assert "words" in text
    assert "![" not in text


def test_settled_titles_stay_where_the_layout_put_them(tmp_path: Path) -> None:
    """Freezing the places of titles is a matter of speed alone: the files are those of an untouched draw."""
    with mpl.rc_context(STYLE):
        figure = drawing()
        figure.savefig(tmp_path / "plain.svg", metadata={"Date": None, "Creator": None})
    save(drawing(), tmp_path / "ours")
    where = [
        re.findall(r"translate\(([\d.]+) ([\d.]+)\)", (tmp_path / f"{n}.svg").read_text()) for n in ("plain", "ours")
    ]
    assert len(where[0]) == len(where[1])
    for a, b in zip(*where, strict=True):
        assert [float(x) for x in a] == pytest.approx([float(x) for x in b], abs=0.6)


@pytest.mark.parametrize("places", [None, 3])
def test_small_numbers(places: int | None) -> None:
    assert table_formats.number(0.00061, places) == ("0.00061" if places is None else "0.001")
    assert table_formats.number(-0.0001, places) == ("-0.0001" if places is None else "0.000")


def test_sections_are_gathered_in_groups_and_the_later_ones_are_folded(tmp_path: Path) -> None:
    groups = (("One", "Answer"), ("Two", "Evidence"), ("Three", "Evidence"), ("Four", "Learning"))
    sections = tuple(Section(title, (Prose(f"Text of {title}."),), group) for title, group in groups)
    Document("made", "Which?", "None.", sections).write(tmp_path)
    page = (tmp_path / "report.html").read_text()
    contents = re.sub(r"\s+", " ", page.partition("<nav")[2].partition("</nav>")[0])
    assert re.findall(r'class="kind">(\w+)<|">(\w+)</a>', contents) == [
        ("Answer", ""), ("", "One"), ("Evidence", ""), ("", "Two"), ("", "Three"), ("Learning", ""), ("", "Four"),
    ]  # fmt: skip
    opened, _, folded = page.partition("<details><summary>Learning</summary>")
    assert "Text of Three." in opened
    assert "Text of Four." in folded.partition("</details>")[0]
    assert page.count("<details>") == 1


def test_names_in_the_sentences_of_a_table_are_code_and_names_alone_are_as_they_are(tmp_path: Path) -> None:
    table = Table("guide", pd.DataFrame({"use": ["`gae` (0.85)", "a_b"]}))
    _, page = made(tmp_path, table)
    assert '<th scope="row" class="words"><code>gae</code> (0.85)</th>' in page
    assert '<th scope="row" class="words">a_b</th>' in page


def test_what_may_scroll_sideways_says_so_inside_its_scroller(tmp_path: Path) -> None:
    """There the browser's own scroll state decides; the classes are for browsers that have none."""
    wide = pd.DataFrame({f"column {i}": ["0.123456"] for i in range(20)})
    _, page = made(tmp_path, Table("w", wide), FigureBlock("f", drawing, "A caption"), Samples("S", ("a long line",)))
    marks = re.findall(r'<div class="wide" tabindex="0">\s*<p class="scrolls ([^"]*)">([^<]*)</p>', page)
    assert marks == [
        ("page phone", "20 columns; scroll sideways for the rest &rarr;"),
        ("phone", "Scroll sideways for the rest &rarr;"),
        ("", "Scroll sideways for the rest &rarr;"),
    ]


def test_captions_end_in_one_full_stop() -> None:
    assert [FigureBlock("f", drawing, text).caption for text in ("A", "A.", "")] == ["A.", "A.", ""]
