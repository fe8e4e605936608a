"""A report page as a browser sees it: nothing asked for, nothing cut off, nothing on top of anything, all of it named."""

from __future__ import annotations

import os
import re
import shutil
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from matplotlib import image

from algorithms.estimators.diagnostics import NAMES
from benchmarks.cli import main as cli
from benchmarks.design.report_blocks import Section, Table
from benchmarks.reports import report
from benchmarks.reports.document import Document
from benchmarks.store.many.frames import MEASURE_COLUMNS
from benchmarks.store.packed import cells_path, rows_path
from tests.benchmarks.reports.chromium import BROWSER, Page, open_page
from tests.benchmarks.synthetic_results import frame, report_input

RELEASED = Path(__file__).resolve().parents[3] / "results" / "reference"
pytestmark = pytest.mark.skipif(
    BROWSER is None,
    reason="Chromium is not installed: apt-get install chromium (Debian's package) to check the report page in a browser",
)

LOOK = r"""(() => {
const said = [], all = (selector, of = document) => [...of.querySelectorAll(selector)], root = document.documentElement;
const short = text => (text || '').trim().replace(/\s+/g, ' ').replace(/^(.{60}).+/, '$1...');
const nameOf = e => `<${e.localName}>` + (s => s && ` "${s}"`)(short(
  e.getAttribute('aria-label') || e.querySelector(':scope > title, :scope > caption')?.textContent
  || e.getAttribute('alt') || (e.id && '#' + e.id) || e.closest('[id]')?.id || e.textContent));
const folded = all('details:not([open])');
folded.forEach(d => { d.open = true });  // what is folded away is looked at as well

if (!root.lang.trim()) said.push('<html> has no lang.');
if (!document.title.trim()) said.push('The page has no <title>.');
if (!all('meta[name=viewport]').some(m => /width/.test(m.content))) said.push('The page has no viewport meta.');
if (all('h1').length !== 1) said.push(`The page has ${all('h1').length} <h1>; it needs one.`);
let level = 1;
for (const h of all('h1, h2, h3, h4, h5, h6')) {
  const here = +h.localName[1];
  if (here > level + 1) said.push(`Heading "${short(h.textContent)}" skips from <h${level}> to <h${here}>.`);
  level = here;
}
const seen = new Map();
for (const e of all('[id]')) seen.set(e.id, (seen.get(e.id) || 0) + 1);
for (const [id, times] of seen) if (times > 1) said.push(`The id "${id}" stands ${times} times.`);
for (const t of all('table')) if (!t.querySelector('th[scope]')) said.push(`${nameOf(t)} has no <th scope>.`);

for (const s of all('script')) said.push(`There is a <script>: "${short(s.src || s.textContent)}".`);
for (const e of all('*')) for (const a of e.attributes) {
  if (/^on/.test(a.name)) said.push(`${nameOf(e)} has a script in ${a.name}.`);
  if (/^(xlink:)?(href|src|srcset|poster|data)$/.test(a.name) && e.localName !== 'a' && !/^\s*(#|data:|$)/.test(a.value))
    said.push(`<${e.localName}> refers to ${short(a.value)}, outside the page; only <a> may.`);
}

const outer = all('svg').filter(s => !s.parentElement.closest('svg'));
for (const i of all('img')) if (!i.alt.trim()) said.push(`<img> has no alt: ${short(i.getAttribute('src'))}.`);
for (const s of outer) if (s.getAttribute('role') !== 'img'
  || !(s.getAttribute('aria-label') || s.querySelector(':scope > title')?.textContent || '').trim())
  said.push(`${nameOf(s)} has no text alternative: role="img" and an aria-label or a <title>.`);

if (root.scrollWidth > root.clientWidth + 1) {
  const right = e => e.getBoundingClientRect().right, limit = root.clientWidth + 1;
  const loose = e => { for (let p = e.parentElement; p && p !== document.body; p = p.parentElement)
    if (getComputedStyle(p).overflowX !== 'visible') return false; return true };
  const spills = e => getComputedStyle(e).overflowX === 'visible' && e.getBoundingClientRect().left + e.scrollWidth > limit;
  const boxes = all('body *').filter(e => right(e) > limit && right(e.parentElement) <= limit && loose(e));
  const words = all('body *').filter(e => spills(e) && ![...e.children].some(spills) && loose(e));
  said.push(`The page is ${root.scrollWidth} px wide in a window of ${root.clientWidth} px, because of ${
    (boxes.length ? boxes : words).slice(0, 3).map(nameOf).join(', ')}.`);
}
for (const s of outer) {
  const box = s.getBoundingClientRect(), here = [];
  for (const t of all('text', s)) {
    const r = t.getBoundingClientRect(), turn = t.getScreenCTM();
    if (!t.textContent.trim() || !r.width || !t.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    const over = Math.max(box.left - r.left, box.top - r.top, r.right - box.right, r.bottom - box.bottom);
    if (over > 1) said.push(`${nameOf(s)}: the text "${short(t.textContent)}" leaves the figure by ${over.toFixed(1)} px.`);
    if (Math.abs(turn.b) + Math.abs(turn.c) < 1e-6) here.push([t, r]);
  }
  const pairs = here.flatMap(([t, p], i) => here.slice(i + 1).filter(([, q]) =>
    Math.min(p.right, q.right) - Math.max(p.left, q.left) > 2 && Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top) > 2
  ).map(([u]) => `"${short(t.textContent)}" and "${short(u.textContent)}"`));
  if (pairs.length) said.push(`${nameOf(s)}: ${pairs.length} pairs of texts overlap: ${pairs.slice(0, 5).join(', ')}.`);
}
folded.forEach(d => { d.open = false });
return said })()"""


