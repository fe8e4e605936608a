"""Where all returns are equal nothing is learned: advantages are exactly 0, and no optimiser finds a rounding residue."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from algorithms import VARIANTS
from algorithms.estimators.advantage_scale import Deviation
from algorithms.estimators.baseline import (
    BatchMean,
    GreedyReturn,
    GroupMean,
    LeaveOneOut,
    LengthWeightedMean,
    MovingAverage,
    OptimalConstant,
    OptimalToken,
)
from algorithms.estimators.baselines.across_prompts import Shrinkage
from algorithms.estimators.baselines.prefixes import SamePrefix
from algorithms.estimators.estimator import Baseline
from algorithms.estimators.means import mean, mean_of_others
from algorithms.training.returns.exact_return import ExactReturn
from algorithms.training_config import Episodes
from algorithms.variant import Variant
from envs import TASKS
from envs.api import Doubles, Ints
from envs.text.bandit import Bandit
from envs.text_mdp import Response, Rows
from tests.builders import LEARNING, brief, make_learner, make_policy, small_training
from tests.rollouts import grouped_rollout, make_rollout

CENTRED = (
    BatchMean,
    GreedyReturn,
    GroupMean,
    LeaveOneOut,
    LengthWeightedMean,
    OptimalConstant,
    OptimalToken,
    Shrinkage,
    SamePrefix,
)
PAID = (0.2, 0.1, 0.3, 1 / 3, 1e6 + 0.1, -0.7)
# environments of a member, and of a group
SHAPES = ((64, 4), (63, 7), (15, 3), (64, 64), (20, 5), (48, 6))


@dataclass(frozen=True)
class Flat(Bandit):
    """Every action pays the same."""

    pays: float = 0.2

    bernoulli = False

    def respond(self, rows: Rows, t: int, outcome: Ints) -> Response:
        return Response(np.full(len(rows.transcript), self.pays), np.ones(len(rows.transcript), np.bool_))

    @property
    def table(self) -> Doubles:
        return np.full((self.contexts, self.arms), self.pays)


def still(variant: Variant) -> bool:
    """Whether the variant promises that equal returns move nothing: no critic, no bonus, and returns are centred.

    A teacher pays each text differently, whatever the task pays.
    """
    estimator = variant.estimator
    if estimator.teacher is not None:
        return False
    if estimator.baseline.critic or estimator.entropy.active or variant.schedule.gradient != "newest":
        return False
    centred = isinstance(estimator.scale, Deviation) and estimator.scale.centre
    return centred or isinstance(estimator.baseline, CENTRED)


STILL = [v for v in LEARNING if still(v)]


def test_many_variants_promise_it() -> None:
    names = {v.name for v in STILL}
    assert {"baseline_loo", "batch_mean", "grpo", "rloo", "reinforce_pp", "opo", "optimal_const"} <= names
    assert len(STILL) >= 20


@pytest.mark.parametrize(("pays", "shape"), list(zip(PAID, SHAPES, strict=True)), ids=str)
@pytest.mark.parametrize("variant", STILL, ids=lambda v: v.name)
def test_equal_returns_move_no_parameter(variant: Variant, pays: float, shape: tuple[int, int]) -> None:
    """Three updates of Adam at its usual rate: a residue of 1e-8 would move each parameter by the whole rate."""
    task = replace(TASKS["bandit/small"], factory=Flat(pays=pays))
    envs, group = shape
    training = replace(small_training(task, variant), collection=Episodes(envs, group))
    short, seeds = brief(variant), (0, 1)
    policy = make_policy(task, short, training, seeds)
    learner = make_learner(policy, short, training, task, 0.01)
    before = policy.flat.values.clone()
    for _ in range(3):
        _, rollout = make_rollout(task, short, training, seeds, policy)
        learner.learn(rollout, [np.random.default_rng(s) for s in seeds])
    assert torch.equal(policy.flat.values, before)


@pytest.mark.parametrize("pays", PAID)
def test_the_exact_gradient_of_equal_returns_is_zero(pays: float) -> None:
    task, variant = replace(TASKS["bandit/small"], factory=Flat(pays=pays)), VARIANTS["reinforce"]
    policy = make_policy(task, variant, small_training(task, variant), (0, 1))
    exact = ExactReturn(task)
    assert exact.gradient(policy).abs().max() == 0
    assert exact.value(policy).tolist() == pytest.approx([pays] * 2)


@pytest.mark.parametrize("pays", PAID)
@pytest.mark.parametrize(
    "baseline", [MovingAverage(0.9), *(kind() for kind in CENTRED if kind is not GreedyReturn)], ids=lambda b: str(b)
)
def test_baselines_of_equal_returns_are_those_returns(baseline: Baseline, pays: float) -> None:
    """Lengths and squared scores differ, returns do not; the moving average has no past in its first rollout."""
    lengths = torch.arange(21) % 3
    valid = [[float(n >= t) for n in lengths] for t in range(3)]
    rollout = grouped_rollout([[0.0] * 21] * 3, valid, group=7)
    square = torch.rand(3, 1, 21, generator=torch.Generator().manual_seed(0))
    prefix = torch.arange(21).expand(3, 1, 21) // 7  # of a prompt each
    rollout = replace(rollout, valid=rollout.valid.float(), score_norm_sq=square, prefix=prefix)
    q = torch.full((3, 1, 21), pays)
    state = baseline.initial(1, 3)
    for _ in range(20):
        b, state = baseline(q, rollout, None, state)
        if not isinstance(baseline, MovingAverage):
            break
    assert torch.equal((q - b) * rollout.valid, torch.zeros_like(q))


def test_means_of_unequal_values_are_the_usual_ones() -> None:
    generator = torch.Generator().manual_seed(1)
    x, w = torch.rand(2, 3, 50, generator=generator), torch.rand(2, 3, 50, generator=generator)
    torch.testing.assert_close(mean(x, w, 2), (w * x).sum(2, keepdim=True) / w.sum(2, keepdim=True))
    alone = mean_of_others(x, w, 2)
    others = torch.arange(50) != 7
    torch.testing.assert_close(alone[..., 7], (w * x)[..., others].sum(2) / w[..., others].sum(2))
    assert mean(torch.tensor([3.0, 9.0]), torch.tensor([0.0, 2.0]), 0).tolist() == [9.0]  # weight 0 is not read
    assert mean(torch.tensor([3.0, 9.0]), torch.zeros(2), 0).tolist() == [0.0]
