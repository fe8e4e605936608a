"""What the README says is what the registry and the released run say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import formats, guide, store, variant_page
from benchmarks.listing import ladder_table
from benchmarks.tuning import result
from envs import TASKS
from envs.api import Transcript

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
REFERENCE = ROOT / "results" / "reference" / "ladder"


def test_the_ladder_table_is_the_registrys() -> None:
    assert ladder_table() in README


@pytest.mark.parametrize("title", ["Beside the ladder", "Presets of peers"])
def test_the_tables_of_variants_are_the_registrys(title: str) -> None:
    assert variant_page.table(variant_page.groups()[title], of="docs/variants.md") in README


def test_the_headline_table_and_figure_are_the_released_runs() -> None:
    assert (REFERENCE / "tables" / "aggregate.md").read_text().strip() in README
    assert "](results/reference/ladder/figures/ingredients.svg)" in README


def test_links_lead_somewhere() -> None:
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / link).exists(), link


def test_the_released_cells_can_be_read_and_drawn_again() -> None:
    paths = sorted((REFERENCE / "cells").glob("*.parquet"))
    frame = store.read_cells(paths)
    assert frame.groupby(["task", "variant"]).seed.nunique().min() == 10
    assert frame.task.nunique() == 8


def test_every_test_that_the_theory_cites_is_there() -> None:
    theory = (ROOT / "docs" / "theory.md").read_text()
    written = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    cited = set(re.findall(r"\btest_[a-z0-9_]{12,}", theory))
    assert len(cited) > 30
    files = {path.stem for path in (ROOT / "tests").rglob("test_*.py")}
    assert not {name for name in cited - files if f"def {name}(" not in written}


def test_the_decision_guide_is_the_released_runs() -> None:
    assert formats.markdown(guide.collected(REFERENCE.parent)) in README


def test_what_tuning_does_is_what_the_released_studies_say() -> None:
    report = (REFERENCE.parent / "tuning" / "report.md").read_text()
    assert report.split("\n\n")[2] in README
    for title in ("Default against tuned", "Optimism", "Which hyper-parameters matter"):
        said = report.partition(f"## {title}\n\n")[2].partition("\n\n")[0]
        assert said.startswith("- ")
        assert said in README
    studies = result.load_all(REFERENCE.parent / "tuning")
    assert len(studies) == 50
    assert not [t.file_name for t in studies if t.provenance["dirty"]]


def test_the_answer_is_the_released_reports() -> None:
    report = (REFERENCE / "report.md").read_text()
    assert report.split("\n\n")[2] in README
    rungs = report.partition("## What each ingredient buys\n\n")[2].partition("\n\n")[0]
    assert rungs.count("\n- ") == 8
    assert rungs in README


@pytest.mark.parametrize(
    "name",
    [
        "staleness",
        "async_throughput",
        "entropy_schedules",
        "reference_scores",
        "reference_scores_slm",
        "parity",
        "robot_control",
        "games",
        "driving",
    ],
)
def test_findings_are_those_of_the_released_reports(name: str) -> None:
    assert "`" in finding(name)
    assert finding(name) in README


def test_the_walkers_finding_names_no_variant_for_none_is_missed() -> None:
    assert finding("bipedal_walker").startswith("Our means equal or better")
    assert finding("bipedal_walker") in README


def finding(name: str) -> str:
    """The first block of a released report after its warnings."""
    said = (REFERENCE.parent / name / "report.md").read_text().split("\n\n")[2:]
    return next(block for block in said if not block.startswith(">"))


def test_every_control_task_stands_in_its_field() -> None:
    control = [task for task in TASKS.values() if not isinstance(task.spec.observation, Transcript)]
    rows = README.partition("## The control tasks")[2].partition("## Experiments")[0].splitlines()
    for task in control:
        assert any(row.startswith(f"| {task.field} |") and f"`{task.name}`" in row for row in rows), task.name
