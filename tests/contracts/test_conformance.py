"""Every variant passes the conformance kit, and deliberately wrong twins do not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import pytest
import torch
from torch import Tensor

from algorithms import VARIANTS, conformance_learner
from algorithms.baseline import BatchMean, GroupMean, LeaveOneOut, MovingAverage, Zero
from algorithms.batch import Batch
from algorithms.conformance import Finding, coefficients, examine, made_up, success_factor
from algorithms.credit import EpisodeReturn, LambdaReturn, RewardToGo, backward_sum
from algorithms.entropy import Constant
from algorithms.learner import Learner, Loss
from algorithms.scale import Deviation
from algorithms.surrogate import Score
from algorithms.types import Estimator, Promises, Rollout, Variant
from tests.helpers import LEARNING

RLOO, GAE = VARIANTS["rloo"].estimator, VARIANTS["gae"].estimator
SPEC = conformance_learner.TASK.spec
State = dict[str, Tensor]


def broken(findings: list[Finding]) -> set[str]:
    return {finding.rule for finding in findings if not finding.holds}


@pytest.mark.parametrize("variant", LEARNING, ids=lambda v: v.name)
def test_every_variant_passes(variant: Variant) -> None:
    findings = examine(replace(variant.estimator, entropy=Constant()), variant.promises)
    assert not broken(findings), "\n".join(map(str, findings))
    assert len(findings) >= 8


def test_what_is_known_of_every_variant_is_promised() -> None:
    """A promise nobody makes is never tested: these are the ones that theory gives."""
    unbiased = {"reinforce", "reward_to_go", "baseline_mean", "baseline_loo", "baseline_value"}
    unbiased |= {"rloo", "optimal_const", "scst", "like_trl_rloo"}
    for factor, names in (("one", unbiased), ("group", {"dr_grpo"}), ("batch", {"batch_mean"}), ("success", {"grpo"})):
        assert {v.name for v in LEARNING if v.promises.factor == factor} == names


@pytest.mark.parametrize(
    "scale",
    [Deviation("group"), Deviation("batch"), Deviation("batch", of="advantages")],
    ids=lambda s: f"{s.over}-{s.of}",
)
def test_scales_that_divide_by_a_deviation_are_scale_free(scale: Deviation) -> None:
    estimator = replace(RLOO, scale=scale)
    assert not broken(examine(estimator, Promises(scale_free=True, shift_invariant=True)))
    assert broken(examine(estimator)) == {"rewards and values times 2"}


def test_coefficients_by_hand() -> None:
    """REINFORCE: every row of an episode carries its return over N."""
    rollout, values = made_up()
    c = coefficients(VARIANTS["reinforce"].estimator, rollout, values)
    total = (rollout.reward * rollout.valid).sum(0)
    torch.testing.assert_close(c, rollout.valid * total / 12)
    assert sorted(set(rollout.valid.sum(0)[0].tolist())) == [1.0, 2.0, 3.0, 4.0, 5.0]


# ---- wrong twins: each makes a mistake of a known system, and the kit names it


class _Plain:
    critic: ClassVar[bool] = False
    squares: ClassVar[bool] = False
    greedy: ClassVar[bool] = False

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


@pytest.mark.parametrize(
    ("estimator", "rule"),
    [
        (replace(RLOO, baseline=WholeBatchMean()), "a member does not see the others"),
        (replace(RLOO, baseline=PaddedMean()), "padding does not matter"),
        (replace(RLOO, baseline=SilentGroup()), "a group of one"),
        (replace(RLOO, baseline=NeighbourBaseline()), "the order of episodes does not matter"),
        (
            replace(RLOO, credit=OverPadding(), baseline=Zero()),
            "what stands in rows that are not valid has no influence",
        ),
        (replace(RLOO, credit=Standardised(), baseline=Zero()), "rewards and values times 2"),
        (replace(RLOO, scale=WholeBatchDeviation()), "a member does not see the others"),
        (replace(RLOO, scale=WhitenedOverPadding()), "padding does not matter"),
        (replace(RLOO, scale=ScalingLeftOn()), "rewards and values times 2"),
        (replace(RLOO, surrogate=MeanOverMicrobatch()), "the gradients of micro-batches add up"),
        (replace(GAE, credit=CutIsOver()), "a cut episode bootstraps, one that is over does not"),
        (replace(GAE, credit=OverIsCut()), "a cut episode bootstraps, one that is over does not"),
        (replace(RLOO, credit=KLAgain()), "a reference that costs nothing changes nothing"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_wrong_twins_are_rejected(estimator: Estimator, rule: str) -> None:
    assert rule in broken(examine(estimator))


@pytest.mark.parametrize(
    ("estimator", "factor"),
    [
        (replace(RLOO, baseline=GroupMean()), "one"),  # a baseline that includes the episode itself, called unbiased
        (replace(RLOO, baseline=BatchMean()), "one"),
        (RLOO, "group"),
        (replace(RLOO, scale=ScalingLeftOn()), "one"),
        (replace(RLOO, credit=ShiftedRewards(), baseline=Zero()), "one"),
        (replace(RLOO, aggregation="sequence"), "one"),
        (replace(RLOO, scale=DropsUnfinished()), "one"),
        (replace(RLOO, baseline=GroupMean(), scale=Deviation("group", ddof=1, eps=0.1)), "success"),
    ],
    ids=["group mean", "batch mean", "rloo", "scaling left on", "late rewards", "1/len", "dropped", "eps .1"],
)
def test_a_wrong_mean_is_rejected(estimator: Estimator, factor: Literal["one", "group", "success"]) -> None:
    findings = examine(estimator, Promises(factor=factor, scale_free=estimator.scale is not None))
    assert any("its mean is" in rule for rule in broken(findings)), "\n".join(map(str, findings))


def test_a_variance_that_is_not_rloos_is_rejected() -> None:
    """The group's mean shrinks it by (3/4)^2; without a baseline it is larger."""
    promised = Promises(rloo_variance=True)
    assert not broken(examine(RLOO, promised))
    for baseline in (GroupMean(), Zero()):
        assert "its variance is RLOO's closed form" in broken(examine(replace(RLOO, baseline=baseline), promised))


