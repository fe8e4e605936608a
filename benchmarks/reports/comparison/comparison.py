"""Two folders of results compared: two versions of the code, two machines, two settings. It also serves as a gate.

Every shared variant is compared over the shared tasks and on each of them. Equal seeds are compared in pairs, others by
Welch's test. A regression is a loss that a corrected test shows. Each of the two families (variants, and variants x tasks)
raises a false alarm with probability .025 at most. gate.py defines when a gate fails.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from benchmarks.design.scales import check_agree, scales_from_cells
from benchmarks.loading import common_steps
from benchmarks.loading.limits import task_limits
from benchmarks.loading.titles import variant_titles
from benchmarks.reports.comparison import gate
from benchmarks.reports.comparison.gate import Rules
from benchmarks.reports.comparison.result_folders import ResultFolder, cell_key
from benchmarks.statistics import divergence
from benchmarks.statistics.comparison_tables import suite_table, task_table
from benchmarks.statistics.comparisons import Pair
from benchmarks.statistics.families import Ledger, decide_pairs
from benchmarks.statistics.tests import LEVEL
from benchmarks.store.suite import Suite
from envs.validation import UsageError

VARIANTS = "variants"  # the family of whole suites
NO_MEAN = ("no mean in B", "no mean in A")  # all members diverged or returned no finite number
NOT_COMPARED = "not compared"
UNTESTED = ("lost", NOT_COMPARED, *NO_MEAN)  # findings of rows that have no numbers


@dataclass(frozen=True)
class Result:
    """Tables with a row per variant and per (variant, task), and the suite, whose variants are labelled A or B.

    violations  why B fails the gate, one sentence each
    """

    by_variant: pd.DataFrame
    by_task: pd.DataFrame
    suite: Suite
    violations: tuple[str, ...] = ()

    @property
    def regressions(self) -> list[str]:
        return gate.regressions(self.by_variant, self.by_task)

    @property
    def tested(self) -> pd.DataFrame:
        """The rows of `by_variant` that have numbers."""
        return self.by_variant[~self.by_variant["finding"].isin(UNTESTED)]


def labelled(variant: str, side: str) -> str:
    """A variant of one side, as the suite calls it."""
    return f"{variant} ({side})"


def compare(
    a: ResultFolder, b: ResultFolder, margin: float, min_seeds: int | None = None, noninferior: float | None = None
) -> Result:
    """B minus A. UsageError where they share nothing. min_seeds, noninferior: as in gate.Rules."""
    rules = Rules(margin, min_seeds, noninferior)
    if not {*a.cell_keys} & {*b.cell_keys}:
        raise UsageError(f"{a.folder} and {b.folder} share no variant on a task: {a.variants} and {b.variants}")
    shared = [v for v in a.variants if v in b.variants]
    check_agree([([m for m in side.metas if cell_key(m)[1] in shared], side.folder) for side in (a, b)])
    scales = scales_from_cells([*a.metas, *b.metas], folders=[a.folder, b.folder])
    frames = [side.frame.assign(variant=side.frame["variant"] + f" ({name})") for side, name in ((a, "A"), (b, "B"))]
    frame = pd.concat(frames, ignore_index=True)
    names = [labelled(v, side) for v in shared for side in "AB"]
    imported = [labelled(v, name) for v in shared for side, name in ((a, "A"), (b, "B")) if side.imported]
    frame, notes = common_steps.align(frame[frame["variant"].isin(names)], imported)
    limits = task_limits([*a.metas, *b.metas], scales)
    titles = {labelled(v, side): labelled(title, side) for v, title in variant_titles(shared).items() for side in "AB"}
    unpaired = _unpaired(a, b, shared)
    suite = Suite(frame, scales, names, frozenset(), unpaired, notes=notes, limits=limits, titles=titles)
    family = [
        Pair(labelled(v, "B"), labelled(v, "A")) for v in shared if suite.tasks(labelled(v, "A"), labelled(v, "B"))
    ]
    _check_averaged(suite, family)
    ledger = Ledger()
    decide_pairs(suite, family, ledger, VARIANTS)
    by_task = task_table(suite, family, together=True, ledger=ledger)  # a gate reads all of its rows
    by_variant = pd.DataFrame()
    if len(by_task):
        by_variant = suite_table(suite, family, by_task, ledger, VARIANTS)
        by_variant = by_variant.drop(columns=["family", "of"], errors="ignore")
    pair_by_variant = {pair.b: pair for pair in family}
    tables = []
    for table in (by_variant, by_task):
        rows = [_with_finding(suite, pair_by_variant[row["variant"]], row, rules) for row in table.to_dict("records")]
        tables.append(pd.DataFrame(rows) if rows else pd.DataFrame(columns=["finding", "variant", "task"]))
    by_variant, by_task = _add_untested(a, b, suite, *tables)
    return Result(by_variant, by_task, suite, tuple(gate.violations(a, b, by_variant, by_task, rules)))


def _with_finding(suite: Suite, pair: Pair, row: dict[Any, Any], rules: Rules) -> dict[str, Any]:
    """A row with its finding in front and the p values of the tests that the margins ask for behind."""
    tasks = [row["task"]] if "task" in row else suite.tasks(*pair)
    row = {**row, "p_same": gate.equivalence_p(suite, pair, tasks, rules.margin)}
    if rules.noninferior is not None:
        row["p_noninferior"] = gate.noninferiority_p(suite, pair, tasks, rules.noninferior)
    variant = row.pop("against").removesuffix(" (A)")
    return {"finding": _finding(row), **row, "variant": variant}


def _reasons(a: ResultFolder, b: ResultFolder, suite: Suite) -> dict[tuple[str, str], str]:
    """For each (task, variant) of A, the reason why it could not be tested.

    Where all members of B alone are lost the gate says so; where those of A are, B is no worse.
    """
    missing, without = set(gate.missing_cells(a, b)), set(suite.without_mean)
    reasons_by_cell = {}
    for task, variant in ((t, v) for t, v in a.cell_keys if v in a.variants):
        in_a, in_b = ((task, labelled(variant, side)) in without for side in "AB")
        reasons = {"lost": (task, variant) in missing, "no mean in A": in_a, "no mean in B": in_b}
        reasons_by_cell[task, variant] = next((name for name, holds in reasons.items() if holds), NOT_COMPARED)
    return reasons_by_cell


def _add_untested(
    a: ResultFolder, b: ResultFolder, suite: Suite, by_variant: pd.DataFrame, by_task: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both tables with a row for each variant, and each (variant, task), of A that could not be tested, and why."""
    why = _reasons(a, b, suite)
    known = {*by_variant["variant"]} if len(by_variant) else set()
    tested = {*zip(by_task["task"], by_task["variant"], strict=True)} if len(by_task) else set()
    task_rows = [{"finding": f, "variant": v, "task": t} for (t, v), f in why.items() if (t, v) not in tested]
    variant_rows = []
    for variant in [v for v in dict.fromkeys(v for _, v in why) if v not in known]:
        findings = [finding for (_, v), finding in why.items() if v == variant]
        overall = "lost" if {*findings} == {"lost"} else next((f for f in NO_MEAN if f in findings), NOT_COMPARED)
        variant_rows.append({"finding": overall, "variant": variant})
    more = (by_variant, variant_rows), (by_task, task_rows)
    first, second = (pd.concat([table, pd.DataFrame(rows)]) if rows else table for table, rows in more)
    return first.reset_index(drop=True), second.reset_index(drop=True)


