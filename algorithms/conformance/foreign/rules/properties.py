"""Properties that an estimator may or may not have: they are reported, and judged only where they are promised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from algorithms.conformance.foreign.adapters.adapter import Foreign
from algorithms.conformance.foreign.rules import weights
from algorithms.conformance.foreign.rules.changes import SIZES, Pair, batches, difference, example, same
from algorithms.conformance.foreign.texts import GARBAGE, Texts

CLOSE = 1e-3  # relative; an epsilon that is added to a deviation is no break
LARGEST = len(SIZES) - 1


@dataclass(frozen=True)
class Property:
    """A property: its name for `--promise`, what it says, whether the function has it, and an example if it has not."""

    name: str
    says: str
    holds: bool
    example: str = ""


SAYS = {
    "texts": "each text is treated alone",
    "groups": "other prompts have no influence",
    "shift": "a constant on every text's reward changes nothing",
    "linear": "rewards times 2 give advantages times 2",
    "scale_free": "rewards times 2 give the same advantages",
    "masked_rewards": "a reward in a masked position has no influence",
    "masked_texts": "a text that is masked out wholly does not move the others",
    **weights.SAYS,
}


def examine(foreign: Foreign) -> list[Property]:
    """The properties of a function of this kind."""
    reads_values = "values" in foreign.takes
    if foreign.kind != "advantages":
        found = [_of(foreign, "texts", _others_advantage)] if "advantages" in foreign.takes else []
        means = weights.means(foreign)
        return found + [Property(name, SAYS[name], name in means) for name in weights.SAYS]
    found = [_of(foreign, "texts", _others_reward)]
    if foreign.takes & {"groups", "group_size"}:
        found.append(_of(foreign, "groups", _other_groups_reward))
    if not reads_values:
        found.append(_of(foreign, "shift", _shifted))
    found += [_of(foreign, "linear", _doubled(0.5)), _of(foreign, "scale_free", _doubled(1.0))]
    if {"mask", "rewards"} <= foreign.takes:
        found.append(_of(foreign, "masked_rewards", _paid_padding))
    if "mask" in foreign.takes and "group_size" not in foreign.takes:
        found.append(_of(foreign, "masked_texts", _masked_text))
    return found


def _of(foreign: Foreign, name: str, make: Callable[[Texts], Pair | None]) -> Property:
    """Tested on batches from the smallest to the largest; those in which a difference cannot be computed are left out."""
    for i, batch in enumerate(batches(foreign)):
        pair = make(batch)
        if pair is None:
            continue
        try:
            before, after = foreign(pair.before), pair.back(foreign(pair.after))
        except Exception:
            if i == LARGEST:
                raise
            continue
        off = difference(before, after, pair)
        if off is not None and off > CLOSE * (1 if i == LARGEST else 20):
            return Property(name, SAYS[name], False, example(foreign, pair, before, after))
    return Property(name, SAYS[name], True)


def paid_at_end(batch: Texts, amount: Tensor) -> Texts:
    """The batch with this much more, [B], on the last position of each text that trains."""
    return batch.each(reward=batch.reward + amount[:, None] * batch.done())


def _others_reward(batch: Texts) -> Pair | None:
    """The advantages of all texts but the second, when that one is paid more."""
    if len(batch.mask) < 2:
        return None
    amount = torch.zeros(len(batch.mask), dtype=torch.float64)
    amount[1] = 1.0
    return Pair(batch, paid_at_end(batch, amount), same, torch.arange(len(amount)) != 1)


def _other_groups_reward(batch: Texts) -> Pair | None:
    """The advantages of all prompts but the last, when a text of the last is paid more."""
    if int(batch.group.max()) == int(batch.group.min()):
        return None
    amount = torch.zeros(len(batch.mask), dtype=torch.float64)
    amount[-1] = 1.0
    return Pair(batch, paid_at_end(batch, amount), same, batch.group != batch.group[-1])


def _others_advantage(batch: Texts) -> Pair | None:
    if len(batch.mask) < 2:
        return None
    other = batch.advantage.clone()
    other[1] *= 3.0
    return Pair(batch, batch.each(advantage=other), same, torch.arange(len(other)) != 1)


def _shifted(batch: Texts) -> Pair:
    more = torch.full((len(batch.mask),), 2.0, dtype=torch.float64)
    return Pair(batch, replace(paid_at_end(batch, more), baseline=batch.baseline + 2.0), same)


def _paid_padding(batch: Texts) -> Pair:
    """Rewards where nothing trains, after the end of every text."""
    wide = batch.columns(0, 1)
    return Pair(wide, wide.each(reward=torch.where(wide.train, wide.reward, GARBAGE)), same)


def _masked_text(batch: Texts) -> Pair | None:
    """The first text of a prompt is masked out wholly, or is not there."""
    if batch.group_size < 3:
        return None
    rest = batch.rows(torch.arange(1, len(batch.mask)))
    mask = batch.mask.clone()
    mask[0] = 0
    return Pair(rest, batch.each(mask=mask), lambda x: x[1:])


def _doubled(factor: float) -> Callable[[Texts], Pair]:
    """Rewards, values and baselines times 2; the result times `factor` must be what it was."""

    def make(batch: Texts) -> Pair:
        twice = batch.each(reward=2 * batch.reward, value=2 * batch.value, baseline=2 * batch.baseline)
        return Pair(batch, twice, lambda x: factor * x)

    return make
