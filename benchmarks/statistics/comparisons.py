"""Who is better than whom: pairs of variants on the tasks that both have, tested and corrected family by family.

Three families, in the order in which they are read: each rung against its parent, each variant against a named baseline,
all pairs. The more comparisons, the more seeds it takes to show anything, so each family is corrected by itself: the first
two by Holm, all pairs by one joint test (sign_flips.joint), to which the leader's comparisons with its rivals belong. A pair
that an earlier family of the page decided keeps that decision (statistics/families.py).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks import efficiency
from benchmarks.statistics import tests as stats
from benchmarks.statistics.families import ITS_TASKS, Ledger, question
from benchmarks.statistics.tests import LEVEL as LEVEL
from benchmarks.suite import Doubles, Suite

SEED = 20_240  # of the resampling generators: the same rows give the same report
TOGETHER = "all rows"  # the family of every pair and task
ROUNDING = 1e-6  # of a score: differences below it are rounding


class Pair(NamedTuple):
    """b is held against a."""

    b: str
    a: str


def rungs(suite: Suite, parents: Mapping[str, str | None]) -> list[Pair]:
    """Each variant against its parent, where both are here."""
    found = ((v, parents.get(v)) for v in suite.learners)
    return [Pair(v, p) for v, p in found if p is not None and suite.tasks(v, p)]


def against(suite: Suite, baseline: str) -> list[Pair]:
    """Each learner against one."""
    return [Pair(v, baseline) for v in suite.learners if v != baseline and suite.tasks(v, baseline)]


def everyone(suite: Suite) -> list[Pair]:
    """All pairs of learners."""
    return [Pair(b, a) for a, b in itertools.combinations(suite.learners, 2) if suite.tasks(a, b)]


def means(suite: Suite, variant: str, tasks: Sequence[str]) -> pd.Series:
    """Each seed's mean score over the tasks."""
    scores = suite.final(variant, tasks)
    return pd.Series(scores.to_numpy(float).mean(axis=1), scores.index)


def _shared(b: pd.Series, a: pd.Series) -> tuple[Doubles, Doubles, pd.Index]:
    """The values of the seeds that both have, and these seeds."""
    if b.index.equals(a.index):
        return b.to_numpy(float), a.to_numpy(float), b.index
    seeds = b.index.intersection(a.index)
    return b.loc[seeds].to_numpy(float), a.loc[seeds].to_numpy(float), seeds


def by_seed(suite: Suite, pair: Pair, tasks: Sequence[str]) -> pd.Series:
    """b minus a, each shared seed's mean over the tasks; meaningless where a side's seeds are not ours."""
    b, a, seeds = _shared(means(suite, pair.b, tasks), means(suite, pair.a, tasks))
    return pd.Series(stats.differences(b, a), seeds)


def compare(suite: Suite, pair: Pair, tasks: Sequence[str]) -> stats.Comparison | None:
    """b minus a of each seed's mean over the tasks: paired by seed, or Welch where a side's seeds are not ours.

    None where they share no seed, or a side of Welch's test has one run.
    """
    b, a = means(suite, pair.b, tasks), means(suite, pair.a, tasks)
    if {*pair} & suite.imported:
        if min(len(b), len(a)) < 2:
            return None
        return stats.compare_unpaired(b.to_numpy(float), a.to_numpy(float))
    x, y, seeds = _shared(b, a)
    return stats.compare_paired(x, y) if len(seeds) else None


class LostApart(NamedTuple):
    """Whether, on some task, runs of one side are lost that are not lost on the other."""

    of_b: bool
    of_a: bool


def lost_apart(suite: Suite, pair: Pair, tasks: Sequence[str]) -> LostApart:
    """Of the final scores that are compared: seed by seed where both share seeds, else by the share of lost runs.

    What a lost run counts as is a convention that orders runs. Where both sides have it for the same runs it cancels;
    elsewhere the size of a difference was not measured, and nothing may be called equal or small.
    """
    b, a = (suite.lost(v, tasks) for v in pair)
    if {*pair} & suite.imported:
        more = b.sum().to_numpy(int) * len(a) - a.sum().to_numpy(int) * len(b)
        return LostApart(bool((more > 0).any()), bool((more < 0).any()))
    shared = b.index.intersection(a.index)
    x, y = b.loc[shared].to_numpy(bool), a.loc[shared].to_numpy(bool)
    return LostApart(bool((x & ~y).any()), bool((y & ~x).any()))


