"""The gradient laboratory: estimators against the exact gradient, and the laboratory against numbers worked out by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch import Tensor

from algorithms import VARIANTS
from algorithms.composition import FirstOrder
from algorithms.conformance import gradient_quality
from algorithms.conformance.exact.moments import enumerate_scores, rloo_variance
from algorithms.estimators.baseline import GroupMean, Zero
from algorithms.estimators.credit import EpisodeReturn, ImmediateReward, RewardToGo
from algorithms.estimators.estimator import Credit, Estimator
from algorithms.estimators.rollout import Rollout
from algorithms.estimators.surrogate import Score
from algorithms.policies.networks.gru import GRU
from algorithms.policies.networks.tabular import Tabular
from algorithms.training.build import build_policy
from algorithms.training.records import Members
from algorithms.training_config import Episodes, TrainingConfig, Unroll
from algorithms.variant import Variant
from envs.api import Task
from envs.text.lock import Lock
from envs.text.transduce import Transduce
from envs.text_env import text_task
from envs.text_mdp import Prompts, Rows
from tests.algorithms.training.returns.test_exact_return import LOCK, NOISY, SHIFTED, SOFT, TINY, tilted
from tests.builders import small_training

UNBIASED = ["reinforce", "reward_to_go", "baseline_mean", "baseline_loo", "baseline_value", "rloo"]
TERMINAL = text_task("terminal", Transduce(symbols=3, length=2, reward_mode="terminal"))


def setting(task: Task, variant: Variant, envs: int = 16, group: int = 4) -> TrainingConfig:
    return replace(small_training(task, variant), network=GRU(6), collection=Episodes(envs, group))


def measured(
    task: Task, variant: Variant, count: int, envs: int = 16, group: int = 4, warm: int = 2
) -> gradient_quality.Quality:
    """`count` replicates of `envs` episodes each, at the tilted policy."""
    training, actor = setting(task, variant, envs, group), tilted(task).flat.values[0]
    truth = gradient_quality.exact_gradient(task, training, actor)
    return gradient_quality.quality(
        gradient_quality.replicates(task, variant, training, actor, count, warm=warm), truth
    )


@pytest.mark.parametrize("task", [TINY, LOCK, SOFT, NOISY], ids=lambda t: t.name)
@pytest.mark.parametrize("name", UNBIASED)
def test_unbiased_estimators_average_to_the_exact_gradient(task: Task, name: str) -> None:
    """With chance, hidden answers and a KL in J; baselines with a memory and with a critic that knows nothing included."""
    made = measured(task, VARIANTS[name], 4_000)
    assert made.max_z < 5.0  # over some 200 coordinates
    assert made.bias < 3 * made.noise
    assert made.scale == pytest.approx(1.0, abs=0.05)
    assert made.cosine > 0.95


@pytest.mark.parametrize("group", [2, 4])
def test_a_baseline_that_includes_the_episode_shrinks_the_gradient_by_its_share(group: int) -> None:
    """(G-1)/G, and the direction stays; the same z-scores that pass the unbiased must reject it."""
    made = measured(LOCK, VARIANTS["rloo"].rung("group_mean", "", baseline=GroupMean()), 4_000, group=group)
    assert made.scale == pytest.approx((group - 1) / group, abs=0.03)
    assert made.max_z > 8.0
    assert made.bias > 5 * made.noise
    assert made.cosine > 0.99


def test_the_immediate_reward_is_wrong_where_an_action_moves_later_rewards() -> None:
    """The article's last printed line, sum grad log pi r_t: on a terminal reward only the last token would learn."""
    right = VARIANTS["reward_to_go"]
    assert measured(TERMINAL, right, 4_000).cosine > 0.97
    wrong = measured(TERMINAL, right.rung("immediate", "", credit=ImmediateReward()), 4_000)
    assert wrong.cosine < 0.95
    assert wrong.max_z > 8.0


def test_a_reward_shift_costs_reinforce_variance_and_the_baseline_nothing() -> None:
    """Adding 1 to every return keeps REINFORCE's mean and multiplies its variance; leave-one-out does not notice."""
    spread = {
        (name, task.name): measured(task, VARIANTS[name], 2_000).variance
        for name in ("reinforce", "baseline_loo")
        for task in (TINY, SHIFTED)
    }
    assert spread["reinforce", "shifted"] > 3 * spread["reinforce", "tiny"]
    assert spread["baseline_loo", "shifted"] == pytest.approx(spread["baseline_loo", "tiny"], rel=1e-3)


@pytest.mark.parametrize("k", [2, 4])
def test_rloos_variance_is_its_closed_form(k: int) -> None:
    """4 (K-2) / (K (K-1)) z1 + 2 / (K (K-1)) z2, both by enumeration."""
    task, variant = text_task("one lock", Lock(length=2, vocabulary=4, locks=1)), VARIANTS["rloo"]
    every = enumerate_scores(task, setting(task, variant, k, k), tilted(task).flat.values[0])
    made = measured(task, variant, 8_000, envs=k, group=k)
    assert made.variance == pytest.approx(rloo_variance(every, k), rel=0.08)


