"""What the figures call tasks and variants, and what to type for them."""

from __future__ import annotations

import pandas as pd

from benchmarks.design.report_blocks import Section, Table
from benchmarks.reports.inputs import ReportInput


def names(report: ReportInput) -> Section:
    """A row for each task and variant whose name is not the one in the figures."""
    suite = report.suite
    rows = [
        {"in figures": suite.title(name), "to type": name, "kind": kind}
        for kind, known in (("variant", suite.present), ("task", list(suite.scales)))
        for name in known
        if suite.title(name) != name
    ]
    caption = "Tables and commands use the name to type."
    return Section("Names in figures", (Table("names", pd.DataFrame(rows), caption),) if rows else ())
