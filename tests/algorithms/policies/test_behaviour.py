"""Acting in NumPy: the rows that play are selected, and the actions are those of torch's networks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from algorithms import VARIANTS
from algorithms.policies.actor_critic import ActorCritic
from algorithms.policies.behaviour import Choice, DenseBehaviour, RowSelection, SelectedRows, TorchBehaviour
from algorithms.policies.distributions import ILLEGAL, Categorical
from algorithms.policies.networks.mlp import MLP, Activation
from envs import TASKS
from envs.api import Discrete
from tests.builders import make_policy, small_training

ALIVE = np.array([[True, False, True], [False, False, False], [False, True, False]])


def policies(task: str, activation: Activation = "tanh", hidden: tuple[int, ...] = (8, 8)) -> ActorCritic:
    """Three policies with parameters away from their start, where all actions are nearly alike."""
    training = replace(small_training(TASKS[task], VARIANTS["gae"]), network=MLP(hidden, activation))
    policy = make_policy(TASKS[task], VARIANTS["gae"], training, (0, 1, 2))
    with torch.no_grad():
        policy.flat.values.normal_(generator=torch.Generator().manual_seed(0))
    return policy


def dense(policy: ActorCritic) -> DenseBehaviour:
    layers = policy.dense_layers()
    assert layers is not None
    return DenseBehaviour(*layers, policy.head)


def test_the_rows_of_members_that_play_are_a_rectangle_and_return_to_their_places() -> None:
    rows = RowSelection(ALIVE)
    assert rows.members.tolist() == [0, 2]
    assert rows.places.tolist() == [[0, 2], [7, 7]]  # member 2 computes its only row twice
    x = np.arange(1, 10).reshape(3, 3)
    assert rows.take(x).tolist() == [[1, 3], [8, 8]]
    assert rows.widen(rows.take(x)).tolist() == [[1, 0, 3], [0, 0, 0], [0, 8, 0]]


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("hidden", [(8,), (8, 5)])
@pytest.mark.parametrize("task", ["CartPole-v1", "Pendulum-v1"])
def test_numpy_acts_as_torch_does(task: str, hidden: tuple[int, ...], activation: Activation) -> None:
    policy = policies(task, activation, hidden)
    rng = np.random.default_rng(0)
    obs = rng.standard_normal((3, 40, TASKS[task].spec.observation.size), dtype=np.float32)  # type: ignore[union-attr]
    for noise in (None, np.stack([policy.noise(rng, (1, 40))[0] for _ in range(3)])):
        ours = dense(policy).choose(obs, None, noise)
        theirs = TorchBehaviour(policy, False, "cpu").choose(obs, None, noise)
        np.testing.assert_allclose(ours.out, theirs.out, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(ours.action, theirs.action, rtol=1e-5, atol=1e-6)
        assert ours.out.std() > 0.1


def test_illegal_actions_are_not_chosen() -> None:
    policy = policies("CartPole-v1")
    mask = np.broadcast_to([False, True], (3, 4, 2))
    obs = np.ones((3, 4, 4), np.float32)
    for noise in (None, np.zeros((3, 4), np.float32)):
        out, action, _, _ = dense(policy).choose(obs, mask, noise)
        assert (action == 1).all()
        assert (out[..., 0] == np.float32(ILLEGAL)).all()


def test_drawing_leaves_the_outputs_as_they_are() -> None:
    """With one row, a transposed array is contiguous already, and no copy of it is made unless it is asked for."""
    out = np.array([[[1.0, 3.0]]], np.float32)
    assert Categorical(Discrete(2)).sample(out, np.array([[0.1]], np.float32)).tolist() == [[0]]
    assert Categorical(Discrete(2)).sample(out, np.array([[0.2]], np.float32)).tolist() == [[1]]  # p(0) = .119
    assert out.tolist() == [[[1.0, 3.0]]]


@pytest.mark.parametrize("numpy", [True, False])
def test_selected_rows_act_as_all_rows_do_and_follow_the_parameters(numpy: bool) -> None:
    policy = policies("CartPole-v1")
    rng = np.random.default_rng(1)
    obs, noise = rng.standard_normal((3, 3, 4), dtype=np.float32), rng.random((3, 3), dtype=np.float32)

    def rows(alive: np.ndarray) -> SelectedRows:
        selected = SelectedRows(dense(policy) if numpy else TorchBehaviour(policy, False, "cpu"))
        selected.start(np.ones_like(ALIVE))
        selected.keep(alive)
        return selected

    part = rows(ALIVE)
    for _ in range(2):
        whole = rows(np.ones_like(ALIVE)).choose(obs, None, noise)
        some = part.choose(obs, None, noise)
        np.testing.assert_allclose(some.out[ALIVE], whole.out[ALIVE], rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(some.action[ALIVE], whole.action[ALIVE])
        assert not some.out[~ALIVE].any()
        with torch.no_grad():
            policy.flat.values.mul_(-1.0)
        part.refresh()


def test_the_rows_are_selected_anew_once_a_quarter_of_them_has_ended() -> None:
    class Shapes(DenseBehaviour):
        def choose(self, obs: np.ndarray, mask: np.ndarray | None, noise: np.ndarray | None) -> Choice:
            computed.append(obs.shape[:2])
            return super().choose(obs, mask, noise)

    computed: list[tuple[int, ...]] = []
    policy = policies("CartPole-v1")
    layers = policy.dense_layers()
    assert layers is not None
    selected = SelectedRows(Shapes(*layers, policy.head))
    selected.start(np.ones((3, 8), np.bool_))
    for playing in (8, 7, 6, 5, 4, 1):
        selected.keep(np.broadcast_to(np.arange(8) < playing, (3, 8)))
        selected.choose(np.ones((3, 8, 4), np.float32), None, None)
    assert computed == [(3, 8), (3, 8), (3, 6), (3, 6), (3, 4), (3, 1)]
