"""The variant with the highest mean score, and a joint test of all pairs of the compared variants.

The leader is known only after the scores are seen, so its comparisons were not chosen beforehand. They are therefore
corrected as part of the family of all pairs, M (M - 1) / 2 of them: the chance that any variant is said to be worse than
another without being so is at most .05, whichever variants are equal and whichever leads.

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
import scipy

from benchmarks.statistics.comparison_tables import as_row, suite_table, task_table
from benchmarks.statistics.comparisons import Pair, compare_each, seed_differences, seed_means
from benchmarks.statistics.families import ALL_PAIRS, ITS_TASKS, Ledger, hypothesis
from benchmarks.statistics.intervals import NAN, Doubles
from benchmarks.statistics.power import shift_beyond
from benchmarks.statistics.scores import Scores
from benchmarks.statistics.sign_flips import Joint, joint
from benchmarks.statistics.tests import LEVEL, Comparison, rounded_differences


class JointFamily(NamedTuple):
    """All pairs of some variants, tested together at LEVEL.

    The `paired` ones share seeds and are tested jointly, at their share of LEVEL; each of the others by Welch's test at
    LEVEL / total (Bonferroni). The shares add up to LEVEL.
    """

    test: Joint
    paired: int
    total: int

    def row(self, result: Comparison, column: int) -> dict[str, float]:
        """What a comparison shows within the family; `column` is its column among the paired ones.

        p_joint     corrected for all pairs
        at_least    lower confidence bound of |difference|, simultaneous over all pairs: above 0 where p_joint < LEVEL
        detectable  the true difference that is shown with probability .8
        least_p     the smallest p_joint that so many seeds can give
        """
        if result.paired:
            critical, scale = self.test.critical_t(result.n), self.total / self.paired
            p = float(self.test.p[column]) * scale
            least = self.test.least * scale
        else:
            share = LEVEL / self.total
            reachable = result.least_p < share and np.isfinite(result.df)
            critical = float(scipy.stats.t.ppf(1 - share / 2, result.df)) if reachable else float("inf")
            p, least = result.p * self.total, result.least_p * self.total
        varies = result.error > 0 and np.isfinite(critical)
        return {
            "p_joint": min(1.0, p),
            "at_least": abs(result.difference) - critical * result.error if varies else NAN,
            "detectable": shift_beyond(critical, result.df) * result.error if varies else NAN,
            "least_p": min(1.0, least),
        }


def joint_family(differences: Doubles, total: int) -> JointFamily:
    """Of the paired comparisons' differences [seeds, C], and any others up to `total`."""
    count = differences.shape[1]
    test = joint(differences, LEVEL * count / total) if count else Joint(np.zeros(0), float("inf"), 1.0)
    return JointFamily(test, count, total)


class Leaders(NamedTuple):
    """The variant of the highest mean among those that can be compared, and what the joint test shows of its rivals.

    not_separated  rivals that are not shown to score less than the best, in order of their means
    table          a row a rival that can be compared: the best minus it, and the columns of JointFamily.row
    not_compared   who cannot be compared with the best, and why
    highest        whether none of `not_compared` has a higher mean than the best
    """

    best: str
    not_separated: list[str]
    table: pd.DataFrame
    not_compared: dict[str, str]
    highest: bool

    def _rows(self, separated: bool) -> pd.DataFrame:
        if self.table.empty:
            return self.table
        return self.table[self.table["variant"].isin(self.not_separated) != separated]

    @property
    def separated(self) -> pd.DataFrame:
        """The rows of those that are shown to score less; familywise error LEVEL."""
        return self._rows(separated=True)

    @property
    def unseparated(self) -> pd.DataFrame:
        """The rows of those that are not shown to score less."""
        return self._rows(separated=False)

    @property
    def separable(self) -> bool:
        """Whether these seeds could have shown any difference from the best."""
        return bool(len(self.table)) and bool((self.table["least_p"] < LEVEL).any())

    @property
    def detectable(self) -> float:
        """The largest true difference, over those who are not separated, that is needed for a probability of .8."""
        return float(self.unseparated["detectable"].max()) if len(self.unseparated) else NAN


def leaders(
    suite: Scores, variants: Sequence[str], tasks: Sequence[str], ledger: Ledger | None = None
) -> Leaders | None:
    """The leader on these tasks and what is shown of its rivals; None where no variant has a score.

    Of equal means the one with fewer lost runs leads, because the score of a lost run was not measured.

    ledger  of the page: a rival that an earlier family of it decided keeps that decision
    """
    means = {v: m for v in variants if len(m := seed_means(suite, v, tasks))}
    if not means:
        return None
    lost = {v: int(suite.lost(v, tasks).to_numpy(bool).sum()) for v in means}
    order = sorted(means, key=lambda v: (-_to_rounding(float(means[v].mean())), lost[v]))
    comparable = {frozenset(p) for p in combinations(means, 2) if _comparable(suite, means[p[0]], means[p[1]], p)}
    best = next((v for v in order if any(v in pair for pair in comparable)), order[0])
    rivals = [v for v in order if v != best]
    compared = zip(rivals, compare_each(suite, [(Pair(best, v), tasks) for v in rivals]), strict=True)
    results = {v: result for v, result in compared if result is not None}
    table = _rivals(suite, best, means, comparable, results)
    if results and ledger is not None:
        table["p_joint"] = _decided(suite, best, table, tasks, len(comparable), ledger)
    shown = set(table["variant"][table["p_joint"] < LEVEL]) if results else set()
    not_compared = {v: _why_not_compared(suite, means, v, best, comparable) for v in rivals if v not in results}
    not_separated = [v for v in rivals if v in results and v not in shown]
    return Leaders(best, not_separated, table, not_compared, best == order[0])


