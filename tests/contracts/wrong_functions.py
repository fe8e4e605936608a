"""Wrong functions of advantages and losses: first those that large libraries have had and fixed, written anew and small.

Each has the words of the rule that must break, and what it promises.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from tests.contracts.right_functions import clipped, gae, leave_one_out, per_group, standardised


class Wrong(NamedTuple):
    """A wrong function, words of the rule that it breaks, its promises, and the adapter that calls it."""

    function: Callable[..., Any]
    rule: str
    promises: tuple[str, ...] = ()
    adapter: str | None = None


def tokens_that_do_not_train_count(
    logp: Tensor, old_logp: Tensor, advantages: Tensor, mask: Tensor, attention_mask: Tensor
) -> Tensor:
    """TRL #6439: the mean is over all tokens, also those of texts that were cut and left out."""
    return clipped(logp, old_logp, advantages, mask).sum() / attention_mask.sum()


def variance_with_a_floor(scores: Tensor, group_ids: Tensor, mask: Tensor) -> Tensor:
    """verl #6348: where rewards hardly differ, the floor is the divisor."""

    def floored(x: Tensor) -> Tensor:
        variance = ((x - x.mean()) ** 2).sum() / (len(x) - 1)
        return (x - x.mean()) / (variance.clamp(min=1e-6).sqrt() + 1e-6)

    return per_group(scores, group_ids, floored)[:, None] * mask


def cannot_be_called_as_the_trainer_does(
    token_level_rewards: Tensor, response_mask: Tensor, old_log_probs: Tensor, index: Any
) -> tuple[Tensor, Tensor]:
    """verl #5615: the trainer passes `config`, which the function does not take."""
    made = token_level_rewards.sum(1, keepdim=True) * response_mask
    return made, made


def asserts_what_nobody_computes(
    token_level_rewards: Tensor, response_mask: Tensor, index: Any, config: Any = None, **rest: Any
) -> tuple[Tensor, Tensor]:
    """verl #6153: a flag of the configuration promises an input that no code makes."""
    assert "sum_pi_squared" in rest, "Please set actor.calculate_sum_pi_squared=True in config."
    made = token_level_rewards.sum(1, keepdim=True) * response_mask
    return made, made


def a_tools_answer_ends_the_return(rewards: Tensor, mask: Tensor, gamma: float) -> Tensor:
    """verl #7300: the running return is set to 0 wherever the mask is 0."""
    running, made = torch.zeros_like(rewards[:, 0]), torch.zeros_like(rewards)
    for t in reversed(range(rewards.shape[1])):
        running = rewards[:, t] + gamma * running
        made[:, t] = running
        running = running * mask[:, t]
    on = made[mask > 0]
    return (made - on.mean()) * torch.rsqrt(on.var() + 1e-8) * mask


def value_loss_of_its_own_part(
    new_values: Tensor, returns: Tensor, mask: Tensor, batch_num_tokens: float, global_batch_size: float
) -> Tensor:
    """verl #6957: it is told of the whole batch, and divides by the positions of its own part."""
    return torch.where(mask > 0, (new_values - returns) ** 2, 0.0).sum() / mask.sum()


def ranks_are_not_counted(
    logp: Tensor,
    old_logp: Tensor,
    advantages: Tensor,
    mask: Tensor,
    dp_size: int,
    global_batch_size: float,
    max_length: int,
) -> Tensor:
    """verl #5366: gradients of ranks are averaged, and the loss is not multiplied by their number."""
    return clipped(logp, old_logp, advantages, mask).sum() / global_batch_size / max_length


def mean_of_micro_batches(
    logp: Tensor, old_logp: Tensor, advantages: Tensor, mask: Tensor, micro_batches: int = 1
) -> Tensor:
    """SkyRL #1296: a mean over positions within micro-batches, then over micro-batches of unequal lengths."""
    rows = torch.arange(len(mask)).chunk(micro_batches)
    parts = [clipped(logp[i], old_logp[i], advantages[i], mask[i]).sum() / mask[i].sum() for i in rows]
    return torch.stack(parts).mean()


def rounding_becomes_the_divisor(scores: Tensor, group_ids: Tensor) -> Tensor:
    """NeMo RL #4158: the deviation of the others as sqrt(E[x^2] - E[x]^2), where all others are equal."""

    def of_others(x: Tensor) -> Tensor:
        mean, square = ((y.sum() - y) / (len(x) - 1) for y in (x, x * x))
        deviation = (square - mean**2).clamp(min=0.0).sqrt()
        return torch.where(deviation > 0, (x - mean) / (deviation + 1e-6), x - mean)

    return per_group(scores, group_ids, of_others)


