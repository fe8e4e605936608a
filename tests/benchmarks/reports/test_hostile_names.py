"""Names and texts of the user's in reports: shown as they are in Markdown, HTML and LaTeX, never run, loaded or lost."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from markdown_it import MarkdownIt

import algorithms
import envs
from benchmarks.design.cells import single_cells
from benchmarks.design.report_blocks import Prose, Samples, Section, Table
from benchmarks.execution.display.progress import Display
from benchmarks.execution.engine import Message
from benchmarks.execution.jobs import CellJob
from benchmarks.figures.rendering import text_fitting
from benchmarks.reports import markup, render, report, table_formats
from benchmarks.reports.comparison import comparison, page, result_folders
from benchmarks.reports.document import Document
from benchmarks.store.cells import save_rows
from benchmarks.store.descriptions import digest
from benchmarks.store.file_names import file_names, file_safe
from benchmarks.store.sources import read_cells, read_meta
from benchmarks.store.suite import Suite
from tests.benchmarks import synthetic_results
from tests.benchmarks.reports.chromium import BROWSER, open_page

NAMES = [
    "a|b", "a$b$c", "`x`", "a`b", "``", "_a_", "**b**", "a*b*c", "a\\|b", "a\\", "#x", "- x", "> q", "~~s~~",
    "&lt;", "a&b%c#d", "<script>alert(1)</script>", "<img src=http://evil.example/a.png>", "<!-- c -->",
    "![x](http://evil.example/b.png)", "[x](javascript:alert(1))", "日本語", "v" * 240, ".hidden", "../../up",
    "[x]", "*x",
]  # fmt: skip


def markdown() -> MarkdownIt:
    """A reader of Markdown that lets HTML through, as many do."""
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def elements(page: str) -> list[tuple[str, dict[str, str | None]]]:
    """Every element of a page with its attributes."""
    found: list[tuple[str, dict[str, str | None]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, dict(attrs)))

    Reader().feed(page)
    return found


def text_of(rendered: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", rendered))


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_shown_exactly(name: str) -> None:
    """In a cell of a table, and in a sentence both bare and between backticks."""
    strange = markup.need_escaping([name])
    table = markdown().render(f"| h | i |\n| --- | --- |\n| {markup.table_cell(name, strange)} | 1 |\n")
    assert [html.unescape(c) for c in re.findall(r"<td>(.*?)</td>", table)] == [name, "1"]
    said = markdown().renderInline(markup.with_exact_names(f"`{name}` gains 0.1 on {name}, p < .05.", strange))
    assert text_of(said) == f"{name} gains 0.1 on {name}, p < .05."
    assert not re.search(r"<(?!/?(code|em|strong)>)", said)


def test_plain_names_and_sentences_stay_as_they_were() -> None:
    for name in (
        "reward_to_go",
        "dyck/small, 1 ms waited",
        "lag 8 + V-trace",
        "sb3:a2c",
        "copy shift=0",
        "[0.2, 0.3]",
        "-",
    ):
        assert markup.table_cell(name) == name
        assert markup.need_escaping([name]) == ()
    said = "`ppo` against `gae`: +0.2 [+0.1, +0.3] (p < .05, **shown**); a_b & c."
    assert markup.with_exact_names(said, ("a|b",)) == said


def test_what_slips_into_prose_has_no_power() -> None:
    """A text that nobody announced as a name: no tag, no entity, no link; a code span is left as it is."""
    assert markup.without_html("a <script>x</script> `<b c>` [t](u)") == "a &lt;script>x&lt;/script> `<b c>` [t\\](u)"
    assert markup.without_html(r"[t\\](u)") == r"[t\\\](u)"  # an escaped backslash escapes nothing
    for text in ("<script>", "![x](http://e)", "&lt;", "a\\](b)"):
        assert markup.without_html(markup.escaped(text)) == markup.escaped(text)  # once is enough
    page = render.markdown_to_html("<script>1</script> ![i](http://e/i.png) [l](http://e) <http://e>\n\n[r]: http://e")
    assert not re.search(r"<(script|img|a)\b", page)


def test_a_table_in_three_forms(tmp_path: Path) -> None:
    frame = pd.DataFrame({"variant": ["[x] & 100% #_~^\\ {$}", "a|b", "two\nlines"], "t|u": [1.0, 2.0, 3.0]})
    Document("d", "Q?", "V.", (Section("S", (Table("t", frame),)),)).write(tmp_path)
    rows = (tmp_path / "tables" / "t.md").read_text().splitlines()
    assert rows[0] == "| variant | t\\|u |"
    assert rows[-1] == "| two lines | 3 |"
    latex = (tmp_path / "tables" / "t.tex").read_text()
    assert r"{[}x] \& 100\% \#\_\textasciitilde \textasciicircum \textbackslash \space \{\$\} & 1 \\" in latex
    assert pd.read_csv(tmp_path / "tables" / "t.csv")["variant"].tolist() == frame["variant"].tolist()


def test_samples_cannot_leave_their_block() -> None:
    block = Samples("<b onclick=1>", ("```", "<script>1</script>", "# heading"))
    text = Document("d", "Q?", "V.", (Section("S", (block, Prose("after"))),)).as_markdown()
    page = markdown().render(text)
    assert "<script" not in page
    assert page.count("<h1>") == 1
    assert "<p>after</p>" in page


def test_file_names_are_short_visible_and_apart() -> None:
    assert file_safe("dyck/small") == "dyck-small"  # as ever: names of files that exist do not move
    assert file_safe("lag 8 + capped sequence IS") == "lag-8-+-capped-sequence-IS"
    for name in ("v" * 240, "长" * 80):
        assert len(file_safe(name).encode()) <= 64
    assert file_safe("v" * 240) != file_safe("v" * 239)
    assert file_safe(".hidden") == "-hidden"
    assert file_safe("../../up") == "--..-up"
    assert file_safe("") == "-"
    found = file_names(["a|b", "a$b", "A-b", "c"])
    assert found["a|b"] == "a-b"
    assert found["c"] == "c"
    assert len({f.lower() for f in found.values()}) == 4


def test_labels_are_cut_in_the_middle() -> None:
    assert text_fitting.shortened("like_openrlhf_reinforce_pp  (over reinforce)") == (
        "like_openrlhf_reinforce_pp  (over reinforce)"
    )
    assert text_fitting.shortened("a" * 120 + "b" * 120) == "a" * 11 + "..." + "b" * 10
    assert text_fitting.shortened("n = 3\n" + "w " * 60, 48, 20) == "n = 3\n" + "w w w w w...w w w w "


VARIANTS = {
    "gae": "<img src=http://evil.example/a.png onerror=alert(1)>",
    "ppo": "a|b `c` $x_{$ & 100% #_~^\\",
    "reward_to_go": "日本語の変種",
    "baseline_loo": "v" * 240,
    "reinforce": "![x](http://evil.example/b.png)",
}
TASKS = {
    "CartPole-v1": "t$a$b|c<script>alert(2)</script>",
    "transduce/reverse-medium": "../../" + "长" * 80,
    "gymnasium:MountainCar-v0": "[*x*](http://evil.example) " + "w " * 100,
}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole report of such names, texts, messages and provenance."""
    out = tmp_path_factory.mktemp("hostile")
    frame = synthetic_results.frame(seeds=10, checkpoints=3)
    frame["variant"], frame["task"] = frame["variant"].replace(VARIANTS), frame["task"].replace(TASKS)
    scales = {TASKS[task]: scale for task, scale in synthetic_results.SCALES.items()}
    suite = Suite(frame, scales, [VARIANTS.get(v, v) for v in (*synthetic_results.RUNGS, "random")])
    parents = {VARIANTS.get(v, v): p and VARIANTS.get(p, p) for v, p in synthetic_results.PARENTS.items()}
    report.write(
        replace(
            synthetic_results.report_input(synthetic_results.frame(), out),
            suite=suite,
            measures=synthetic_results.measures_of(frame),
            texts={TASKS["CartPole-v1"]: {"untrained": ["```", "<script>alert(3)</script>"]}},
            parents=parents,
            changes=dict.fromkeys(parents, "<b onclick=alert(6)>changes</b> | x"),
            failures=(
                "x: ValueError: <script>alert(4)</script> ![y](http://evil.example/c.png)\nTraceback\n```\n<script>",
            ),
            provenance={"commit": "<script>alert(5)</script>"},
            kinds=(".svg",),
        )
    )
    return out


