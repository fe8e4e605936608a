"""Who has the highest mean score, and who is shown to score less: one joint test of all pairs of the compared variants.

The leader is whoever came out highest, so its comparisons were not chosen before the scores were seen. They are therefore
corrected as part of the family of all pairs, M (M - 1) / 2 of them: the chance that anyone is said to be worse than
another without being so is at most .05, whichever variants are equal and whoever leads.

A confidence set of the best (Hsu 1984) is narrower and promises less. It rules out variants that are not *strictly* the
best, which all of those tied for the highest score are: of ten equal variants it rules one or more out in .15 to .20 of
runs (docs/decisions/0024-what-a-sentence-may-claim.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats as sps

from benchmarks.statistics import comparisons as pairs
from benchmarks.statistics import tests as stats
from benchmarks.statistics.comparisons import LEVEL, Pair
from benchmarks.statistics.families import ALL_PAIRS, ITS_TASKS, Ledger, question
from benchmarks.statistics.power import shift_beyond
from benchmarks.statistics.sign_flips import Joint, joint
from benchmarks.suite import Doubles, Suite


class Family(NamedTuple):
    """All pairs of some variants, tested together at LEVEL.

    The `paired` ones share seeds and are tested jointly, at their share of LEVEL; each of the others by Welch's test at
    LEVEL / total (Bonferroni). The shares add up to LEVEL.
    """

    test: Joint
    paired: int
    total: int

    def row(self, result: stats.Comparison, place: int) -> dict[str, float]:
        """What a comparison shows within the family; `place` is its column among the paired ones.

        p_joint     corrected for all pairs
        at_least    lower confidence bound of |difference|, simultaneous over all pairs: above 0 where p_joint < LEVEL
        detectable  the true difference that is shown with probability .8
        least_p     the smallest p_joint that so many seeds can give
        """
        if result.paired:
            critical, scale = self.test.critical_t(result.n), self.total / self.paired
            p = float(self.test.p[place]) * scale
            least = self.test.least * scale
        else:
            share = LEVEL / self.total
            reachable = result.least < share and np.isfinite(result.df)
            critical = float(sps.t.ppf(1 - share / 2, result.df)) if reachable else float("inf")
            p, least = result.p * self.total, result.least * self.total
        varies = result.error > 0 and np.isfinite(critical)
        return {
            "p_joint": min(1.0, p),
            "at_least": abs(result.difference) - critical * result.error if varies else float("nan"),
            "detectable": shift_beyond(critical, result.df) * result.error if varies else float("nan"),
            "least_p": min(1.0, least),
        }


def family(differences: Doubles, total: int) -> Family:
    """Of the paired comparisons' differences [seeds, C], and any others up to `total`."""
    count = differences.shape[1]
    test = joint(differences, LEVEL * count / total) if count else Joint(np.zeros(0), float("inf"), 1.0)
    return Family(test, count, total)


class Leaders(NamedTuple):
    """The variant of the highest mean among those that can be compared, and what the joint test shows of its rivals."""

    best: str
    others: list[str]  # compared and not shown to score less than the best, in order of their means
    table: pd.DataFrame  # a row a rival that can be compared: the best minus it, and the columns of Family.row
    apart: dict[str, str]  # who cannot be compared with the best, and why
    highest: bool  # whether none of those apart has a higher mean than the best

    @property
    def beaten(self) -> pd.DataFrame:
        """The rows of those that are shown to score less; familywise error LEVEL."""
        return self.table[~self.table["variant"].isin(self.others)] if len(self.table) else self.table

    @property
    def possible(self) -> bool:
        """Whether these seeds could have shown any difference from the best."""
        return bool(len(self.table)) and bool((self.table["least_p"] < LEVEL).any())

    @property
    def detectable(self) -> float:
        """The largest true difference, over those who are not separated, that is needed for a probability of .8."""
        open_ = self.table[self.table["variant"].isin(self.others)] if len(self.table) else self.table
        return float(open_["detectable"].max()) if len(open_) else float("nan")


