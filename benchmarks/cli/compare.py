"""Compare two folders of results, as a gate.

Exit status 0: B passes. 1: B is shown to be worse, has lost a variant, task or cell of A, diverges more often, or a rule
that you set (--min-seeds, --noninferior) is not met; each is named. 2: the folders cannot be compared.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from benchmarks.cli.options import figure_suffixes
from benchmarks.figures.rendering.width import at_width, parse_width
from benchmarks.reports.comparison import comparison, page
from benchmarks.reports.comparison.gate import Rules
from benchmarks.reports.comparison.junit import junit
from benchmarks.reports.comparison.result_folders import load
from benchmarks.validation.usage import DONE, FAILED, check_folder
from envs.files.writing import write_text


@dataclass(frozen=True)
class Compare:
    """The flags of `compare`."""

    result_a: Annotated[Path, tyro.conf.Positional]  # the earlier results: a folder such as results/reference/ladder
    result_b: Annotated[Path, tyro.conf.Positional]  # the later results
    # a difference of the score, or of the return where a task has no ceiling, below which there is no difference
    margin: float = 0.05
    min_seeds: int | None = None  # status 1 where a variant has fewer seeds on a task, in A or in B
    # status 1 unless every row is shown to be worse by less than this (one-sided t tests)
    noninferior: float | None = None
    out: Path | None = None  # a folder for report.html, report.md, tables and figures
    # --out: file types of each figure: svg, which the page needs, and any of pdf, png and pgf
    figures: str = "svg,pdf,png"
    # --out: width of all figures, as 5.5in (or cm, mm, pt), with type of 7 and 8 points
    figure_width: str | None = None
    junit: Path | None = None  # a file for CI services: a test case for each row, in JUnit's format
    json: bool = False  # one JSON object on standard output

    def __call__(self) -> int:
        suffixes, width = figure_suffixes(self.figures), parse_width(self.figure_width)
        rules = Rules(self.margin, self.min_seeds, self.noninferior)
        a, b = load(self.result_a), load(self.result_b)
        if self.out is not None:
            check_folder(self.out, "--out")
        if self.junit is not None:
            check_folder(self.junit.parent, "--junit")
        result = comparison.compare(a, b, rules.margin, rules.min_seeds, rules.noninferior)
        document = page.document(a, b, result, self.margin)
        print(json.dumps(comparison.as_json(result)) if self.json else document.as_text())
        if self.out is not None:
            with at_width(width):
                print(document.write(self.out, suffixes), file=sys.stderr)
        if self.junit is not None:
            write_text(self.junit, junit(result, f"{self.result_b} against {self.result_a}"))
        for line in result.violations:
            print(f"gate: {line}", file=sys.stderr)
        return FAILED if result.violations else DONE
