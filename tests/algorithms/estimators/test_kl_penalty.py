"""The KL to a reference: estimators by hand, where they enter, and what each does to the expected gradient."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from algorithms import VARIANTS
from algorithms.conformance import gradient_quality
from algorithms.estimators.credit import RewardToGo
from algorithms.estimators.kl_penalty import KL, Teacher
from algorithms.estimators.loss import subtract_kl
from algorithms.policies.networks.gru import GRU
from algorithms.training_config import Episodes, TrainingConfig
from envs.text.lexicon import Lexicon
from envs.text_env import text_task
from tests.builders import make_learner, small_training
from tests.rollouts import grouped_rollout, make_rollout

SOFT = text_task("soft", Lexicon(words=3, length=2, topics=2, beta=0.4))


def test_estimators_by_hand() -> None:
    """x = log 2 (the policy twice as likely as the reference) and -log 2."""
    x = torch.tensor([[2.0, 0.5]]).log()[:, None]
    on = torch.ones(1, 1, 2)
    log2 = 0.6931472
    assert KL("k1").estimate(x, on).flatten().tolist() == pytest.approx([log2, -log2])
    assert KL("k2").estimate(x, on).flatten().tolist() == pytest.approx([log2**2 / 2] * 2)
    assert KL("k3").estimate(x, on).flatten().tolist() == pytest.approx([0.5 - 1 + log2, 2 - 1 - log2])


def test_a_sequences_estimate_is_shared_by_its_rows() -> None:
    """x = 1, 3 over two rows: (1 + 3)^2 / 2 = 8, half on each; a text of one row keeps its own 9 / 2."""
    x = torch.tensor([[1.0, 3.0], [3.0, 99.0]])[:, None]
    on = torch.tensor([[1.0, 1.0], [1.0, 0.0]])[:, None]
    assert KL("k2", "loss", "sequence").estimate(x, on)[:, 0].tolist() == [[4.0, 4.5], [4.0, 0.0]]
    assert KL("k2", "loss").estimate(x, on)[:, 0].tolist() == [[0.5, 4.5], [4.5, 0.0]]


def test_in_the_reward_every_token_pays_once() -> None:
    """beta .5, log pi - log ref = 2 and 1: rewards 3 - 1 and 4 - .5; counted twice it would be 1 and 3."""
    rollout = grouped_rollout([[3.0], [4.0]], [[1.0], [1.0]], group=1)
    told = torch.tensor([-1.0, -1.0]).double().reshape(2, 1, 1)
    rollout = replace(rollout, logp=told, reference=torch.tensor([-3.0, -2.0]).double().reshape(2, 1, 1))
    assert subtract_kl(KL(), rollout, 0.5).reward.flatten().tolist() == [2.0, 3.5]
    assert subtract_kl(KL("k3"), rollout, 0.5).reward[0].item() == pytest.approx(3 - 0.5 * (2.718281828**-2 - 1 + 2))
    assert subtract_kl(KL("k1", "loss"), rollout, 0.5) is rollout
    assert subtract_kl(KL(), replace(rollout, reference=None), 0.5).reward.flatten().tolist() == [3.0, 4.0]


def test_a_teacher_pays_its_log_ratio_in_place_of_the_reward() -> None:
    """Probabilities of the teacher 1/2 and 1/4, of the student 1/4 and 1/2: log 2 and -log 2, whatever the task pays. To
    the end that is 0 for the first token with the second, and log 2 without. Rows after the end are paid 0."""
    rollout = grouped_rollout([[3.0, 5.0], [4.0, 7.0]], [[1.0, 1.0], [1.0, 0.0]], group=1)
    teacher, student = (
        torch.tensor(x).double().log()[:, None] for x in ([[0.5, 0.5], [0.25, 0.9]], [[0.25, 0.25], [0.5, 0.1]])
    )
    rollout = replace(rollout, logp=student, teacher=teacher)
    log2 = 0.6931472
    for discount, first in ((1.0, 0.0), (0.0, log2)):
        paid = Teacher(discount=discount).pay(rollout)
        assert paid.reward[:, 0].flatten().tolist() == pytest.approx([log2, log2, -log2, 0.0])
        assert RewardToGo()(paid, None)[:, 0].flatten().tolist() == pytest.approx([first, log2, -log2, 0.0])
    moved = replace(rollout, current_logp=student + 1)  # the student that learns has become e times as sure
    assert Teacher().pay(moved).reward[:, 0].flatten().tolist() == pytest.approx([log2 - 1, log2 - 1, -log2 - 1, 0.0])


@pytest.mark.parametrize("knobs", [{"temperature": 0.0}, {"discount": 1.5}, {"discount": -0.1}])
def test_a_teacher_has_a_temperature_above_0_and_a_discount(knobs: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(knobs))} must .* not {next(iter(knobs.values()))}"):
        Teacher(**knobs)


@pytest.mark.parametrize("name", ["scst", "vineppo"])
def test_a_baseline_of_the_tasks_returns_does_not_go_with_a_teacher(name: str) -> None:
    with pytest.raises(ValueError, match="compares returns of the task, which a teacher replaces"):
        replace(VARIANTS[name].estimator, teacher=Teacher())


COUNT = 6_000
TRAINING = TrainingConfig(network=GRU(4), collection=Episodes(8, 4))
BASE = VARIANTS["reinforce"]


class Sampled(NamedTuple):
    """At one policy, for all placements of a KL."""

    actor: Tensor  # its parameters
    free: Tensor  # gradients without a KL
    truth: Tensor  # grad(J with KL) - grad(J without), exactly


@pytest.fixture(scope="module")
def sampled() -> Sampled:
    free = replace(SOFT, factory=replace(SOFT.factory, beta=0.0), beta=0.0)  # type: ignore[type-var]
    actor = gradient_quality.gaussian_parameters(SOFT, TRAINING, 0.7)
    with_kl, without = (gradient_quality.exact_gradient(task, TRAINING, actor) for task in (SOFT, free))
    return Sampled(actor, gradient_quality.replicates(free, BASE, TRAINING, actor, COUNT), with_kl - without)


def gradient_of_kl(kl: KL, sampled: Sampled) -> tuple[gradient_quality.Quality, gradient_quality.Quality]:
    """Of grad(J with KL) - grad(J without): sampled with this estimator and placement, against the exact one."""
    variant = replace(BASE, estimator=replace(BASE.estimator, kl=kl))
    # the same seeds play the same texts, so the difference is the KL's part alone
    part = gradient_quality.replicates(SOFT, variant, TRAINING, sampled.actor, COUNT) - sampled.free
    return gradient_quality.quality(part, sampled.truth), gradient_quality.quality(part, 0 * sampled.truth)


def test_k1_in_the_reward_has_the_gradient_of_the_kl(sampled: Sampled) -> None:
    made, _ = gradient_of_kl(KL("k1", "reward"), sampled)
    assert made.max_z < 5
    assert made.scale == pytest.approx(1.0, abs=0.1)


def test_k2_of_the_sequence_in_the_loss_has_it_too(sampled: Sampled) -> None:
    made, _ = gradient_of_kl(KL("k2", "loss", "sequence"), sampled)
    assert made.max_z < 5
    assert made.scale == pytest.approx(1.0, abs=0.1)


def test_k1_in_the_loss_does_nothing_on_average(sampled: Sampled) -> None:
    made, nothing = gradient_of_kl(KL("k1", "loss"), sampled)
    assert made.scale_z > 8
    assert nothing.max_z < 5


@pytest.mark.parametrize(
    "kl", [KL("k3", "loss"), KL("k2", "loss"), KL("k3", "reward")], ids=lambda k: f"{k.kind} {k.place}"
)
def test_the_others_are_neither(kl: KL, sampled: Sampled) -> None:
    made, nothing = gradient_of_kl(kl, sampled)
    assert made.max_z > 8
    assert nothing.max_z > 8 or kl.place == "reward"


def test_an_estimators_own_beta_replaces_the_tasks_and_needs_a_reference() -> None:
    variant = VARIANTS["rloo"]
    training = small_training(SOFT, variant)
    policy, _ = make_rollout(SOFT, variant, training, (0,))
    for kl, task, expected in ((KL(beta=0.1), SOFT, 0.1), (KL(), SOFT, 0.4), (KL(), replace(SOFT, beta=0.0), 0.0)):
        changed = replace(variant, estimator=replace(variant.estimator, kl=kl))
        assert make_learner(policy, changed, training, task).beta == expected


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"kind": "k4"}, "'k4' is none of k1, k2, k3"),
        ({"place": "lose"}, "'lose' is none of reward, loss"),
        ({"over": "sequence"}, "every token pays for itself"),
        ({"beta": -1.0}, "at least 0, not -1"),
    ],
)
def test_what_makes_no_kl_says_why(fields: dict[str, object], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        KL(**fields)  # type: ignore[arg-type]
