"""Right functions of advantages and losses, as a user would write them, and what they promise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor


def per_group(scores: Tensor, group_ids: Tensor, of: Callable[[Tensor], Tensor]) -> Tensor:
    """`of` applied to the scores of each prompt [B]."""
    out = torch.zeros_like(scores)
    for group in {*group_ids.tolist()}:
        out[group_ids == group] = of(scores[group_ids == group])
    return out


def leave_one_out(x: Tensor) -> Tensor:
    """r_i minus the mean of the others."""
    return x - (x.sum() - x) / (len(x) - 1)


def standardised(x: Tensor) -> Tensor:
    """(r - mean) / (std + 1e-6)"""
    return (x - x.mean()) / (x.std() + 1e-6)


def clipped(logp: Tensor, old_logp: Tensor, advantages: Tensor, mask: Tensor, clip: float = 0.2) -> Tensor:
    """-min(rho A, clip(rho) A) [B, L], 0 where nothing trains."""
    ratio = ((logp - old_logp) * mask).exp()
    made = torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)
    return -torch.where(mask > 0, made, 0.0)


def rloo(scores: Tensor, group_ids: Tensor, mask: Tensor) -> Tensor:
    """Leave-one-out."""
    return per_group(scores, group_ids, leave_one_out)[:, None] * mask


def grpo(scores: Tensor, group_ids: Tensor, mask: Tensor) -> Tensor:
    """Standardised in each group."""
    return per_group(scores, group_ids, standardised)[:, None] * mask


def grpo_of_tokens(rewards: Tensor, response_mask: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
    """The same with verl's names, and two results."""
    made = grpo((rewards * response_mask).sum(1), index, response_mask)
    return made, made


def grpo_adjacent(scores: Tensor, num_generations: int) -> Tensor:
    """A result for each text, with groups that are adjacent."""
    grouped = scores.view(-1, num_generations)
    return ((grouped - grouped.mean(1, keepdim=True)) / (grouped.std(1, keepdim=True) + 1e-4)).flatten()


def in_numpy(scores: Tensor, group_ids: Tensor) -> np.ndarray[Any, Any]:
    """An array of NumPy: the mean of the group is subtracted."""
    return per_group(scores, group_ids, lambda x: x - x.mean()).numpy()


def reinforce_plus_plus(rewards: Tensor, mask: Tensor, gamma: float) -> Tensor:
    """Returns to go that a hole in the mask does not end, whitened over the batch."""
    running, made = torch.zeros_like(rewards[:, 0]), torch.zeros_like(rewards)
    for t in reversed(range(rewards.shape[1])):
        new = rewards[:, t] + gamma * running
        running = torch.where(mask[:, t] > 0, new, running)
        made[:, t] = new * mask[:, t]
    on = made[mask > 0]
    return (made - on.mean()) * torch.rsqrt(on.var() + 1e-8) * mask


def gae(rewards: Tensor, values: Tensor, mask: Tensor, gamma: float = 1.0, lam: float = 0.95) -> Tensor:
    """Generalised advantage estimation that skips masked positions."""
    made, ahead, after = torch.zeros_like(rewards), torch.zeros_like(rewards[:, 0]), torch.zeros_like(rewards[:, 0])
    for t in reversed(range(rewards.shape[1])):
        on = mask[:, t] > 0
        new = rewards[:, t] + gamma * after - values[:, t] + gamma * lam * ahead
        ahead, after = torch.where(on, new, ahead), torch.where(on, values[:, t], after)
        made[:, t] = ahead
    return made * mask


def gae_with_dones(
    rewards: Tensor, values: Tensor, dones: Tensor, last_values: Tensor, gamma: float, lam: float
) -> Tensor:
    """The same without a mask, as in control."""
    made, ahead, after = torch.zeros_like(rewards), torch.zeros_like(rewards[:, 0]), last_values
    for t in reversed(range(rewards.shape[1])):
        on = 1 - dones[:, t].double()
        ahead = rewards[:, t] + gamma * after * on - values[:, t] + gamma * lam * on * ahead
        after, made[:, t] = values[:, t], ahead
    return made


def ppo(logp: Tensor, old_logp: Tensor, advantages: Tensor, mask: Tensor, clip: float = 0.2) -> Tensor:
    """The mean over positions."""
    return clipped(logp, old_logp, advantages, mask, clip).sum() / mask.sum()


