"""Direct preference optimisation of a population (Rafailov et al. 2023, eq. 7).

loss_p = - mean log sigmoid(beta [log pi/ref (chosen) - log pi/ref (rejected)]), log-probabilities summed over a completion;
ref is the frozen policy that training begins with.
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
from algorithms.language.texts import in_blocks, sequence_log_probs
from algorithms.training.state import RunState
from envs.language.models.api import CausalModel
from envs.language.models.low_rank import LowRank
from envs.seeding import Purpose
from envs.validation import UsageError


class Preferred(NamedTuple):
    """Adapters, each member's loss [P] in the last pass, and how often pi/ref puts the chosen text first there [P]."""

    adapters: LowRank
    loss: Tensor
    accuracy: Tensor


def dpo_margin(chosen: Tensor, rejected: Tensor, chosen_ref: Tensor, rejected_ref: Tensor) -> Tensor:
    """log pi/ref (chosen) - log pi/ref (rejected), of sums of log-probabilities."""
    return (chosen - chosen_ref) - (rejected - rejected_ref)


def dpo_loss(margin: Tensor, beta: float) -> Tensor:
    """- mean log sigmoid(beta margin) [P] of margins [P, B]."""
    return -functional.logsigmoid(beta * margin).mean(1)


def dpo(
    model: CausalModel,
    pairs: Pairs,
    reference: LowRank | None,
    seeds: Sequence[int],
    config: Fitting,
    beta: float = 0.1,
    state: RunState | None = None,
    state_every: int = 100,
    purpose: Purpose = Purpose.TRAIN,
) -> Stage[Preferred]:
    """Fit adapters to pairs [P, n, L], beginning with the reference's; without a reference's it is the model itself."""
    if not beta > 0:
        raise UsageError(f"beta must be above 0, not {beta}")
    chosen, rejected = (texts.check(model) for texts in pairs)
    begin = initial(model, config, seeds, purpose=purpose) if reference is None else reference
    device = chosen.tokens.device
    stack = Stack(begin.to(device), config)
    frozen = stack.fitted  # before a state is restored: the policy that training begins with
    of_reference = [
        in_blocks(texts, lambda part: sequence_log_probs(model, part, frozen)) for texts in (chosen, rejected)
    ]
    count = chosen.tokens.shape[1]
    batches = config.minibatches(count, seeds, Stream.PAIRS, purpose)
    last = len(batches) - len(batches) // config.passes  # the first step of the last pass
    done = 0 if state is None else stack.restore(state)
    losses, right = torch.zeros(len(seeds), device=device), torch.zeros(len(seeds), device=device)
    if state is not None:
        losses, right = state.tensors["losses"].to(device, copy=True), state.tensors["right"].to(device, copy=True)
    for step, index in remaining(batches, done):
        ours = [sequence_log_probs(model, texts.pick(index), stack.adapters) for texts in (chosen, rejected)]
        margin = dpo_margin(*ours, *(x.gather(1, index.to(device)) for x in of_reference))  # [P, B]
        loss = dpo_loss(margin, beta)
        if step >= last:
            losses += loss.detach() * index.shape[1] / count
            right += (margin.detach() > 0).sum(1) / count
        stack.descend(loss, step, len(batches), seeds)
        accuracy = float((margin.detach() > 0).float().mean())
        yield StageProgress(step + 1, len(batches), {"loss": float(loss.detach().mean()), "accuracy": accuracy})
        if (step + 1) % state_every == 0 and step + 1 < len(batches):
            saved = stack.state(step + 1)
            saved.tensors |= {"losses": losses.cpu().clone(), "right": right.cpu().clone()}
            yield saved
    return Preferred(stack.fitted, losses, right)
