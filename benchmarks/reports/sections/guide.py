"""The decision guide: for each declared case the variant with the highest mean, and what the joint test shows.

"Better than 3 of 9" is a statement about all three at once: the chance that any of them is not worse is at most .05,
whichever variant leads (statistics/best.py). "By at least" are the test's lower confidence bounds, which hold together.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from benchmarks.design.guide_case import GuideCase
from benchmarks.reports.rate_notes import RateNotes
from benchmarks.statistics.best import Leaders, leaders
from benchmarks.statistics.families import Ledger
from benchmarks.statistics.wording import leader, phrases
from benchmarks.statistics.wording.phrases import amount
from benchmarks.store.suite import Suite


def row(suite: Suite, case: GuideCase, ledger: Ledger | None = None) -> dict[str, object] | None:
    """The row of one case; None where its tasks or variants have no results."""
    among = [v for v in case.variants or suite.learners if v in suite.learners]
    tasks = [t for t in case.tasks if t in suite.scales]
    among = [v for v in among if set(tasks) <= set(suite.tasks(v))]
    if len(among) < 2 or not tasks:
        return None
    leading = leaders(suite, among, tasks, ledger)
    if leading is None:
        return None
    head = {"aspect": case.aspect, "your case": case.case}
    if leading.table.empty:
        if not leading.not_compared:
            return None
        why = leader.why_none_compared(suite, [leading.best, *leading.not_compared])
        return {**head, "use": "-", "not separated from": "-", "what is shown": f"nothing: {why}"}
    score = float(suite.final(leading.best, tasks).to_numpy(float).mean())
    more = "".join(f"; {text.removesuffix('.')}" for text in leader.not_compared(leading))
    return {
        **head,
        "use": f"`{leading.best}` ({leader.format_mean(leading, score, suite)})",
        "not separated from": phrases.list_variants(leading.not_separated) if leading.not_separated else "-",
        "what is shown": _shown(leading, phrases.is_raw(suite.unit)) + more,
    }


def _shown(leading: Leaders, raw: bool) -> str:
    """How many rivals the leader is shown to be better than, and by how much at least; or what would be detected."""
    separated, rivals = leading.separated, len(leading.table)
    seeds = phrases.seed_count(separated if len(separated) else leading.table).lower()
    if not leading.separable:
        return f"nothing: {seeds} cannot separate any two of them"
    if len(separated):
        return f"better than {len(separated)} of {rivals}{leader.at_least(separated, raw)} ({seeds})"
    limit = leading.detectable
    if limit != limit:
        return "no difference"
    verb, size = "finds" if phrases.one_seed(leading.table) else "find", amount(limit, 2, raw)
    return f"no difference; {seeds} {verb} a true difference of {size} in 80 % of such experiments"


def table(
    suite: Suite, cases: Sequence[GuideCase], rates: RateNotes | None = None, ledger: Ledger | None = None
) -> pd.DataFrame:
    """A row per case that this suite has results for.

    rates  notes on the learning rates of each row      ledger  the decisions of the page
    """
    rows = []
    for case in cases:
        if cells := row(suite, case, ledger):
            note = rates.note(case.tasks, case.variants or suite.learners) if rates else ""
            rows.append(cells | ({"learning rates": note or "each its own."} if rates else {}))
    return pd.DataFrame(rows)