def row(result: stats.Comparison) -> dict[str, object]:
    """A comparison as a table shows it."""
    return {
        "seeds": result.n,
        "difference": result.difference,
        "low": result.interval.low,
        "high": result.interval.high,
        "p": result.p,
        "a12": result.a12,
    }


def _row(result: stats.Comparison, comparisons: int) -> dict[str, object]:
    """The same of one of so many comparisons that Holm corrects together."""
    test = "sign-flip" if result.paired else "Welch"
    return {**row(result), "detectable": result.detectable(comparisons), "test": test}


def identical(suite: Suite, pair: Pair, task: str) -> bool:
    """Whether the two are one run on this task: equal scores at every checkpoint of every shared seed, to rounding.

    Runs that are lost count as equal where both are lost: what a lost run counts as is no score that was measured.

    So it is by construction where what a variant changes has no effect: credit on rewards that come at the end alone, say.
    """
    b, a = (suite.curves[task, v] for v in pair)
    shared, of_b, of_a = np.intersect1d(b.seeds, a.seeds, return_indices=True)
    if not len(shared) or len(b.score) != len(a.score):
        return False
    if not np.array_equal(b.filled[:, of_b], a.filled[:, of_a]):
        return False
    x, y = b.score[:, of_b], a.score[:, of_a]
    return bool(np.allclose(x, y, rtol=ROUNDING, atol=ROUNDING, equal_nan=True))


def decide(suite: Suite, pairs: Sequence[Pair], ledger: Ledger, family: str) -> None:
    """Let a family decide its pairs, each on all tasks that both have, unless they are decided."""
    of = [(question(*pair, tasks), r) for pair in pairs if (r := compare(suite, pair, tasks := suite.tasks(*pair)))]
    ledger.correct(family, [q for q, _ in of], np.array([r.p for _, r in of]))


def task_table(
    suite: Suite, pairs: Sequence[Pair], together: bool = False, ledger: Ledger | None = None
) -> pd.DataFrame:
    """A row a pair and task; `p_holm` is corrected over the tasks of its pair, or over all rows `together`.

    ledger     where questions may be decided before; their p stands here too
    identical  "yes" where both are one run there
    """
    ledger = Ledger() if ledger is None else ledger
    of = [[(p, t, r) for t in suite.tasks(*p) if (r := compare(suite, p, [t]))] for p in pairs]
    rows = []
    for found in [[one for pair in of for one in pair]] if together else of:
        asked = [question(*pair, [task]) for pair, task, _ in found]
        decided = ledger.correct(TOGETHER if together else ITS_TASKS, asked, np.array([r.p for *_, r in found]))
        for (pair, task, result), decision in zip(found, decided, strict=True):
            head = {"variant": pair.b, "against": pair.a, "task": task}
            same = {"identical": "yes" if identical(suite, pair, task) else "", "p_holm": decision.p}
            rows.append({**head, **_row(result, decision.size), **same})
    table = pd.DataFrame(rows)
    if rows:
        table.insert(list(table.columns).index("p") + 1, "p_holm", table.pop("p_holm"))
    return table


