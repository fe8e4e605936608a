"""What the README and the docs say is what the registry and the released runs say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.cli.guide import collected_guide
from benchmarks.reports import table_formats
from benchmarks.store.sources import read_cells, stored_cells
from benchmarks.tuning import result
from docs._scripts import marks, write
from docs._scripts.blocks import theory
from docs._scripts.released import FOLDER, Released
from envs import TASKS
from envs.api import Transcript
from tests.documentation.stated_numbers import measurements

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
RESULTS = (ROOT / "docs" / "results.md").read_text()
REFERENCE = ROOT / "results" / "reference" / "ladder"
RELEASED = Released(ROOT / FOLDER, drawn=False)


INTERVAL, TEST, PYTHON = "the level of the intervals", "the level of the tests", "a version of Python"
PACKAGE = "a version of a package"
POWER = "the power at which a detectable difference is stated"
# numbers that look like measurements and are none, by page; a whole word each, with the reason
ALLOWED = {
    "README.md": {"95 %": INTERVAL, "3.11": PYTHON},
    "README.zh.md": {"95 %": INTERVAL, "3.11": PYTHON},
    "docs/glossary.md": {"95 %": INTERVAL, ".8": POWER},
    "docs/reading-a-report.md": {"95 %": INTERVAL, ".05": TEST, ".8": POWER},
    "docs/commands.md": {".05": TEST},
    "docs/judge.md": {".05": TEST},
    "docs/ecosystem.md": dict.fromkeys(("0.43", "0.31", "2.21", "0.10", "0.4", "1.16", "0.21"), PACKAGE)
    | {"-9": "a return, as a user gives it"},
    "docs/results.md": {".05": TEST},
    "docs/performance.md": {"1 ms": "a setting of the experiment async_throughput"},
    "docs/limits.md": {".003": "a learning rate, a setting"},
    "docs/slurm.md": {"15 seconds": "a setting of claims", "2 %": "a setting of the simulation"},
    "docs/other-libraries.md": {".3": "a setting", "4.9": "a version of a package"},
    "docs/installation.md": dict.fromkeys(("3.11", "3.12", "3.13", "3.14"), PYTHON),
    "docs/theory.md": {
        ".95": "causal/small pays it by its definition; a bound of the test named there",
        ".90": "causal/small pays it by its definition",
        ".15": "a cost in a task's definition",
        ".78": "(1 - 4^-4)^64",
        "-4": "an exponent",
        ".99": "a discount, a setting",
        ".9": "a discount, a setting",
        ".97": "a bound of the test named there",
        "1.386 nats": "log 4",
        **dict.fromkeys(
            (".324", ".137", ".172", ".125", ".084", ".031"),
            "test_the_variance_of_one_episode_at_the_uniform_table asserts it",
        ),
        **dict.fromkeys(
            ("1.1", "1.2", "1.3", "1.4", "3.1", "3.2", "3.3", "3.4", "4.1", "4.2"), "a section of the article"
        ),
    },
    "docs/tuning.md": {".05": "the level of a test"},
}


def test_every_generated_block_and_page_is_up_to_date() -> None:
    """`nox -s docs` writes them; what is named here is stale."""
    assert write.stale(ROOT) == []


def test_a_number_that_is_not_the_released_one_is_found_by_its_block() -> None:
    changed = RESULTS.replace("| reinforce | 0.450 |", "| reinforce | 0.950 |")
    assert changed != RESULTS
    assert marks.stale(changed, write.blocks(RELEASED)) == ["ladder-scores"]


TOLD = ("tuning", "staleness", "async_throughput", "reference_scores", "reference_scores_slm", "parity", "robot_control",
        "bipedal_walker", "games", "driving")  # fmt: skip
ANSWERS = {f"answer-{name}" for name in ("ladder", "rlhf_exact", "rlhf", "alignment")}
HELD = {
    "README.md": {"ladder-short", "ladder-seconds", "guide-short", *ANSWERS},
    "README.zh.md": {"ladder-short", "guide-short", *ANSWERS},
    "docs/results.md": {"ladder-scores", "ladder-ingredients", "ladder-seconds", "tuning-sections", "experiments",
                        "q-learning", *(f"answer-{name}" for name in TOLD), *(ANSWERS - {"answer-ladder"})},
    "docs/ladder.md": {"ladder-rungs", "variants", "presets"},
    "docs/which-variant.md": {"guide", "ppo-speed"},
    "docs/performance.md": {"speed", "speed-cells", "speed-text"},
    "docs/limits.md": {"rates-at-ends"},
}  # fmt: skip


@pytest.mark.parametrize("page", HELD)
def test_the_pages_hold_their_blocks(page: str) -> None:
    """A block that is deleted is not stale, so what a page must have is listed."""
    assert HELD[page] <= set(marks.names((ROOT / page).read_text()))


def test_the_theory_and_the_readme_hold_what_is_theirs() -> None:
    assert set(marks.names((ROOT / "docs" / "theory.md").read_text())) == set(theory.blocks(RELEASED))
    assert "](results/reference/ladder/figures/ingredients.svg)" in README
    assert len(README.splitlines()) <= 130


@pytest.mark.parametrize(
    "page", [p for p in write.hand_written(ROOT) if p.name != "CHANGELOG.md"], ids=lambda p: p.stem
)
def test_no_measurement_stands_outside_the_generated_blocks(page: Path) -> None:
    allowed = ALLOWED.get(str(page.relative_to(ROOT)), {})
    assert [found for found in measurements(page.read_text()) if found not in allowed] == []


def test_what_looks_like_a_measurement() -> None:
    page = (
        "`x` .5 ended at 0.91 after 9 minutes 39 seconds, +3 for [a](b-1.5.md) on Python 3.11: 1,143 steps a second.\n"
    )
    page += "```\n1.5\n```\n\n    2.5\n\nA <!-- generated: a -->0.7<!-- end --> of 10 seeds, 35 %, CartPole-v1.\n"
    assert measurements(page) == [".5", "0.91", "9 minutes", "39 seconds", "+3", "3.11", "1,143 steps a second", "35 %"]


def test_no_duration_is_promised() -> None:
    """What a run took is generated; what it will take on another machine nobody knows."""
    for name in ("README.md", "CONTRIBUTING.md", "noxfile.py"):
        text = marks.without_blocks((ROOT / name).read_text())
        found = re.findall(r"(?:\d+|one|two|five|ten|twenty|some) (?:minutes|hours)", text)
        assert not found, name


def test_links_lead_somewhere() -> None:
    for page in ("README.md", "README.zh.md"):
        for link in re.findall(r"\]\((?!http)([^)#]+)\)", (ROOT / page).read_text()):
            assert (ROOT / link).exists(), link


def test_the_released_cells_can_be_read_and_drawn_again() -> None:
    paths = stored_cells(REFERENCE)
    frame = read_cells(paths)
    assert frame.groupby(["task", "variant"]).seed.nunique().min() == 30
    assert frame.task.nunique() == 8


def test_every_test_that_the_theory_cites_is_there() -> None:
    theory = (ROOT / "docs" / "theory.md").read_text()
    written = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    cited = set(re.findall(r"\btest_[a-z0-9_]{12,}", theory))
    assert len(cited) > 30
    files = {path.stem for path in (ROOT / "tests").rglob("test_*.py")}
    assert not {name for name in cited - files if f"def {name}(" not in written}


def test_the_decision_guide_is_the_released_runs() -> None:
    """The block reads the reports' own tables; this reads the cells."""
    assert table_formats.markdown(collected_guide(REFERENCE.parent)) in (ROOT / "docs" / "which-variant.md").read_text()


def test_the_released_studies_are_whole_and_of_committed_code() -> None:
    studies = result.load_all(REFERENCE.parent / "tuning")
    assert len(studies) == 50
    assert not [t.file_name for t in studies if t.provenance["dirty"]]


def test_every_control_task_stands_in_its_field() -> None:
    control = [task for task in TASKS.values() if not isinstance(task.spec.observation, Transcript)]
    rows = (ROOT / "docs" / "control-tasks.md").read_text().splitlines()
    for task in control:
        assert any(row.startswith(f"| {task.field} |") and f"`{task.name}`" in row for row in rows), task.name
