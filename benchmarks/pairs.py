"""Who is better than whom: pairs of variants on the tasks that both have, tested and corrected family by family.

Three families, in the order in which they are read: each rung against its parent, each variant against a named baseline,
all pairs. The more comparisons, the more seeds it takes to show anything, so each family is corrected by itself (Holm); a
pair that an earlier family of the page decided keeps that decision (benchmarks/families.py).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks import efficiency, stats
from benchmarks.families import ITS_TASKS, Ledger, question
from benchmarks.suite import Doubles, Suite

SEED = 20_240  # of the resampling generators: the same rows give the same report
LEVEL = 0.05
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


def compare(suite: Suite, pair: Pair, tasks: Sequence[str]) -> stats.Comparison | None:
    """b minus a of each seed's mean over the tasks: paired by seed, or Welch where a side's seeds are not ours."""
    b, a = (suite.final(v, tasks).mean(axis=1) for v in (pair.b, pair.a))
    if {*pair} & suite.imported:
        if min(len(b), len(a)) < 2:
            return None
        return stats.compare_unpaired(b.to_numpy(float), a.to_numpy(float))
    shared = b.index.intersection(a.index)
    if shared.empty:
        return None
    return stats.compare_paired(b.loc[shared].to_numpy(float), a.loc[shared].to_numpy(float))


def _row(result: stats.Comparison) -> dict[str, object]:
    return {
        "seeds": result.n,
        "difference": result.difference,
        "low": result.interval.low,
        "high": result.interval.high,
        "p": result.p,
        "a12": result.a12,
        "detectable": result.detectable,
        "test": "sign-flip" if result.paired else "Welch",
    }


def identical(suite: Suite, pair: Pair, task: str) -> bool:
    """Whether the two are one run on this task: equal scores at every checkpoint of every shared seed, to rounding.

    So it is by construction where what a variant changes has no effect: credit on rewards that come at the end alone, say.
    """
    b, a = (suite.curves[task, v] for v in pair)
    shared, of_b, of_a = np.intersect1d(b.seeds, a.seeds, return_indices=True)
    if not len(shared) or len(b.score) != len(a.score):
        return False
    x, y = b.score[:, of_b], a.score[:, of_a]
    return bool(np.allclose(x, y, rtol=ROUNDING, atol=ROUNDING, equal_nan=True))


def decide(suite: Suite, pairs: Sequence[Pair], ledger: Ledger, family: str) -> None:
    """Let a family decide its pairs, each on all tasks that both have, unless they are decided."""
    of = [(question(*pair, tasks), r) for pair in pairs if (r := compare(suite, pair, tasks := suite.tasks(*pair)))]
    ledger.correct(family, [q for q, _ in of], np.array([r.p for _, r in of]))


def task_table(suite: Suite, pairs: Sequence[Pair], ledger: Ledger | None = None) -> pd.DataFrame:
    """A row a pair and task; `p_holm` is corrected over the tasks of its pair, or where the ledger decided it before.

    identical  "yes" where both are one run there
    """
    ledger = Ledger() if ledger is None else ledger
    rows = []
    for pair in pairs:
        of = [(t, r) for t in suite.tasks(*pair) if (r := compare(suite, pair, [t]))]
        asked = [question(*pair, [t]) for t, _ in of]
        decided = ledger.correct(ITS_TASKS, asked, np.array([r.p for _, r in of]))
        for (task, result), decision in zip(of, decided, strict=True):
            same = "yes" if identical(suite, pair, task) else ""
            head = {"variant": pair.b, "against": pair.a, "task": task}
            rows.append({**head, **_row(result), "identical": same, "p_holm": decision.p})
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
    family, of   the family that corrected p_holm, and how many comparisons that has
    """
    ledger = Ledger() if ledger is None else ledger
    rows, asked = [], []
    for pair in pairs:
        tasks = suite.tasks(*pair)
        result = compare(suite, pair, tasks)
        if result is None:
            continue
        of = by_task[(by_task["variant"] == pair.b) & (by_task["against"] == pair.a)]
        head = {"variant": pair.b, "against": pair.a, "tasks": len(tasks)}
        rows.append({**head, **_row(result), **_improvement(suite, pair, tasks), **_counts(of)})
        asked.append(question(*pair, tasks))
    table = pd.DataFrame(rows)
    if rows:
        decided = ledger.correct(family, asked, table["p"].to_numpy(float))
        table.insert(list(table.columns).index("p") + 1, "p_holm", [d.p for d in decided])
        last = ["better", "identical", "tied", "shown", "detectable", "test"]
        table = table[[c for c in table.columns if c not in last] + last]
        table = table.assign(family=[d.family for d in decided], of=[d.size for d in decided])
    return table


