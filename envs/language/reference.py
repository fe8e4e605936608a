"""The reference policy of language tasks: a frozen model, restricted to a task's actions.

    reference(a | s) = exp z_a(s) / sum_b exp z_b(s),    z: the model's logits; b: the task's actions

Axes: M texts (rows), L tokens of a transcript, T actions, V actions to choose from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from envs.api import Doubles, Ints
from envs.language.models.adapter_file import AdapterFile
from envs.language.models.api import Adapter, CausalModel
from envs.language.models.base import BaseModel
from envs.language.shared_prompts import hidden_after_prompts
from envs.text_mdp import PAD
from envs.validation import UsageError

TOKENS = 16_384  # that one pass reads
LOGITS = 2**22  # that are held at once
MANY_ACTIONS = 256
KEPT = 2**22  # numbers of prefixes that are kept
NO_MEMBER = -1  # the seed of rows that belong to no member, such as those of an enumeration


class FrozenReference:
    """Log-probabilities of a task's actions under one frozen model, and its adapters of each seed if there are any.

    table    [vocabulary + 1] the model's token of each token of the task; that of PAD is not read
    actions  V, the first tokens of the task after PAD
    """

    def __init__(self, model: BaseModel, adapters: AdapterFile | None, table: Sequence[int], actions: int) -> None:
        self._base, self._adapters, self._actions = model, adapters, actions
        self._table = np.array(table, np.int64)
        self._kept: dict[bytes, Doubles] = {}
        self._loaded: dict[tuple[int, str], Adapter] = {}  # by seed and device

    def of_actions(self, transcript: Ints, positions: Sequence[int], seeds: Ints, device: str = "cpu") -> Doubles:
        """[M, T] log-probabilities of the actions at these positions of whole transcripts [M, L], 0 where PAD stands.

        One pass reads all positions of a text. seeds [M] of the members that the rows belong to
        """
        written = transcript[:, list(positions)]
        real = written != PAD
        steps = int(real.any(0).nonzero()[0].max(initial=0)) + 1  # no text has more actions
        prompt = positions[0]
        before = np.array(positions[:steps], np.int64) - prompt  # places after the prompt's last token

        def chosen(hidden: Tensor, rows: Ints, model: CausalModel) -> Doubles:
            row, step = real[rows, :steps].nonzero()
            action = torch.from_numpy(written[rows][row, step] - 1).to(hidden.device)
            logp = np.zeros((len(rows), len(positions)))
            logp[row, step] = self._log_softmax(model, hidden[row, before[step]], action).cpu().numpy()
            return logp

        read = transcript[:, : positions[steps - 1]]
        return self._by_chunks(read, prompt, seeds, device, chosen, len(positions))

    def after(self, prefixes: Ints, seeds: Ints) -> Doubles:
        """[M, V] log-probabilities of every action after prefixes [M, K]; equal prefixes are computed once."""
        own = seeds if self._adapters is not None else np.full_like(seeds, NO_MEMBER)
        distinct, which = np.unique(np.column_stack([own, prefixes]), axis=0, return_inverse=True)
        keys = [row.tobytes() for row in distinct]
        missing = np.array([i for i, key in enumerate(keys) if key not in self._kept], np.int64)
        if len(missing):
            if (len(self._kept) + len(missing)) * self._actions > KEPT:
                self._kept.clear()
                missing = np.arange(len(distinct))

            def all_actions(hidden: Tensor, rows: Ints, model: CausalModel) -> Doubles:
                return self._log_softmax(model, hidden[:, -1]).cpu().numpy()

            rows = distinct[missing]
            found = self._by_chunks(rows[:, 1:], prefixes.shape[1], rows[:, 0], "cpu", all_actions, self._actions)
            self._kept.update((keys[i], logp) for i, logp in zip(missing.tolist(), found, strict=True))
        return np.stack([self._kept[key] for key in keys])[which.reshape(-1)]

    @torch.no_grad()  # not inference_mode: a model that is first loaded here could not carry gradients to adapters
    def _by_chunks(
        self,
        tokens: Ints,
        prompt: int,
        seeds: Ints,
        device: str,
        read: Callable[[Tensor, Ints, CausalModel], Doubles],
        width: int,
    ) -> Doubles:
        """What `read` makes of the hidden states at tokens [M, K] of the task from their prompts' last on: [M, width]."""
        model = self._base.load(device)
        found = np.zeros((len(tokens), width))
        own = np.unique(seeds) if self._adapters is not None else np.zeros(1, np.int64)
        for seed in own.tolist():
            mine = np.flatnonzero(seeds == seed) if self._adapters is not None else np.arange(len(tokens))
            adapter = self._adapter(seed, device)
            size = max(1, TOKENS // tokens.shape[1])
            for rows in (mine[start : start + size] for start in range(0, len(mine), size)):
                ids = torch.from_numpy(self._table[tokens[rows]]).to(device)
                valid = torch.from_numpy(tokens[rows] != PAD).to(device)
                hidden = hidden_after_prompts(model, ids, valid, prompt, adapter, 1)
                found[rows] = read(hidden, rows, model)
        return found

    def _adapter(self, seed: int, device: str) -> Adapter | None:
        """The frozen adapters of one member; of rows without a member, those of the only one in the file."""
        if self._adapters is None:
            return None
        known = self._adapters.seeds
        if seed == NO_MEMBER and len(known) > 1:
            raise UsageError(
                f"the reference policy of seeds {', '.join(map(str, known))} is each one's own, so it cannot be listed for "
                "all: give adapters of one seed"
            )
        if (seed, device) not in self._loaded:
            own = known if seed == NO_MEMBER else (seed,)
            self._loaded[seed, device] = self._adapters.load(own, self._base, device)
        return self._loaded[seed, device]

    def _log_softmax(self, model: CausalModel, hidden: Tensor, action: Tensor | None = None) -> Tensor:
        """log reference [R, V] after hidden states [R, D], or [R] of these actions alone.

        In float64, but the sum over many actions in float32, which is twice as fast.
        """
        offered = torch.from_numpy(self._table[1 : self._actions + 1]).to(hidden.device)
        parts, size = [], max(1, LOGITS // self._actions)
        for start in range(0, len(hidden), size):
            logits = model.logits(hidden[start : start + size], offered)
            logp = (logits if self._actions > MANY_ACTIONS else logits.double()).log_softmax(-1)
            parts.append(logp if action is None else logp.gather(1, action[start : start + size, None])[:, 0])
        if not parts:  # a chunk of texts in which nothing was written
            return hidden.new_zeros(0, *(() if action is not None else (self._actions,)), dtype=torch.float64)
        return torch.cat(parts).double()


@lru_cache(maxsize=8)
def frozen_reference(
    model: BaseModel, adapters: AdapterFile | None, table: tuple[int, ...], actions: int
) -> FrozenReference:
    """One for all tasks with the same reference policy: what it keeps is shared."""
    return FrozenReference(model, adapters, table, actions)
