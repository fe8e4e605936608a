"""Policies: acting token by token and evaluating a whole rollout are the same function."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from algorithms import VARIANTS
from algorithms.policies.api import Network
from algorithms.policies.gru import GRU
from algorithms.policies.mlp import MLP
from algorithms.policies.transformer import Transformer
from envs import TASKS
from tests.helpers import make_rollout, small_training

CASES = [
    ("transduce/reverse-small", GRU(16)),
    ("transduce/reverse-small", Transformer(16, 2, 4)),
    ("lock/small", GRU(16)),
    ("dyck/masked-small", GRU(16)),
    ("dyck/masked-small", Transformer(16, 2, 4)),
    ("CartPole-v1", MLP((16,))),
    ("Pendulum-v1", MLP((16, 16))),
]


@pytest.mark.parametrize(("name", "network"), CASES, ids=lambda c: str(c))
def test_acting_and_one_pass_give_the_same_log_probabilities(name: str, network: Network) -> None:
    task, variant = TASKS[name], VARIANTS["gae"]
    training = replace(small_training(task, variant), network=network)
    policy, rollout = make_rollout(task, variant, training, (1, 2))
    with torch.no_grad():  # away from the nearly uniform start, where everything agrees
        policy.flat.values.mul_(3.0)
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
    for network in (GRU(16), Transformer(16, 2, 4)):
        policy, rollout = make_rollout(task, variant, replace(small_training(task, variant), network=network), (1,))
        before = policy.outputs(rollout.obs, None, 4)
        poked = rollout.obs.clone()
        poked[-2:] = 3  # the last two answers: read by nobody before action 3
        after = policy.outputs(poked, None, 4)
        torch.testing.assert_close(before[:3], after[:3])
        poked[5] = 2 if int(poked[5, 0, 0]) != 2 else 4  # the first answer is read before action 1
        assert not torch.allclose(policy.outputs(poked, None, 4)[1:], before[1:])


@pytest.mark.parametrize(
    ("network", "name"), [(MLP(), "lock/small"), (GRU(), "CartPole-v1"), (Transformer(), "CartPole-v1")]
)
def test_a_network_refuses_what_it_cannot_read(network: Network, name: str) -> None:
    with pytest.raises(ValueError, match="use "):
        network.build(TASKS[name].spec.observation, 2, 1.0, [torch.Generator()])


def test_members_start_from_their_own_seeds() -> None:
    task, variant = TASKS["lock/small"], VARIANTS["gae"]
    training = small_training(task, variant)
    three, _ = make_rollout(task, variant, training, (1, 2, 3))
    one, _ = make_rollout(task, variant, training, (2,))
    assert torch.equal(three.flat.values[1:2], one.flat.values)
    assert not torch.equal(three.flat.values[0], three.flat.values[1])