def _rivals(
    suite: Scores,
    best: str,
    means: Mapping[str, pd.Series],
    comparable: set[frozenset[str]],
    results: Mapping[str, Comparison],
) -> pd.DataFrame:
    """A row a rival, with what the joint test of all comparable pairs shows of it."""
    own = [v for v in means if v not in suite.imported]
    scores = pd.DataFrame({v: means[v] for v in own})
    paired = [p for p in combinations(own, 2) if frozenset(p) in comparable]
    differences = [rounded_differences(scores[b].to_numpy(float), scores[a].to_numpy(float)) for b, a in paired]
    columns = {frozenset(names): k for k, names in enumerate(paired)}
    family = joint_family(np.column_stack(differences) if differences else np.zeros((0, 0)), len(comparable))
    return pd.DataFrame(
        {"variant": v, **as_row(result), **family.row(result, columns.get(frozenset((best, v)), 0))}
        for v, result in results.items()
    )


def _comparable(suite: Scores, b: pd.Series, a: pd.Series, pair: Sequence[str]) -> bool:
    """Whether compare_variants tests these means by seed."""
    if {*pair} & set(suite.imported):
        return min(len(b), len(a)) > 1
    return bool(len(b.index.intersection(a.index)))


def _why_not_compared(
    suite: Scores, means: Mapping[str, pd.Series], variant: str, best: str, comparable: set[frozenset[str]]
) -> str:
    """Why a variant is not compared with the best, as a predicate."""
    if not {variant, best} & set(suite.imported):
        isolated = not any(variant in pair for pair in comparable)
        return f"shares no seeds with {'the others' if isolated else f'`{best}`'}"
    if len(means[variant]) < 2:
        return "has one run and is not compared"
    return f"is not compared, because `{best}` has one run"


def _to_rounding(mean: float) -> float:
    """To 12 digits: equal scores in another order are equal means."""
    return float(f"{mean:.12g}")


def _decided(
    suite: Scores, best: str, table: pd.DataFrame, tasks: Sequence[str], total: int, ledger: Ledger
) -> list[float]:
    """The p of the leader's rivals, as the page decides them.

    On one task of several the tables correct over the tasks of a pair, which is another family than this one, of all pairs
    of variants on that task: a rival is shown to be lower only where both show it.
    """
    rivals = [str(v) for v in table["variant"]]
    if len(tasks) == 1:
        task_table(suite, [Pair(best, v) for v in rivals], ledger=ledger)
    decided = ledger.enter(ALL_PAIRS, [hypothesis(best, v, tasks) for v in rivals], [*table["p_joint"]], total)
    joint_p = table["p_joint"].tolist()
    return [max(d.p, p) if d.family == ITS_TASKS else d.p for d, p in zip(decided, joint_p, strict=True)]


def all_pairs_table(suite: Scores, pairs: Sequence[Pair], ledger: Ledger | None = None) -> pd.DataFrame:
    """suite_table of all pairs, each over the tasks that both have, corrected by the joint test: `p_joint`.

    ledger  of the page: a pair that an earlier family of it decided keeps that decision
    """
    ledger = Ledger() if ledger is None else ledger
    compared, corrected = decide_all_pairs(suite, pairs, ledger)
    if not compared:
        return pd.DataFrame()
    table = suite_table(suite, compared, task_table(suite, compared, ledger=ledger), ledger)
    here = table["family"] == ALL_PAIRS
    for name in ("detectable", "least_p"):
        table[name] = table[name].where(~here, corrected[name])
    return table.rename(columns={"p_holm": "p_joint"})


def decide_all_pairs(suite: Scores, pairs: Sequence[Pair], ledger: Ledger) -> tuple[list[Pair], pd.DataFrame]:
    """Decide all pairs by the joint test, unless they are decided; those that can be compared, and their JointFamily.row."""
    each = compare_each(suite, [(p, suite.tasks(*p)) for p in pairs])
    by_pair = {p: result for p, result in zip(pairs, each, strict=True) if result is not None}
    if not by_pair:
        return [], pd.DataFrame()
    compared, results = [*by_pair], [*by_pair.values()]
    columns = [seed_differences(suite, p, suite.tasks(*p)) for p, r in by_pair.items() if r.paired]
    paired = pd.concat(columns, axis=1).sort_index().to_numpy(float) if columns else np.zeros((0, 0))
    family, columns_of_pairs = joint_family(paired, len(results)), np.cumsum([r.paired for r in results]) - 1
    corrected = pd.DataFrame([family.row(r, int(k)) for r, k in zip(results, columns_of_pairs, strict=True)])
    hypotheses = [hypothesis(*p, suite.tasks(*p)) for p in compared]
    ledger.enter(ALL_PAIRS, hypotheses, [*corrected["p_joint"]], len(results))
    return compared, corrected