def test_a_hostile_report_as_markdown(hostile: Path) -> None:
    text = (hostile / "report.md").read_text()
    page = markdown().render(text)
    assert not re.search(r"<(script|b |a )", page)
    assert set(re.findall(r'<img src="([^"]*)"', page)) == {
        f"figures/{path.name}" for path in (hostile / "figures").glob("*.svg")
    }
    first = re.findall(r"<tr>\n<td>(.*?)</td>", page)
    shown = {html.unescape(re.sub("</?strong>", "", cell)) for cell in first}
    assert {*VARIANTS.values()} <= shown
    assert (
        len({len(re.findall("<t[dh]", row)) for row in re.findall(r"<tr>.*?</tr>", page.split("<table>")[1], re.S)})
        == 1
    )


def test_a_hostile_report_as_a_page(hostile: Path) -> None:
    page = (hostile / "report.html").read_text()
    found = elements(page)
    assert not {"script", "img", "iframe", "object", "embed", "form"} & {tag for tag, _ in found}
    assert not [name for _, attributes in found for name in attributes if name.startswith("on")]
    assert [attributes for tag, attributes in found if tag == "link"] == [{"rel": "icon", "href": "data:,"}]
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in page
    assert html.escape(VARIANTS["gae"]) in page


@pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed: apt-get install chromium")
def test_a_hostile_page_in_a_browser(hostile: Path) -> None:
    from tests.benchmarks.reports.test_page import check_page

    with open_page(hostile / "report.html", 1280, 900) as page:
        assert check_page(page) == []  # no request, no script, no label cut off or on top of another
        # the policy itself: an image that got in all the same would not be asked for
        page.evaluate("document.body.append(Object.assign(new Image(), {src: 'http://evil.example/d.png'}))")
        page.evaluate("new Promise(done => setTimeout(done, 200))")
        assert any("Content Security Policy" in error for error in page.errors)


