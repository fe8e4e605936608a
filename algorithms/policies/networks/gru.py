"""Gated recurrent unit over transcripts: the default policy for text tasks."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd import Function

from algorithms.policies.api import Memory, Net
from algorithms.policies.networks.gru_tree import GRUTree
from algorithms.policies.networks.prefix_tree import PrefixTree, prefix_tree
from algorithms.policies.population import constant, orthogonal
from algorithms.policies.prefixes import Prefixes
from algorithms.tunable import Choice, tunable
from envs.api import Observation, Transcript

tanh_backward = torch.ops.aten.tanh_backward.grad_input  # grad (1 - y^2)
sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input  # grad y (1 - y)


@dataclass(frozen=True)
class GRU:
    """One recurrent layer of `width` units reading one-hot tokens (Cho et al. 2014; gates as torch.nn.GRU)."""

    width: int = tunable(64, Choice((16, 32, 64)))

    def __post_init__(self) -> None:
        if self.width < 1:
            raise ValueError(f"width must be at least 1, not {self.width}")

    def build(self, observation: Observation, outputs: int, gain: float, generators: list[torch.Generator]) -> Net:
        if not isinstance(observation, Transcript):
            raise ValueError("a GRU reads token transcripts; this task has none: use MLP, or NatureCNN for images")
        return GRUNet(observation.vocabulary, self.width, outputs, gain, generators)


def _gates(shape: tuple[int, int], gain: float, generators: list[torch.Generator]) -> nn.Parameter:
    """[P, in, 3 H]: the matrices of r, z and n, concatenated; each is orthogonal."""
    return nn.Parameter(torch.cat([orthogonal(shape, gain, generators).detach() for _ in range(3)], -1))


class GRUNet(nn.Module):
    """h' = n + z (h - n);  r, z = sigmoid(W x + U h),  n = tanh(W x + r * (U h))."""

    def __init__(
        self, vocabulary: int, width: int, outputs: int, gain: float, generators: list[torch.Generator]
    ) -> None:
        super().__init__()
        p = len(generators)
        self.width, self.vocabulary = width, vocabulary
        # the product of a one-hot token with W is a row of W: a table look-up
        self.table = _gates((vocabulary, width), 1.0, generators)
        self.recurrent = _gates((width, width), 1.5, generators)
        self.bias = constant(p, (1, 3 * width))
        # r starts near 1 and z near 0, so each token rotates h by an orthogonal matrix and h encodes their order; with
        # torch's zeros h is nearly a sum of tokens, and on copying even the exact gradient stops at .77
        self.bias.data[..., :width] = 2.0
        self.bias.data[..., width : 2 * width] = -2.0
        self.readout = orthogonal((width, outputs), gain, generators)
        self.readout_bias = constant(p, (1, outputs))

    def step(self, obs: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        if memory is None:
            tree = prefix_tree(obs, self.vocabulary)  # tokens [K, P, N]
            states = _cells(tree, [self._weights], self.recurrent)[-1].after
            h = _take(states, tree.text[-1] - sum(map(len, tree.token[:-1])))
        else:
            h, member = memory, torch.arange(obs.shape[1], device=obs.device)[:, None]
            for tokens in obs:
                h = _cell(self.table[member, tokens] + self.bias, h, self.recurrent).after
        return torch.baddbmm(self.readout_bias, h, self.readout), h

    def forward(self, obs: Tensor, positions: tuple[int, ...]) -> Tensor:
        return self._read([self._weights], obs, positions)[0]

    def forward_with(self, other: GRUNet, obs: Tensor, positions: tuple[int, ...]) -> tuple[Tensor, Tensor]:
        own, others = self._read([self._weights, other._weights], obs, positions)
        return own, others

    def at_prefixes(self, prefixes: Prefixes) -> Tensor:
        states = GRUTree.apply(self.table + self.bias, self.recurrent, prefixes.levels)  # type: ignore[no-untyped-call]
        picked = states.index_select(1, prefixes.node)  # [P, C, H]
        return torch.baddbmm(self.readout_bias, picked, self.readout)

    def _read(self, nets: list[Weights], obs: Tensor, positions: tuple[int, ...]) -> tuple[Tensor, ...]:
        tree = prefix_tree(obs[: max(positions) + 1], self.vocabulary, len(nets))
        read: tuple[Tensor, ...] = _Read.apply(tree, positions, *itertools.chain(*nets))  # type: ignore[no-untyped-call]
        return read

    @property
    def _weights(self) -> Weights:
        return Weights(self.table, self.bias, self.recurrent, self.readout, self.readout_bias)


class Weights(NamedTuple):
    """The parameters of a GRUNet; the gates are r, z and n."""

    table: Tensor  # [P, V, 3H]
    bias: Tensor  # [P, 1, 3H]
    recurrent: Tensor  # [P, H, 3H]
    readout: Tensor  # [P, H, O]
    readout_bias: Tensor  # [P, 1, O]


class _Cell(NamedTuple):
    """One step, from h to h' = n + z (h - n), of M prefixes."""

    before: Tensor  # [S, M, H] h
    gates: Tensor  # [S, M, 2H] r and z
    pushed: Tensor  # [S, M, H] U h of n
    new: Tensor  # [S, M, H] n
    after: Tensor  # [S, M, H] h'


def _take(x: Tensor, index: Tensor) -> Tensor:
    """Rows [S ...] of x [S, M, F], as [S, ..., F]."""
    return x.flatten(0, 1).index_select(0, index.flatten()).view(len(x), -1, x.shape[2])


def _stacked(parts: list[Tensor]) -> Tensor:
    """Tensors [P, ...] of several networks as [S, ...]."""
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def _inputs(tree: PrefixTree, nets: list[Weights]) -> list[Tensor]:
    """W x + b of the last token of each prefix, level by level: [S, M, 3H]."""
    members = len(nets[0].table)
    # the tokens of the first network's members are those of all; rows of other tokens are not read
    token = torch.cat([level[: members * width] for level, width in zip(tree.token, tree.widths, strict=True)])
    sizes = [members * width for width in tree.widths]
    rows = [net.table.flatten(0, 1).index_select(0, token).split_with_sizes(sizes) for net in nets]
    return [
        _stacked([of_net.view(members, width, -1) + net.bias for of_net, net in zip(level, nets, strict=True)])
        for width, level in zip(tree.widths, zip(*rows, strict=True), strict=True)
    ]


def _cell(x: Tensor, h: Tensor, recurrent: Tensor) -> _Cell:
    """One step at the rows x [S, M, 3H] of the table."""
    width = h.shape[2]
    gates = torch.baddbmm(x[..., : 2 * width], h, recurrent[..., : 2 * width]).sigmoid_()
    pushed = torch.bmm(h, recurrent[..., 2 * width :])
    new = torch.addcmul(x[..., 2 * width :], gates[..., :width], pushed).tanh_()
    return _Cell(h, gates, pushed, new, torch.lerp(new, h, gates[..., width:]))


def _cells(tree: PrefixTree, nets: list[Weights], recurrent: Tensor) -> list[_Cell]:
    """The steps of all levels."""
    h, cells = recurrent.new_zeros(len(recurrent), 1, recurrent.shape[1]), []
    for x, parent in zip(_inputs(tree, nets), tree.parent, strict=True):
        cells.append(_cell(x, _take(h, parent), recurrent))
        h = cells[-1].after
    return cells


def read(
    tree: PrefixTree, positions: tuple[int, ...], nets: list[Weights]
) -> tuple[tuple[Tensor, ...], list[_Cell], Tensor, Tensor]:
    """(outputs after the tokens at `positions` [T, P, N, O] of each network, and what their gradient needs)."""
    recurrent = _stacked([net.recurrent for net in nets])
    cells = _cells(tree, nets, recurrent)
    index = tree.text[list(positions)].transpose(0, 1).flatten()  # [S T N]
    states = torch.cat([cell.after.flatten(0, 1) for cell in cells]).index_select(0, index)
    seen = states.view(len(nets), -1, len(positions) * tree.text.shape[2], recurrent.shape[1])  # [nets, P, T N, H]
    outs = (torch.baddbmm(net.readout_bias, h, net.readout) for net, h in zip(nets, seen, strict=True))
    shape = len(nets[0].table), len(positions), tree.text.shape[2], -1
    return tuple(out.view(shape).transpose(0, 1) for out in outs), cells, seen, index


class _Read(Function):
    """`read`, with a gradient by hand that needs few operations a step."""

    @staticmethod
    def forward(ctx: Any, tree: PrefixTree, positions: tuple[int, ...], *weights: Tensor) -> tuple[Tensor, ...]:
        outs, ctx.cells, ctx.seen, ctx.index = read(tree, positions, _grouped(weights))
        ctx.tree, ctx.positions = tree, positions
        ctx.save_for_backward(*weights)
        return outs

    @staticmethod
    def backward(ctx: Any, *above: Tensor) -> tuple[Tensor | None, ...]:
        weights = ctx.saved_tensors
        nets = _grouped(weights)
        if torch.is_grad_enabled():  # this gradient will be differentiated, so autograd must record it
            outs = read(ctx.tree, ctx.positions, nets)[0]
            return None, None, *torch.autograd.grad(outs, weights, above, create_graph=True)
        seen, readouts = torch.empty_like(ctx.seen), []  # d seen, and d readout with d readout_bias
        for net, h, g, into in zip(nets, ctx.seen, above, seen, strict=True):
            out = g.transpose(0, 1).flatten(1, 2)  # [P, T N, O]
            torch.bmm(out, net.readout.transpose(1, 2), out=into)
            readouts.append((torch.bmm(h.transpose(1, 2), out), out.sum(1, keepdim=True)))
        tables, recurrents = _through_time(
            ctx, seen, torch.cat([net.recurrent for net in nets]), nets[0].table.shape[1]
        )
        found: list[Tensor | None] = [None, None]
        for table, recurrent, readout in zip(tables, recurrents, readouts, strict=True):
            found += [table, table.sum(1, keepdim=True), recurrent, *readout]
        return tuple(found)


def _grouped(weights: tuple[Tensor, ...]) -> list[Weights]:
    return [Weights(*weights[i : i + 5]) for i in range(0, len(weights), 5)]


def _through_time(ctx: Any, seen: Tensor, u: Tensor, vocabulary: int) -> tuple[Tensor, Tensor]:
    """The gradients of table [nets, P, V, 3H] and recurrent [nets, P, H, 3H] from that of the states `seen`."""
    (copies, p, _, width), tree = seen.shape, ctx.tree
    sizes = [copies * p * m for m in tree.widths]
    states = u.new_zeros(sum(sizes), width).index_add_(0, ctx.index, seen.view(-1, width)).split_with_sizes(sizes)
    table, recurrent = u.new_zeros(len(u) * vocabulary, 3 * width), torch.zeros_like(u)
    back = u.transpose(1, 2).contiguous()
    for t in range(len(sizes) - 1, -1, -1):
        before, gates, pushed, new, after = ctx.cells[t]
        g, r, z = states[t].view_as(after), gates[..., :width], gates[..., width:]
        x = g.new_empty(*g.shape[:2], 3 * width)  # of W x; after index_add_ that of U h
        x_gates, x_new = x[..., : 2 * width], x[..., 2 * width :]
        slopes = torch.empty_like(gates)  # of r and z
        kept = g * z
        tanh_backward(g - kept, new, grad_input=x_new)
        torch.mul(x_new, pushed, out=slopes[..., :width])
        torch.mul(before - new, g, out=slopes[..., width:])
        sigmoid_backward(slopes, gates, grad_input=x_gates)
        table.index_add_(0, tree.token[t], x.view(-1, 3 * width))
        if t:  # h is 0 before the first token
            x_new.mul_(r)
            recurrent.baddbmm_(before.transpose(1, 2), x)
            states[t - 1].index_add_(0, tree.parent[t], kept.baddbmm_(x, back).view(-1, width))
    return table.view(copies, p, vocabulary, -1), recurrent.view(copies, p, width, -1)
