"""Every variant passes the conformance kit, and deliberately wrong twins do not."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest
import torch

from algorithms import VARIANTS
from algorithms.conformance.coefficients import coefficients
from algorithms.conformance.credit import axes, credit_response, response
from algorithms.conformance.declared.success_rates import success_factor
from algorithms.conformance.estimator import examine
from algorithms.conformance.synthetic_rollouts import synthetic_rollout, windows
from algorithms.estimators.advantage_scale import Deviation
from algorithms.estimators.baseline import BatchMean, GroupMean, LeaveOneOut, MovingAverage, Zero
from algorithms.estimators.credit import EpisodeReturn, LambdaReturn, RewardToGo
from algorithms.estimators.estimator import Estimator
from algorithms.estimators.rollout import PartState, Rollout
from algorithms.estimators.surrogate import Score
from algorithms.variant import Promises, Variant
from tests.builders import LEARNING
from tests.contracts import wrong_estimators, wrong_twins
from tests.contracts.custom_parts import CustomScale
from tests.contracts.right_estimators import RIGHT
from tests.contracts.wrong_twins import broken

RLOO, GAE = VARIANTS["rloo"].estimator, VARIANTS["gae"].estimator
WRONG = wrong_estimators.listed()
# what a finding about a wrong part must speak of, so that it is rejected for what is wrong with it
SUBJECTS = {
    "reward": ("credit",),
    "credit": ("credit",),
    "bootstrap": ("credit",),
    "target": ("critic's target",),
    "baseline": ("baseline", "mean", "member", "order", "remembered", "kept", "left as it was"),
    "surrogate": ("surrogate", "clip"),
    "correction": ("correction",),
    "V-trace": ("rho", "weighed by c", "critic's target"),
    "KL": ("KL",),
    "entropy": ("bonus",),
    "scale": ("scale", "mean", "order", "member", "padding", "parts"),
    "aggregation": ("mean",),
    "promise": ("mean", "times 2", "constant"),
    "peer": ("times 0.0001", "rounding", "reverses", "factor", "weight", "mask", "penalty", "surrogate"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_estimators_are_rejected_for_what_is_wrong(name: str) -> None:
    findings = examine(*WRONG[name])
    subjects = SUBJECTS[name.split(":")[0].split(",")[0].split(" in ")[0]]
    assert any(word in rule for rule in broken(findings) for word in subjects), broken(findings)
    for finding in findings:
        assert "expected" in finding.detail
        assert "seen" in finding.detail


@pytest.mark.parametrize("name", RIGHT)
def test_right_estimators_are_accepted(name: str) -> None:
    findings = examine(*RIGHT[name])
    assert not broken(findings), [str(finding) for finding in findings if not finding.holds]


def test_an_estimator_that_writes_to_its_rollout_spoils_nothing_for_the_next() -> None:
    assert "the rollout is left as it was" in broken(examine(*WRONG["baseline: changes the rollout"]))
    assert not broken(examine(RLOO, VARIANTS["rloo"].promises))


def test_a_factor_of_one_in_a_hundred_thousand_is_seen() -> None:
    scaled = replace(RLOO, scale=CustomScale(lambda a, q, r: 1.00001 * a))
    assert any("its mean is" in rule for rule in broken(examine(scaled, Promises(factor="one"))))


def test_replicates_are_sampled_through_the_learner_too() -> None:
    sampled = [f for f in examine(RLOO, Promises(factor="one"), replicates=300) if "sampled" in f.rule]
    assert [f.holds for f in sampled] == [True, True]


def test_a_credits_response_by_hand() -> None:
    """GAE at gamma 0.9 and lambda 0.95: a reward k steps later counts 0.855^k, one of another episode nothing."""
    rollout, values = windows()
    made = response(credit_response(LambdaReturn(0.95), rollout, True), rollout, values)  # [T, K, P, N]
    assert made[5, 5:8, 0, 3].tolist() == pytest.approx([1.0, 0.855, 0.731025])
    assert made[0, 4:, 0, 3].abs().max() == 0  # the first episode of this column has 4 rows
    at = axes(rollout)
    assert at.step_in_episode[:, 0, 3].tolist() == [0, 1, 2, 3, 0, 0, 1, 2, 3]


@pytest.mark.parametrize("variant", LEARNING, ids=lambda v: v.name)
def test_every_variant_passes(variant: Variant) -> None:
    findings = examine(variant.estimator, variant.promises)
    assert not broken(findings), "\n".join(map(str, findings))
    assert len(findings) >= 25


def test_what_is_known_of_every_variant_is_promised() -> None:
    """A promise nobody makes is never tested: these are the ones that theory gives."""
    unbiased = {"reinforce", "reward_to_go", "baseline_mean", "baseline_loo", "baseline_value"}
    unbiased |= {"rloo", "optimal_const", "scst", "like_trl_rloo", "shrinkage", "asym_re", "gigpo", "vineppo"}
    unbiased |= {"distil_sequence"}  # for -KL to its teacher, which takes the place of J
    promised = {"group": {"dr_grpo"}, "batch": {"batch_mean"}, "success": {"grpo"}, "likelihood": {"maxrl"}}
    promised |= {"one": unbiased, "best_of_k": {"pkpo"}, "signed": {"w_reinforce"}}
    for factor, names in promised.items():
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
    rollout, values = synthetic_rollout()
    c = coefficients(VARIANTS["reinforce"].estimator, rollout, values)
    total = (rollout.reward * rollout.valid).sum(0)
    torch.testing.assert_close(c, rollout.valid * total / 12)
    assert sorted(set(rollout.valid.sum(0)[0].tolist())) == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_two_episodes_stand_in_every_column_of_a_window() -> None:
    """The row between them is not valid; half of the first ones are over, the others cut, with all lengths of both."""
    rollout, values = windows()
    assert len(values) == len(rollout.valid) + 1
    length = (rollout.valid == 0).long().argmax(0)
    assert (rollout.valid == 0).sum(0).unique().tolist() == [1]
    last = rollout.valid * (1 - rollout.continues)
    assert torch.equal(last.long().argmax(0) + 1, length)
    kinds = {
        (int(n), bool(d)) for n, d in zip(length.flatten(), (rollout.discount * last).sum(0).flatten(), strict=True)
    }
    assert kinds == {(n, cut) for n in (1, 2, 3, 4) for cut in (False, True)}


@pytest.mark.parametrize(
    ("estimator", "rule"),
    [
        (replace(RLOO, baseline=wrong_twins.WholeBatchMean()), "a member does not see the others"),
        (replace(RLOO, baseline=wrong_twins.PaddedMean()), "padding does not matter"),
        (replace(RLOO, baseline=wrong_twins.SilentGroup()), "a group of one"),
        (replace(RLOO, baseline=wrong_twins.NeighbourBaseline()), "the order of episodes does not matter"),
        (
            replace(RLOO, credit=wrong_twins.OverPadding(), baseline=Zero()),
            "what stands in rows that are not valid has no influence",
        ),
        (replace(RLOO, credit=wrong_twins.Standardised(), baseline=Zero()), "rewards and values times 2"),
        (replace(RLOO, scale=wrong_twins.WholeBatchDeviation()), "a member does not see the others"),
        (replace(RLOO, scale=wrong_twins.WhitenedOverPadding()), "padding does not matter"),
        (replace(RLOO, scale=wrong_twins.ScalingLeftOn()), "rewards and values times 2"),
        (replace(RLOO, surrogate=wrong_twins.MeanOverMicrobatch()), "the gradients of micro-batches add up"),
        (replace(GAE, credit=wrong_twins.CutIsOver()), "a cut episode bootstraps, one that is over does not"),
        (replace(GAE, credit=wrong_twins.OverIsCut()), "a cut episode bootstraps, one that is over does not"),
        (replace(GAE, credit=wrong_twins.OverTheEnd()), "what stands in rows that are not valid has no influence"),
        (replace(GAE, credit=wrong_twins.OverTheEnd()), "no credit crosses from one episode of a window into another"),
        (
            replace(GAE, credit=wrong_twins.OverTheEnd(kept=True)),
            "no credit crosses from one episode of a window into another",
        ),
        (replace(RLOO, credit=wrong_twins.KLAgain()), "a reference that costs nothing changes nothing"),
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
        (replace(RLOO, scale=wrong_twins.ScalingLeftOn()), "one"),
        (replace(RLOO, credit=wrong_twins.ShiftedRewards(), baseline=Zero()), "one"),
        (replace(RLOO, aggregation="sequence"), "one"),
        (replace(RLOO, scale=wrong_twins.DropsUnfinished()), "one"),
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


def test_an_estimator_that_counts_its_calls_is_said_to_differ_on_one_rollout() -> None:
    """Its baseline rises by 1 with each call. The first finding says so, before rules that read the noise."""
    calls: list[int] = []

    class Counting(LeaveOneOut):
        def __call__(
            self, q: torch.Tensor, rollout: Rollout, values: torch.Tensor | None, state: PartState
        ) -> tuple[torch.Tensor, PartState]:
            calls.append(1)
            b, state = super().__call__(q, rollout, values, state)
            return b + len(calls), state

    first = examine(replace(RLOO, baseline=Counting()))[0]
    assert (first.rule, first.holds) == ("the same rollout has the same coefficients", False)
    assert examine(RLOO)[0].holds