def _check_averaged(suite: Suite, family: Sequence[Pair]) -> None:
    """UsageError where a variant's returns on several tasks would be averaged."""
    if any(not suite.can_average(suite.tasks(*pair)) for pair in family):
        raise UsageError(f"{divergence.not_averaged(suite)} Give each a ceiling")


def _unpaired(a: ResultFolder, b: ResultFolder, variants: Sequence[str]) -> frozenset[str]:
    """Variants (with their side) whose seeds are no pairs: other seeds, or runs that are not ours."""
    unpaired = set()
    for variant in variants:
        seeds = [set(side.frame["seed"][side.frame["variant"] == variant]) for side in (a, b)]
        if a.imported or b.imported or seeds[0] != seeds[1]:
            unpaired |= {labelled(variant, "A"), labelled(variant, "B")}
    return frozenset(unpaired)


def _finding(row: dict[Any, Any]) -> str:
    if row["p_holm"] < LEVEL:
        return "better" if row["difference"] > 0 else "worse"
    if row["identical"] in ("yes", row.get("tasks")):
        return "identical"
    return "the same within the margin" if row["p_same"] < LEVEL else "open"


def as_json(result: Result) -> dict[str, Any]:
    """One object: both tables, the regressions, and whether the gate is passed or why not."""
    tables = {"by_variant": result.by_variant, "by_task": result.by_task}
    clean = {n: t.astype(object).where(t.notna(), None).to_dict("records") for n, t in tables.items()}
    gate = {"passed": not result.violations, "violations": list(result.violations)}
    return {**clean, "regressions": result.regressions, **gate}