@pytest.mark.parametrize(("group", "p", "expected"), [(2, 0.3, 1.0), (8, 0.5, 1.86), (8, 0.1, 2.33), (8, 0.01, 2.61)])
def test_the_factor_of_a_success_rate(group: int, p: float, expected: float) -> None:
    """G = 2: sqrt(1) with probability 2 p (1-p), over 2 p (1-p). ddof 1 makes the deviation larger by sqrt(G/(G-1))."""
    assert success_factor(group, p) == pytest.approx(expected, abs=0.005)
    assert success_factor(group, p, 1) == pytest.approx(expected * ((group - 1) / group) ** 0.5, abs=0.005)
    assert success_factor(64, 0.01) == pytest.approx(6.74, abs=0.005)


# ---- learners


@pytest.mark.parametrize("variant", [v for v in LEARNING if v.unfit(SPEC) is None], ids=lambda v: v.name)
def test_the_learner_passes_with_every_variant(variant: Variant) -> None:
    findings = conformance_learner.examine(Learner, variant)
    assert not broken(findings), "\n".join(map(str, findings))
    assert len(findings) >= 3


class GlobalClip(Learner):
    """One norm over the gradients of all members."""

    def apply(self) -> None:
        gradient = self.policy.flat.gradient
        gradient.mul_((self.training.max_grad_norm / gradient.norm()).clamp(max=1.0))
        super().apply()


class MemoryPerEpoch(Learner):
    """The baseline's state moves with every pass over a rollout."""

    def learn(self, rollout: Rollout, shuffles: object, progress: Tensor | None = None) -> None:
        for _ in range(self.schedule.epochs):
            batch, _ = self._assessed(rollout, progress)
            self.step(batch, 1)


class CriticPerMicrobatch(Learner):
    """The critic's loss is a mean over the rows that a minibatch happens to hold."""

    def loss(self, batch: Batch) -> Loss:
        made = super().loss(batch)
        assert batch.target is not None
        critic = made.total - made.actor
        return made._replace(total=made.actor + critic / (batch.weight > 0).sum((0, 2)))


@pytest.mark.parametrize(
    ("twin", "name", "rule"),
    [
        (GlobalClip, "gae", "a member's step is the one it takes alone"),
        (MemoryPerEpoch, "baseline_mean", "a baseline's memory moves once a rollout"),
        (CriticPerMicrobatch, "baseline_value", "the gradients of minibatches add up"),
    ],
)
def test_wrong_learners_are_rejected(twin: type[Learner], name: str, rule: str) -> None:
    assert rule in broken(conformance_learner.examine(twin, VARIANTS[name]))


def test_a_promise_that_is_not_kept_is_named() -> None:
    rule = "a constant on every final reward changes nothing"
    for credit, baseline in (
        (EpisodeReturn(), Zero()),
        (EpisodeReturn(), MovingAverage()),
        (RewardToGo(), LeaveOneOut()),
    ):
        # the last: an episode that has ended counts 0, so a step's baseline moves less than the others' returns
        assert rule in broken(examine(Estimator(credit, baseline, Score()), Promises(shift_invariant=True)))
    assert rule not in broken(examine(Estimator(EpisodeReturn(), GroupMean(), Score()), Promises(shift_invariant=True)))


def test_what_cannot_be_computed_says_why() -> None:
    with pytest.raises(ValueError, match="bootstraps and needs a critic"):
        examine(Estimator(LambdaReturn(), Zero(), Score()))
