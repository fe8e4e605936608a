"""Tables of comparisons: a row a pair, a row a pair and task, and what a swept setting does to each variant.

The more comparisons, the more seeds it takes to show anything, so each family is corrected by itself: rungs and comparisons
with a baseline by Holm; all pairs by one joint test (best.py), to which the leader's comparisons with its rivals belong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np
import pandas as pd

from benchmarks.statistics.comparisons import ROUNDING, SEED, Pair, compare_each, identical, one_sided_losses
from benchmarks.statistics.families import ITS_TASKS, Decision, Ledger, hypothesis
from benchmarks.statistics.intervals import Doubles, limits_of_difference, within
from benchmarks.statistics.learning_curves import improvement_interval, probability_of_improvement
from benchmarks.statistics.scores import Scores
from benchmarks.statistics.tests import LEVEL, Comparison, compare_paired, holm

ALL_ROWS = "all rows"  # the family of every pair and task
LAST = ("better", "identical", "tied", "lost", "shown", "detectable", "test", "least_p", "family", "of")  # columns


def as_row(result: Comparison) -> dict[str, object]:
    """A comparison as a table shows it."""
    return {
        "seeds": result.n,
        "difference": result.difference,
        "low": result.interval.low,
        "high": result.interval.high,
        "p": result.p,
        "a12": result.a12,
    }


def _tested_row(result: Comparison, comparisons: int) -> dict[str, object]:
    """The same of one of so many comparisons that Holm corrects together."""
    test = "sign-flip" if result.paired else "Welch"
    return {**as_row(result), "detectable": result.detectable(comparisons), "test": test}


def _after_p(table: pd.DataFrame, p_holm: pd.Series | Doubles) -> None:
    """Insert the column `p_holm` behind `p`."""
    table.insert(list(table.columns).index("p") + 1, "p_holm", p_holm)


def task_table(
    suite: Scores, pairs: Sequence[Pair], together: bool = False, ledger: Ledger | None = None
) -> pd.DataFrame:
    """A row a pair and task; `p_holm` is corrected over the tasks of its pair, or over all rows `together`.

    ledger     where hypotheses may have been decided before; their p is used here too
    identical  "yes" where both are one run there
    """
    ledger = Ledger() if ledger is None else ledger
    places = [(p, t) for p in pairs for t in suite.tasks(*p)]
    by_pair: dict[Pair, list[tuple[Pair, str, Comparison]]] = {p: [] for p in pairs}
    for (p, t), result in zip(places, compare_each(suite, [(p, [t]) for p, t in places]), strict=True):
        if result is not None:
            by_pair[p].append((p, t, result))
    rows = []
    for family in [[*chain(*by_pair.values())]] if together else by_pair.values():
        hypotheses = [hypothesis(*pair, [task]) for pair, task, _ in family]
        decided = ledger.correct(ALL_ROWS if together else ITS_TASKS, hypotheses, np.array([r.p for *_, r in family]))
        for (pair, task, result), decision in zip(family, decided, strict=True):
            head = {"variant": pair.b, "against": pair.a, "task": task}
            same = {"identical": "yes" if identical(suite, pair, task) else "", "p_holm": decision.p}
            rows.append({**head, **_tested_row(result, decision.size), **same})
    table = pd.DataFrame(rows)
    if rows:
        _after_p(table, table.pop("p_holm"))
    return table


def suite_table(
    suite: Scores, pairs: Sequence[Pair], by_task: pd.DataFrame, ledger: Ledger | None = None, family: str = ""
) -> pd.DataFrame:
    """A row a pair: mean over tasks, tested; `p_holm` is corrected over the rows, or where the ledger decided it before.

    improvement  P(b > a) of a random seed on a random task (learning_curves.probability_of_improvement)
    better       tasks on which b's mean is higher      shown  tasks on which the difference is shown (Holm over its tasks)
    identical    tasks on which both are one run        tied   other tasks on which their means are equal
    lost         where there are any: tasks on which the two lost different runs; none is tied
    least_p      the smallest `p_holm` that so many comparisons of so many seeds can give
    family, of   the family that corrected p_holm, and how many comparisons that has
    """
    ledger = Ledger() if ledger is None else ledger
    tasks_by_pair = {pair: suite.tasks(*pair) for pair in pairs}
    compared = zip(tasks_by_pair, compare_each(suite, [*tasks_by_pair.items()]), strict=True)
    results = {pair: found for pair, found in compared if found is not None}
    hypotheses = [hypothesis(*pair, tasks_by_pair[pair]) for pair in results]
    decided = ledger.correct(family, hypotheses, np.array([r.p for r in results.values()]))
    rows = [
        _suite_row(suite, pair, result, decision, by_task)
        for (pair, result), decision in zip(results.items(), decided, strict=True)
    ]
    table = pd.DataFrame(rows)
    if rows:
        _after_p(table, table.pop("p_holm"))
        table = table if table["lost"].any() else table.drop(columns="lost")
        table = table[[c for c in table.columns if c not in LAST] + [c for c in LAST if c in table]]
    return table


def _suite_row(
    suite: Scores, pair: Pair, result: Comparison, decision: Decision, by_task: pd.DataFrame
) -> dict[str, object]:
    tasks = suite.tasks(*pair)
    lost = [task for task in tasks if any(one_sided_losses(suite, pair, [task]))]
    rows = by_task[(by_task["variant"] == pair.b) & (by_task["against"] == pair.a)]
    return {
        "variant": pair.b, "against": pair.a, "tasks": len(tasks), **_tested_row(result, decision.size),
        **_improvement(suite, pair, tasks), **_counts(rows, lost), "p_holm": decision.p,
        "least_p": min(1.0, result.least_p * decision.size), "family": decision.family, "of": decision.size,
    }  # fmt: skip


def _counts(rows: pd.DataFrame, lost: Sequence[str]) -> dict[str, int]:
    """On how many of its tasks a pair is how, from its rows by task; differences within rounding are ties.

    lost  tasks on which the two lost different runs: equal means are no tie there
    """
    same = rows["identical"] == "yes"
    equal = rows["difference"].abs() <= ROUNDING
    return {
        "better": int(((rows["difference"] > 0) & ~same & ~equal).sum()),
        "identical": int(same.sum()),
        "tied": int((equal & ~same & ~rows["task"].isin(lost)).sum()),
        "lost": len(lost),
        "shown": int((rows["p_holm"] < LEVEL).sum()),
    }


def _improvement(suite: Scores, pair: Pair, tasks: Sequence[str]) -> dict[str, float]:
    b, a = (suite.final(v, tasks) for v in pair)
    paired = not {*pair} & set(suite.imported)
    if paired:
        shared = b.index.intersection(a.index)
        b, a = b.loc[shared], a.loc[shared]
    x, y = b.to_numpy(float), a.to_numpy(float)
    interval = improvement_interval(x, y, SEED, paired=paired)
    value = probability_of_improvement(x, y)
    return {"improvement": value, "improvement_low": interval.low, "improvement_high": interval.high}


def sweep_table(suite: Scores, x: Mapping[str, float], lines: Mapping[str, str]) -> pd.DataFrame:
    """What a swept setting does to each variant: its score at the largest x minus that at the smallest, paired by seed.

    x, lines  the setting's value, and the line it belongs to, by task
    A row a line and variant; `p_holm` is corrected over the rows.
    """
    compared: list[tuple[dict[str, object], Comparison]] = []
    for line in dict.fromkeys(lines.get(t, "") for t in x):
        tasks = sorted((t for t in x if lines.get(t, "") == line and t in suite.scales), key=lambda t: x[t])
        if len(tasks) < 2:
            continue
        for variant in [v for v in suite.learners if {tasks[0], tasks[-1]} <= {*suite.tasks(v)}]:
            b, a = (suite.final(variant, [t])[t] for t in (tasks[-1], tasks[0]))
            shared = b.index.intersection(a.index)
            if shared.empty:
                continue
            result = compare_paired(b.loc[shared].to_numpy(float), a.loc[shared].to_numpy(float))
            limits = limits_of_difference(suite.score_limits(tasks[-1:]), suite.score_limits(tasks[:1]))
            result = result._replace(interval=within(result.interval, result.difference, limits))
            head = {"line": line} if line else {}
            ends = {"variant": variant, "from": f"{x[tasks[0]]:,g}", "to": f"{x[tasks[-1]]:,g}"}
            compared.append(({**head, **ends, "before": float(a.mean()), "after": float(b.mean())}, result))
    size = len(compared)
    rows = [{**head, **_tested_row(r, size), "least_p": min(1.0, r.least_p * size)} for head, r in compared]
    table = pd.DataFrame(rows)
    if rows:
        _after_p(table, holm(table["p"].to_numpy(float)))
    return table
