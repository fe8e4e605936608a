"""Entropy bonuses: their coefficients by hand, and what they do to training."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from algorithms import VARIANTS
from algorithms.estimators.diagnostics import entropy_share
from algorithms.estimators.entropy_bonus import Annealed, Constant, Target
from algorithms.training.evaluation import Evaluation
from algorithms.training.run import train
from algorithms.variant import Variant
from envs import TASKS
from tests.builders import make_run, records_of, small_training
from tests.rollouts import grouped_rollout

PROGRESS = torch.tensor([0.0, 0.25, 1.0])


def test_coefficients_by_hand() -> None:
    assert Constant(0.5)(PROGRESS, {}).tolist() == [0.5] * 3
    assert Annealed(0.8, 0.0)(PROGRESS, {}).tolist() == pytest.approx([0.8, 0.6, 0.0])
    assert Annealed(0.0, 2.0)(PROGRESS, {}).tolist() == pytest.approx([0.0, 0.5, 2.0])
    assert not Constant().active
    assert Annealed().active


def test_a_target_moves_alpha_towards_it_each_member_by_itself() -> None:
    """rate 2: fractions .5, .3, .1 against .3 multiply alpha by exp(-.4), 1, exp(.4)."""
    bonus = Target(fraction=0.3, rate=2.0, start=0.01)
    state = bonus.update(torch.tensor([0.5, 0.3, 0.1]), bonus.initial(3))
    e = 1.4918247
    assert bonus(PROGRESS, state).tolist() == pytest.approx([0.01 / e, 0.01, 0.01 * e])
    for _ in range(99):
        state = bonus.update(torch.tensor([0.9, 0.3, 0.0]), state)
    assert bonus(PROGRESS, state).tolist() == pytest.approx([1e-5, 0.01, 1.0])  # its bounds


def test_the_share_of_the_largest_entropy_by_hand() -> None:
    """-log pi = 1, 2 and 5 (after an end), of log 4 a row; with masks log 2 and log 4."""
    rollout = replace(grouped_rollout([[0.0, 0.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]], group=1))
    rollout = replace(rollout, logp=-torch.tensor([[1.0, 2.0], [5.0, 5.0]]).double()[:, None])
    log2 = 0.6931472
    assert entropy_share(rollout, 4).tolist() == pytest.approx([3 / (4 * log2)])
    mask = torch.tensor([[True, True, False, False], [True] * 4])[None, None].expand(2, 1, 2, 4)
    assert entropy_share(replace(rollout, action_mask=mask), 4).tolist() == pytest.approx([3 / (3 * log2)])


def entropies(variant: Variant) -> list[float]:
    task = TASKS["bandit/small"]
    training = replace(small_training(task, variant), learning_rate=0.03)
    records = records_of(train(make_run(task, variant, training, 6_000, (0, 1, 2), evaluation=Evaluation(4, 3))))
    return [sum(r.measures["entropy"] for r in records if r.checkpoint == k) / 3 for k in range(5)]


def test_a_target_holds_its_entropy_and_annealing_lets_go() -> None:
    """Four arms: log 4 = 1.386. A target of half holds .69; a large constant stays high; annealed, it falls at the end."""
    gae = VARIANTS["gae"]
    held = entropies(gae.rung("held", "", entropy=Target(fraction=0.5, rate=1.0, start=0.1)))
    assert sum(held[2:]) / 3 == pytest.approx(0.5 * 1.386, abs=0.15)  # it swings about the target
    assert entropies(gae)[-1] < 0.25
    constant = entropies(gae.rung("constant", "", entropy=Constant(1.0)))
    annealed = entropies(gae.rung("annealed", "", entropy=Annealed(1.0, 0.0)))
    assert constant[-1] > 1.1
    assert annealed[1] > 1.1
    assert annealed[-1] < 0.7


def test_only_discrete_actions_have_a_largest_entropy() -> None:
    reason = VARIANTS["entropy_target"].reason_unsupported(TASKS["Pendulum-v1"])
    assert reason is not None
    assert "continuous actions have none" in reason
    assert VARIANTS["entropy_annealed"].reason_unsupported(TASKS["Pendulum-v1"]) is None


@pytest.mark.parametrize(
    ("maker", "match"),
    [
        (lambda: Constant(-0.1), "alpha must be at least 0"),
        (lambda: Annealed(start=-1.0), "start must be at least 0"),
        (lambda: Target(fraction=1.0), "fraction must lie in"),
        (lambda: Target(start=2.0), "least <= start <= most"),
    ],
)
def test_what_makes_no_bonus_says_why(maker: object, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        maker()  # type: ignore[operator]


def test_entropy_falls_by_the_covariance_of_log_pi_and_the_change_of_the_logits() -> None:
    """dH = -eta Cov_pi(log pi, g) to first order, logits moving by eta g: at p = (.6, .3, .1) it falls
    when the likeliest logit grows, and rises when the rarest does.
    """
    logits = torch.tensor([0.6, 0.3, 0.1], dtype=torch.float64).log()
    eta = 1e-5
    for g, falls in ((torch.tensor([1.0, 0.0, 0.0]), True), (torch.tensor([0.0, 0.0, 1.0]), False)):
        p = logits.softmax(-1)
        covariance = (p * logits * g).sum() - (p * logits).sum() * (p * g).sum()
        moved = torch.distributions.Categorical(logits=logits + eta * g).entropy()
        change = (moved - torch.distributions.Categorical(logits=logits).entropy()) / eta
        assert change.item() == pytest.approx(-covariance.item(), abs=1e-4)
        assert (change.item() < 0) is falls