def test_a_comparison_of_hostile_names(tmp_path: Path) -> None:
    import numpy as np

    rng = np.random.default_rng(0)
    name = "<script>`|$"
    for side in "ab":
        score = np.linspace(0, 1, 3)[:, None] * rng.uniform(0.4, 0.6, 6)
        path = synthetic_results.write_cell(tmp_path / side, "t", "made", range(6), score)
        meta = read_meta(path)
        meta["cell"]["algorithm"]["name"] = name
        rows = read_cells([path]).assign(variant=name, measures=[[]] * 18)
        own = digest(meta["cell"], results_version=meta["provenance"]["results_version"])
        path.unlink()
        save_rows(path.with_name(f"t__made__seeds0-5__{own}.parquet"), rows.to_dict("records"), meta)
    a, b = result_folders.load(tmp_path / "a"), result_folders.load(tmp_path / "b")
    text = page.document(a, b, comparison.compare(a, b, 0.05), 0.05).as_markdown()
    assert "<script" not in text
    assert "&lt;script>\\`\\|\\$" in text
    assert (
        table_formats.markdown(pd.DataFrame({"v": [name]}), names=(name,)).splitlines()[-1]
        == "| &lt;script>\\`\\|\\$ |"
    )


def test_a_message_in_square_brackets_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """rich takes [/x] for the end of a style and raises where none began."""
    (cell,) = single_cells(envs.TASKS["bandit/small"], algorithms.VARIANTS["gae"], 1, 1000, ())
    with Display([CellJob(cell, Path("x"))], 0) as display:
        display.show(Message(0, ended=True, error="KeyError: [/x] [red]"))
    assert "failed bandit/small x gae: KeyError: [/x] [red]" in " ".join(capsys.readouterr().err.split())