def suite_table(
    suite: Suite, pairs: Sequence[Pair], by_task: pd.DataFrame, ledger: Ledger | None = None, family: str = ""
) -> pd.DataFrame:
    """A row a pair: mean over tasks, tested; `p_holm` is corrected over the rows, or where the ledger decided it before.

    improvement  P(b > a) of a random seed on a random task (efficiency.probability_of_improvement)
    better       tasks on which b's mean is higher      shown  tasks on which the difference is shown (Holm over its tasks)
    identical    tasks on which both are one run        tied   other tasks on which their means are equal
    lost         where there are any: tasks on which other runs are lost on one side than on the other; none is tied
    least_p      the smallest `p_holm` that so many comparisons of so many seeds can give
    family, of   the family that corrected p_holm, and how many comparisons that has
    """
    ledger = Ledger() if ledger is None else ledger
    tasks_of = {pair: suite.tasks(*pair) for pair in pairs}
    results = {pair: found for pair, tasks in tasks_of.items() if (found := compare(suite, pair, tasks))}
    asked = [question(*pair, tasks_of[pair]) for pair in results]
    decided = ledger.correct(family, asked, np.array([r.p for r in results.values()]))
    rows = []
    for (pair, result), decision in zip(results.items(), decided, strict=True):
        tasks = tasks_of[pair]
        apart = [task for task in tasks if any(lost_apart(suite, pair, [task]))]
        of = by_task[(by_task["variant"] == pair.b) & (by_task["against"] == pair.a)]
        head = {"variant": pair.b, "against": pair.a, "tasks": len(tasks)}
        last: dict[str, object] = {"p_holm": decision.p, "least_p": min(1.0, result.least * decision.size)}
        last |= {"family": decision.family, "of": decision.size}
        rows.append(
            {**head, **_row(result, decision.size), **_improvement(suite, pair, tasks), **_counts(of, apart), **last}
        )
    table = pd.DataFrame(rows)
    if rows:
        table.insert(list(table.columns).index("p") + 1, "p_holm", table.pop("p_holm"))
        table = table if table["lost"].any() else table.drop(columns="lost")
        moved = ["better", "identical", "tied", "lost", "shown", "detectable", "test", "least_p", "family", "of"]
        table = table[[c for c in table.columns if c not in moved] + [c for c in moved if c in table]]
    return table


def _counts(of: pd.DataFrame, apart: Sequence[str]) -> dict[str, int]:
    """On how many of its tasks a pair is how, from its rows by task; differences within rounding are ties.

    apart  tasks on which other runs are lost on one side than on the other: equal means are no tie there
    """
    same = of["identical"] == "yes"
    level = of["difference"].abs() <= ROUNDING
    return {
        "better": int(((of["difference"] > 0) & ~same & ~level).sum()),
        "identical": int(same.sum()),
        "tied": int((level & ~same & ~of["task"].isin(apart)).sum()),
        "lost": len(apart),
        "shown": int((of["p_holm"] < LEVEL).sum()),
    }


def _improvement(suite: Suite, pair: Pair, tasks: Sequence[str]) -> dict[str, float]:
    b, a = (suite.final(v, tasks) for v in pair)
    paired = not {*pair} & suite.imported
    if paired:
        shared = b.index.intersection(a.index)
        b, a = b.loc[shared], a.loc[shared]
    x, y = b.to_numpy(float), a.to_numpy(float)
    interval = efficiency.improvement_interval(x, y, np.random.default_rng(SEED), paired=paired)
    value = efficiency.probability_of_improvement(x, y)
    return {"improvement": value, "improvement_low": interval.low, "improvement_high": interval.high}


def sweep_table(suite: Suite, x: Mapping[str, float], lines: Mapping[str, str]) -> pd.DataFrame:
    """What a knob does to each variant: its score at the largest x minus that at the smallest, paired by seed.

    A row a line and variant; `p_holm` is corrected over the rows.
    """
    found: list[tuple[dict[str, object], stats.Comparison]] = []
    for line in dict.fromkeys(lines.get(t, "") for t in x):
        tasks = sorted((t for t in x if lines.get(t, "") == line and t in suite.scales), key=lambda t: x[t])
        if len(tasks) < 2:
            continue
        for variant in [v for v in suite.learners if {tasks[0], tasks[-1]} <= {*suite.tasks(v)}]:
            b, a = (suite.final(variant, [t])[t] for t in (tasks[-1], tasks[0]))
            shared = b.index.intersection(a.index)
            if shared.empty:
                continue
            of = stats.compare_paired(b.loc[shared].to_numpy(float), a.loc[shared].to_numpy(float))
            head = {"line": line} if line else {}
            ends = {"variant": variant, "from": f"{x[tasks[0]]:g}", "to": f"{x[tasks[-1]]:g}"}
            found.append(({**head, **ends, "before": float(a.mean()), "after": float(b.mean())}, of))
    rows = [{**head, **_row(of, len(found)), "least_p": min(1.0, of.least * len(found))} for head, of in found]
    table = pd.DataFrame(rows)
    if rows:
        table.insert(list(table.columns).index("p") + 1, "p_holm", stats.holm(table["p"].to_numpy(float)))
    return table


def least_p(seeds: int, comparisons: int) -> float:
    """The smallest corrected p that this many comparisons of paired seeds can reach."""
    return min(1.0, stats.smallest_p(seeds) * max(comparisons, 1))
