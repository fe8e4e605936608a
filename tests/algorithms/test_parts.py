"""Baselines, surrogates, heads, optimisers and normaliser: numbers that can be checked by hand, and other people's code."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from algorithms.baseline import LeaveOneOut, MovingAverage
from algorithms.estimators.estimator import Signals
from algorithms.estimators.rollout import Rollout
from algorithms.heads import ILLEGAL, Categorical, Gaussian, masked
from algorithms.learner import assess, row_weights
from algorithms.normaliser import RunningMoments
from algorithms.optimiser import Adam, Optimiser, RMSprop
from algorithms.population import clip
from algorithms.surrogate import ClippedRatio, Score
from algorithms.variants import baseline_loo, reinforce
from envs.api import Box, Discrete


def batch(reward: list[list[float]], valid: list[list[float]], group: int) -> Rollout:
    """One member; rows are time, columns environments; gamma 1, episodes end where `valid` ends."""
    r, on = (torch.tensor(x, dtype=torch.float64)[:, None] for x in (reward, valid))
    goes_on = torch.cat([on[1:], torch.zeros_like(on[:1])])
    zero = torch.zeros_like(r)
    return Rollout(zero, zero, zero, r * on, goes_on, goes_on, on, None, group)


def test_leave_one_out_by_hand() -> None:
    q = torch.tensor([[1.0, 2.0, 6.0, 5.0, 9.0, 4.0]])[:, None]
    rollout = batch([[0.0] * 6], [[1.0] * 6], group=3)
    b, _ = LeaveOneOut()(q, rollout, None, {})
    assert b.flatten().tolist() == [4.0, 3.5, 1.5, 6.5, 4.5, 7.0]
    assert (q - b).reshape(2, 3).sum(1).abs().max() < 1e-12  # advantages sum to zero in a group


def test_leave_one_out_of_a_group_of_one_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        LeaveOneOut()(torch.ones(1, 1, 2), batch([[0.0, 0.0]], [[1.0, 1.0]], group=1), None, {})


def test_an_ended_episode_counts_zero_in_leave_one_out() -> None:
    rollout = batch([[1.0, 3.0], [0.0, 5.0]], [[1.0, 1.0], [0.0, 1.0]], group=2)
    made, _ = assess(baseline_loo.VARIANT.estimator, rollout, Signals(None), {})
    assert made.advantage[:, 0].tolist() == [[1.0 - 8.0, 8.0 - 1.0], [0.0, 5.0 - 0.0]]


def test_moving_average_uses_the_past_only_and_each_step_its_own() -> None:
    baseline = MovingAverage(alpha=0.5)
    state = baseline.initial(1, 3)
    rollout = batch([[0.0, 0.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 0.0]], group=1)
    first = torch.tensor([[2.0, 4.0], [7.0, 9.0]])[:, None]
    b, state = baseline(first, rollout, None, state)
    assert b.abs().max() == 0  # nothing seen yet
    b, state = baseline(first * 3, rollout, None, state)
    assert b[:, 0, 0].tolist() == [3.0, 7.0]  # mean of 2, 4; of 7 alone, since the other had ended
    b, _ = baseline(first, rollout, None, state)
    # weights .25 and .5 of means 3 and 9, then of 7 and 21
    assert b[:, 0, 0].tolist() == pytest.approx([(0.25 * 3 + 0.5 * 9) / 0.75, (0.25 * 7 + 0.5 * 21) / 0.75])


def test_shift_invariance_of_baselines_and_its_failure_without_one() -> None:
    """Adding 5 to every return leaves leave-one-out advantages as they were; without a baseline it does not."""
    plain = batch([[1.0, 3.0, 2.0]], [[1.0, 1.0, 1.0]], group=3)
    moved = replace(plain, reward=plain.reward + 5.0)
    for variant, same in ((baseline_loo.VARIANT, True), (reinforce.VARIANT, False)):
        a, b = (assess(variant.estimator, r, Signals(None), {})[0].advantage for r in (plain, moved))
        assert torch.allclose(a, b) is same


def test_row_weights_of_all_aggregations() -> None:
    rollout = batch([[1.0, 1.0], [1.0, 0.0]], [[1.0, 1.0], [1.0, 0.0]], group=1)
    per_episode = row_weights(reinforce.VARIANT.estimator, rollout, 5)
    per_token = row_weights(replace(reinforce.VARIANT.estimator, aggregation="token"), rollout, 5)
    assert per_episode[:, 0].tolist() == [[0.5, 0.5], [0.5, 0.0]]
    assert per_token[:, 0].tolist() == pytest.approx(np.array([[1, 1], [1, 0]]) / 3)
    per_sequence = row_weights(replace(reinforce.VARIANT.estimator, aggregation="sequence"), rollout, 5)
    assert per_sequence[:, 0].tolist() == [[0.25, 0.5], [0.25, 0.0]]  # half an episode each, shared by its rows
    constant = row_weights(replace(reinforce.VARIANT.estimator, aggregation="constant"), rollout, 5)
    assert constant[:, 0].tolist() == pytest.approx(np.array([[1, 1], [1, 0]]) / 10)  # 2 episodes of 5 at most


def test_clipped_ratio_by_hand() -> None:
    ratio, advantage = torch.tensor([0.5, 1.5, 0.5, 1.5, 1.1]), torch.tensor([2.0, 2.0, -2.0, -2.0, 2.0])
    made = ClippedRatio(0.2)(ratio.log(), torch.zeros(5), advantage, torch.ones(5))
    assert made.tolist() == pytest.approx([1.0, 2.4, -1.6, -3.0, 2.2])


def test_clipped_ratio_has_the_gradient_of_the_score_at_ratio_one() -> None:
    logp = torch.tensor([-0.3, -1.2, -0.7], requires_grad=True)
    advantage = torch.tensor([2.0, -3.0, 5.0])
    grads = [
        torch.autograd.grad(s(logp, logp.detach(), advantage, torch.ones(3)).sum(), logp)[0]
        for s in (Score(), ClippedRatio())
    ]
    torch.testing.assert_close(*grads)


def test_heads_agree_with_torch_distributions() -> None:
    generator = torch.Generator().manual_seed(0)
    out = torch.randn(5, 2, 3, 4, generator=generator, dtype=torch.float64)
    action = torch.randint(4, (5, 2, 3), generator=generator)
    theirs = torch.distributions.Categorical(logits=out)
    logp, entropy = Categorical(Discrete(4)).log_prob_entropy(out, action)
    torch.testing.assert_close(logp, theirs.log_prob(action))
    torch.testing.assert_close(entropy, theirs.entropy())
    mean, log_std = out.chunk(2, -1)
    normal = torch.distributions.Independent(torch.distributions.Normal(mean, log_std.exp()), 1)
    x = torch.randn(5, 2, 3, 2, generator=generator, dtype=torch.float64)
    logp, entropy = Gaussian(Box((-1.0, -1.0), (1.0, 1.0))).log_prob_entropy(out, x)
    torch.testing.assert_close(logp, normal.log_prob(x))
    torch.testing.assert_close(entropy, normal.entropy())


def test_categorical_samples_its_probabilities_and_never_what_is_masked() -> None:
    head, n = Categorical(Discrete(4)), 40_000
    mask = torch.tensor([False, True, True, False])
    out = masked(torch.tensor([9.0, 0.0, 1.0, 9.0]).expand(n, 4), mask)
    assert out[0, 0] == ILLEGAL
    noise = torch.from_numpy(head.noise(np.random.default_rng(0), (n,)))
    noise[:2] = torch.tensor([0.0, 1 - 2**-24])  # the ends of the interval
    drawn = head.sample(out, noise)
    assert set(drawn.tolist()) == {1, 2}
    p = 1 / (1 + np.e)
    assert (drawn == 1).double().mean().item() == pytest.approx(p, abs=4 * (p * (1 - p) / n) ** 0.5)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(Adam(), torch.optim.Adam), (RMSprop(), lambda p, lr: torch.optim.RMSprop(p, lr, alpha=0.99, eps=1e-5))],
)
def test_optimisers_step_as_torchs_each_member_at_its_own_rate(ours: Optimiser, theirs: object) -> None:
    generator = torch.Generator().manual_seed(1)
    values = torch.randn(2, 5, generator=generator)
    rates = torch.tensor([[1e-2], [3e-1]])
    rows = [values[p].clone().requires_grad_() for p in range(2)]
    peers = [theirs([row], lr=float(rate)) for row, rate in zip(rows, rates, strict=True)]  # type: ignore[operator]
    state = ours.initial(values)
    for _ in range(4):
        gradient = torch.randn(2, 5, generator=generator)
        ours.step(values, gradient.clone(), rates.expand(2, 5), state)
        for row, peer, g in zip(rows, peers, gradient, strict=True):
            row.grad = g
            peer.step()
    torch.testing.assert_close(values, torch.stack([r.detach() for r in rows]), rtol=1e-5, atol=1e-6)


def test_clipping_is_each_members_own() -> None:
    gradient = torch.tensor([[3.0, 4.0], [0.3, 0.4], [float("nan"), 1.0]])
    norms = clip(gradient, 1.0)
    torch.testing.assert_close(gradient[:2], torch.tensor([[0.6, 0.8], [0.3, 0.4]]), rtol=1e-5, atol=1e-6)
    assert norms[:2].tolist() == pytest.approx([5.0, 0.5])
    assert norms[2].isnan()


def test_running_moments_are_those_of_all_valid_rows() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(3, 2, size=(2, 6, 2, 4, 3))  # two rollouts [T, P, N, F]
    valid = rng.random((2, 6, 2, 4)) < 0.7
    moments = RunningMoments(2, 3)
    for rows, on in zip(x, valid, strict=True):
        moments.update(list(rows), on)
    for p in range(2):
        kept = x[:, :, p][valid[:, :, p]]
        np.testing.assert_allclose(moments.mean[p], kept.mean(0))
        np.testing.assert_allclose(moments.var[p], kept.var(0))