FIXED_BY_OTHERS = {
    "TRL #6439": Wrong(tokens_that_do_not_train_count, "how long a text is that does not train"),
    "verl #6348": Wrong(variance_with_a_floor, "a deviation is the divisor"),
    "verl #5615": Wrong(cannot_be_called_as_the_trainer_does, "it computes a result", (), "verl"),
    "verl #6153": Wrong(asserts_what_nobody_computes, "it computes a result", (), "verl"),
    "verl #7300": Wrong(a_tools_answer_ends_the_return, "masked positions inside a text"),
    "verl #6957": Wrong(value_loss_of_its_own_part, "the gradients of parts add up"),
    "verl #5366": Wrong(ranks_are_not_counted, "the mean gradient of ranks"),
    "SkyRL #1296": Wrong(mean_of_micro_batches, "the number of micro-batches"),
    "NeMo RL #4158": Wrong(rounding_becomes_the_divisor, "an advantage is of the size"),
}


def whole_batch(scores: Tensor, group_ids: Tensor, mask: Tensor) -> Tensor:
    """Statistics of the batch where those of the group are promised."""
    return standardised(scores)[:, None] * mask


def too_large_a_baseline(scores: Tensor, group_ids: Tensor) -> Tensor:
    """A part of the own reward is subtracted that is no mean of the group."""
    return per_group(scores, group_ids, lambda x: x - 1.3 * x.mean())


def divides_by_all(scores: Tensor, group_ids: Tensor) -> Tensor:
    """A leave-one-out mean that divides by G: unbiased, and not RLOO."""
    return per_group(scores, group_ids, lambda x: x - (x.sum() - x) / len(x))


def adjacent_by_chance(scores: Tensor, group_ids: Tensor) -> Tensor:
    """It reads the number of groups, and takes the texts for adjacent."""
    return torch.cat([leave_one_out(x) for x in scores.chunk(int(group_ids.max()) + 1)])


def names_as_numbers(scores: Tensor, group_ids: Tensor) -> Tensor:
    """It counts texts by the value of their prompt's number."""
    mean = torch.stack([scores[group_ids == g].sum() for g in range(int(group_ids.max()) + 1)])[group_ids]
    return scores - mean / (1 + group_ids)


def padding_counts(rewards: Tensor, mask: Tensor) -> Tensor:
    """Whitened over all positions, also those of padding."""
    return (rewards - rewards.mean()) / (rewards.std() + 1e-8)


def last_column(rewards: Tensor, mask: Tensor, group_ids: Tensor) -> Tensor:
    """The reward is read in the last column, wherever the text ends."""
    return per_group(rewards[:, -1] + 0.1 * rewards.sum(1), group_ids, leave_one_out)[:, None] * mask


def bootstraps_from_padding(rewards: Tensor, values: Tensor, mask: Tensor) -> Tensor:
    """ROLL #447: V of a masked position is the next value."""
    return gae(rewards, values, torch.ones_like(mask)) * mask


def discounts_lambda_alone(rewards: Tensor, values: Tensor, mask: Tensor, gamma: float, lam: float) -> Tensor:
    """GAE without the discount in its trace."""
    return gae(rewards, values, mask, gamma, lam / gamma**2)


def reward_to_come_only(rewards: Tensor, mask: Tensor) -> Tensor:
    """The return without the reward of the step itself."""
    return rewards.flip(1).cumsum(1).flip(1) - rewards


def uphill(logp: Tensor, old_logp: Tensor, advantages: Tensor, mask: Tensor) -> Tensor:
    """An objective in place of a loss."""
    return -clipped(logp, old_logp, advantages, mask).sum() / mask.sum()


def maximum(logp: Tensor, old_logp: Tensor, advantages: Tensor, mask: Tensor) -> Tensor:
    """The maximum of the two terms, which clips the steps that go back."""
    ratio = ((logp - old_logp) * mask).exp()
    return -(torch.maximum(ratio * advantages, ratio.clamp(0.8, 1.2) * advantages) * mask).sum() / mask.sum()


