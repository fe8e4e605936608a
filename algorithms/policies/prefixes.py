"""The distinct texts that a policy has read before its actions, as a tree of tokens, so that each is computed once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from envs.api import Ints


class TokenLevel(NamedTuple):
    """The nodes at one position of the text: each is a token after its parent, a node of the level before.

    The nodes of the first level follow one empty text. Nodes with the same parent are next to each other.
    """

    token: Tensor  # [n]
    parent: Tensor  # [n]


@dataclass(frozen=True)
class Prefixes:
    """C prefixes of texts. The levels' nodes are numbered from the first level to the last.

    levels     the tree of tokens, by position
    node       the node of each prefix [C]
    rows       R texts of which all prefixes are beginnings [L, R], PAD after their end
    row        a text that begins with the prefix [C]
    position   position of the prefix's last token [C]
    """

    levels: tuple[TokenLevel, ...]
    node: Tensor
    rows: Tensor
    row: Tensor
    position: Tensor

    @classmethod
    def of_tree(cls, tree: TokenTree, node: Ints, device: str = "cpu") -> Self:
        """The prefixes that end at these nodes [C]."""

        def tensor(array: Ints) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(array)).to(device)

        rows, row = tree.leaves()
        levels = tuple(TokenLevel(tensor(token), tensor(parent)) for token, parent in tree.levels)
        position = np.repeat(np.arange(len(levels)), [len(token) for token, _ in tree.levels])[node]
        return cls(levels, tensor(node), tensor(rows), tensor(row[node]), tensor(position))

    def padded(self) -> Tensor:
        """Each prefix as a text of full length [L, C], PAD after its end."""
        read = torch.arange(len(self.rows), device=self.row.device)[:, None] <= self.position
        return torch.where(read, self.rows[:, self.row], 0)


class TokenTree:
    """The tree of the first `length` [S] tokens of texts [S, L].

    levels  (token, parent) of each position, as in TokenLevel
    node    the node of each text up to each position [positions, S], numbered over all levels; -1 past its length
    """

    def __init__(self, texts: Ints, length: Ints) -> None:
        vocabulary, self._texts = int(texts.max()) + 1, texts
        self.levels: list[tuple[Ints, Ints]] = []
        self.node = np.full((int(length.max()), len(texts)), -1, np.int64)
        self._text_of: list[Ints] = []  # by level, a text that passes each node
        place, count = np.zeros(len(texts), np.int64), 0
        for position, node in enumerate(self.node):
            on = np.flatnonzero(length > position)
            key = place[on] * vocabulary + texts[on, position]
            distinct, first, inverse = np.unique(key, return_index=True, return_inverse=True)
            self.levels.append((distinct % vocabulary, distinct // vocabulary))
            self._text_of.append(on[first])
            place[on], node[on] = inverse, inverse + count
            count += len(distinct)
        self.nodes = count

    def leaves(self) -> tuple[Ints, Ints]:
        """Texts [L, R] that end at the leaves, PAD after their end; and for each node one of these that passes it."""
        rows: list[Ints] = []
        row_of: list[Ints] = []
        count = 0
        for position in range(len(self.levels) - 1, -1, -1):
            row = np.full(len(self.levels[position][0]), -1, np.int64)
            if row_of:
                row[self.levels[position + 1][1]] = row_of[-1]
            ends = np.flatnonzero(row < 0)
            row[ends] = count + np.arange(len(ends))
            count += len(ends)
            text = self._texts[self._text_of[position][ends]].copy()
            text[:, position + 1 :] = 0
            rows.append(text)
            row_of.append(row)
        return np.concatenate(rows).T, np.concatenate(row_of[::-1])
