"""Racing: at a rung, a configuration that is shown to be worse than the leader stops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from algorithms.sweep import Seen
from benchmarks import stats
from benchmarks.stats import Doubles

ALPHA = 0.05


@dataclass(frozen=True)
class Race:
    """A Judge over configurations of S seeds each, which stand one after the other in the population.

    A configuration that has come to a rung with all its seeds is held against the best that has: the paired one-sided
    sign-flip test over seeds, at level `alpha`. (Birattari et al. 2002 race by Friedman's test and t; here the tests of the
    rest of the suite.) Nobody waits: who comes late, the short-lived, meets those who came before.

    floor, span  of the task: a return is normalised as (return - floor) / span, what diverged scores the floor at most
    bar          what the best complete trial of the study scored at each rung, a tuple of S; or none
    spared       places of configurations that are never dropped: the defaults
    """

    checkpoints: tuple[int, ...]
    seeds: int
    floor: float
    span: float
    bar: tuple[tuple[float, ...], ...] = ()
    spared: tuple[int, ...] = ()
    alpha: float = ALPHA

    def dropped(self, seen: Seen) -> list[tuple[int, ...]]:
        lost: dict[int, None] = {}
        for rung, k in enumerate(self.checkpoints):
            there = self.arrived(seen[k])
            rivals = [*there.values(), *([np.asarray(self.bar[rung])] if self.bar else [])]
            if not rivals:
                continue
            best = max(rivals, key=lambda scores: float(scores.mean()))
            for configuration, scores in there.items():
                if scores is best or configuration in self.spared or scores.mean() >= best.mean():
                    continue
                if stats.sign_flip_p(scores - best, alternative="less") <= self.alpha:
                    lost[configuration] = None
        return [tuple(range(c * self.seeds, (c + 1) * self.seeds)) for c in lost]

    def arrived(self, returns: Mapping[int, float]) -> dict[int, Doubles]:
        """Normalised scores [S] of the configurations whose seeds are all there."""
        found = {}
        for c in sorted({place // self.seeds for place in returns}):
            places = range(c * self.seeds, (c + 1) * self.seeds)
            if all(p in returns for p in places):
                found[c] = normalised(np.array([returns[p] for p in places]), self.floor, self.span)
        return found


def normalised(returns: Doubles, floor: float, span: float) -> Doubles:
    """(return - floor) / span; a run that diverged (NaN) counts as the worst of 0 and what the others scored."""
    scores = (returns - floor) / span
    worst = min(0.0, float(np.nanmin(scores))) if np.isfinite(scores).any() else 0.0
    return np.where(np.isnan(scores), worst, scores)
