"""PQN: its targets and loss by hand, with episodes that are cut or over, members alone, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from algorithms import ALGORITHMS
from algorithms.estimators.rollout import Rollout
from algorithms.policies.actor_critic import ActorCritic
from algorithms.references.pqn import PQN, NormedNetwork, NormedValues, ValueLearner
from algorithms.references.trained_reference import COMPOSITION
from algorithms.training.evaluation import Evaluation
from algorithms.training.records import Members, Record
from algorithms.training.state import RunState
from algorithms.training_config import TrainingConfig, Unroll
from benchmarks.design.cell import Cell
from benchmarks.design.resolve import reason_unsupported, resolve
from envs import TASKS
from envs.api import Discrete, Features, Spec, Task
from tests.builders import records_of
from tests.rollouts import manual_rollout

LINEAR = TrainingConfig(network=NormedNetwork(()))
SPEC = Spec(Features(2), Discrete(2), 9)
SMALL = {"hidden": (16,), "steps": 8, "envs": 4}


def learner(lam: float) -> ValueLearner:
    """One member without hidden layers whose Q(s, .) are the two numbers that it observes."""
    policy = ActorCritic(SPEC, LINEAR.network, False, [torch.Generator()])
    assert isinstance(policy.actor, NormedValues)
    with torch.no_grad():
        policy.actor.weights[0].copy_(torch.eye(2)[None])
    q = PQN(name="pqn", summary="", lam=lam)
    return ValueLearner(
        q, policy.double(), COMPOSITION.estimator, COMPOSITION.schedule, LINEAR, torch.ones(1), TASKS["CartPole-v1"]
    )


def window(discount: list[float], continues: list[float], valid: list[float]) -> Rollout:
    """Rewards 1, 2, 3; the largest Q of the four states are 9, 4, 6 and 8."""
    obs = torch.tensor([[9.0, 0.0], [4.0, 1.0], [5.0, 6.0], [0.0, 8.0]]).double().reshape(4, 1, 1, 2)
    rollout = manual_rollout([1.0, 2.0, 3.0], discount, continues, valid)
    return replace(rollout, obs=obs, action=torch.tensor([0, 1, 0]).reshape(3, 1, 1))


@pytest.mark.parametrize(
    ("discount", "continues", "valid", "expected"),
    [
        # 3 + .1 x 8; 2 + .1 (.5 x 6 + .5 x 3.8); 1 + .1 (.5 x 4 + .5 x 2.49)
        ([0.1, 0.1, 0.1], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [1.3245, 2.49, 3.8]),
        # cut after two rows: 2 + .1 x 6 of its own last state, whatever the third row, which only delivers the reset
        ([0.1, 0.1, 0.1], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0], [1.33, 2.6]),
        # over after two rows: 2 alone. A cut that is taken for an end would be this
        ([0.1, 0.0, 0.1], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0], [1.3, 2.0]),
    ],
    ids=["running", "cut", "over"],
)
def test_targets_by_hand(
    discount: list[float], continues: list[float], valid: list[float], expected: list[float]
) -> None:
    """gamma .1, lambda .5: a look one step ahead by the largest Q, and as much by the next target."""
    batch, columns = learner(0.5).prepare(window(discount, continues, valid))
    assert batch.target is not None
    on = [y for y, w in zip(batch.target.flatten().tolist(), valid, strict=True) if w]
    assert on == pytest.approx(expected)
    assert [c.tolist() for c in columns] == [[0, 1, 2]]
    assert batch.weight.flatten().tolist() == pytest.approx([w / sum(valid) for w in valid])


def test_without_lambda_it_looks_one_step_ahead_and_with_1_to_the_end_of_the_window() -> None:
    running = [0.1] * 3, [1.0] * 3, [1.0] * 3
    for lam, expected in ((0.0, [1.4, 2.6, 3.8]), (1.0, [1.238, 2.38, 3.8])):
        batch, _ = learner(lam).prepare(window(*running))
        assert batch.target is not None
        assert batch.target.flatten().tolist() == pytest.approx(expected)


def test_the_loss_by_hand_is_of_the_actions_that_were_taken() -> None:
    """One-step targets 1.4, 2.6 and 3.8 against Q of 9, 1 and 5: squares 57.76, 2.56 and 1.44, half of their mean 10.29."""
    made = learner(0.0)
    batch, _ = made.prepare(window([0.1] * 3, [1.0] * 3, [1.0] * 3))
    assert made.loss(batch).total.tolist() == pytest.approx([0.5 * (57.76 + 2.56 + 1.44) / 3])
    made.descend(batch)
    bias = made.policy.actor.biases[0]  # type: ignore[union-attr]
    assert bias.grad.flatten().tolist() == pytest.approx([(7.6 + 1.2) / 3, -1.6 / 3])  # Q - y of each action


def test_rows_that_only_deliver_a_reset_teach_nothing() -> None:
    gradients: list[Tensor] = []
    for louder in (1.0, 50.0):
        made, rollout = learner(0.5), window([0.1] * 3, [1.0, 0.0, 1.0], [1.0, 1.0, 0.0])
        reward = rollout.reward.clone()
        reward[2] *= louder
        batch, _ = made.prepare(replace(rollout, reward=reward))
        made.descend(batch)
        gradients.append(made.policy.flat.gradient.clone())
    assert torch.equal(*gradients)


def test_hidden_layers_are_normalised_by_hand() -> None:
    """One hidden layer of two units with inputs 1 and 3: mean 2, deviation 1, so relu of -1 and 1."""
    net = NormedValues([2, 2, 1], 1.0, [torch.Generator()])
    with torch.no_grad():
        net.weights[0].copy_(torch.eye(2)[None])
        net.weights[1].copy_(torch.tensor([[[5.0], [7.0]]]))
        assert net.values(torch.tensor([[[1.0, 3.0]]])).item() == pytest.approx(7.0, abs=1e-4)
        assert net.values(torch.tensor([[[100.0, 300.0]]])).item() == pytest.approx(7.0, abs=1e-4)
        net.scales[0].fill_(3.0)
        assert net.values(torch.tensor([[[1.0, 3.0]]])).item() == pytest.approx(7.0 * 3, abs=1e-3)
        net.scales[0].fill_(1.0)
        net.shifts[0].fill_(2.0)
        assert net.values(torch.tensor([[[1.0, 3.0]]])).item() == pytest.approx(5.0 * 1 + 7.0 * 3, abs=1e-3)


def test_epsilon_falls_over_a_share_of_the_budget_and_stays() -> None:
    q = PQN(name="pqn", summary="", start=1.0, end=0.2, falling=0.5)
    assert q.epsilon(torch.tensor([0.0, 0.25, 0.5, 3.0])).tolist() == pytest.approx([1.0, 0.6, 0.2, 0.2])
    assert replace(q, falling=0.0).epsilon(torch.tensor([0.0])).tolist() == pytest.approx([0.2])


def test_epsilon_follows_the_budget_when_a_window_is_learned() -> None:
    made = learner(0.5)
    assert made.net.epsilon.flatten().tolist() == [1.0]
    made.learn(window([0.1] * 3, [1.0] * 3, [1.0] * 3), [np.random.default_rng(0)], torch.tensor([0.1]))
    assert made.net.epsilon.flatten().tolist() == pytest.approx([1 - 0.95 / 2])  # half of the way from 1 to 0.05


def cell(
    seeds: tuple[int, ...], env_steps: int, task: str = "CartPole-v1", episodes: int = 2, **options: object
) -> Cell:
    algorithm = PQN(name="pqn", summary="", **options)  # type: ignore[arg-type]
    training = replace(resolve(TASKS[task], algorithm).training, segment=4)
    members = Members(seeds, (training.learning_rate,) * len(seeds))
    return Cell(TASKS[task], algorithm, training, members, env_steps, Evaluation(2, episodes))


def test_its_settings_reach_the_run() -> None:
    """Windows of 6 steps of 3 environments, 2 passes of 5 minibatches: 10 steps; Adam's rate falls, the gradient is cut."""
    made = cell((0,), 36, steps=6, envs=3, passes=2, minibatches=5, rate=0.02)
    training, q = made.training, made.algorithm
    assert (training.collection, training.learning_rate, training.anneal) == (Unroll(6, 3), 0.02, True)
    assert (training.max_grad_norm, q.methods.steps_per_update, q.methods.own_rate) == (10.0, 10, True)
    assert isinstance(q, PQN)
    schedule = q.run(made, "cpu").learner.schedule
    assert (schedule.epochs, schedule.minibatches) == (2, 5)


