"""The GRU on the tree of prefixes: what it reads, and its gradient by hand against autograd and text by text."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from algorithms.policies.networks.gru import GRU, GRUNet
from algorithms.policies.networks.prefix_tree import LARGEST_KEY, prefix_tree
from envs.api import Transcript

POSITIONS = (1, 2, 4)


def small_net(outputs: int, members: int = 2, vocabulary: int = 5) -> GRUNet:
    """A network of width 3 in float64 with parameters that are not near 0."""
    observation = Transcript(vocabulary, 6, POSITIONS)
    generators = [torch.Generator().manual_seed(10 * outputs + i) for i in range(members)]
    net = GRU(3).build(observation, outputs, 1.0, generators)
    assert isinstance(net, GRUNet)
    net.double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.normal_(generator=torch.Generator().manual_seed(outputs))
    return net


def some_texts(vocabulary: int = 5, texts: int = 7, length: int = 6) -> Tensor:
    """[L, 2, N] with tokens of a few kinds, so that texts share prefixes."""
    return torch.randint(0, vocabulary, (length, 2, texts), generator=torch.Generator().manual_seed(0))


def text_by_text(net: GRUNet, obs: Tensor, positions: tuple[int, ...]) -> Tensor:
    """h' = n + z (h - n) for each member and text alone, with autograd through every operation."""
    length, members, texts = obs.shape
    width, outs = net.width, torch.zeros(len(positions), members, texts, net.readout.shape[2], dtype=torch.float64)
    for p in range(members):
        for i in range(texts):
            h = torch.zeros(width, dtype=torch.float64)
            for t in range(length):
                x = net.table[p, obs[t, p, i]] + net.bias[p, 0]
                u = h @ net.recurrent[p]
                r = torch.sigmoid(x[:width] + u[:width])
                z = torch.sigmoid(x[width : 2 * width] + u[width : 2 * width])
                n = torch.tanh(x[2 * width :] + r * u[2 * width :])
                h = n + z * (h - n)
                if t in positions:
                    outs[positions.index(t), p, i] = h @ net.readout[p] + net.readout_bias[p, 0]
    return outs


def gradients(outs: Tensor, net: GRUNet) -> list[Tensor]:
    """Of a sum that weights every output differently, so that no two rows can be exchanged."""
    weights = torch.randn(outs.shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    return list(torch.autograd.grad((weights * outs).sum(), list(net.parameters()), retain_graph=True))


def test_outputs_and_gradients_are_those_of_every_text_alone() -> None:
    net, obs = small_net(4), some_texts(3)
    expected = text_by_text(net, obs, POSITIONS)
    found = net(obs, POSITIONS)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    for own, theirs in zip(gradients(found, net), gradients(expected, net), strict=True):
        torch.testing.assert_close(own, theirs, rtol=1e-10, atol=1e-12)


def test_the_gradient_passes_gradcheck_and_can_be_differentiated() -> None:
    """torch compares with finite differences; a natural gradient differentiates twice."""
    actor, critic, obs = small_net(4), small_net(1), some_texts(3, texts=4)
    parameters = (*actor.parameters(), *critic.parameters())

    def both(*values: Tensor) -> tuple[Tensor, ...]:
        return actor.forward_with(critic, obs, POSITIONS)

    assert torch.autograd.gradcheck(both, parameters)
    assert torch.autograd.gradgradcheck(both, parameters)


def test_two_networks_in_one_pass_are_two_passes() -> None:
    actor, critic, obs = small_net(4), small_net(1), some_texts(3)
    out, values = actor.forward_with(critic, obs, POSITIONS)
    alone = actor(obs, POSITIONS), critic(obs, POSITIONS)
    torch.testing.assert_close((out, values), alone, rtol=1e-12, atol=1e-12)
    for net, together, apart in ((actor, out, alone[0]), (critic, values, alone[1])):
        for own, theirs in zip(gradients(together, net), gradients(apart, net), strict=True):
            torch.testing.assert_close(own, theirs, rtol=1e-10, atol=1e-12)


def test_acting_token_by_token_is_the_same_pass() -> None:
    net, obs = small_net(4), some_texts(3)
    with torch.no_grad():
        whole = net(obs, POSITIONS)
        first, memory = net.step(obs[:2], None)
        second, memory = net.step(obs[2:3], memory)
        third, _ = net.step(obs[3:5], memory)
    torch.testing.assert_close(torch.stack([first, second, third]), whole, rtol=1e-12, atol=1e-12)


def test_a_member_alone_is_itself_in_a_population() -> None:
    net, obs = small_net(4), some_texts(3)
    one = small_net(4, members=1)
    with torch.no_grad():
        for own, theirs in zip(one.parameters(), net.parameters(), strict=True):
            own.copy_(theirs[1:])
    torch.testing.assert_close(one(obs[:, 1:], POSITIONS), net(obs, POSITIONS)[:, 1:], rtol=1e-12, atol=1e-12)


def test_a_tree_by_hand() -> None:
    """Texts ab, aa, ba and ab of one member: the prefixes are a, b and aa, ab, ba."""
    tree = prefix_tree(torch.tensor([[[1, 1, 2, 1]], [[2, 1, 1, 2]]]), 3)
    assert tree.widths == [2, 3]
    assert [level.tolist() for level in tree.token] == [[1, 2], [1, 2, 1]]
    assert [level.tolist() for level in tree.parent] == [[0, 0], [0, 0, 1]]
    assert tree.text.tolist() == [[[0, 0, 1, 0]], [[3, 2, 4, 3]]]  # the two prefixes of length 1 come first


@pytest.mark.parametrize(("vocabulary", "copies"), [(3, 1), (3, 2), (2**21, 1)])
def test_a_texts_path_spells_its_tokens(vocabulary: int, copies: int) -> None:
    """Also where a key holds only two of six tokens, and prefixes may be repeated."""
    obs = some_texts(3)
    tree = prefix_tree(obs, vocabulary, copies)
    members = copies * obs.shape[1]
    starts = np.cumsum([0, *(members * width for width in tree.widths)])
    for t in range(len(obs)):
        for s in range(members):
            for n in range(obs.shape[2]):
                place, spelled = int(tree.text[t, s, n] - starts[t]), []
                for level in range(t, -1, -1):
                    spelled.append(int(tree.token[level][place]) - s * vocabulary)
                    place = int(tree.parent[level][place])
                assert place == s
                assert spelled[::-1] == obs[: t + 1, s % obs.shape[1], n].tolist()
    if vocabulary**6 < LARGEST_KEY:
        distinct = [len({tuple(text) for text in obs[: t + 1, p].T.tolist()}) for t in range(6) for p in range(2)]
        assert tree.widths == [max(distinct[i : i + 2]) for i in range(0, 12, 2)]
