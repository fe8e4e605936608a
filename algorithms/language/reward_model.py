"""Reward models from pairs: adapters and read-outs for each member (Ouyang et al. 2022, eq. 1).

loss_p = - mean log sigmoid(r(chosen) - r(rejected))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from algorithms.language.adapters import Fitting, Stack, initial, remaining
from algorithms.language.preferences import Pairs
from algorithms.language.stage import Stage, StageProgress, Stream
from algorithms.language.texts import Texts, in_blocks
from algorithms.training.state import RunState
from envs.language.models.api import CausalModel
from envs.language.models.low_rank import LowRank
from envs.language.models.reward_model import rewards
from envs.seeding import Purpose
from envs.validation import UsageError

GAIN = 100.0  # of the weights of words: Adam moves all parameters at one rate, and a word is one of many in a mean
LEAST_DEVIATION = 1e-6  # of rewards: below it a reward model tells nothing apart


class Rewards(NamedTuple):
    """Reward models (envs.language.models.reward_model), and how often they agree with held-out pairs [P] (NaN without)."""

    adapters: LowRank
    head: Tensor
    bias: Tensor
    words: Tensor
    accuracy: Tensor

    def of(self, model: CausalModel, texts: Texts) -> Tensor:
        """Rewards [P, n] of texts [P, n, L], without gradients."""
        read_out = self.head, self.bias, self.words
        return in_blocks(texts, lambda t: rewards(model, t.tokens, t.valid, self.adapters, *read_out))

    def normalised(self, model: CausalModel, texts: Texts, seeds: Sequence[int]) -> Rewards:
        """The same with mean 0 and deviation 1 on these texts. UsageError, with the seeds, where a reward is constant."""
        found = self.of(model, texts).double()
        mean, deviation = found.mean(1), found.std(1, correction=0)
        if flat := [s for s, d in zip(seeds, deviation.tolist(), strict=True) if not d > LEAST_DEVIATION]:
            raise UsageError(f"the reward models of seeds {flat} give every sample the same reward")
        head, words = ((x.double() / deviation[:, None]).float() for x in (self.head, self.words))
        return self._replace(head=head, words=words, bias=((self.bias.double() - mean) / deviation).float())


def preference_loss(chosen: Tensor, rejected: Tensor) -> Tensor:
    """- mean log sigmoid(r(chosen) - r(rejected)) [P] of rewards [P, B]."""
    return -functional.logsigmoid(chosen - rejected).mean(1)


def fit_rewards(
    model: CausalModel,
    pairs: Pairs,
    seeds: Sequence[int],
    config: Fitting,
    held_out: Pairs | None = None,
    start: LowRank | None = None,
    state: RunState | None = None,
    state_every: int = 100,
    purpose: Purpose = Purpose.TRAIN,
) -> Stage[Rewards]:
    """Fit adapters, new ones or those of `start`, and read-outs to pairs [P, n, L], one reward model a seed."""
    chosen, rejected = (texts.check(model) for texts in pairs)
    use = Stream.REWARD_ADAPTERS
    begin = initial(model, config, seeds, use, purpose) if start is None else start
    device = chosen.tokens.device
    sizes = {"head": model.width, "words": model.vocabulary}
    more = {name: torch.zeros(len(seeds), size, device=device) for name, size in sizes.items()}
    stack = Stack(begin.to(device), config, more)
    head, words, none = stack.more["head"], stack.more["words"], torch.zeros(len(seeds), device=device)
    batches = config.minibatches(chosen.tokens.shape[1], seeds, Stream.PAIRS, purpose)
    done = 0 if state is None else stack.restore(state)
    for step, index in remaining(batches, done):
        parts = [texts.pick(index) for texts in (chosen, rejected)]
        found = [rewards(model, t.tokens, t.valid, stack.adapters, head, none, GAIN * words) for t in parts]
        losses = preference_loss(*found)
        stack.descend(losses, step, len(batches), seeds)
        right = float((found[0].detach() > found[1].detach()).float().mean())
        yield StageProgress(step + 1, len(batches), {"loss": float(losses.detach().mean()), "accuracy": right})
        if (step + 1) % state_every == 0 and step + 1 < len(batches):
            yield stack.state(step + 1)
    fitted = Rewards(stack.fitted, head.detach().clone(), none, GAIN * words.detach(), torch.full_like(none, torch.nan))
    return fitted if held_out is None else fitted._replace(accuracy=accuracy(fitted, model, held_out))


def accuracy(found: Rewards, model: CausalModel, pairs: Pairs) -> Tensor:
    """How often [P] the chosen text has the higher reward; equal rewards count half."""
    chosen, rejected = (found.of(model, texts.check(model)) for texts in pairs)
    return ((chosen > rejected).float() + (chosen == rejected).float() / 2).mean(1)
