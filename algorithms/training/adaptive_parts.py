"""Parts of an estimator whose numbers follow the training: the surrogate's and the scale's, one for each member."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from algorithms.estimators.estimator import AdaptiveScale, AdaptiveSurrogate, Assessment, Estimator
from algorithms.estimators.loss import log_probabilities
from algorithms.estimators.rollout import PartState, Rollout
from algorithms.policies.actor_critic import ActorCritic
from algorithms.training.state import like


class AdaptiveParts:
    """An estimator with the current numbers of its adaptive parts.

    estimator  with a column [P, 1] for each number; the given one if no part is adaptive
    """

    def __init__(self, estimator: Estimator, members: int, flat: Tensor) -> None:
        self._given = self.estimator = estimator
        self._states: dict[str, PartState] = {}
        for name, part in self._parts().items():
            self._states[name] = like(flat, part.initial(members))
        self._apply()

    def _parts(self) -> dict[str, AdaptiveSurrogate | AdaptiveScale]:
        found: dict[str, AdaptiveSurrogate | AdaptiveScale] = {}
        if isinstance(self._given.surrogate, AdaptiveSurrogate):
            found["surrogate"] = self._given.surrogate
        if isinstance(self._given.scale, AdaptiveScale):
            found["scale"] = self._given.scale
        return found

    def _apply(self) -> None:
        if self._states:
            changed = {name: part.with_state(self._states[name]) for name, part in self._parts().items()}
            self.estimator = replace(self._given, **changed)  # type: ignore[arg-type]

    def follow_advantages(self, assessment: Assessment, rollout: Rollout) -> None:
        """Update the scale's numbers, for the next rollout."""
        if isinstance(scale := self._given.scale, AdaptiveScale):
            self._states["scale"] = scale.update(assessment.unscaled, rollout.valid, self._states["scale"])

    def follow_steps(self, policy: ActorCritic, rollout: Rollout) -> None:
        """Update the surrogate's numbers after the steps on a rollout, which took the policy away from mu."""
        if isinstance(surrogate := self._given.surrogate, AdaptiveSurrogate):
            with torch.no_grad():
                moved = log_probabilities(policy, rollout) - rollout.logp
                self._states["surrogate"] = surrogate.update(moved, rollout.valid, self._states["surrogate"])
        self._apply()

    def tensors(self) -> dict[str, PartState]:
        """The numbers by part."""
        return dict(self._states)

    def member_axes(self) -> dict[str, dict[str, int | None]]:
        """The axis of the members in each of `tensors()`."""
        return {part: dict.fromkeys(state, 0) for part, state in self._states.items()}

    def restore(self, states: Mapping[str, PartState]) -> None:
        """Continue from `tensors()`."""
        self._states = {part: dict(state) for part, state in states.items()}
        self._apply()
