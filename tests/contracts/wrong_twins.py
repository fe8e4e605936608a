"""Wrong twins of estimators: each makes a mistake of a known system."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from algorithms.conformance.finding import Finding
from algorithms.estimators.advantage_scale import Deviation
from algorithms.estimators.credit import EpisodeReturn, LambdaReturn, RewardToGo, backward_sum
from algorithms.estimators.rollout import Rollout
from algorithms.estimators.surrogate import Score

State = dict[str, Tensor]


def broken(findings: list[Finding]) -> set[str]:
    """The rules that do not hold."""
    return {finding.rule for finding in findings if not finding.holds}


class _Plain:
    critic: ClassVar[bool] = False
    needs_score_norms: ClassVar[bool] = False
    needs_greedy_return: ClassVar[bool] = False

    def initial(self, members: int, horizon: int) -> State:
        return {}


@dataclass(frozen=True)
class WholeBatchMean(_Plain):
    """A mean over all members of the population."""

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        return q.mean().expand_as(q), state


@dataclass(frozen=True)
class PaddedMean(_Plain):
    """A member's mean over time that counts rows after the end."""

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        return (q * rollout.valid).mean((0, 2), keepdim=True).expand_as(q), state


@dataclass(frozen=True)
class SilentGroup(_Plain):
    """The group's mean, a group of one included: its advantage is always 0."""

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        grouped = q.reshape(*q.shape[:2], -1, rollout.group)
        return grouped.mean(-1, keepdim=True).expand_as(grouped).reshape(q.shape), state


@dataclass(frozen=True)
class NeighbourBaseline(_Plain):
    """The episode in the next environment: its group or not."""

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        return q.roll(1, 2), state


@dataclass(frozen=True)
class OverPadding:
    """Rewards-to-go that run on over the end."""

    bootstraps: ClassVar[bool] = False

    def __call__(self, rollout: Rollout, values: Tensor | None) -> Tensor:
        return backward_sum(rollout.reward, torch.ones_like(rollout.reward))


@dataclass(frozen=True)
class Standardised:
    """Rewards divided by their deviation, and nobody said so."""

    bootstraps: ClassVar[bool] = False

    def __call__(self, rollout: Rollout, values: Tensor | None) -> Tensor:
        q = RewardToGo()(rollout, values) * rollout.valid
        return q / q.std((0, 2), keepdim=True)


@dataclass(frozen=True)
class WholeBatchDeviation:
    """Advantages standardised over all members of the population."""

    each_minibatch: ClassVar[bool] = False

    def __call__(self, advantage: Tensor, q: Tensor, rollout: Rollout) -> Tensor:
        return (advantage - advantage.mean()) / advantage.std() * rollout.valid

    def rows(self, advantage: Tensor, valid: Tensor) -> Tensor:
        return advantage


@dataclass(frozen=True)
class WhitenedOverPadding(WholeBatchDeviation):
    """A member's advantages standardised, rows after the end counted."""

    def __call__(self, advantage: Tensor, q: Tensor, rollout: Rollout) -> Tensor:
        deviation = advantage.std((0, 2), keepdim=True)
        return advantage / deviation


@dataclass(frozen=True)
class ScalingLeftOn(WholeBatchDeviation):
    """The deviation of GRPO that stayed on when it was switched off: what promises to be rloo is not."""

    def __call__(self, advantage: Tensor, q: Tensor, rollout: Rollout) -> Tensor:
        return Deviation("group")(advantage, q, rollout)


@dataclass(frozen=True)
class MeanOverMicrobatch(Score):
    """A loss that is divided by the size of the micro-batch it happens to see."""

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        return advantage * logp / valid.sum((0, 2), keepdim=True)


@dataclass(frozen=True)
class ShiftedRewards(RewardToGo):
    """Rewards that arrive one step late: an action is credited with what came before it."""

    def __call__(self, rollout: Rollout, values: Tensor | None) -> Tensor:
        late = torch.cat([torch.zeros_like(rollout.reward[:1]), rollout.reward[:-1]])
        return backward_sum(late * rollout.valid, rollout.discount * rollout.continues)


@dataclass(frozen=True)
class CutIsOver:
    """A time limit taken for an end: no V of what an episode was cut at."""

    bootstraps: ClassVar[bool] = True

    def __call__(self, rollout: Rollout, values: Tensor | None) -> Tensor:
        assert values is not None
        return LambdaReturn()(replace(rollout, discount=rollout.discount * rollout.continues), values)


@dataclass(frozen=True)
class OverIsCut:
    """An end taken for a time limit: V of a state that nobody acts in."""

    bootstraps: ClassVar[bool] = True

    def __call__(self, rollout: Rollout, values: Tensor | None) -> Tensor:
        assert values is not None
        return LambdaReturn()(replace(rollout, discount=torch.ones_like(rollout.discount)), values)


@dataclass(frozen=True)
class OverTheEnd:
    """GAE that runs on over an end into the reset and the next episode; with `kept` it stops where it is terminated."""

    kept: bool = False
    bootstraps: ClassVar[bool] = True

    def __call__(self, rollout: Rollout, values: Tensor | None) -> Tensor:
        assert values is not None
        on = torch.ones_like(rollout.continues)
        return LambdaReturn()(replace(rollout, continues=on, discount=rollout.discount if self.kept else on), values)


@dataclass(frozen=True)
class KLAgain:
    """A credit that subtracts the KL, which the reward holds already."""

    bootstraps: ClassVar[bool] = False

    def __call__(self, rollout: Rollout, values: Tensor | None) -> Tensor:
        reference = rollout.logp if rollout.reference is None else rollout.reference
        return EpisodeReturn()(replace(rollout, reward=rollout.reward - 0.1 * (rollout.logp - reference)), values)


@dataclass(frozen=True)
class DropsUnfinished(WholeBatchDeviation):
    """Episodes that were still running when the batch was cut are dropped, which favours short ones."""

    def __call__(self, advantage: Tensor, q: Tensor, rollout: Rollout) -> Tensor:
        return advantage * (rollout.valid[-1:] == 0)
