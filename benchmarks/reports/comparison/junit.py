"""The comparison as a JUnit file, which CI services show: a test case for each row, and one for the gate as a whole."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from benchmarks.reports.comparison.comparison import Result

FAILING = ("worse", "lost", "not compared", "no mean in B")  # findings


def junit(result: Result, name: str) -> str:
    """XML: the variants under `variants`, each variant on a task under the task, the violations under `gate`."""
    suite = ElementTree.Element("testsuite", name=name)
    for row in result.by_variant.to_dict("records"):
        _add_case(suite, "variants", row)
    for row in result.by_task.to_dict("records"):
        _add_case(suite, row["task"], row)
    gate = ElementTree.SubElement(suite, "testcase", classname="gate", name="all rules")
    for sentence in result.violations:
        ElementTree.SubElement(gate, "failure", message=sentence)
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    suite.set("failures", str(sum(case.find("failure") is not None for case in cases)))
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _add_case(suite: ElementTree.Element, group: str, row: dict[Any, Any]) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname=group, name=row["variant"])
    tested = row.get("difference")
    text = row["finding"]
    if tested is not None and tested == tested:
        text += f": {tested:+.4g}, 95 % interval [{row['low']:+.4g}, {row['high']:+.4g}], p {row['p_holm']:.3g} (Holm)"
    if row["finding"] in FAILING:
        ElementTree.SubElement(case, "failure", message=text)
    else:
        ElementTree.SubElement(case, "system-out").text = text
