"""A small tree MDP. All its batches of episodes can be listed, so means and variances need no sampling.

    state    a node; prompts are the roots      action  0, 1, ... one branch each; the policy is a table of logits
    reward   of the branch, dense and of both signs (or 0 and 1)         end  after 1 to 3 steps

There are S^N batches of N episodes, in groups that share a root. Each batch is a member of one rollout [T, P, N], and
its probability is the product of the probabilities of its episodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from torch import Tensor

from algorithms.estimators.rollout import Rollout

Branch = tuple[float, int | None]  # (reward, the next node; None: the episode is over)
Tree = tuple[tuple[Branch, ...], ...]

DENSE: Tree = (
    ((0.5, 1), (-1.0, 2)),
    ((-0.7, None), (0.2, 3)),
    ((1.6, None), (-0.4, None)),
    ((2.0, None), (-1.5, None)),
    ((1.1, None), (-0.6, 5)),
    ((0.3, None), (-0.9, 6)),
    ((1.9, None), (-0.8, None)),
)
DENSE_ROOTS = (0, 4)
SUCCESS: Tree = (((1.0, None), (0.0, None), (1.0, None), (0.0, None)),)
GARBAGE = 3.0  # V of the state after an episode's end, which must not be read


@dataclass(frozen=True)
class TreeEpisodes:
    """Every episode s of a tree under one policy; T is the length of the longest. Rows after an end hold zeros.

    root [S] index of the root; chance [S] p(s | root); score [S, T, D] grad log pi(a_t | s_t) in the table of logits
    """

    root: Tensor
    chance: Tensor
    node: Tensor  # [S, T]
    action: Tensor  # [S, T]
    reward: Tensor  # [S, T]
    valid: Tensor  # [S, T]
    logp: Tensor  # [S, T]
    score: Tensor
    value: Tensor  # [S, T+1] V(s_t) of the policy, GARBAGE after the end

    @property
    def roots(self) -> int:
        """Number of roots."""
        return int(self.root.max()) + 1

    def returns(self, gamma: float) -> Tensor:
        """G_t = sum_{k>=t} gamma^(k-t) r_k [S, T]."""
        out, after = torch.zeros_like(self.reward), torch.zeros_like(self.reward[:, 0])
        for t in reversed(range(self.reward.shape[1])):
            after = self.reward[:, t] + gamma * after
            out[:, t] = after
        return out

    def gradient(self, gamma: float, weighted: bool = True) -> Tensor:
        """grad J = E[sum_t gamma^t grad log pi G_t] over equally likely roots [D]; gamma^t only if `weighted`."""
        power = gamma ** torch.arange(self.reward.shape[1]).double() if weighted else 1.0
        share = self.chance / self.roots
        return torch.einsum("s,st,std->d", share, power * self.returns(gamma), self.score)


def tree_episodes(tree: Tree, roots: Sequence[int], gamma: float, seed: int = 0) -> TreeEpisodes:
    """All episodes from these roots, under a policy whose logits are uniform in [-0.8, 0.8]."""
    width = max(map(len, tree))
    logits = torch.from_numpy(np.random.default_rng(seed).uniform(-0.8, 0.8, (len(tree), width)))
    legal = torch.tensor([[a < len(node) for a in range(width)] for node in tree])
    logp = logits.masked_fill(~legal, -torch.inf).log_softmax(1)
    value = _values(tree, logp.exp(), gamma)
    paths = [(i, path) for i, root in enumerate(roots) for path in _paths(tree, root)]
    steps = max(len(path) for _, path in paths)
    node, action = (torch.zeros(len(paths), steps, dtype=torch.long) for _ in range(2))
    reward, valid = (torch.zeros(len(paths), steps, dtype=torch.float64) for _ in range(2))
    ahead = torch.full((len(paths), steps + 1), GARBAGE, dtype=torch.float64)
    for s, (_, path) in enumerate(paths):
        for t, (n, a) in enumerate(path):
            node[s, t], action[s, t], reward[s, t], valid[s, t] = n, a, tree[n][a][0], 1.0
            ahead[s, t] = value[n]
    taken = logp[node, action] * valid
    score = torch.zeros(len(paths), steps, len(tree), width, dtype=torch.float64)
    made = torch.nn.functional.one_hot(action, width) - logp.exp()[node]
    score.scatter_(2, node[..., None, None].expand(-1, -1, 1, width), (made * valid[..., None])[:, :, None])
    root = torch.tensor([i for i, _ in paths])
    return TreeEpisodes(root, taken.sum(1).exp(), node, action, reward, valid, taken, score.flatten(2), ahead)


def _values(tree: Tree, chance: Tensor, gamma: float) -> list[float]:
    """V of each node; branches lead to later nodes only."""
    value = [0.0] * len(tree)
    for n in reversed(range(len(tree))):
        worth = [r + gamma * (0.0 if to is None else value[to]) for r, to in tree[n]]
        value[n] = sum(float(p) * w for p, w in zip(chance[n], worth, strict=False))
    return value


def _paths(tree: Tree, start: int) -> list[list[tuple[int, int]]]:
    """All paths from this node to an end, as lists of (node, action)."""
    made = []
    for a, (_, to) in enumerate(tree[start]):
        rest = [[]] if to is None else _paths(tree, to)
        made += [[(start, a), *path] for path in rest]
    return made


@dataclass(frozen=True)
class Batches:
    """All batches: member p of the rollout is batch p, with the episodes index[p] and the probability weight[p]."""

    every: TreeEpisodes
    rollout: Rollout
    values: Tensor  # [T+1, P, N] the policy's V
    index: Tensor  # [P, N]
    weight: Tensor  # [P]

    def gradients(self, c: Tensor) -> Tensor:
        """sum c grad log pi of each batch [P, D], from coefficients [T, P, N]."""
        total = torch.zeros(len(self.index), self.every.score.shape[2], dtype=c.dtype)
        for n in range(self.index.shape[1]):
            total += torch.einsum("tp,ptd->pd", c[:, :, n], self.every.score[self.index[:, n]])
        return total

    def mean(self, c: Tensor) -> Tensor:
        """E[sum c grad log pi] [D]."""
        weighted = torch.zeros(len(self.every.chance), len(c), dtype=c.dtype)
        for n in range(self.index.shape[1]):
            weighted.index_add_(0, self.index[:, n], (c[:, :, n] * self.weight).T.contiguous())
        return torch.einsum("st,std->d", weighted, self.every.score)


def stratified(every: TreeEpisodes, gamma: float, group: int) -> Batches:
    """One group of each root in every batch."""
    choices = [torch.nonzero(every.root == root)[:, 0].tolist() for root in range(every.roots)]
    index = torch.tensor(list(product(*(options for options in choices for _ in range(group)))))
    return _batches(every, gamma, group, index, every.chance[index].prod(1))


def one_group(every: TreeEpisodes, gamma: float, group: int) -> Batches:
    """One group in every batch, of a root drawn at random."""
    choices = [torch.nonzero(every.root == root)[:, 0].tolist() for root in range(every.roots)]
    index = torch.tensor([batch for options in choices for batch in product(options, repeat=group)])
    return _batches(every, gamma, group, index, every.chance[index].prod(1) / every.roots)


def _batches(every: TreeEpisodes, gamma: float, group: int, index: Tensor, weight: Tensor) -> Batches:
    def rows(x: Tensor) -> Tensor:
        return x[index].movedim(2, 0)  # [P, N, T] -> [T, P, N]

    valid = rows(every.valid)
    after = torch.cat([valid[1:], torch.zeros_like(valid[:1])])
    likeliest = torch.stack([_greedy(every, root) for root in range(every.roots)])
    seen = torch.cat([rows(every.node).double(), torch.zeros_like(valid[:1])])
    square = every.score.square().sum(2)
    rollout = Rollout(
        obs=seen[..., None],
        action=rows(every.action),
        logp=rows(every.logp),
        reward=rows(every.reward),
        discount=gamma * after,
        continues=after,
        valid=valid,
        action_mask=None,
        group=group,
        score_norm_sq=rows(square),
        greedy_return=every.returns(gamma)[likeliest, 0][every.root[index]].expand_as(valid),
        expected_return=rows(_expected(every, gamma)),
        prefix=rows(every.node),  # a node of a tree is the path to it
    )
    return Batches(every, rollout, rows(every.value), index, weight)


def _expected(every: TreeEpisodes, gamma: float) -> Tensor:
    """E[R | node before action t] [S, T]: what was paid before, and gamma^t V(s_t)."""
    power = gamma ** torch.arange(every.reward.shape[1]).double()
    paid = (power * every.reward).cumsum(1) - power * every.reward
    return paid + power * every.value[:, :-1]


def _greedy(every: TreeEpisodes, root: int) -> Tensor:
    """The episode of the policy that takes the likeliest action everywhere."""
    on = torch.nonzero(every.root == root)[:, 0]
    alive, t = torch.ones(len(on), dtype=torch.bool), 0
    while int(alive.sum()) > 1:
        logp = every.logp[on, t].where(alive, -torch.inf)
        alive, t = alive & (logp == logp.max()), t + 1
    return on[alive][0]