def upside_down(logp: Tensor, old_logp: Tensor, advantages: Tensor, mask: Tensor) -> Tensor:
    """The weight mu / pi."""
    weight = ((old_logp - logp) * mask).exp().detach()
    return -torch.where(mask > 0, weight * advantages * logp, 0.0).sum() / mask.sum()


def clips_both_ways(logp: Tensor, old_logp: Tensor, advantages: Tensor, mask: Tensor) -> Tensor:
    """Only the clipped term."""
    ratio = ((logp - old_logp) * mask).exp().clamp(0.8, 1.2)
    return -(ratio * advantages * mask).sum() / mask.sum()


def width_counts(logp: Tensor, old_logp: Tensor, advantages: Tensor, mask: Tensor) -> Tensor:
    """A mean over the array, with its padding."""
    return clipped(logp, old_logp, advantages, mask).mean()


def unmasked(logp: Tensor, old_logp: Tensor, advantages: Tensor, mask: Tensor) -> Tensor:
    """The mask is not read in the numerator."""
    return -((logp - old_logp).exp() * advantages).sum() / mask.sum()


def absolute(logp: Tensor, old_logp: Tensor, advantages: Tensor, mask: Tensor) -> Tensor:
    """|A| by mistake."""
    return clipped(logp, old_logp, advantages.abs(), mask).sum() / mask.sum()


def cut_off(logp: Tensor, old_logp: Tensor, advantages: Tensor, mask: Tensor) -> Tensor:
    """The log-probability is detached."""
    return clipped(logp.detach(), old_logp, advantages, mask).sum() / mask.sum()


def another_mean(logp: Tensor, old_logp: Tensor, advantages: Tensor, mask: Tensor) -> Tensor:
    """A mean over positions where a mean of texts is promised."""
    return clipped(logp, old_logp, advantages, mask).sum() / mask.sum()


def wider(logp: Tensor, old_logp: Tensor, advantages: Tensor, mask: Tensor) -> Tensor:
    """A clip of 0.3 where PPO is promised."""
    return clipped(logp, old_logp, advantages, mask, 0.3).sum() / mask.sum()


def away_from_the_target(new_values: Tensor, returns: Tensor, mask: Tensor) -> Tensor:
    """The error with the wrong sign."""
    return -((new_values - returns) ** 2 * mask).sum() / mask.sum()


def not_detached(logp: Tensor, old_logp: Tensor, scores: Tensor, group_ids: Tensor, mask: Tensor) -> Tensor:
    """A complete loss that divides by the number of positions of each text, and so leans towards short ones."""
    per_text = torch.where(mask > 0, logp, 0.0).sum(1) / mask.sum(1).clamp(min=1) ** 2
    return -(per_group(scores, group_ids, leave_one_out) * per_text).mean()


MISTAKES = {
    ", ".join((wrong.function.__name__, *wrong.promises)): wrong
    for wrong in (
        Wrong(whole_batch, "promised: other prompts", ("groups",)),
        Wrong(too_large_a_baseline, "promised: its mean is a multiple", ("gradient",)),
        Wrong(divides_by_all, "promised: its advantages are those of rloo", ("rloo",)),
        Wrong(adjacent_by_chance, "the order of texts"),
        Wrong(names_as_numbers, "the numbers of prompts are only names"),
        Wrong(padding_counts, "padding on the right"),
        Wrong(last_column, "padding on the right"),
        Wrong(bootstraps_from_padding, "what stands in masked positions"),
        Wrong(discounts_lambda_alone, "promised: its advantages are those of gae", ("gae",)),
        Wrong(reward_to_come_only, "its mean points along grad J"),
        Wrong(uphill, "a step down the loss"),
        Wrong(maximum, "a clip stops only steps"),
        Wrong(upside_down, "the ratio is pi / mu"),
        Wrong(clips_both_ways, "a clip stops only steps"),
        Wrong(width_counts, "padding on the right"),
        Wrong(unmasked, "masked positions have no gradient"),
        Wrong(absolute, "a step down the loss"),
        Wrong(cut_off, "it computes a result"),
        Wrong(another_mean, "promised: positions of a text are averaged", ("sequence",)),
        Wrong(wider, "promised: its ratio and clip are those of ppo", ("ppo",)),
        Wrong(away_from_the_target, "a step down the loss"),
        Wrong(not_detached, "promised: its mean is a multiple", ("gradient",)),
    )
}
WRONG = {**FIXED_BY_OTHERS, **MISTAKES}
