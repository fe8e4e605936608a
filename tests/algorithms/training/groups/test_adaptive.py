"""Adaptive sampling: which episodes are kept, what is charged, and which gradient comes of it."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch

from algorithms import VARIANTS
from algorithms.conformance import gradient_quality
from algorithms.conformance.exact.adaptive_sampling import adaptive_factor
from algorithms.policies.networks.gru import GRU
from algorithms.training.groups.adaptive import adaptive_groups, choose
from algorithms.training_config import Episodes, TrainingConfig
from envs.api import Task
from envs.tasks import TASKS
from envs.text.bandit import Bandit
from envs.text_env import text_task
from tests.rollouts import grouped_rollout, make_collector

ADA = VARIANTS["reinforce_ada"]


def right(pattern: str) -> torch.Tensor:
    return torch.tensor([c == "+" for c in pattern])


@pytest.mark.parametrize(
    ("pattern", "kept", "played"),
    [
        ("+-++++--", [0, 1], 2),  # both outcomes in the first round
        ("++-+++--", [0, 2], 4),
        ("--------", [0, 1], 8),  # never: the group is filled with wrong ones
        ("++++++++", [0, 1], 8),
        ("++++++-+", [0, 6], 8),
    ],
)
def test_rounds_of_two_until_both_outcomes_are_seen(pattern: str, kept: list[int], played: int) -> None:
    made = choose(right(pattern), 2)
    assert made.kept.tolist() == kept
    assert int(made.played) == played


def test_a_group_of_four_keeps_the_first_two_of_each_kind_and_fills_up() -> None:
    made = choose(torch.stack([right("+++-+--+"), right("+----+--"), right("+-------")]), 4)
    assert made.kept.tolist() == [[0, 1, 3, 5], [0, 1, 2, 5], [0, 1, 2, 3]]
    assert made.played.tolist() == [8, 8, 8]
    # an odd group wants one right answer of three
    assert choose(right("++-+-+"), 3).kept.tolist() == [0, 2, 4]


def test_the_baseline_is_the_mean_of_all_that_was_played_and_no_more_is_charged() -> None:
    """One prompt in rounds of 2: 1 1 | 0 1 are played, 0 0 are not read. A = 1 - 3/4 and 0 - 3/4."""
    rollout = grouped_rollout([[1.0, 1.0, 0.0, 1.0, 0.0, 0.0]], [[1.0] * 6], 6)
    picked, spent = adaptive_groups(rollout, rollout.reward[0], 2, 0.5)
    assert spent.tolist() == [4]
    assert picked.group == 2
    assert picked.reward[0, 0].tolist() == [1.0, 0.0]
    b, _ = ADA.estimator.baseline(picked.reward, picked, None, {})
    assert (picked.reward - b)[0, 0].tolist() == [0.25, -0.75]


def test_each_prompt_has_rounds_and_a_mean_of_its_own() -> None:
    """In rounds of 2: 0 1 | .. of the first; 1 1 | 1 0 of the second. Returns are twice the rewards, and in the mean."""
    rollout = grouped_rollout([[0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0]], [[1.0] * 8], 4)
    picked, spent = adaptive_groups(rollout, 2 * rollout.reward[0], 2, 0.5)
    assert spent.tolist() == [2 + 4]
    assert picked.reward[0, 0].tolist() == [0.0, 1.0, 1.0, 0.0]
    assert picked.pool_return is not None
    assert picked.pool_return[0, 0].tolist() == [1.0, 1.0, 1.5, 1.5]


def test_an_answer_in_the_middle_is_wrong() -> None:
    """Right is more than the middle: 0.5 is not, so that a second round is played, which has a right answer."""
    rollout = grouped_rollout([[0.5, 0.5, 0.0, 1.0]], [[1.0] * 4], 4)
    picked, spent = adaptive_groups(rollout, rollout.reward[0], 2, 0.5)
    assert (spent.tolist(), picked.reward[0, 0].tolist()) == ([4], [0.5, 1.0])


def test_what_stands_after_an_end_is_not_paid() -> None:
    """The second answer is wrong, whatever its second row holds, so one round has both kinds: three rows are charged."""
    rollout = grouped_rollout([[1.0, 0.0, 0.0, 0.0], [0.0] * 4], [[1.0] * 4, [1.0, 0.0, 1.0, 1.0]], 4)
    rollout.reward[1, 0, 1] = 9.0
    _, spent = adaptive_groups(rollout, torch.zeros(1, 4), 2, 0.5)
    assert spent.tolist() == [3]


def test_the_factor_by_hand() -> None:
    """Rounds of 2, at most 2, p = 1/2: both kinds are seen with probability 7/8, and each such group gives grad p."""
    assert adaptive_factor(2, 2, 0.5) == pytest.approx(0.875)
    assert adaptive_factor(4, 1, 0.3) == pytest.approx(0.75)  # one round is Dr. GRPO: (G-1)/G
    # with enough rounds (1-p)/(2p) + p/(2(1-p)), up to the noise of the mean
    assert adaptive_factor(8, 60, 0.05) == pytest.approx(0.95 / 0.1 + 0.05 / 1.9, rel=0.15)


@pytest.mark.parametrize(("group", "rounds"), [(2, 3), (3, 3), (4, 2)])
def test_the_factor_is_that_of_all_patterns_through_the_selection(group: int, rounds: int) -> None:
    p = 0.3
    patterns = torch.tensor(list(product((False, True), repeat=group * rounds)))
    chance = (p ** patterns.sum(1)) * (1 - p) ** (~patterns).sum(1)
    made = choose(patterns, group)
    seen = torch.arange(group * rounds) < made.played[:, None]
    mean = (patterns & seen).sum(1, keepdim=True) / made.played[:, None]
    reward = patterns.gather(1, made.kept).double()
    score = torch.where(reward > 0, 1 / p, -1 / (1 - p))  # E[S | outcome] over grad p
    listed = float(chance.double() @ ((reward - mean) * score).mean(1))
    assert adaptive_factor(group, rounds, p) == pytest.approx(listed)


def _bandit(p: float) -> Task:
    return text_task("bandit", Bandit(arms=2, contexts=1, best=2 * p, gap=2 * p, skew=0.0))


def test_the_sampled_gradient_is_the_listed_one_through_collector_and_learner() -> None:
    task = _bandit(0.2)
    training = TrainingConfig(network=GRU(4), collection=Episodes(2, 2))
    actor = gradient_quality.gaussian_parameters(task, training, 0.5)
    p = gradient_quality.exact_return(task, training, actor)
    samples = gradient_quality.replicates(task, ADA, training, actor, 1_000)
    known = adaptive_factor(2, 4, p) * gradient_quality.exact_gradient(task, training, actor)
    made = gradient_quality.quality(samples, known)
    assert made.max_z < 5
    assert abs(made.scale_z) < 4
    assert made.scale_error < 0.1
    assert adaptive_factor(2, 4, p) > 1.5  # a hard prompt weighs more: Dr. GRPO's factor is 1/2


def test_the_rounds_that_are_needed_are_charged() -> None:
    """A bandit's episode is one step. Unless both outcomes come at once, more than one round of 4 is charged."""
    task = _bandit(0.2)
    training = TrainingConfig(network=GRU(4), collection=Episodes(8, 4))
    rounds = make_collector(task, ADA, training, (3, 5), rounds=4)
    rollout, spent = rounds.collect(np.ones(2, np.bool_))
    rounds.close()
    assert rollout.valid.shape == (1, 2, 8)
    assert rollout.group == 4
    assert all(8 <= n <= 32 and n % 4 == 0 for n in spent.tolist())
    assert max(spent.tolist()) > 8
    alone = make_collector(task, ADA, training, (5,), rounds=4)
    own, cost = alone.collect(np.ones(1, np.bool_))
    alone.close()
    assert torch.equal(own.reward[:, 0], rollout.reward[:, 1])
    assert cost.tolist() == spent[1:].tolist()


def test_tasks_without_prompts_or_optimum_are_refused() -> None:
    assert "no prompts" in (ADA.reason_unsupported(TASKS["CartPole-v1"]) or "")
    unknown = replace(_bandit(0.2), ceiling=None)
    assert "no J*" in (ADA.reason_unsupported(unknown) or "")
    assert ADA.reason_unsupported(_bandit(0.2)) is None
