"""The tree of prefixes of texts: a network that reads from left to right computes a prefix that texts share once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from envs.api import Bools, Ints

LARGEST_KEY = 2**63  # of a sorted text


class PrefixTree(NamedTuple):
    """The distinct prefixes of the texts of S members, level by level: of length 1, 2, ... L.

    A level has M prefixes for each member: its own first, then blanks up to the most of any member.
    """

    widths: list[int]  # M of each level
    token: tuple[Tensor, ...]  # of each level [S M]: s V + the last token
    parent: tuple[
        Tensor, ...
    ]  # of each level [S M]: the prefix without its last token, s' M' + index in the level before
    text: Tensor  # [L, S, N]: the prefix of each text, as an index into all levels


def prefix_tree(tokens: Tensor, vocabulary: int, copies: int = 1) -> PrefixTree:
    """The tree of tokens [L, P, N], each smaller than `vocabulary`, for S = copies x P members; P read the same texts.

    The texts of a member are sorted; a prefix is new where it differs from that of the text before. If a text is too long
    for a key of 64 bits, its first tokens alone are the key, and a long prefix may appear more than once.
    """
    length, p, n = tokens.shape
    texts: Ints = tokens.reshape(length, p * n).cpu().numpy()
    held = 1
    while held < length and vocabulary ** (held + 1) <= LARGEST_KEY:
        held += 1
    keys = vocabulary ** np.arange(held - 1, -1, -1) @ texts[:held]
    order = (keys.reshape(p, n).argsort(1) + n * np.arange(p)[:, None]).ravel()
    ordered = texts.take(order, 1).reshape(length, p, n)
    new: Bools = np.zeros((length, p, n), np.bool_)
    np.not_equal(ordered[..., 1:], ordered[..., :-1], out=new[..., 1:])
    np.logical_or.accumulate(new, 0, out=new)
    place = new.cumsum(2)  # [L, P, N] the index in its member
    widths = place[..., -1].max(1) + 1  # [L]
    s = copies * p
    if copies > 1:
        place, ordered = np.tile(place, (1, copies, 1)), np.tile(ordered, (1, copies, 1))
        order = (order + p * n * np.arange(copies)[:, None]).ravel()
    member = np.arange(s)[:, None]
    prefix = place + member * widths[:, None, None]
    ends = s * widths.cumsum()
    at = prefix + (ends - s * widths)[:, None, None]  # texts with the same prefix write the same numbers
    # blanks are the member's own, or a member whose numbers are not finite would pass that on to others
    owner = np.concatenate([np.arange(s).repeat(width) for width in widths])
    token, parent = vocabulary * owner, owner * np.repeat([1, *widths[:-1]], s * widths)
    token[at] = ordered + vocabulary * member
    parent[at[0]], parent[at[1:]] = member, prefix[:-1]
    text = np.empty((length, s * n), np.int64)
    text[:, order] = at.reshape(length, -1)
    sizes, device = (s * widths).tolist(), tokens.device
    return PrefixTree(
        widths.tolist(),
        torch.from_numpy(token).to(device).split_with_sizes(sizes),
        torch.from_numpy(parent).to(device).split_with_sizes(sizes),
        torch.from_numpy(text).to(device).view(length, s, n),
    )
