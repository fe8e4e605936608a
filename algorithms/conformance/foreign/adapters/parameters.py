"""Names of parameters, and the array or number that each stands for. The names decide how a function is called.

A batch has B texts of at most L positions. Numbers that a function has defaults for keep them, unless they are given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from torch import Tensor

from algorithms.conformance.foreign.adapters.adapter import Kind
from algorithms.conformance.foreign.texts import Texts


class Quantity(NamedTuple):
    """A quantity of a batch: what it is, its usual names, and how it is made."""

    says: str
    names: tuple[str, ...]
    make: Callable[[Texts], Any]
    number: bool = False  # a hyper-parameter: a default of the function's own is kept


def _total(batch: Texts) -> Tensor:
    """The sum of a text's rewards on the positions that train [B]."""
    return (batch.reward * batch.mask).sum(1)


NAMES: dict[str, Quantity] = {
    "rewards": Quantity(
        "[B, L] a reward for each position",
        ("rewards", "reward", "token_rewards", "token_level_rewards", "token_level_scores"),
        lambda b: b.reward,
    ),
    "scores": Quantity(
        "[B] a reward for each text", ("scores", "score", "outcome_rewards", "sequence_rewards"), _total
    ),
    "mask": Quantity(
        "[B, L] 1 where a position trains",
        ("mask", "response_mask", "action_mask", "completion_mask", "loss_mask", "eos_mask", "valid"),
        lambda b: b.mask,
    ),
    "exists": Quantity(
        "[B, L] 1 where there is a token, trained or not",
        ("exists", "token_mask", "attention_mask"),
        lambda b: b.exists,
    ),
    "groups": Quantity(
        "[B] the number of each text's prompt",
        ("group_ids", "groups", "group", "index", "uid", "uids", "prompt_ids"),
        lambda b: b.group,
    ),
    "group_size": Quantity(
        "texts of a prompt, which are adjacent",
        ("group_size", "num_generations", "n_samples", "samples_per_prompt"),
        lambda b: b.group_size,
        number=True,
    ),
    "values": Quantity(
        "[B, L] V of each position, before the update", ("values", "old_values", "state_value"), lambda b: b.value
    ),
    "next_values": Quantity("[B, L] V after each position", ("next_values", "next_state_value"), Texts.next_value),
    "last_values": Quantity(
        "[B] V after the last position, which is 0", ("last_values", "last_value"), lambda b: 0 * b.value[:, 0]
    ),
    "dones": Quantity("[B, L] 1 where a text ends", ("dones", "done", "terminated", "terminations"), Texts.done),
    "baselines": Quantity(
        "[B] reward of the greedy text of the prompt", ("reward_baselines", "greedy_rewards"), lambda b: b.baseline
    ),
    "sum_pi_squared": Quantity(
        "[B, L] sum over the vocabulary of pi^2", ("sum_pi_squared",), lambda b: b.sum_pi_squared
    ),
    "logp": Quantity(
        "[B, L] log pi of the policy that learns; the gradient is taken here",
        ("logp", "log_prob", "log_probs", "logprobs", "logps", "new_logp", "per_token_logps"),
        lambda b: b.logp,
    ),
    "old_logp": Quantity(
        "[B, L] log pi of the policy that wrote the texts",
        (
            "old_logp",
            "old_log_prob",
            "old_log_probs",
            "old_logprobs",
            "old_logps",
            "old_per_token_logps",
            "rollout_log_probs",
        ),
        lambda b: b.old_logp,
    ),
    "advantages": Quantity("[B, L] advantages, constants", ("advantages", "advantage", "adv"), lambda b: b.advantage),
    "new_values": Quantity(
        "[B, L] the critic's prediction; the gradient of a value loss is taken here",
        ("new_values", "vpreds", "value_preds", "predicted_values"),
        lambda b: b.new_value,
    ),
    "targets": Quantity(
        "[B, L] regression targets of the critic", ("returns", "targets", "value_targets"), lambda b: b.target
    ),
    "gamma": Quantity("the discount", ("gamma", "discount"), lambda b: b.gamma, number=True),
    "lam": Quantity("lambda of GAE", ("lam", "lambda_", "lmbda", "gae_lambda"), lambda b: b.lam, number=True),
    "clip": Quantity(
        "the clip of the ratio, 0.2",
        ("clip", "clip_eps", "cliprange", "clip_range", "clip_ratio", "eps_clip", "clip_coef"),
        lambda b: 0.2,
        number=True,
    ),
    "eps": Quantity("a number added to a deviation, 1e-6", ("eps", "epsilon"), lambda b: 1e-6, number=True),
    "max_length": Quantity(
        "the longest text allowed",
        ("max_length", "max_completion_length", "horizon", "loss_scale_factor"),
        lambda b: 8,
        number=True,
    ),
    "batch_tokens": Quantity(
        "positions that train in the whole batch",
        ("batch_num_tokens", "num_items_in_batch", "total_tokens"),
        lambda b: b.whole.tokens,
    ),
    "batch_rows": Quantity("texts of the whole batch", ("global_batch_size",), lambda b: b.whole.rows),
    "ranks": Quantity(
        "data-parallel processes, whose gradients are averaged", ("dp_size", "world_size"), lambda b: b.whole.ranks
    ),
    "micro_batches": Quantity(
        "parts in which the function takes the batch",
        ("micro_batches", "num_micro_batches"),
        lambda b: b.whole.micro_batches,
    ),
}
OF = {name: quantity for quantity, (_, names, _, _) in NAMES.items() for name in names}  # parameter -> quantity


def kind_of(quantities: frozenset[str]) -> Kind | None:
    """What a function with these quantities computes; None if they do not say."""
    if "logp" in quantities and quantities & {"advantages", "rewards", "scores"}:
        return "loss"
    if {"new_values", "targets"} <= quantities:
        return "value loss"
    if quantities & {"rewards", "scores"}:
        return "advantages"
    return None
