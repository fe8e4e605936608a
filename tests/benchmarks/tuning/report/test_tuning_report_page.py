"""Reports of odd studies, and the page in a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.tuning.figures.budget import draw_budget
from benchmarks.tuning.report.report import compose, write
from tests.benchmarks.reports.chromium import BROWSER, Page, open_page
from tests.benchmarks.reports.test_page import check_page
from tests.benchmarks.tuning.report.odd_studies import ODD
from tests.benchmarks.tuning.report.synthetic_studies import TASKS, lifelike, of, study

LIFELIKE = {
    "one": [("ppo", TASKS[0])],
    "several": [(v, task) for v in ("like_openrlhf_reinforce_pp", "ppo") for task in (TASKS[0], TASKS[-1])],
}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page | None]:
    """One browser for all pages, or none."""
    if BROWSER is None:
        yield None
        return
    blank = tmp_path_factory.mktemp("page") / "blank.html"
    blank.write_text("<!doctype html>")
    with open_page(blank, 1280, 900) as opened:
        yield opened


def looked_at(page: Page | None, path: Path) -> list[str]:
    """What is wrong with a page at a desktop's and a phone's width."""
    complaints = []
    for width in (1280, 390) if page else ():
        page.emulate(width, 900, mobile=width < 500)
        page.goto(path)
        complaints += check_page(page)
    return complaints


@pytest.mark.parametrize("name", ODD)
def test_odd_studies_have_a_report(name: str, tmp_path: Path, page: Page | None) -> None:
    text = write("odd", "Is tuned better?", ODD[name], tmp_path, (".svg",)).read_text()
    assert not re.search(r"\bnan\b", text, re.IGNORECASE)
    assert ("## Default against tuned" in text) == bool(ODD[name])
    assert looked_at(page, tmp_path / "report.html") == []


@pytest.mark.parametrize("name", LIFELIKE)
def test_the_page_in_a_browser(name: str, tmp_path: Path, page: Page | None) -> None:
    studies = [lifelike(v, [task], trials=12, pruned=name == "one") for v, task in LIFELIKE[name]]
    write("made", "Does the ranking survive tuning?", studies, tmp_path, (".svg",))
    assert looked_at(page, tmp_path / "report.html") == []


def test_studies_of_one_name_are_told_apart() -> None:
    assert list(of(*ODD["twice"]).variants) == ["gae (made)", "gae (other)", "gae (made) 2"]
    assert list(of(study("ppo"), study("zeta"), study("reinforce")).variants) == ["reinforce", "ppo", "zeta"]


def test_the_same_studies_give_the_same_files(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write("same", "?", [study("a"), study("b")], tmp_path / folder, (".svg",))
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.*"))
    assert len(files) > 30
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file


def test_figures_hold_at_most_six_variants_apart() -> None:
    many = of(*(study(v) for v in "abcdefgh"))
    names = [b.name for s in compose("made", "?", list(many.studies.values())).sections for b in s.blocks
             if hasattr(b, "draw")]  # fmt: skip
    assert {"budget_1", "budget_2", "sensitivity_cartpole-v1_1", "sensitivity_cartpole-v1_2"} <= set(names)
    assert len(set(names)) == len(names)
    figure = draw_budget(many, list("ab"))
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["A", "B", "default"]
