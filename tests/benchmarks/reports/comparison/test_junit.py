"""The JUnit file of `compare`: a case for each row, and as many failures as the gate has."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from benchmarks.cli import main as cli
from tests.benchmarks.reports.comparison.test_comparison import folders


def cases(path: Path) -> dict[tuple[str, str], str | None]:
    """(group, name) of each test case, with the message of its failure."""
    suite = ElementTree.parse(path).getroot()
    found = {
        (case.get("classname", ""), case.get("name", "")): None
        if (f := case.find("failure")) is None
        else f.get("message")
        for case in suite.iter("testcase")
    }
    assert int(suite.get("tests", "")) == len(found)
    assert int(suite.get("failures", "")) == sum(message is not None for message in found.values())
    return found


def test_a_regression_is_a_failure_of_its_rows_and_of_the_gate(tmp_path: Path) -> None:
    a, b = folders(tmp_path, moved=-0.2)
    path = tmp_path / "new" / "compare.xml"
    assert cli.main(["compare", str(a), str(b), "--junit", str(path)]) == 1
    found = cases(path)
    assert [*found] == [
        *(("variants", v) for v in ("gae", "ppo")),
        *((task, v) for v in ("gae", "ppo") for task in ("t", "u")),
        ("gate", "all rules"),
    ]
    failed = {key: message for key, message in found.items() if message}
    assert [*failed] == [("variants", "gae"), ("u", "gae"), ("gate", "all rules")]
    assert failed["u", "gae"].startswith("worse: -0.1993, 95 % interval [-0.203, ")
    assert failed["gate", "all rules"] == "B is shown to be worse in 2 places: `gae`, `gae` on u"


def test_a_gate_that_is_passed_has_no_failure(tmp_path: Path) -> None:
    a, _ = folders(tmp_path)
    assert cli.main(["compare", str(a), str(a), "--junit", str(tmp_path / "compare.xml")]) == 0
    assert not any(cases(tmp_path / "compare.xml").values())
