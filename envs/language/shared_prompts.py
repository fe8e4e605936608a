"""Reading texts so that a prompt which several rows of a member share is read once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from envs.api import Ints
from envs.language.models.api import Adapter, CausalModel

WORTH = 0.8  # share of the tokens that must be read all the same, at most, or sharing costs more than it saves


class SharedPrompts(NamedTuple):
    """The distinct prompts among rows [P N], as many of each member.

    rows  [P X] a row with each of them; a member with fewer has some of its own twice
    own   [P N] the place of each row's prompt among them
    """

    rows: Tensor
    own: Tensor


def share_prompts(prompts: Tensor, members: int, after: int) -> SharedPrompts | None:
    """The distinct ones of prompts [P N, K], each followed by `after` more tokens; None if sharing them is not worth it."""
    count, width = prompts.shape
    whole: Ints = np.ascontiguousarray(prompts.cpu().numpy())
    keys = whole.view(np.dtype((np.void, whole.itemsize * width)))[:, 0].reshape(members, -1)  # [P, N]
    found = [np.unique(own, return_index=True, return_inverse=True)[1:] for own in keys]
    distinct = max(len(first) for first, _ in found)
    each = count // members
    if distinct * width + each * after > WORTH * each * (width + after):
        return None
    rows = [p * each + np.resize(first, distinct) for p, (first, _) in enumerate(found)]
    own = [p * distinct + which for p, (_, which) in enumerate(found)]
    return SharedPrompts(*(torch.from_numpy(np.concatenate(x)).to(prompts.device) for x in (rows, own)))


def hidden_after_prompts(
    model: CausalModel, tokens: Tensor, valid: Tensor, prompt: int, adapter: Adapter | None, members: int
) -> Tensor:
    """Hidden states [P N, L - K + 1, D] of texts [P N, L] from the last token of their prompts on; `prompt` is K."""
    shared = share_prompts(tokens[:, :prompt].where(valid[:, :prompt], -1), members, tokens.shape[1] - prompt)
    if shared is None:
        return model.hidden(tokens, valid, None, adapter)[0][:, prompt - 1 :]
    hidden, cache = model.hidden(tokens[shared.rows, :prompt], valid[shared.rows, :prompt], None, adapter)
    first = hidden[shared.own, -1:]
    if tokens.shape[1] == prompt:
        return first
    rest, _ = model.hidden(tokens[:, prompt:], valid[:, prompt:], cache.rows(shared.own), adapter)
    return torch.cat([first, rest], 1)
