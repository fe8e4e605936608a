"""The listed episodes of a text MDP as paths through a tree of choices, and sums over paths and subtrees.

A choice is what a policy sees before an action: the text so far and the legal actions. Hidden states do not tell choices
apart. Edge c V + a is action a at choice c. Quantities are float64, with the members in front.
"""

from __future__ import annotations

import numpy as np
import torch

from algorithms.policies.prefixes import Prefixes, TokenTree
from envs.api import Discrete, Doubles, Ints, Spec, Transcript
from envs.enumeration import Enumeration


class EpisodeTree:
    """The tree of a part of the episodes, with C choices among V actions, E edges of which are the last of an episode.

    prefixes  the texts of the choices, step by step
    mask      their legal actions [C, V]; None if all are
    step      the step of each edge [C V]
    edges     the edges of each episode [T, S], 0 after its end
    actions   V
    """

    def __init__(self, episodes: Enumeration, spec: Spec, device: str, part: slice) -> None:
        assert isinstance(spec.observation, Transcript)
        assert isinstance(spec.action, Discrete)
        positions, actions = spec.observation.action_position, spec.action.n
        self.part, self.actions = part, actions
        action, valid = episodes.action[:, part], episodes.valid[:, part]
        steps = valid.sum(0)
        tree = TokenTree(episodes.transcript[part], np.array(positions)[steps - 1] + 1)
        masks = None if episodes.action_mask is None else episodes.action_mask[:, part]
        self.edges = np.zeros(action.shape, np.int64)
        self._levels: list[tuple[slice, Ints, Ints, Ints]] = []  # choices, their parents, distinct parents, first child
        before, node, mask, count = np.zeros(action.shape[1], np.int64), [], [], 0
        for t, on in enumerate(map(np.flatnonzero, valid)):
            if not len(on):  # all episodes of this part have ended
                break
            key = before[on] * tree.nodes + tree.node[positions[t], on]
            if masks is not None:
                distinct_masks, which = np.unique(masks[t, on], axis=0, return_inverse=True)
                key = key * len(distinct_masks) + which.reshape(-1)
            _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
            node.append(tree.node[positions[t], on[first]])
            parents = before[on[first]]
            starts = np.flatnonzero(np.diff(parents, prepend=-1))
            self._levels.append((slice(count, count + len(first)), parents, parents[starts], starts))
            if masks is not None:
                mask.append(masks[t, on[first]])
            before[on] = self.edges[t, on] = (count + inverse) * actions + action[t, on]
            count += len(first)
        self.choices = count
        self.step = np.repeat(np.arange(len(node)), [len(x) * actions for x in node])
        self.prefixes = Prefixes.of_tree(tree, np.concatenate(node), device)
        self.mask = torch.from_numpy(np.concatenate(mask)).to(device) if mask else None
        self._last, self._end = np.unique(before, return_inverse=True)

    def collect(self, x: Doubles) -> Doubles:
        """Sums of x [all episodes] over the episodes that end at the same edge [E]."""
        return np.bincount(self._end, x[self.part], len(self._last)).astype(np.float64)

    def at_ends(self, x: Ints) -> Ints:
        """x [all episodes] at the edges where they end [E]; it is the same for all that end at one edge."""
        found = np.empty(len(self._last), x.dtype)
        found[self._end] = x[self.part]
        return found

    def sum_on_paths(self, x: Doubles) -> Doubles:
        """Sum of x [P, C V] over the edges from the start to each end, [P, E]."""
        total = np.zeros((len(x), self.choices))
        for choices, parents, _, _ in self._levels[1:]:
            total[:, choices] = total.take(parents // self.actions, 1) + x.take(parents, 1)
        return total.take(self._last // self.actions, 1) + x.take(self._last, 1)

    def sum_below(self, x: Doubles) -> Doubles:
        """Sum of x [P, E] over the ends that lie behind each edge, itself included, [P, C V]."""
        total = np.zeros((len(x), self.choices, self.actions))
        by_edge = total.reshape(len(x), -1)
        by_edge[:, self._last] = x
        for choices, _, parents, starts in self._levels[:0:-1]:
            by_edge[:, parents] += np.add.reduceat(total[:, choices].sum(-1), starts, 1)
        return by_edge