def check_page(page: Page) -> list[str]:
    """Complaints about the page as it stands, a sentence each; none is what one wants."""
    seen = page.evaluate(LOOK)  # before the rest: looking may set off a request
    asked = [f"The page asks for {url}." for url in dict.fromkeys(page.requests)]
    return asked + [f"The console says: {error}" for error in page.errors] + seen


GOOD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Made</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body { margin: 8px } .wide { overflow-x: auto } .wide table { width: 2000px }</style></head>
<body><h1>Made</h1><h2 id="a">First</h2><h3 id="b">Under it</h3><h2>Second</h2>
<p><a href="https://example.org/">A link</a> and <a href="figures/made.svg">a file</a></p>
<img alt="a dot" src="data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==">
<div class="wide"><table><caption>Scores</caption><tr><th scope="col">gae</th></tr><tr><td>1</td></tr></table></div>
<details><summary>More</summary><p>folded</p></details>
<figure><svg role="img" aria-label="Curves" width="300" height="100" viewBox="0 0 300 100" font-size="12">
<text x="10" y="50">0.0</text><text x="60" y="50">0.5</text><text x="900" y="9"> </text>
<text x="65" y="95" transform="rotate(-90 65 95)">turned</text></svg></figure></body></html>"""
SAFE = (
    "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
)
DOT = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
CASES: list[tuple[str, str, list[str]]] = [  # what is replaced, by what, and the complaints
    ("", "", []),
    ("</head>", SAFE + "</head>", []),
    ('aria-label="Curves" ', 'id="c" ', ['<svg> "#c" has no text alternative']),
    (' role="img"', "", ['<svg> "Curves" has no text alternative']),
    ('aria-label="Curves"', ">\n<title>Curves</title>", []),
    ('alt="a dot" ', "", ["<img> has no alt: data:image"]),
    ("body {", "h2 { background: url(dot.svg) } body {", ["page asks for file://.*/dot.svg"]),
    (DOT, "dot.svg", ["page asks for file://.*/dot.svg", "<img> refers to dot.svg, outside"]),
    ("</head>", '<link rel="canonical" href="https://example.org/"></head>', ["<link> refers to https://example.org/"]),
    ("</h1>", "</h1><script>console.warn('odd', 3)</script>", ["console says: odd 3", "There is a <script>"]),
    ("</h1>", "</h1><script>throw Error('odd')</script>", ["console says: Uncaught Error: odd", "There is a <script>"]),
    ("<h3", '<h3 onclick="0"', ["has a script in onclick"]),
    ("</h3>", '</h3><p style="width: 2000px" id="p">wide', ['2008 px wide in a window of 390 px, because of <p> "#p"']),
    ("</h3>", "</h3><p>" + "word" * 200 + "</p>", ['px wide in a window of 390 px, because of <p> "wordword']),
    ("overflow-x: auto", "", ['because of <table> "Scores"']),
    ("<p>folded", '<p style="width: 2000px">folded', ['because of <p> "folded"']),
    ('x="60"', 'x="295"', ['"Curves": the text "0.5" leaves the figure by [0-9.]+ px']),
    ("rotate(-90 65 95)", "rotate(-90 65 20)", ['the text "turned" leaves the figure']),
    ('x="60"', 'x="20"', ['"Curves": 1 pairs of texts overlap: "0.0" and "0.5"']),
    ('id="b"', 'id="a"', ['The id "a" stands 2 times']),
    ("h3", "h4", ['"Under it" skips from <h2> to <h4>']),
    ("h3", "h1", ["The page has 2 <h1>"]),
    ("h1", "h2", ["The page has 0 <h1>"]),
    (' lang="en"', "", ["<html> has no lang"]),
    ("<title>Made</title>", "", ["page has no <title>"]),
    (' scope="col"', "", ['<table> "Scores" has no <th scope>']),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One browser for all the small pages; it shows the good one."""
    good = tmp_path_factory.mktemp("page") / "good.html"
    good.write_text(GOOD)
    with open_page(good, 390, 844) as opened:
        yield opened