def grpo_loss(logp: Tensor, old_logp: Tensor, advantages: Tensor, mask: Tensor) -> tuple[Tensor, dict[str, float]]:
    """The mean of the texts' means, with metrics."""
    return (clipped(logp, old_logp, advantages, mask).sum(1) / mask.sum(1).clamp(min=1)).mean(), {"clipped": 0.0}


def dapo_loss(
    logp: Tensor, old_logp: Tensor, advantages: Tensor, mask: Tensor, batch_num_tokens: float, dp_size: int
) -> Tensor:
    """The mean over all positions of the batch, of which this rank sees a part."""
    return clipped(logp, old_logp, advantages, mask).sum() / batch_num_tokens * dp_size


def dr_grpo_loss(logp: Tensor, old_logp: Tensor, advantages: Tensor, mask: Tensor, max_length: int) -> Tensor:
    """Sums of texts, divided by the longest length."""
    return clipped(logp, old_logp, advantages, mask).sum(1).mean() / max_length


def gspo_loss(logp: Tensor, old_logp: Tensor, advantages: Tensor, mask: Tensor) -> Tensor:
    """The geometric mean of a text's ratios, clipped."""
    mean = ((logp - old_logp) * mask).sum(1) / mask.sum(1).clamp(min=1)
    ratio, a = mean.exp(), (advantages * mask).sum(1) / mask.sum(1).clamp(min=1)
    return -torch.minimum(ratio * a, ratio.clamp(0.8, 1.2) * a).mean()


def cispo_loss(logp: Tensor, old_logp: Tensor, advantages: Tensor, mask: Tensor) -> Tensor:
    """A capped weight under stop-gradient."""
    weight = ((logp - old_logp) * mask).exp().clamp(max=5.0).detach()
    return -torch.where(mask > 0, weight * advantages * logp, 0.0).sum() / mask.sum()


def micro_batched(logp: Tensor, old_logp: Tensor, advantages: Tensor, mask: Tensor, micro_batches: int = 1) -> Tensor:
    """A mean over positions, in micro-batches that know the number of positions of all."""
    rows = torch.arange(len(mask)).chunk(micro_batches)
    parts = [clipped(logp[i], old_logp[i], advantages[i], mask[i]).sum() for i in rows]
    return torch.stack(parts).sum() / mask.sum()


def value_loss(new_values: Tensor, returns: Tensor, mask: Tensor, values: Tensor, batch_num_tokens: float) -> Tensor:
    """Clipped, the mean over positions of the whole batch."""
    near = values + (new_values - values).clamp(-0.2, 0.2)
    error = torch.maximum((new_values - returns) ** 2, (near - returns) ** 2)
    return 0.5 * torch.where(mask > 0, error, 0.0).sum() / batch_num_tokens


def reinforce_loss(logp: Tensor, scores: Tensor, group_ids: Tensor, mask: Tensor) -> Tensor:
    """A complete estimator: leave-one-out advantages and the score."""
    advantage = per_group(scores, group_ids, leave_one_out)
    return -(advantage[:, None] * torch.where(mask > 0, logp, 0.0)).sum(1).mean()


RIGHT: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {
    f.__name__: (f, promises)
    for f, promises in (
        (rloo, ("groups", "shift", "linear", "gradient", "rloo")),
        (grpo, ("groups", "shift", "scale_free", "like_verl_grpo")),
        (grpo_of_tokens, ("groups", "masked_rewards", "like_verl_grpo")),
        (grpo_adjacent, ("groups", "like_trl_grpo")),
        (in_numpy, ("shift", "gradient", "dr_grpo")),
        (reinforce_plus_plus, ("scale_free", "masked_texts")),
        (gae, ("texts", "linear", "gradient", "gae")),
        (gae_with_dones, ("texts", "linear", "gradient", "gae")),
        (ppo, ("texts", "token", "ppo")),
        (grpo_loss, ("texts", "sequence", "grpo")),
        (dapo_loss, ("texts", "token")),
        (dr_grpo_loss, ("texts", "constant")),
        (gspo_loss, ("texts", "sequence")),
        (cispo_loss, ("texts", "token", "cispo")),
        (micro_batched, ("token",)),
        (value_loss, ("token",)),
        (reinforce_loss, ("gradient",)),
    )
}
