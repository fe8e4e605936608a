"""Parts of a reward standardised apart: the paper's example, the limit of one part, and exact expected gradients."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
import torch
from torch import Tensor

from algorithms import VARIANTS
from algorithms.conformance import decision_tree, gradient_quality
from algorithms.conformance.coefficients import coefficients
from algorithms.conformance.declared.reward_parts import APART, WEIGHED
from algorithms.conformance.declared.success_rates import success_factor
from algorithms.conformance.estimator import examine
from algorithms.conformance.exact.moments import enumerate_scores
from algorithms.estimators.advantage_scale import Deviation, WholeRollout
from algorithms.estimators.kl_penalty import KL
from algorithms.estimators.loss import subtract_kl
from algorithms.estimators.rollout import Rollout
from algorithms.estimators.scales.reward_parts import StandardisedParts, parts_of
from algorithms.policies.networks.gru import GRU
from algorithms.training.returns.exact_return import ExactReturn
from algorithms.training_config import Episodes, TrainingConfig
from envs.text.padanswer import PadAnswer
from envs.text_env import text_task
from tests.contracts.wrong_scales import PartsOverBatch, SumFirst, Unweighted
from tests.contracts.wrong_twins import broken
from tests.rollouts import grouped_rollout, make_collector

GDPO, GRPO = VARIANTS["gdpo"], VARIANTS["grpo"]


def paid(parts: list[list[float]], weights: list[float], group: int) -> Rollout:
    """Episodes of one step with these parts [N][K]."""
    each = torch.tensor(parts, dtype=torch.float64)[None, None]  # [1, 1, N, K]
    every = torch.tensor(weights, dtype=torch.float64).expand_as(each)
    total = (each * every).sum(-1)[0, 0].tolist()
    rollout = grouped_rollout([total], [[1.0] * len(parts)], group)
    return replace(rollout, parts=each, part_weights=every)


def scaled(scale: WholeRollout, rollout: Rollout) -> list[float]:
    made: Tensor = scale(rollout.reward, rollout.reward, rollout)  # type: ignore[operator]
    return made.flatten().tolist()


# two groups of two: the second episode wins one part in the first group, and both in the second
EXAMPLE = [[0.0, 0.0], [1.0, 0.0], [0.0, 0.0], [1.0, 1.0]]


def test_the_papers_example_by_hand() -> None:
    rollout = paid(EXAMPLE, [1.0, 1.0], 2)
    centred = replace(rollout, reward=rollout.reward - torch.tensor([0.5, 0.5, 1.0, 1.0]))
    assert scaled(Deviation("group"), centred) == [-1, 1, -1, 1]  # GRPO: one advantage for both
    assert scaled(StandardisedParts(over_batch=False), rollout) == [-1, 1, -2, 2]
    # over the batch: / sqrt((1 + 1 + 4 + 4) / 4)
    assert scaled(StandardisedParts(), rollout) == pytest.approx([x / 2.5**0.5 for x in (-1, 1, -2, 2)])


def test_weights_count_and_the_size_of_a_part_does_not() -> None:
    parts = StandardisedParts(over_batch=False)
    assert scaled(parts, paid(EXAMPLE, [1.0, 0.5], 2)) == [-1, 1, -1.5, 1.5]
    louder = [[a, 100 * b] for a, b in EXAMPLE]
    assert scaled(parts, paid(louder, [1.0, 0.5], 2)) == [-1, 1, -1.5, 1.5]


def test_one_part_is_grpo_over_the_root_of_the_share_of_groups_that_differ() -> None:
    rollout = grouped_rollout([[0.0, 1.0, 1.0, 1.0]], [[1.0] * 4], 2)
    assert scaled(StandardisedParts(over_batch=False), rollout) == [-1, 1, 0, 0]
    assert scaled(StandardisedParts(), rollout) == pytest.approx([-(2**0.5), 2**0.5, 0, 0])
    assert [len(parts_of(x.reward, x)) for x in (rollout, paid(EXAMPLE, [1, 1], 2))] == [1, 2]


def test_a_kl_in_the_reward_is_paid_by_the_first_part() -> None:
    """log pi - log ref = 2, beta 0.1: 0.2 off the reward, so 0.4 off a first part of weight 1/2."""
    rollout = paid(EXAMPLE, [0.5, 1.0], 2)
    rollout = replace(
        rollout, logp=torch.full_like(rollout.reward, -1.0), reference=torch.full_like(rollout.reward, -3.0)
    )
    made = subtract_kl(KL("k1", "reward"), rollout, 0.1)
    assert made.parts is not None
    assert made.parts[0, 0, 1].tolist() == pytest.approx([0.6, 0.0])
    assert made.reward[0, 0].tolist() == pytest.approx([-0.2, 0.3, -0.2, 1.3])


# answers of one token: both parts, the first, the second, none
WON = torch.tensor([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], dtype=torch.float64)
WEIGHTS = (1.0, 0.5)


def test_its_mean_is_a_sum_of_grpos_factors_one_a_part() -> None:
    """E[g] = sum_k w_k w_G(p_k) grad p_k over all batches of one group of 3; it is no multiple of grad J."""
    every = decision_tree.tree_episodes(decision_tree.SUCCESS, (0,), 1.0)
    batches = decision_tree.one_group(every, 1.0, 3)
    parts = WON[batches.rollout.action]
    weights = torch.tensor(WEIGHTS, dtype=torch.float64)
    rollout = replace(
        batches.rollout, parts=parts, part_weights=weights.expand_as(parts), reward=(parts * weights).sum(-1)
    )
    plain = replace(GDPO.estimator, scale=StandardisedParts(over_batch=False))
    mean = batches.mean(coefficients(plain, rollout, batches.values))
    known = torch.zeros_like(mean)
    for k, weight in enumerate(WEIGHTS):
        won = WON[every.action[:, 0], k]
        p = float((every.chance * won).sum())
        known += weight * success_factor(3, p) * torch.einsum("s,sd->d", every.chance * won, every.score[:, 0])
    torch.testing.assert_close(mean, known)
    first = batches.mean(coefficients(GRPO.estimator, rollout, batches.values))
    assert float((first - known).norm() / known.norm()) > 0.05  # GRPO adds first, and ascends something else


def test_the_sampled_gradient_of_a_task_in_parts_is_the_listed_one() -> None:
    """PadAnswer with a length penalty, batches of one group of 2: all pairs of texts against collector and learner."""
    mdp = PadAnswer(length=2, bits=1, overlong=1.0)
    task = text_task("answer and length", mdp)
    training = TrainingConfig(network=GRU(4), collection=Episodes(2, 2))
    actor = gradient_quality.gaussian_parameters(task, training, 0.7)
    every = enumerate_scores(task, training, actor)
    episodes = ExactReturn(task).enumeration
    length = torch.from_numpy(episodes.valid.sum(0)).double()
    long = (length - 1).clamp(max=1)  # one token is free, two cost 1
    parts = torch.stack([every.returns + long, -long], 1)  # answer, length
    pairs = [(i, j) for i, j in product(range(len(length)), repeat=2) if every.prompt[i] == every.prompt[j]]
    listed = torch.zeros_like(every.scores[0])
    for i, j in pairs:
        chance = every.chance[i] * every.chance[j] / every.chance[every.prompt == every.prompt[i]].sum()
        c = scaled(StandardisedParts(), paid(parts[[i, j]].tolist(), [1.0, 1.0], 2))
        listed += chance * sum(c[n] / (2 * length[s]) * every.scores[s] for n, s in enumerate((i, j)))
    samples = gradient_quality.replicates(task, GDPO, training, actor, 1_000)
    made = gradient_quality.quality(samples, listed)
    assert made.max_z < 5
    assert abs(made.scale_z) < 4
    assert made.scale_error < 0.1


def test_the_collector_reads_parts_only_for_those_that_ask() -> None:
    task = text_task("answer and length", PadAnswer(length=2, bits=1, overlong=0.5))
    training = TrainingConfig(network=GRU(4), collection=Episodes(4, 2), reward_scale=2.0)
    for variant in (GDPO, GRPO):
        collector = make_collector(task, variant, training, (3, 5))
        rollout, _ = collector.collect(torch.ones(2, dtype=torch.bool).numpy())
        collector.close()
        assert (rollout.parts is None) == (variant is GRPO)
        if rollout.parts is not None and rollout.part_weights is not None:
            torch.testing.assert_close((rollout.parts * rollout.part_weights).sum(-1), rollout.reward)
            assert rollout.part_weights[0, 0, 0].tolist() == [1.0, 0.5]


@pytest.mark.parametrize(
    ("scale", "rule"), [(SumFirst("group"), APART), (Unweighted(), WEIGHED), (PartsOverBatch(), APART)], ids=str
)
def test_the_kit_rejects_the_wrong_twins(scale: StandardisedParts, rule: str) -> None:
    assert rule in broken(examine(replace(GDPO.estimator, scale=scale), GDPO.promises))


@pytest.mark.parametrize("over_batch", [False, True])
def test_the_kit_accepts_both_forms(over_batch: bool) -> None:
    made = examine(replace(GDPO.estimator, scale=StandardisedParts(over_batch)), GDPO.promises)
    assert not broken(made)
    assert APART in {finding.rule for finding in made}


def test_a_part_is_discounted_and_ends_with_its_text() -> None:
    """gamma 1/2, parts 1 and 4 in two rows: 1 + 4 / 2 = 3; a row after the end pays nothing."""
    for valid, expected in (([[1.0], [1.0]], 3.0), ([[1.0], [0.0]], 1.0)):
        rollout = grouped_rollout([[0.0], [0.0]], valid, 1)
        each = torch.tensor([1.0, 4.0], dtype=torch.float64)[:, None, None, None]
        rollout = replace(rollout, parts=each, part_weights=torch.ones_like(each), discount=0.5 * rollout.discount)
        ((weight, returns),) = parts_of(rollout.reward, rollout)
        assert (weight.item(), returns.flatten().tolist()) == (1.0, [expected] * 2)