def records(cell: Cell, state: RunState | None = None) -> list[Record]:
    found = records_of(cell.algorithm.train(cell, state=state))
    return [replace(e, wall_s=0.0, eval_return_greedy=np.nan_to_num(e.eval_return_greedy, nan=-1.0)) for e in found]


def test_a_member_alone_is_itself_in_a_population_and_a_resume_repeats() -> None:
    both, alone = records(cell((0, 1, 2), 400, **SMALL)), records(cell((1,), 400, **SMALL))
    assert [replace(r, member=0) for r in both if r.seed == 1] == alone
    assert len({r.eval_return for r in both}) > 3
    begun = cell((0, 1, 2), 400, **SMALL)
    state = next(e for e in begun.algorithm.train(begun) if isinstance(e, RunState))
    later = records(cell((0, 1, 2), 400, **SMALL), state)
    assert later
    assert later == both[-len(later) :]


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (
            "Pendulum-v1",
            "pqn takes the action of the largest value, and continuous actions are not listed (Pendulum-v1)",
        ),
        ("lock/small", "pqn reads vectors, and this task observes something else (lock/small)"),
    ],
)
def test_it_refuses_what_it_cannot_list_or_read(task: str, words: str) -> None:
    assert reason_unsupported(TASKS[task], ALGORITHMS["pqn"]) == words


def test_what_makes_no_sense_is_refused() -> None:
    for wrong, words in (
        ({"lam": 1.5}, "lam"),
        ({"end": 0.5, "start": 0.2}, "start"),
        ({"passes": 0}, "passes"),
        ({"rate": 0.0}, "rate"),
    ):
        with pytest.raises(ValueError, match=words):
            PQN(name="pqn", summary="", **wrong)  # type: ignore[arg-type]
    task: Task = TASKS["lock/small"]
    with pytest.raises(ValueError, match="reads vectors, not Transcript"):
        NormedNetwork().build(task.spec.observation, 2, 1.0, [])


@pytest.mark.slow
def test_it_solves_cartpole() -> None:
    """In 50,000 steps, on seeds that its windows were not picked on; 500 is the most that an episode pays."""
    last = [r for r in records(cell((10, 11), 50_000, episodes=20)) if r.fraction == 1.0]
    assert len(last) == 2
    assert min(r.eval_return for r in last) > 450
