"""Racing: at a rung, a configuration that is shown to be worse than the leader stops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from algorithms.training.elimination import CheckpointReturns
from benchmarks.statistics.sign_flips import sign_flip_p
from benchmarks.tuning.imputation import first_best, score_scale
from envs.api import Doubles, Scale

ALPHA = 0.05


@dataclass(frozen=True)
class Race:
    """A StoppingRule over configurations of S seeds each, which follow each other in the population.

    A configuration of which all seeds have reached a rung is compared with the best that has: the paired one-sided sign-flip
    test over seeds, at level `alpha`. (Birattari et al. 2002 race by Friedman's test and t; here the tests of the rest of
    the suite.) No configuration waits for others: late ones are compared with those that arrived before.

    scale   of the task; a lost run counts as the lowest score at the rung; a configuration with all runs lost
            never leads
    bar     what the best complete trial of the study scored at each rung, a tuple of S; or none. NaN: a lost run
    spared  indices of configurations that are never dropped: the defaults
    """

    checkpoints: tuple[int, ...]
    seeds: int
    scale: Scale
    bar: tuple[tuple[float, ...], ...] = ()
    spared: tuple[int, ...] = ()
    alpha: float = ALPHA

    def stopped(self, returns: CheckpointReturns) -> list[tuple[int, ...]]:
        """The members of each configuration that is shown to be worse than the leader at any rung."""
        worse: dict[int, None] = {}
        for rung, k in enumerate(self.checkpoints):
            worse |= dict.fromkeys(self._worse_at(rung, self.arrived(returns[k])))
        return [self._members(configuration) for configuration in worse]

    def arrived(self, returns: Mapping[int, float]) -> dict[int, Doubles]:
        """Scores [S] of the configurations whose seeds are all there; NaN of lost runs."""
        scores = {}
        for configuration in sorted({member // self.seeds for member in returns}):
            members = self._members(configuration)
            if all(member in returns for member in members):
                scores[configuration] = self.scale.read([returns[member] for member in members])
        return scores

    def _members(self, configuration: int) -> tuple[int, ...]:
        return tuple(range(configuration * self.seeds, (configuration + 1) * self.seeds))

    def _worse_at(self, rung: int, arrived: Mapping[int, Doubles]) -> list[int]:
        """Configurations among those that arrived which are shown to be worse than the best of them and of the bar."""
        if not (rows := [*arrived.values(), *([np.asarray(self.bar[rung])] if self.bar else [])]):
            return []
        scores = np.stack(rows)  # [C, S], the bar last
        imputed = self._impute(scores)
        means = imputed.mean(axis=1)
        if np.isnan(means).all():
            return []
        best = first_best(means, (~np.isfinite(scores)).sum(axis=1).tolist())
        return [
            configuration
            for i, configuration in enumerate(arrived)
            if i != best
            and configuration not in self.spared
            and not means[i] >= means[best]
            and (np.isnan(means[i]) or self._is_lower(imputed[i] - imputed[best]))
        ]

    def _is_lower(self, differences: Doubles) -> bool:
        return sign_flip_p(differences, alternative="less") <= self.alpha

    def _impute(self, scores: Doubles) -> Doubles:
        """Scores [C, S] with those of lost runs replaced; a row of lost runs alone stays NaN."""
        finite = np.where(np.isfinite(scores), scores, np.inf)
        return score_scale(self.scale).counted(scores, worst=float(finite.min()))
