"""Q-learning: its backup by hand, the optimum where there is a table, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from algorithms import ALGORITHMS, VARIANTS
from algorithms.policies.distributions import ILLEGAL, epsilon_greedy
from algorithms.references.epsilon_greedy import EpsilonGreedyNet
from algorithms.references.q_learning import QLearning, back_up, back_up_rollout
from algorithms.references.trained_reference import COMPOSITION
from algorithms.training.evaluation import Evaluation
from algorithms.training.records import Members, Record
from algorithms.training.state import RunState
from benchmarks.design.cell import Cell
from benchmarks.design.resolve import reason_unsupported, resolve
from envs import TASKS
from tests.builders import records_of, small_training
from tests.rollouts import make_rollout


def run_of(task: str, seeds: tuple[int, ...], env_steps: int, discount: float = 1.0, **options: float) -> Cell:
    """A cell of Q-learning."""
    algorithm = QLearning(name="q_learning", summary="", **options)  # type: ignore[arg-type]
    training = replace(resolve(TASKS[task], algorithm).training, segment=20, discount=discount)
    members = Members(seeds, (training.learning_rate,) * len(seeds))
    return Cell(TASKS[task], algorithm, training, members, env_steps, Evaluation(2, 10))


def records(cell: Cell, state: RunState | None = None) -> list[Record]:
    found = records_of(cell.algorithm.train(cell, state=state))
    return [replace(e, wall_s=0.0, eval_return_greedy=np.nan_to_num(e.eval_return_greedy, nan=-1.0)) for e in found]


def test_a_backup_by_hand() -> None:
    """Two steps, 1 at the end, rate .5: Q of the last moves to .5 and .75; the first sees .5 when it is met again."""
    value, visits = np.zeros((1, 3, 2), np.float32), np.zeros((1, 3, 2), np.float32)
    places, action = np.array([0, 1, 2]).reshape(3, 1, 1), np.array([1, 0]).reshape(2, 1, 1)
    reward, discount = (np.array(x, np.float32).reshape(2, 1, 1) for x in ([0, 1], [0.9, 0]))
    told = (places, action, reward, discount, np.ones((2, 1, 1), np.float32), np.array([0.5], np.float32))
    back_up(value, visits, 0.0, *told)
    assert value[0].tolist() == [[0.0, 0.0], [0.5, 0.0], [0.0, 0.0]]
    back_up(value, visits, 0.0, *told)
    assert value[0, 0].tolist() == pytest.approx([0.0, 0.5 * 0.9 * 0.5])
    assert value[0, 1].tolist() == [0.75, 0.0]
    assert visits[0].tolist() == [[0.0, 2.0], [2.0, 0.0], [0.0, 0.0]]
    # the third visit of the last: .75 + .5 / 3 (1 - .75) with omega 1
    back_up(value, visits, 1.0, *told)
    assert value[0, 1, 0] == pytest.approx(0.75 + 0.25 / 6)
    before = value.copy()
    back_up(value, visits, 0.0, *told[:4], np.zeros((2, 1, 1), np.float32), told[5])  # rows that are not valid
    assert np.array_equal(value, before)


def test_epsilon_greedy_by_hand() -> None:
    chance = epsilon_greedy(torch.tensor([0.1, 0.7, 0.7, 0.0]), 0.2).exp()
    assert chance.tolist() == pytest.approx([0.05, 0.85, 0.05, 0.05])
    sure = epsilon_greedy(torch.tensor([0.1, 0.7]), 0.0)
    assert sure.tolist() == [ILLEGAL, 0.0]
    assert QLearning(name="q", summary="", start=1.0, end=0.2).epsilon(
        torch.tensor([0.0, 0.5, 3.0])
    ).tolist() == pytest.approx([1, 0.6, 0.2])


@pytest.mark.parametrize(("task", "env_steps"), [("lock/small", 8_000), ("bandit/small", 12_000)])
def test_it_finds_the_optimum(task: str, env_steps: int) -> None:
    """At first the uniform policy; at the end epsilon is 0, so J of the policy that acts is J*, exactly."""
    found = records(run_of(task, (0, 1), env_steps))
    assert [r.eval_return for r in found[:2]] == pytest.approx([TASKS[task].floor] * 2, abs=1e-6)
    assert [r.eval_return for r in found[-2:]] == pytest.approx([TASKS[task].ceiling] * 2, abs=1e-6)
    if task == "lock/small":
        assert [r.eval_return_greedy for r in found[-2:]] == [1.0, 1.0]
    assert all(r.env_steps >= r.fraction * env_steps for r in found)


def test_values_that_look_no_further_than_the_next_reward_do_not_find_it() -> None:
    """Without the maximum of the next state the way to the prize is worth nothing: it stops early, at .1."""
    assert records(run_of("lock/small", (0,), 8_000, discount=0.0))[-1].eval_return == pytest.approx(0.1)


def test_a_member_alone_is_itself_in_a_population_and_a_resume_repeats() -> None:
    both, alone = records(run_of("lock/small", (0, 1), 1_500)), records(run_of("lock/small", (1,), 1_500))
    assert [replace(r, member=0, texts=()) for r in both if r.seed == 1] == [replace(r, texts=()) for r in alone]
    cell = run_of("lock/small", (0, 1), 1_500)
    state = next(e for e in cell.algorithm.train(cell) if isinstance(e, RunState))
    later = records(run_of("lock/small", (0, 1), 1_500), state)
    assert later
    assert later == both[-len(later) :]


def test_forbidden_actions_are_never_the_best() -> None:
    task = TASKS["dyck/masked-small"]
    q = QLearning(name="q_learning", summary="")
    policy, rollout = make_rollout(task, COMPOSITION, resolve(task, q).training, (0,))
    back_up_rollout(q, policy, rollout, torch.ones(1), torch.zeros(1))
    assert rollout.action_mask is not None
    assert isinstance(policy.actor, EpsilonGreedyNet)
    first = task.factory.spec.observation.action_position[:1]  # type: ignore[union-attr]
    places = policy.actor.places(rollout.obs, first)
    row = policy.actor.table[0, places[0, 0, 0]]
    assert (row == ILLEGAL).tolist() == (~rollout.action_mask[0, 0, 0]).tolist()
    assert (~rollout.action_mask[0, 0, 0]).any()


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ("CartPole-v1", "q_learning keeps a table of states, and this task observes vectors (CartPole-v1)"),
        ("lock/hard", "q_learning keeps a table of states, and this task has more than 5,000 episodes (lock/hard)"),
    ],
)
def test_it_refuses_what_has_no_table(task: str, words: str) -> None:
    assert reason_unsupported(TASKS[task], ALGORITHMS["q_learning"]) == words


def test_what_cannot_be_an_epsilon_is_refused() -> None:
    for wrong in ({"start": 1.5}, {"end": -0.1}, {"start": 0.1, "end": 0.2}, {"omega": 2.0}):
        with pytest.raises(ValueError, match="0 <= end <= start <= 1"):
            QLearning(name="q", summary="", **wrong)
    task = TASKS["bandit/small"]
    policy, rollout = make_rollout(task, VARIANTS["reinforce"], small_training(task, VARIANTS["reinforce"]), (0,))
    with pytest.raises(ValueError, match="needs a table of values"):
        back_up_rollout(QLearning(name="q", summary=""), policy, rollout, torch.ones(1), torch.zeros(1))
