"""Policies: acting token by token and evaluating a whole rollout are the same function."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
import torch

from algorithms import VARIANTS
from algorithms.composition import Schedule
from algorithms.estimators.loss import row_weights
from algorithms.policies.api import Network
from algorithms.policies.networks.gru import GRU
from algorithms.policies.networks.linear import Linear
from algorithms.policies.networks.mlp import MLP, Activation, MLPNet
from algorithms.policies.networks.tabular import MULTIPLIER, Tabular
from algorithms.policies.networks.transformer import Transformer
from algorithms.training.returns.exact_return import ExactReturn
from envs import TASKS, solver
from envs.enumeration import enumerate_episodes
from envs.text_mdp import TextMDP
from tests.builders import make_learner, make_policy, small_training
from tests.rollouts import make_rollout


def table(name: str) -> Tabular:
    mdp = TASKS[name].factory
    assert isinstance(mdp, TextMDP)
    return Tabular(mdp)


MULTI_TURN = ["guessnumber/small", "infogame/letters-small", "causal/medium", "recdialog/ask-small", "textgraph/small"]
ONE_TURN = ["transduce/reverse-small", "lock/small", "dyck/masked-small", "lexicon/small", "increasing/small"]
CASES = [
    *((name, net) for name in ONE_TURN + MULTI_TURN for net in (GRU(16), Transformer(16, 2, 4), Linear(), table(name))),
    ("CartPole-v1", MLP((16,))),
    ("Pendulum-v1", MLP((16, 16))),
]


@pytest.mark.parametrize(("name", "network"), CASES, ids=lambda c: c if isinstance(c, str) else type(c).__name__)
def test_acting_and_one_pass_give_the_same_log_probabilities(name: str, network: Network) -> None:
    task, variant = TASKS[name], VARIANTS["gae"]
    training = replace(small_training(task, variant), network=network)
    policy, rollout = make_rollout(task, variant, training, (1, 2))
    with torch.no_grad():  # away from the nearly uniform start, where everything agrees
        policy.flat.values.mul_(3.0)
        if isinstance(network, (Tabular, Linear)):  # which start at 0
            policy.flat.values.normal_(generator=torch.Generator().manual_seed(0))
    policy, rollout = make_rollout(task, variant, training, (1, 2), policy)
    steps = len(rollout.reward)
    obs = rollout.obs if policy.reads_text else rollout.obs[:-1]
    out = policy.outputs(obs, rollout.action_mask, steps)
    again = policy.head.log_prob(out, rollout.action)
    on = rollout.valid > 0
    torch.testing.assert_close(again[on], rollout.logp[on], rtol=1e-5, atol=1e-5)
    assert rollout.logp[on].std() > 0.01


def test_a_causal_policy_ignores_what_comes_later() -> None:
    task, variant = TASKS["transduce/reverse-small"], VARIANTS["gae"]
    for network in (GRU(16), Transformer(16, 2, 4), Linear()):
        policy, rollout = make_rollout(task, variant, replace(small_training(task, variant), network=network), (1,))
        if isinstance(network, Linear):  # which starts at 0
            with torch.no_grad():
                policy.flat.values.normal_(generator=torch.Generator().manual_seed(0))
        before = policy.outputs(rollout.obs, None, 4)
        poked = rollout.obs.clone()
        poked[-2:] = 3  # the last two answers: read by nobody before action 3
        after = policy.outputs(poked, None, 4)
        torch.testing.assert_close(before[:3], after[:3])
        poked[5] = 2 if int(poked[5, 0, 0]) != 2 else 4  # the first answer is read before action 1
        assert not torch.allclose(policy.outputs(poked, None, 4)[1:], before[1:])


@pytest.mark.parametrize(
    ("network", "name"),
    [
        (MLP(), "lock/small"),
        (GRU(), "CartPole-v1"),
        (Transformer(), "CartPole-v1"),
        (Linear(), "CartPole-v1"),
        (table("lock/small"), "bandit/small"),
        (table("lock/small"), "CartPole-v1"),
    ],
)
def test_a_network_refuses_what_it_cannot_read(network: Network, name: str) -> None:
    with pytest.raises(ValueError, match=r"use |this table is of Lock"):
        network.build(TASKS[name].spec.observation, 2, 1.0, [torch.Generator()])


def test_layers_bend_as_torchs_own() -> None:
    net = MLP((5, 3), "relu").build(TASKS["CartPole-v1"].spec.observation, 2, 1.0, [torch.Generator().manual_seed(1)])
    assert isinstance(net, MLPNet)
    layers = [torch.nn.Linear(*weight.shape[1:]) for weight in net.weights]
    with torch.no_grad():
        for layer, weight, bias in zip(layers, net.weights, net.biases, strict=True):
            bias.normal_(generator=torch.Generator().manual_seed(2))
            layer.weight.copy_(weight[0].T)
            layer.bias.copy_(bias[0, 0])
        obs = torch.randn(1, 7, 4, generator=torch.Generator().manual_seed(3))
        relu = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2])
        torch.testing.assert_close(net.step(obs, None)[0], relu(obs))
        tanh = torch.nn.Sequential(layers[0], torch.nn.Tanh(), layers[1], torch.nn.Tanh(), layers[2])
        net.activation = MLPNet(
            4, (5, 3), 2, 1.0, [torch.Generator()]
        ).activation  # what an MLP has unless told otherwise
        torch.testing.assert_close(net.step(obs, None)[0], tanh(obs))
    with pytest.raises(ValueError, match="unknown activation 'relo'; nearest: relu"):
        MLP((5,), "relo")  # type: ignore[arg-type]


def test_members_start_from_their_own_seeds() -> None:
    task, variant = TASKS["lock/small"], VARIANTS["gae"]
    training = small_training(task, variant)
    three, _ = make_rollout(task, variant, training, (1, 2, 3))
    one, _ = make_rollout(task, variant, training, (2,))
    assert torch.equal(three.flat.values[1:2], one.flat.values)
    assert not torch.equal(three.flat.values[0], three.flat.values[1])


@pytest.mark.parametrize("name", ["lock/small", "causal/medium", "guessnumber/small", "dyck/masked-small"])
def test_a_tables_exact_gradient_is_the_policy_gradient_theorem(name: str) -> None:
    """d J / d logit(s, a) = d(s) pi(a|s) A(s, a): autograd over all episodes against backward induction in numpy."""
    task = TASKS[name]
    mdp = task.factory
    assert isinstance(mdp, TextMDP)
    training = replace(small_training(task, VARIANTS["reinforce"]), network=Tabular(mdp))
    policy = make_policy(task, VARIANTS["reinforce"], training, (0, 1))
    with torch.no_grad():
        policy.flat.values.normal_(generator=torch.Generator().manual_seed(0))
    gradient = ExactReturn(task).gradient(policy).view(2, -1, mdp.actions)
    logits = policy.flat.values.view(2, -1, mdp.actions).double().numpy()
    for member in range(2):
        expected = np.zeros(logits[member].shape)
        for row, line in theorem(mdp, Tabular(mdp).states(), logits[member]):
            expected[row] = line
        np.testing.assert_allclose(gradient[member].numpy(), expected, atol=1e-6)
        assert np.abs(expected).max() > 1e-3 or name == "dyck/masked-small"  # there every policy is optimal


def theorem(mdp: TextMDP, states: np.ndarray, logits: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """(row of the table, its line of d pi A) for each information set."""
    episodes = enumerate_episodes(mdp)
    positions = mdp.spec.observation.action_position  # type: ignore[union-attr]
    place: list[dict[int, int]] = []  # by step: information set -> row of the table
    h, read = np.zeros(len(episodes.start), np.int64), 0
    for t in range(mdp.horizon):
        for column in episodes.transcript.T[read : positions[t] + 1]:
            h = h * np.int64(MULTIPLIER) + column + 1
        read = positions[t] + 1
        on = episodes.valid[t]
        rows = np.searchsorted(states, h[on])
        place.append(dict(zip(episodes.information[t, on].tolist(), rows.tolist(), strict=True)))

    def follow(q: np.ndarray, legal: np.ndarray, reference: np.ndarray, t: int) -> tuple[np.ndarray, np.ndarray]:
        x = np.where(legal, logits[[place[t][i] for i in range(len(q))]], -np.inf)
        policy = np.exp(x - x.max(1, keepdims=True))
        policy /= policy.sum(1, keepdims=True)
        return policy, (policy * q).sum(1)

    solution = solver.solve(mdp, follow, 1.0)
    weight = episodes.probability * np.exp(episodes.log_probability(solution.policy).sum(0))
    lines = []
    for t, (policy, q) in enumerate(zip(solution.policy, solution.q, strict=True)):
        on = episodes.valid[t]
        visits = np.bincount(episodes.information[t, on], weight[on], len(q))
        advantage = q - (policy * q).sum(1, keepdims=True)
        lines += [(place[t][i], visits[i] * policy[i] * advantage[i]) for i in range(len(q))]
    return lines


@pytest.mark.parametrize("name", MULTI_TURN)
@pytest.mark.parametrize("variant", ["reinforce", "gae", "ppo"])
def test_what_the_environment_says_never_enters_the_loss(name: str, variant: str) -> None:
    """A policy that reads nothing has the same gradient whatever stands in the replies, and one term an action.

    And one that reads has the same gradient whatever stands where no action reads: after the last one.
    """
    task, made = TASKS[name], VARIANTS[variant]
    mdp = task.factory
    assert isinstance(mdp, TextMDP)
    training = replace(small_training(task, made), network=GRU(8))
    policy, rollout = make_rollout(task, made, training, (1, 2))
    rng = np.random.default_rng(0)

    def gradient(obs: torch.Tensor) -> torch.Tensor:
        learner = make_learner(policy, made, training, task, schedule=Schedule())
        return -learner.gradient(replace(rollout, obs=obs))

    unread = rollout.obs.clone()
    unread[mdp.position(mdp.horizon - 1) :] = 1  # the last action and its reply
    assert torch.equal(gradient(rollout.obs), gradient(unread))
    for net in (policy.actor, policy.critic):
        if net is not None:
            net.table.data.zero_()  # type: ignore[attr-defined]
    garbage = rollout.obs.clone()
    for t in range(mdp.horizon):
        start, end = mdp.position(t) + 1, mdp.position(t + 1)
        shape = tuple(garbage[start:end].shape)
        garbage[start:end] = torch.from_numpy(rng.integers(len(mdp.tokens), size=shape))
    assert not torch.equal(garbage, rollout.obs)
    blind, corrupted = gradient(rollout.obs), gradient(garbage)
    outputs = policy.flat.columns_of([policy.actor.readout, policy.actor.readout_bias])
    assert torch.equal(blind[:, outputs], corrupted[:, outputs])
    assert blind[:, outputs].abs().sum(1).min() > 0
    weights = row_weights(made.estimator, rollout, mdp.horizon)
    assert int((weights > 0).sum()) == int(rollout.valid.sum())


def test_what_is_no_state_reads_the_tables_last_row() -> None:
    network = table("lock/small")
    net = network.build(network.mdp.spec.observation, 4, 1.0, [torch.Generator()])  # type: ignore[arg-type]
    with torch.no_grad():
        net.table[:, -1] = 7.0  # type: ignore[attr-defined]
    tokens = torch.zeros(4, 1, 2, dtype=torch.long)
    tokens[0, 0] = torch.tensor([5, 3])  # the token of a lock, and of a key: no episode begins so
    out = net(tokens, (0,))
    assert out[0, 0].tolist() == [[0.0] * 4, [7.0] * 4]
    step, _ = net.step(tokens[:1], None)
    assert torch.equal(step, out[0])


def ragged_net(activation: Activation, outputs: int, members: int = 4) -> MLPNet:
    generators = [torch.Generator().manual_seed(p) for p in range(members)]
    return MLPNet(3, (5, 4), outputs, 1.0, generators, activation).double()


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("activation", get_args(Activation))
def test_the_first_rows_of_members_have_the_outputs_and_gradients_of_all_rows(
    activation: Activation, outputs: int
) -> None:
    lengths, net = (6, 2, 2, 0), ragged_net(activation, outputs)
    obs = torch.randn(4, 6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    on = (torch.arange(6) < torch.tensor(lengths)[:, None])[..., None]
    weight = torch.randn(4, 6, outputs, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    parameters = list(net.parameters())
    plain, fast = net.readout(net.hidden(obs)) * on, net.first_rows(obs, lengths)
    torch.testing.assert_close(fast, plain)
    expected, found = (torch.autograd.grad((x * weight).sum(), parameters) for x in (plain, fast))
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b)
    assert torch.autograd.gradcheck(lambda *_: net.first_rows(obs, lengths), parameters)


@pytest.mark.parametrize("outputs", [1, 2])
def test_other_members_rows_change_no_bit_of_a_members_outputs_and_gradients(outputs: int) -> None:
    found = []
    for lengths in ((192, 192, 192, 192), (192, 64, 192, 384)):
        net = ragged_net("tanh", outputs).float()
        obs = torch.randn(4, 384, 3, generator=torch.Generator().manual_seed(0))
        out = net.first_rows(obs, lengths)
        (out * out.detach().cos()).sum().backward()  # type: ignore[no-untyped-call]
        found.append([out[:, :192].detach(), *(p.grad for p in net.parameters() if p.grad is not None)])
    for a, b in zip(*found, strict=True):
        assert torch.equal(a[[0, 2]], b[[0, 2]])
    assert not torch.equal(found[0][0][1], found[1][0][1])
