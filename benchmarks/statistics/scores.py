"""Protocols of the scores that the tests compare; benchmarks.store.suite.Suite implements them."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.statistics.intervals import Doubles, Limits


class ScoreCurve(Protocol):
    """One variant on one task: K checkpoints of S seeds."""

    @property
    def seeds(self) -> NDArray[np.int64]:
        """[S]"""

    @property
    def score(self) -> Doubles:
        """[K, S]"""

    @property
    def imputed(self) -> NDArray[np.bool_]:
        """[K, S] whether a score was imputed because the run was lost."""

    @property
    def not_finite(self) -> NDArray[np.bool_]:
        """[K, S] whether a run returned NaN or infinity although it did not diverge."""


class ScoreScale(Protocol):
    """How a task's returns become scores."""

    @property
    def normalised(self) -> bool:
        """Whether scores are shares of the way from a floor to a ceiling, so that they can be averaged over tasks."""


class Scores(Protocol):
    """The scores of some variants on some tasks, one a seed and checkpoint."""

    @property
    def scales(self) -> Mapping[str, ScoreScale]:
        """By task, in order."""

    @property
    def curves(self) -> Mapping[tuple[str, str], ScoreCurve]:
        """By (task, variant)."""

    @property
    def present(self) -> Sequence[str]:
        """Variants that have scores."""

    @property
    def learners(self) -> Sequence[str]:
        """Variants that are compared."""

    @property
    def imported(self) -> Collection[str]:
        """Variants whose seeds are no pairs of the others' seeds."""

    @property
    def without_mean(self) -> Sequence[tuple[str, str]]:
        """(task, variant) whose runs are all lost."""

    @property
    def seeds(self) -> int:
        """The least number of seeds of a (task, variant)."""

    @property
    def unit(self) -> str:
        """What scores are measured in: "normalised score" or "return"."""

    @property
    def normalised(self) -> bool:
        """Whether all scores are normalised."""

    @property
    def compared(self) -> dict[Hashable, Any]:
        """What was tested of these scores before."""

    def score_limits(self, tasks: Sequence[str]) -> Limits:
        """What the expected score cannot leave, a mean over these tasks."""

    def can_average(self, tasks: Sequence[str]) -> bool:
        """Whether scores of these tasks may be averaged."""

    def tasks(self, *variants: str) -> list[str]:
        """Tasks that all of these variants have."""

    def final(self, variant: str, tasks: Sequence[str]) -> pd.DataFrame:
        """Final scores [seeds, tasks] of the seeds that have all these tasks; empty where there is no mean."""

    def lost(self, variant: str, tasks: Sequence[str]) -> pd.DataFrame:
        """Which of the scores of `final` [seeds, tasks] were not measured."""
