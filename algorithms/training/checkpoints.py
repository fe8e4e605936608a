"""Checkpoints of a population. Each member is copied when it reaches one, and all members are evaluated together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from algorithms.estimators.diagnostics import NAMES, Diagnostics
from algorithms.training.observation_normaliser import Normaliser
from algorithms.training.state import flatten_parts, part_tensors

# counters that are stored when a member passes a checkpoint; the last two only if rollouts are stale
PROGRESS = ("env_steps", "updates", "wall_s", "simulated_s", "lag_max")
ProgressTable = np.ndarray  # [marks, K, P]


class Checkpoints:
    """Parameters [K, P, D] and normaliser of each member when it first passed each fraction of its budget.

    evaluated  number of evaluated checkpoints
    """

    def __init__(
        self, like: Tensor, fractions: tuple[float, ...], budget: int, normaliser: Callable[[], Normaliser]
    ) -> None:
        """`like`: the population's parameters [P, D]; `normaliser` makes an initial normaliser for a checkpoint."""
        count, members = len(fractions), len(like)
        self.fractions, self._blank_normaliser = fractions, normaliser
        self.thresholds = [fraction * budget for fraction in fractions]
        self.values = like.new_zeros(count, *like.shape)
        self.normalisers = [normaliser() for _ in range(count)]
        self.passed = np.zeros((count, members), np.bool_)
        self.progress: ProgressTable = np.zeros((len(PROGRESS), count, members))
        self.diagnostics = np.full((len(NAMES), count, members), np.nan)
        self.evaluated = 0

    def due(self, env_steps: np.ndarray) -> bool:
        """Whether a member has reached a threshold for which it has not been copied."""
        return any(
            bool(((env_steps >= t) & ~taken).any()) for t, taken in zip(self.thresholds, self.passed, strict=True)
        )

    def take(
        self, values: Tensor, normaliser: Normaliser, now: ProgressTable, healthy: np.ndarray, diagnostics: Diagnostics
    ) -> None:
        """Copy the rows of members that have just passed a threshold, and their diagnostics since the last one.

        `now` [MARKS, P]. A diverged member passes all later thresholds at once.
        """
        copied = np.zeros(len(healthy), np.bool_)
        for k, threshold in enumerate(self.thresholds):
            reached = ((now[0] >= threshold) | ~healthy) & ~self.passed[k]
            if not reached.any():
                continue
            rows = torch.from_numpy(np.flatnonzero(reached)).to(values.device)
            self.values[k, rows] = values[rows]
            kept = self.normalisers[k].snapshot()
            for name, value in normaliser.snapshot().items():
                kept[name][reached] = value[reached]
            self.normalisers[k].restore(kept)
            self.passed[k] |= reached
            self.progress[:, k, reached] = now[:, reached]
            for name, value in diagnostics.means().items():
                self.diagnostics[NAMES.index(name), k, reached] = value[reached]
            copied |= reached
        if copied.any():
            diagnostics.clear(copied)

    def diagnostics_at(self, k: int) -> dict[str, np.ndarray]:
        """The diagnostics between checkpoints k - 1 and k, [P] each; NaN for members without readings."""
        return {name: row[k] for name, row in zip(NAMES, self.diagnostics, strict=True)}

    def complete(self) -> list[int]:
        """The checkpoints to evaluate: all members have passed them."""
        passed = self.passed[self.evaluated :].all(1)
        return [self.evaluated + i for i in range(int(np.logical_and.accumulate(passed).sum()))]

    def mark_evaluated(self, count: int) -> None:
        """Record that the next `count` checkpoints have been evaluated."""
        self.evaluated += count

    def joined_normaliser(self, ks: Sequence[int]) -> Normaliser:
        """The normaliser of all members at the first of these checkpoints, then at the second, ..."""
        snapshots = [self.normalisers[k].snapshot() for k in ks]
        joined = self._blank_normaliser()
        joined.restore({name: np.concatenate([snapshot[name] for snapshot in snapshots]) for name in snapshots[0]})
        return joined

    def diverged_before(self, k: int, healthy: np.ndarray) -> np.ndarray:
        """Members that diverged before checkpoint k [P]; checkpoints that they passed earlier keep their values."""
        return ~healthy & (self.progress[0, k] < self.thresholds[k])

    def tensors(self) -> dict[str, Tensor]:
        """The state that a resume needs, by name; `evaluated` is saved separately."""
        arrays = {name: torch.from_numpy(x) for name, x in self._arrays().items()}
        moments = {str(i): normaliser.snapshot() for i, normaliser in enumerate(self.normalisers)}
        moved = {f"moments.{name}": torch.from_numpy(x) for name, x in flatten_parts(moments).items()}
        return {"values": self.values, **arrays, **moved}

    def member_axes(self) -> dict[str, int | None]:
        """The axis of the members in each of `tensors()`."""
        first = {"values": 1, "passed": 1, "progress": 2, "diagnostics": 2}
        return {name: first.get(name, 0) for name in self.tensors()}

    def restore(self, tensors: Mapping[str, Tensor], evaluated: int) -> None:
        """Continue from `tensors()`."""
        self.values = tensors["values"]
        self.passed, self.progress, self.diagnostics = (tensors[name].cpu().numpy().copy() for name in self._arrays())
        moments = part_tensors("moments", tensors)
        for i, normaliser in enumerate(self.normalisers):
            normaliser.restore({name: x.cpu().numpy() for name, x in part_tensors(str(i), moments).items()})
        self.evaluated = evaluated

    def _arrays(self) -> dict[str, np.ndarray]:
        return {"passed": self.passed, "progress": self.progress, "diagnostics": self.diagnostics}
