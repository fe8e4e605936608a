"""Racing: at a rung, a configuration that is shown to be worse than the leader stops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from algorithms.sweep import Seen
from benchmarks import stats
from benchmarks.stats import Doubles
from benchmarks.tuning.counting import first, of_scores
from envs.api import Scale

ALPHA = 0.05


@dataclass(frozen=True)
class Race:
    """A Judge over configurations of S seeds each, which stand one after the other in the population.

    A configuration that has come to a rung with all its seeds is held against the best that has: the paired one-sided
    sign-flip test over seeds, at level `alpha`. (Birattari et al. 2002 race by Friedman's test and t; here the tests of the
    rest of the suite.) Nobody waits: who comes late, the short-lived, meets those who came before.

    scale   of the task; a lost run counts as the lowest of everyone at the rung, and who has lost all runs beats nobody
    bar     what the best complete trial of the study scored at each rung, a tuple of S; or none. NaN: a lost run
    spared  places of configurations that are never dropped: the defaults
    """

    checkpoints: tuple[int, ...]
    seeds: int
    scale: Scale
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
            counted = self._counted(np.stack(rivals))
            means = counted.mean(axis=1)
            if np.isnan(means).all():
                continue
            best = first(means, (~np.isfinite(np.stack(rivals))).sum(axis=1).tolist())
            for i, configuration in enumerate(there):
                if i == best or configuration in self.spared or means[i] >= means[best]:
                    continue
                gone = (
                    np.isnan(means[i])
                    or stats.sign_flip_p(counted[i] - counted[best], alternative="less") <= self.alpha
                )
                if gone:
                    lost[configuration] = None
        return [tuple(range(c * self.seeds, (c + 1) * self.seeds)) for c in lost]

    def arrived(self, returns: Mapping[int, float]) -> dict[int, Doubles]:
        """Scores [S] of the configurations whose seeds are all there; NaN of lost runs."""
        found = {}
        for c in sorted({place // self.seeds for place in returns}):
            places = range(c * self.seeds, (c + 1) * self.seeds)
            if all(p in returns for p in places):
                found[c] = self.scale.read([returns[p] for p in places])
        return found

    def _counted(self, scores: Doubles) -> Doubles:
        """Scores [C, S] with those of lost runs replaced; a row of lost runs alone stays NaN."""
        finite = np.where(np.isfinite(scores), scores, np.inf)
        return of_scores(self.scale).counted(scores, worst=float(finite.min()))
