"""Texts of a population in a model's tokens, and their log-probabilities under adapted models.

Axes: P members, n texts of each, L tokens of each, M = P x n rows with those of member 0 first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from envs.language.models.api import Adapter, CausalModel
from envs.validation import UsageError

MOST_LOGITS = 2**24  # numbers in a block of logits: of a larger vocabulary they are computed again on the way back


class Texts(NamedTuple):
    """A prompt and a completion each.

    tokens  [P, n, L]      valid  [P, n, L] False on padding, which stands before or after a text, never in it
    scored  [P, n, L] True on the tokens of completions, the end token among them
    """

    tokens: Tensor
    valid: Tensor
    scored: Tensor

    @property
    def rows(self) -> Texts:
        """The same as [P n, L]."""
        return Texts(*(x.flatten(0, 1) for x in self))

    def to(self, device: torch.device | str) -> Texts:
        """The same on this device."""
        return Texts(*(x.to(device) for x in self))

    def pick(self, index: Tensor) -> Texts:
        """The texts [P, B, L] at these places [P, B] of each member, without columns that are padding in all of them."""
        at = index.to(self.tokens.device)[:, :, None].expand(-1, -1, self.tokens.shape[-1])
        return Texts(*(x.gather(1, at) for x in self)).trimmed()

    def trimmed(self) -> Texts:
        """Without columns that are padding in all texts."""
        used = self.valid.flatten(0, -2).any(0).nonzero()
        return Texts(*(x[..., int(used.min()) : int(used.max()) + 1] for x in self))

    def check(self, model: CausalModel) -> Texts:
        """Itself. UsageError for padding within a text, a completion that follows nothing, or what the model cannot read."""
        valid, scored = self.valid, self.scored
        starts = valid[..., 0].long() + (valid[..., 1:] & ~valid[..., :-1]).sum(-1)
        if not bool((starts == 1).all()):
            raise UsageError(
                "padding stands before or after a text; one of these has none but padding, or some within it"
            )
        if bool((scored & ~valid).any()):
            raise UsageError("padding cannot be scored")
        if bool((scored[..., 0] | (scored[..., 1:] & ~valid[..., :-1]).any(-1)).any()):
            raise UsageError("a completion follows at least one token of a prompt")
        if not bool(scored.any(-1).all()):
            raise UsageError("a text has no completion")
        real = self.tokens[valid]
        if int(real.min()) < 0 or int(real.max()) >= model.vocabulary:
            raise UsageError(f"tokens lie in [0, {model.vocabulary}), not in [{int(real.min())}, {int(real.max())}]")
        if (longest := int(valid.sum(-1).max())) > model.context:
            raise UsageError(f"a text of {longest} tokens is longer than the model's context of {model.context}")
        return self


Ids = Sequence[int]


def make_texts(members: Sequence[Sequence[tuple[Ids, Ids]]], end: int | None) -> Texts:
    """Texts of pairs (prompt, completion that ends with the end token), as many for each member.

    Prompts are padded on the left, completions on the right. UsageError for a completion without its end token.
    """
    if end is None:
        raise UsageError("the model has no end token, so its texts would have no end")
    if len({len(texts) for texts in members}) != 1 or not members[0]:
        raise UsageError(f"every member has as many texts, not {[len(texts) for texts in members]}")
    before = max(len(prompt) for texts in members for prompt, _ in texts)
    after = max(len(completion) for texts in members for _, completion in texts)
    tokens = torch.full((len(members), len(members[0]), before + after), end)
    valid, scored = torch.zeros_like(tokens, dtype=torch.bool), torch.zeros_like(tokens, dtype=torch.bool)
    for p, texts in enumerate(members):
        for i, (prompt, completion) in enumerate(texts):
            if not completion or completion[-1] != end:
                raise UsageError(
                    f"completion {i} of member {p} does not end with the end token {end}: {list(completion)}"
                )
            start, stop = before - len(prompt), before + len(completion)
            tokens[p, i, start:stop] = torch.tensor([*prompt, *completion])
            valid[p, i, start:stop] = True
            scored[p, i, before:stop] = True
    return Texts(tokens, valid, scored)


def log_probs(model: CausalModel, texts: Texts, adapter: Adapter | None) -> Tensor:
    """log p(token | those before it) [P, n, L] at the scored tokens, 0 elsewhere."""
    tokens, valid, scored = texts.rows
    hidden, _ = model.hidden(tokens[:, :-1], valid[:, :-1], None, adapter)
    place = scored[:, 1:].flatten().nonzero()[:, 0]
    before = hidden.flatten(0, 1).index_select(0, place)  # [S, D]: the state before each scored token
    found = _log_probs(model, before, tokens[:, 1:].flatten()[place])
    full = found.new_zeros(tokens[:, 1:].numel()).index_copy(0, place, found).view(len(tokens), -1)
    return functional.pad(full, (1, 0)).view(texts.tokens.shape)


def _log_probs(model: CausalModel, hidden: Tensor, tokens: Tensor) -> Tensor:
    """log p [S] of tokens [S] after hidden states [S, D]."""

    def of(states: Tensor, wanted: Tensor) -> Tensor:
        return -functional.cross_entropy(model.logits(states), wanted, reduction="none")

    rows = max(1, MOST_LOGITS // model.vocabulary)
    if len(hidden) <= rows:
        return of(hidden, tokens)
    parts = zip(torch.split(hidden, rows), torch.split(tokens, rows), strict=True)
    return torch.cat([checkpoint(of, states, wanted, use_reentrant=False) for states, wanted in parts])


def sequence_log_probs(model: CausalModel, texts: Texts, adapter: Adapter | None) -> Tensor:
    """log p(completion | prompt) [P, n]: the sum over its scored tokens."""
    return log_probs(model, texts, adapter).sum(-1)


@torch.no_grad()
def in_blocks(texts: Texts, compute: Callable[[Texts], Tensor], rows: int = 64) -> Tensor:
    """compute(texts) [P, n] in blocks of some texts of each member, without gradients."""
    index = torch.arange(texts.tokens.shape[1], device=texts.tokens.device)
    members = len(texts.tokens)
    return torch.cat([compute(texts.pick(part.expand(members, -1))) for part in torch.split(index, rows)], 1)
