"""How many seeds are enough: blocks of seeds are added until every variant's place against the baseline is decided.

Looking after each block and stopping at the first p < .05 finds differences that are not there (about 13 % of the time
with four looks). Here look k tests at a level alpha_k, and the levels add up to alpha (Bonferroni over looks: an
alpha-spending rule, Lan and DeMets 1983, that spends .4 of it at the first look and the rest evenly). At a look the
pairs not yet decided are corrected by Holm (1979). A true null is rejected at look k only if its p is at most
alpha_k / m, m the number of true nulls, whatever was decided before, so the chance of any false decision is at most the
sum of the levels. The same holds for "no difference larger than the margin" (TOST), which spends a budget of its own.
The p values are exact at every look (sign-flip), so nothing is assumed of the scores but that a pair without a
difference is as likely to differ by +d as by -d. Cf. AdaStop (Mathieu et al. 2023), which spends evenly and permutes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple

import numpy as np

from benchmarks.statistics.equivalence import tost
from benchmarks.statistics.intervals import Doubles
from benchmarks.statistics.sign_flips import sign_flip_p
from benchmarks.statistics.tests import holm

FIRST_SHARE = 0.4  # of alpha: with ten seeds and nine pairs the least Holm-corrected p is .0176
Kind = Literal["better", "worse", "same"]


class SequentialDecision(NamedTuple):
    """A decision about a variant: its kind, the number of seeds, the difference, and p (sign-flip test or TOST)."""

    kind: Kind
    seeds: int
    difference: float
    p: float


def levels(looks: int, alpha: float = 0.05) -> Doubles:
    """alpha_k: what each look may spend; they add up to alpha."""
    if looks < 1:
        raise ValueError(f"there must be one look at least, not {looks}")
    if looks == 1:
        return np.array([alpha])
    return alpha * np.array([FIRST_SHARE, *[(1 - FIRST_SHARE) / (looks - 1)] * (looks - 1)])


def adjusted(differences: Mapping[str, Doubles], level: float, alpha: float = 0.05) -> dict[str, float]:
    """Each variant's p at one look, corrected for the variants (Holm) and the looks: below alpha where `look` decides."""
    p = np.array([sign_flip_p(d) for d in differences.values()])
    return {v: min(1.0, float(x) * alpha / level) for v, x in zip(differences, holm(p), strict=True)}


def look(
    differences: Mapping[str, Doubles], level: float, margin: float, lost: Collection[str] = ()
) -> dict[str, SequentialDecision]:
    """The decisions of one look: per undecided variant its differences to the baseline, one a seed.

    lost  variants that lost other runs than the baseline (comparisons.one_sided_losses): the score of a lost run was not
          measured, so such a variant is never "the same"; its p of TOST is 1
    """
    names = list(differences)
    p = np.array([sign_flip_p(differences[v]) for v in names])
    measured = {v: len(differences[v]) > 1 and v not in lost for v in names}
    same = np.array([tost(differences[v], margin) if measured[v] else 1.0 for v in names])
    decided: dict[str, SequentialDecision] = {}
    for v, corrected, raw in zip(names, holm(p), p, strict=True):
        if corrected <= level:
            mean = float(differences[v].mean())
            decided[v] = SequentialDecision("better" if mean > 0 else "worse", len(differences[v]), mean, float(raw))
    for v, corrected, raw in zip(names, holm(same), same, strict=True):
        if corrected <= level and v not in decided:
            decided[v] = SequentialDecision("same", len(differences[v]), float(differences[v].mean()), float(raw))
    return decided
