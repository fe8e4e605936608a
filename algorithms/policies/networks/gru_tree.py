"""The states of a GRU at the nodes of a tree of tokens: each node is computed once, from the state of its parent."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from algorithms.policies.prefixes import TokenLevel


class GRUTree(torch.autograd.Function):
    """(W x + b of each token [P, V, 3H], U [P, H, 3H], levels) -> states of all nodes [P, N, H].

        h = n + z (h' - n);  r, z = sigmoid(x + U h'),  n = tanh(x + r * (U h'));  h' is the state of the parent

    U h' is computed once for all children. The gates have their axis in front, and each level its own tensors: elementwise
    operations are slow on parts of short rows, and on more than the cache holds.
    """

    @staticmethod
    def forward(ctx: Any, tokens: Tensor, recurrent: Tensor, levels: tuple[TokenLevel, ...]) -> Tensor:
        p, width = recurrent.shape[:2]
        inputs, weights = _by_gate(tokens), _by_gate(recurrent)
        previous, states, saved = tokens.new_zeros(p, 1, width), [], []  # the state of the empty text
        for token, parent in levels:
            u = tokens.new_empty(3, p, previous.shape[1], width)
            for out, weight in zip(u, weights, strict=True):
                torch.bmm(previous, weight, out=out)
            u, gates = u.index_select(2, parent), inputs.index_select(2, token)  # [3, P, n, H]
            r, z = gates[:2].add_(u[:2]).sigmoid_()
            n = gates[2].addcmul_(r, u[2]).tanh_()
            before = previous.index_select(1, parent)
            saved += [previous, gates, u[2], before]
            previous = torch.lerp(n, before, z)
            states.append(previous)
        ctx.save_for_backward(weights, *saved)
        ctx.levels, ctx.vocabulary = levels, tokens.shape[1]
        return torch.cat(states, 1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        weights, *saved = ctx.saved_tensors
        _, p, width, _ = weights.shape
        by_recurrent = torch.zeros_like(weights)
        by_tokens = weights.new_zeros(3 * p, ctx.vocabulary, width)
        vocabulary = torch.arange(ctx.vocabulary, device=weights.device)[:, None]
        by_level = torch.split_with_sizes(gradient, [len(level.token) for level in ctx.levels], 1)
        from_children: Tensor | None = None
        for i in range(len(ctx.levels) - 1, -1, -1):
            (token, parent), (previous, gates, product, before) = ctx.levels[i], saved[4 * i : 4 * i + 4]
            d = by_level[i] if from_children is None else from_children.add_(by_level[i])
            own = _gate_gradients(d, gates, product, before)
            reads = (token == vocabulary).to(d.dtype).expand(3 * p, -1, -1)  # [3P, V, n]
            by_tokens.baddbmm_(reads, own[:3].flatten(0, 1))
            sums = own.new_zeros(4, *previous.shape).index_add_(2, parent, own[1:])  # over the children of each parent
            from_children = sums[3]
            for x, weight, total in zip(sums, weights, by_recurrent, strict=False):
                total.baddbmm_(previous.transpose(1, 2), x)
                from_children.baddbmm_(x, weight.transpose(1, 2))
        n, r, z = by_tokens.view(3, p, -1, width)
        return torch.cat([r, z, n], -1), torch.cat([*by_recurrent], -1), None


def _gate_gradients(d: Tensor, gates: Tensor, product: Tensor, before: Tensor) -> Tensor:
    """[5, P, n, H] from d = dJ / dh: dJ / d of the arguments of n, r and z, of (U h')_n, and of h' past the gates.

    In the order n, r, z, n, so that the first three belong to a token, and the last four are summed over children.
    """
    r, z, n = gates
    own = d.new_empty(5, *d.shape)
    to_n, to_r, to_z, product_n, past = own
    other = 1 - z
    torch.mul(d, other, out=to_n)
    to_n.addcmul_(to_n * n, n, value=-1)
    torch.mul(to_n, r, out=product_n)
    torch.mul(product_n, product, out=to_r)
    to_r.addcmul_(to_r, r, value=-1)
    torch.mul(d, z, out=past)
    torch.sub(before, n, out=to_z)
    to_z.mul_(past).mul_(other)
    return own


def _by_gate(x: Tensor) -> Tensor:
    """[P, M, 3H] -> [3, P, M, H]"""
    return x.view(*x.shape[:2], 3, -1).permute(2, 0, 1, 3).contiguous()