def _counts(of: pd.DataFrame) -> dict[str, int]:
    """On how many of its tasks a pair is how, from its rows by task; differences within rounding are ties."""
    same = of["identical"] == "yes"
    level = of["difference"].abs() <= ROUNDING
    return {
        "better": int(((of["difference"] > 0) & ~same & ~level).sum()),
        "identical": int(same.sum()),
        "tied": int((level & ~same).sum()),
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
    rows = []
    for line in dict.fromkeys(lines.get(t, "") for t in x):
        tasks = sorted((t for t in x if lines.get(t, "") == line and t in suite.scales), key=lambda t: x[t])
        if len(tasks) < 2:
            continue
        for variant in [v for v in suite.learners if {tasks[0], tasks[-1]} <= {*suite.tasks(v)}]:
            b, a = (suite.final(variant, [t])[t] for t in (tasks[-1], tasks[0]))
            shared = b.index.intersection(a.index)
            if shared.empty:
                continue
            of = _row(stats.compare_paired(b.loc[shared].to_numpy(float), a.loc[shared].to_numpy(float)))
            head = {"line": line} if line else {}
            ends = {"variant": variant, "from": f"{x[tasks[0]]:g}", "to": f"{x[tasks[-1]]:g}"}
            rows.append({**head, **ends, "before": float(a.mean()), "after": float(b.mean()), **of})
    table = pd.DataFrame(rows)
    if rows:
        table.insert(list(table.columns).index("p") + 1, "p_holm", stats.holm(table["p"].to_numpy(float)))
    return table


class Leaders(NamedTuple):
    """A confidence set of the best: with probability .95 the variant of highest expected score is `best` or in `others`."""

    best: str  # of the highest mean
    others: list[str]  # not ruled out, in order of their means
    table: pd.DataFrame  # a row a rival: the best minus it; p_best is one-sided, times the number of rivals


def p_best(differences: Sequence[Doubles]) -> Doubles:
    """For each rival: p that it may be the best, from the leader's lead over it, one value a seed.

    One-sided sign-flip test, times the number of rivals (multiple comparisons with the best, Hsu 1984). The truly best
    variant is ruled out at .05 only if one of the M - 1 others is above it by chance at the level .05 / (M - 1), which
    happens at most once in twenty; so it does not matter that the leader was chosen by looking.
    """
    p = np.array([stats.sign_flip_p(d, alternative="greater") for d in differences])
    return np.minimum(1.0, p * len(p))


def leaders(suite: Suite, variants: Sequence[str], tasks: Sequence[str]) -> Leaders | None:
    """Which variants may be the best on these tasks: the leader, and whoever it does not rule out (p_best)."""
    scores = {v: suite.final(v, tasks) for v in variants}
    means = {v: float(m.to_numpy(float).mean()) for v, m in scores.items() if len(m)}
    if not means:
        return None
    best, *rivals = sorted(means, key=lambda v: -means[v])
    found = {v: result for v in rivals if (result := compare(suite, Pair(best, v), tasks))}
    if not found:
        return Leaders(best, [], pd.DataFrame())
    leads = {v: (scores[best].mean(axis=1) - scores[v].mean(axis=1)).dropna().to_numpy(float) for v in found}
    exact = p_best(list(leads.values()))
    welch = [min(1.0, r.p / 2 * len(found)) for r in found.values()]  # the leader's mean is the higher one
    table = pd.DataFrame([{"variant": v, **_row(r)} for v, r in found.items()])
    table["p_best"] = np.where([r.paired for r in found.values()], exact, welch)
    return Leaders(best, [str(v) for v in table["variant"][table["p_best"] >= LEVEL]], table)


def least_p_best(seeds: int, rivals: int) -> float:
    """The smallest p_best that paired seeds can reach."""
    return min(1.0, stats.smallest_p(seeds) / 2 * max(rivals, 1))


def least_p(seeds: int, comparisons: int) -> float:
    """The smallest corrected p that this many comparisons of paired seeds can reach."""
    return min(1.0, stats.smallest_p(seeds) * max(comparisons, 1))