@dataclass(frozen=True)
class OnePrompt(Transduce):
    """Copy 0 1 2 3, always."""

    def prompts(self) -> Prompts:
        return Prompts(np.array([[2, 3, 4, 5, 1]]), np.ones(1))

    def starts(self, rng: np.random.Generator, n: int) -> Rows:
        return Rows(np.repeat(self.prompts().tokens, n, axis=0), np.zeros((n, 0), np.int64))


@dataclass(frozen=True)
class Known(Zero):
    """b_t is known beforehand."""

    b: tuple[float, ...] = ()

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        return torch.tensor(self.b)[: len(q), None, None].expand_as(q), state


J, V, MEAN_REWARD = (1 / 4,) * 4, (4 / 16, 3 / 16, 2 / 16, 1 / 16), (1 / 16,) * 4


@pytest.mark.parametrize(
    ("credit", "baseline", "expected"),
    [
        (EpisodeReturn(), Zero(), 0.3242),
        (EpisodeReturn(), Known(J), 0.1367),
        (RewardToGo(), Zero(), 0.1719),
        (RewardToGo(), Known(J), 0.1250),
        (RewardToGo(), Known(V), 0.0840),
        # at the uniform policy V(s_t+1) does not depend on the action: r_t less its mean is Q - V
        (ImmediateReward(), Known(MEAN_REWARD), 0.0313),
    ],
    ids=["R", "R - J", "G", "G - J", "G - V", "Q - V"],
)
def test_the_variance_of_one_episode_at_the_uniform_table(credit: Credit, baseline: Zero, expected: float) -> None:
    """Copying 4 of 4 symbols, dense reward: worked out over all 256 texts, one row of logits for each prefix.

    At a uniform softmax |grad log pi(a|s)|^2 = 3/4, and a step's factor f_t adds E[f_t^2 |s_t|^2] - (its mean)^2. All six
    have the same mean.
    """
    variant = Variant(name="known", summary="", estimator=Estimator(credit, baseline, Score()), update=FirstOrder())
    task = text_task("one prompt", OnePrompt())
    assert isinstance(task.factory, OnePrompt)
    training = replace(small_training(task, variant), network=Tabular(task.factory), collection=Episodes(1, 1))
    policy = build_policy(task, variant, training, Members((0,), (1.0,)))
    actor = torch.zeros(policy.flat.values.shape[1])
    samples = gradient_quality.replicates(task, variant, training, actor, 10_000)
    made = gradient_quality.quality(samples, gradient_quality.exact_gradient(task, training, actor))
    assert made.variance == pytest.approx(expected, rel=0.03)
    assert made.scale == pytest.approx(1.0, abs=0.05)


def test_quality_by_hand() -> None:
    samples = torch.tensor([[1.0, 0.0], [3.0, 4.0]], dtype=torch.float64)
    made = gradient_quality.quality(samples, torch.tensor([2.0, 0.0], dtype=torch.float64))
    assert made.replicates == 2
    assert made.bias == pytest.approx(2.0)  # mean (2, 2)
    assert made.variance == pytest.approx(2.0 + 8.0)
    assert made.noise == pytest.approx(5.0**0.5)
    assert made.max_z == pytest.approx(2.0 / 2.0)  # sqrt(8 / 2)
    assert made.scale == pytest.approx(1.0)
    assert made.scale_error == pytest.approx((8**0.5 / 2**0.5) / 4)  # <g, g*> = 2, 6: deviation sqrt 8, signal 4
    assert made.scale_z == pytest.approx(0.0)
    assert made.snr == pytest.approx(0.4)
    assert made.cosine == pytest.approx(0.5**0.5)
    assert made.single == pytest.approx((1.0 + 0.6) / 2)


def test_replicates_differ_and_do_not_depend_on_how_many_there_are() -> None:
    training, actor = setting(LOCK, VARIANTS["rloo"]), tilted(LOCK).flat.values[0]
    some = gradient_quality.replicates(LOCK, VARIANTS["rloo"], training, actor, 3)
    more = gradient_quality.replicates(LOCK, VARIANTS["rloo"], training, actor, 5)
    torch.testing.assert_close(some, more[:3])
    later = gradient_quality.replicates(LOCK, VARIANTS["rloo"], training, actor, 2, first_seed=3)
    torch.testing.assert_close(later, more[3:])
    assert len(np.unique(more[:, -1].numpy().round(9))) == 5
    with pytest.raises(ValueError, match="must be Episodes, not Unroll"):
        gradient_quality.replicates(LOCK, VARIANTS["rloo"], replace(training, collection=Unroll()), actor, 2)