def leaders(
    suite: Suite, variants: Sequence[str], tasks: Sequence[str], ledger: Ledger | None = None
) -> Leaders | None:
    """The leader on these tasks and what is shown of its rivals; None where nobody has a score.

    Of equal means the one with fewer lost runs leads: what a lost run counts as is no score that was measured.

    ledger  of the page: a rival that an earlier family of it decided keeps that decision
    """
    by_seed = {v: m for v in variants if len(m := pairs.means(suite, v, tasks))}
    if not by_seed:
        return None
    lost = {v: int(suite.lost(v, tasks).to_numpy(bool).sum()) for v in by_seed}
    order = sorted(by_seed, key=lambda v: (-_to_rounding(float(by_seed[v].mean())), lost[v]))
    met = {frozenset(p) for p in combinations(by_seed, 2) if _comparable(suite, by_seed[p[0]], by_seed[p[1]], p)}
    best = next((v for v in order if any(v in pair for pair in met)), order[0])
    rivals = [v for v in order if v != best]
    ours = [v for v in by_seed if v not in suite.imported]
    scores = pd.DataFrame({v: by_seed[v] for v in ours})
    paired = [p for p in combinations(ours, 2) if frozenset(p) in met]
    columns = [stats.differences(scores[b].to_numpy(float), scores[a].to_numpy(float)) for b, a in paired]
    places = {frozenset(names): k for k, names in enumerate(paired)}
    total = len(met)
    of = family(np.column_stack(columns) if columns else np.zeros((0, 0)), total)
    results = {v: found for v in rivals if (found := pairs.compare(suite, Pair(best, v), tasks))}
    table = pd.DataFrame(
        {"variant": v, **pairs.row(result), **of.row(result, places.get(frozenset((best, v)), 0))}
        for v, result in results.items()
    )
    if results and ledger is not None:
        table["p_joint"] = _decided(suite, best, table, tasks, of.total, ledger)
    shown = set(table["variant"][table["p_joint"] < LEVEL]) if results else set()
    apart = {v: _why_apart(suite, by_seed, v, best, met) for v in rivals if v not in results}
    open_ = [v for v in rivals if v in results and v not in shown]
    return Leaders(best, open_, table, apart, best == order[0])


def _comparable(suite: Suite, b: pd.Series, a: pd.Series, pair: Sequence[str]) -> bool:
    """Whether pairs.compare tests these means by seed."""
    if {*pair} & suite.imported:
        return min(len(b), len(a)) > 1
    return bool(len(b.index.intersection(a.index)))


def _why_apart(
    suite: Suite, by_seed: Mapping[str, pd.Series], variant: str, best: str, met: set[frozenset[str]]
) -> str:
    """Why a variant is not compared with the best, as a predicate."""
    if not {variant, best} & suite.imported:
        alone = not any(variant in pair for pair in met)
        return f"shares no seeds with {'the others' if alone else f'`{best}`'}"
    if len(by_seed[variant]) < 2:
        return "has one run and is not compared"
    return f"is not compared, because `{best}` has one run"


def _to_rounding(mean: float) -> float:
    """To 12 digits: equal scores in another order are equal means."""
    return float(f"{mean:.12g}")


def _decided(
    suite: Suite, best: str, table: pd.DataFrame, tasks: Sequence[str], total: int, ledger: Ledger
) -> list[float]:
    """The p of the leader's rivals, as the page decides them.

    On one task of several the tables correct over the tasks of a pair, which is another family than this one, of all pairs
    of variants on that task: a rival is shown to be lower only where both show it.
    """
    rivals = [str(v) for v in table["variant"]]
    if len(tasks) == 1:
        pairs.task_table(suite, [Pair(best, v) for v in rivals], ledger=ledger)
    decided = ledger.enter(ALL_PAIRS, [question(best, v, tasks) for v in rivals], [*table["p_joint"]], total)
    joint_p = table["p_joint"].tolist()
    return [max(d.p, p) if d.family == ITS_TASKS else d.p for d, p in zip(decided, joint_p, strict=True)]


def all_pairs(suite: Suite, every: Sequence[Pair], ledger: Ledger | None = None) -> pd.DataFrame:
    """pairs.suite_table of all pairs, each over the tasks that both have, corrected by the joint test: `p_joint`.

    ledger  of the page: a pair that an earlier family of it decided keeps that decision
    """
    ledger = Ledger() if ledger is None else ledger
    compared, corrected = decide(suite, every, ledger)
    if not compared:
        return pd.DataFrame()
    table = pairs.suite_table(suite, compared, pairs.task_table(suite, compared, ledger=ledger), ledger)
    here = table["family"] == ALL_PAIRS
    for name in ("detectable", "least_p"):
        table[name] = table[name].where(~here, corrected[name])
    return table.rename(columns={"p_holm": "p_joint"})


def decide(suite: Suite, every: Sequence[Pair], ledger: Ledger) -> tuple[list[Pair], pd.DataFrame]:
    """Let all pairs be decided by the joint test, unless they are; the pairs that can be compared, and their Family.row."""
    found = {p: result for p in every if (result := pairs.compare(suite, p, suite.tasks(*p)))}
    if not found:
        return [], pd.DataFrame()
    compared, results = [*found], [*found.values()]
    columns = [pairs.by_seed(suite, p, suite.tasks(*p)) for p, r in zip(compared, results, strict=True) if r.paired]
    paired = pd.concat(columns, axis=1).sort_index().to_numpy(float) if columns else np.zeros((0, 0))
    of, place = family(paired, len(results)), np.cumsum([r.paired for r in results]) - 1
    corrected = pd.DataFrame([of.row(r, int(k)) for r, k in zip(results, place, strict=True)])
    ledger.enter(ALL_PAIRS, [question(*p, suite.tasks(*p)) for p in compared], [*corrected["p_joint"]], len(results))
    return compared, corrected