@pytest.mark.parametrize(("old", "new", "complaints"), CASES, ids=[(c or ["fine"])[0] for _, _, c in CASES])
def test_each_fault_and_no_other_is_seen(page: Page, tmp_path: Path, old: str, new: str, complaints: list[str]) -> None:
    assert old in GOOD
    (tmp_path / "dot.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    (tmp_path / "bad.html").write_text(GOOD.replace(old, new) if old else GOOD)
    page.goto(tmp_path / "bad.html")
    said = check_page(page)
    assert len(said) == len(complaints), said
    for sentence, pattern in zip(said, complaints, strict=True):
        assert re.search(pattern, sentence), sentence


def test_a_phone_needs_the_viewport_meta(tmp_path: Path) -> None:
    path = tmp_path / "phone.html"
    path.write_text(GOOD.replace('name="viewport"', 'name="other"'))
    with open_page(path, 390, 844, mobile=True, media={"prefers-color-scheme": "dark"}) as page:
        assert page.evaluate("[innerWidth, matchMedia('(prefers-color-scheme: dark)').matches]") == [980, True]
        assert check_page(page) == ["The page has no viewport meta."]
        path.write_text(GOOD)
        page.goto(path)
        assert page.evaluate("innerWidth") == 390


def test_pictures_have_the_size_and_colours_asked_for(page: Page, tmp_path: Path) -> None:
    (tmp_path / "red.html").write_text('<body style="margin: 0; height: 3000px; background: #f00">')
    page.goto(tmp_path / "red.html")
    shot = tmp_path / "shot.png"
    width = page.evaluate("document.documentElement.clientWidth")  # less a scroll bar
    for how, shape in (({}, (3000, width)), ({"full": False}, (844, 390)),
                       ({"clip": {"x": 5, "y": 2000, "width": 30, "height": 20}}, (20, 30))):  # fmt: skip
        page.screenshot(shot, **how)
        seen = image.imread(shot)
        assert seen.shape[:2] == shape
        assert (seen[:, :width, :3] == [1, 0, 0]).all()
    page.grey()
    page.screenshot(shot)
    assert len(set(image.imread(shot)[10, 10, :3])) == 1
    page.grey("none")
    page.pdf(tmp_path / "red.pdf")
    assert (tmp_path / "red.pdf").read_bytes().startswith(b"%PDF")


def test_what_goes_wrong_is_said(page: Page, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="ReferenceError: nobody is not defined"):
        page.evaluate("nobody")
    with pytest.raises(RuntimeError, match=r"'Nothing\.here' wasn't found"):
        page.call("Nothing.here")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/late.png"
        (tmp_path / "late.html").write_text(f'<img src="{address}">')
        with pytest.raises(TimeoutError, match=f"load of file://.*late.html; it asked for .*{address}"):
            page.goto(tmp_path / "late.html", timeout=1.0)


def test_no_browser_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spawn, pids = os.posix_spawn, []
    monkeypatch.setattr(os, "posix_spawn", lambda *words, **more: pids.append(spawn(*words, **more)) or pids[-1])
    with pytest.raises(RuntimeError, match="ERR_FILE_NOT_FOUND"), open_page(tmp_path / "nothing.html", 390, 844):
        pass
    (tmp_path / "good.html").write_text(GOOD)
    with pytest.raises(ZeroDivisionError), open_page(tmp_path / "good.html", 390, 844):
        _ = 1 / 0
    assert len(pids) == 2
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_the_report_page_in_a_browser(drawn: Path, tmp_path: Path) -> None:
    for width in (1280, 390):
        with open_page(drawn / "report.html", width, 900, mobile=width < 500) as page:
            assert check_page(page) == []
            page.pdf(tmp_path / "report.pdf")
            assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


def test_long_names_leave_a_phone_room_for_the_first_numbers(tmp_path: Path) -> None:
    rows = {"task": ["dyck/small, 1 ms computed"], "variant": ["two of the actors, and Hogwild"], "score": [0.25]}
    table = Table("t", pd.DataFrame(rows | {"other": [1.5], "a longer name": [2.5]}), "A caption.")
    Document("name", "Which?", "This one.", (Section("One", (table,)),)).write(tmp_path)
    with open_page(tmp_path / "report.html", 390, 900, mobile=True) as page:
        right = page.evaluate("document.querySelector('thead th:nth-child(3)').getBoundingClientRect().right")
        assert right <= 390
        assert check_page(page) == []


def test_long_numbers_have_room_in_every_figure(tmp_path: Path) -> None:
    """Diagnostics between .00301 and .00304, returns of minus a million: their labels are the longest there are."""
    rows = frame()
    rows["eval_return"] = rows["eval_return"] * 1234 - 1e6
    made = report_input(rows, tmp_path)
    step = rows[rows["variant"] != "random"]
    named = [step.assign(measure=name, value=0.00301 + 5e-6 * step["checkpoint"])[MEASURE_COLUMNS] for name in NAMES]
    report.write(replace(made, measures=pd.concat([made.measures, *named]), kinds=(".svg",)))
    with open_page(tmp_path / "report.html", 1280, 900) as page:
        assert check_page(page) == []


@pytest.fixture(scope="module")
def released_pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Reports of three kinds, drawn from the released cells."""
    results = tmp_path_factory.mktemp("results")
    for name in ("causal", "reference_scores", "gradient_quality"):
        for path in (rows_path(RELEASED / name), cells_path(RELEASED / name)):
            shutil.copy(path, results)
        assert cli.main(["report", name, "--results", str(results), "--figures", "svg"]) == 0
    return sorted(results.glob("*/report.html"))


@pytest.mark.xdist_group("released pages")  # which take long to draw: one process draws them
@pytest.mark.parametrize("width", [1280, 390])
def test_the_released_pages_in_a_browser(width: int, released_pages: list[Path]) -> None:
    """At a desktop's and a phone's width."""
    assert len(released_pages) == 3
    with open_page(released_pages[0], width, 900, mobile=width < 500) as page:
        for path in released_pages:
            page.goto(path)
            assert not check_page(page), path.parent.name
