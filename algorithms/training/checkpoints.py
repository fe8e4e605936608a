"""Checkpoints of a population whose members pass them at different updates: copied one by one, evaluated together."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from algorithms.estimators.diagnostics import NAMES, Diagnostics
from algorithms.training.observation_normaliser import Normaliser

# what is noted when a member passes a checkpoint; the last two where rollouts are stale
MARKS = ("env_steps", "updates", "wall_s", "simulated_s", "lag_max")
Marks = np.ndarray  # [marks, K, P]


class Checkpoints:
    """Parameters [K, P, D] and normaliser of each member when it first passed each fraction of its budget."""

    def __init__(
        self, like: Tensor, fractions: tuple[float, ...], budget: int, normaliser: Callable[[], Normaliser]
    ) -> None:
        """`like`: the population's parameters [P, D]; `normaliser` makes a blank one for a checkpoint."""
        shots, members = len(fractions), len(like)
        self.thresholds = [fraction * budget for fraction in fractions]
        self.values = like.new_zeros(shots, *like.shape)
        self.normalisers = [normaliser() for _ in range(shots)]
        self.taken = np.zeros((shots, members), np.bool_)
        self.marks: Marks = np.zeros((len(MARKS), shots, members))
        self.notes = np.full((len(NAMES), shots, members), np.nan)
        self.evaluated = 0

    def due(self, env_steps: np.ndarray) -> bool:
        """Whether a member has reached a threshold at which it has not been copied."""
        return any(
            bool(((env_steps >= t) & ~taken).any()) for t, taken in zip(self.thresholds, self.taken, strict=True)
        )

    def take(
        self, values: Tensor, normaliser: Normaliser, now: Marks, healthy: np.ndarray, diagnostics: Diagnostics
    ) -> None:
        """Copy the rows of members that have just passed a threshold, and what their diagnostics gathered since the last.

        `now` [MARKS, P]. Who diverged passes all of its later thresholds.
        """
        copied = np.zeros(len(healthy), np.bool_)
        for k, threshold in enumerate(self.thresholds):
            reached = ((now[0] >= threshold) | ~healthy) & ~self.taken[k]
            if not reached.any():
                continue
            rows = torch.from_numpy(np.flatnonzero(reached)).to(values.device)
            self.values[k, rows] = values[rows]
            kept = self.normalisers[k].snapshot()
            for name, value in normaliser.snapshot().items():
                kept[name][reached] = value[reached]
            self.normalisers[k].restore(kept)
            self.taken[k] |= reached
            self.marks[:, k, reached] = now[:, reached]
            for name, value in diagnostics.means().items():
                self.notes[NAMES.index(name), k, reached] = value[reached]
            copied |= reached
        if copied.any():
            diagnostics.clear(copied)

    def noted(self, k: int) -> dict[str, np.ndarray]:
        """The diagnostics up to checkpoint k, [P] each; NaN where a member has none."""
        return {name: row[k] for name, row in zip(NAMES, self.notes, strict=True)}

    def next_complete(self) -> int | None:
        """The next checkpoint to evaluate, if all members have passed it."""
        k = self.evaluated
        return k if k < len(self.taken) and bool(self.taken[k].all()) else None

    def lost(self, k: int, healthy: np.ndarray) -> np.ndarray:
        """Members that diverged before checkpoint k [P]; the checkpoints they passed in health stand."""
        return ~healthy & (self.marks[0, k] < self.thresholds[k])

    def tensors(self) -> dict[str, Tensor]:
        """What a resume needs, by name; `evaluated` beside it."""
        moments = {
            f"moments.{i}.{name}": torch.from_numpy(value)
            for i, normaliser in enumerate(self.normalisers)
            for name, value in normaliser.snapshot().items()
        }
        arrays = {"taken": torch.from_numpy(self.taken), "marks": torch.from_numpy(self.marks)}
        arrays["notes"] = torch.from_numpy(self.notes)
        return {"values": self.values, **arrays, **moments}

    def restore(self, tensors: dict[str, Tensor], evaluated: int) -> None:
        """Go on from `tensors()`."""
        self.values = tensors["values"]
        self.taken, self.marks = (tensors[name].cpu().numpy().copy() for name in ("taken", "marks"))
        self.notes = tensors["notes"].cpu().numpy().copy()
        for i, normaliser in enumerate(self.normalisers):
            prefix = f"moments.{i}."
            own = {k.removeprefix(prefix): v.cpu().numpy() for k, v in tensors.items() if k.startswith(prefix)}
            normaliser.restore(own)
        self.evaluated = evaluated
