"""Changes of a batch that must not change what a function computes: masks, padding, order, names of prompts.

Each is tried on batches from the smallest to the largest, so that the first break is an example to read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from algorithms.conformance.finding import Finding
from algorithms.conformance.foreign.adapters.adapter import Foreign, Kind
from algorithms.conformance.foreign.texts import GARBAGE, Texts, texts

SIZES = ((1, 2, 1), (1, 2, 2), (1, 3, 2), (2, 2, 2), (2, 3, 3), (3, 4, 5))  # prompts, texts of each, positions
CLOSE = 2e-5  # some functions compute in single precision
ALL: tuple[Kind, ...] = ("advantages", "loss", "value loss")
READ = {  # quantity -> the array of a batch that an example shows
    "rewards": "reward", "scores": "reward", "mask": "mask", "exists": "exists", "groups": "group", "values": "value",
    "logp": "logp", "old_logp": "old_logp", "advantages": "advantage", "new_values": "new_value", "targets": "target",
    "baselines": "baseline", "sum_pi_squared": "sum_pi_squared",
}  # fmt: skip


class Pair(NamedTuple):
    """Two batches with the same result: `back` brings the second one's to the positions of the first.

    only  the texts that are compared, as booleans [B]; None: all
    """

    before: Texts
    after: Texts
    back: Callable[[Tensor], Tensor]
    only: Tensor | None = None


class Change(NamedTuple):
    """A rule: what does not matter, what a function must read for it to be tested, and the pair of batches."""

    rule: str
    needs: frozenset[str]
    make: Callable[[Texts], Pair | None]  # None: not possible on a batch of this size
    kinds: tuple[Kind, ...] = ALL
    without: frozenset[str] = frozenset()  # a function that reads one of these is not tested


def same(x: Tensor) -> Tensor:
    """The result as it is."""
    return x


def batches(foreign: Foreign, sizes: tuple[tuple[int, int, int], ...] = SIZES) -> list[Texts]:
    """Batches from the smallest to the largest; discounted for functions that read a discount."""
    gamma = 0.9 if "gamma" in foreign.takes else 1.0
    return [texts(*size, gamma=gamma) for size in sizes]


def examine(foreign: Foreign, change: Change) -> Finding | None:
    """The finding of one change; None where the function does not read what it is about."""
    if foreign.kind not in change.kinds or not change.needs <= foreign.takes or change.without & foreign.takes:
        return None
    tried, worst = False, 0.0
    made = batches(foreign)
    for batch in made:
        pair = change.make(batch)
        if pair is None:
            continue
        last = batch is made[-1]
        try:
            before, after = foreign(pair.before), pair.back(foreign(pair.after))
        except Exception:
            if last:
                raise
            continue  # a batch too small for the function, as one text has no deviation
        off = difference(before, after, pair)
        if off is None and not last:
            continue
        tried, worst = True, max(worst, torch.inf if off is None else off)
        if worst > CLOSE:
            return Finding(
                change.rule, False, f"expected no difference; seen {worst:.3g}", example(foreign, pair, before, after)
            )
    return Finding(change.rule, True, f"expected no difference; seen {worst:.2g}") if tried else None


def difference(before: Tensor, after: Tensor, pair: Pair) -> float | None:
    """The largest difference on positions that train, relative to the largest number; None where one is not finite."""
    on = pair.before.train if pair.only is None else pair.before.train & pair.only[:, None]
    if not bool(on.any()):
        return None
    size = float(before[on].abs().max())
    off = float((before - after)[on].abs().max())
    return off / max(1.0, size) if before[on].isfinite().all() and after[on].isfinite().all() else None


def example(foreign: Foreign, pair: Pair, before: Tensor, after: Tensor) -> str:
    """What the function was given, what it computed, and what changed."""
    first, second = shown(foreign, pair.before), shown(foreign, pair.after)
    word = {"advantages": "advantages", "loss": "-d loss/d logp", "value loss": "-d loss/d V"}[foreign.kind]
    on = pair.before.mask
    lines = [f"{name} {first[name]}" for name in first]
    lines += [f"changed: {name} {second[name]}" for name in second if second[name] != first.get(name)]
    lines += [f"{word} {numbers(before * on)}, after the change {numbers(after * on)}"]
    return "\n".join(lines)


def shown(foreign: Foreign, batch: Texts) -> dict[str, str]:
    """The arrays that the function reads, as text."""
    arrays = {name: getattr(batch, field) for name, field in READ.items() if name in foreign.takes}
    return {name: numbers(x.sum(1) if name == "scores" else x) for name, x in arrays.items()}


def numbers(x: Tensor) -> str:
    """An array in a line, with four digits."""

    def plain(value: object) -> str:
        if isinstance(value, list):
            return f"[{', '.join(map(plain, value))}]"
        return f"{value + 0.0:.4g}" if isinstance(value, float) else str(value)

    return plain(x.tolist())


def _garbage(batch: Texts) -> Pair:
    """Other numbers, of both policies and of the critic, where nothing trains; rewards stay."""
    fields = {"logp": 1.0, "old_logp": -1.0, "advantage": GARBAGE, "value": GARBAGE, "new_value": GARBAGE}
    fields |= {"target": -GARBAGE, "sum_pi_squared": 0.5}
    wide = batch.columns(0, 1)
    dead = ~wide.train
    changed = {name: torch.where(dead, x, getattr(wide, name)) for name, x in fields.items()}
    return Pair(wide, wide.each(**changed), same)


def silent(foreign: Foreign) -> Finding | None:
    """Losses have no gradient where nothing trains, whatever stands there; None for a function that reads no mask."""
    if foreign.kind == "advantages" or "mask" not in foreign.takes:
        return None
    rule, worst = "masked positions have no gradient", 0.0
    for batch in batches(foreign):
        pair = _garbage(batch)
        made = foreign(pair.after)
        worst = max(worst, float(made[~pair.after.train].abs().max()))
        if not worst < CLOSE:
            text = "\n".join(
                [*(f"{name} {x}" for name, x in shown(foreign, pair.after).items()), f"gradient {numbers(made)}"]
            )
            return Finding(rule, False, f"expected 0; seen {worst:.3g}", text)
    return Finding(rule, True, f"expected 0; seen {worst:.2g}")


def _padded_right(batch: Texts) -> Pair:
    return Pair(batch, batch.columns(0, 2), lambda x: x[:, :-2])


def _padded_left(batch: Texts) -> Pair:
    return Pair(batch, batch.columns(2, 0), lambda x: x[:, 2:])


def _hole(batch: Texts) -> Pair:
    """A position that does not train, as a tool's answer, after the first position of every text."""

    def wider(x: Tensor) -> Tensor:
        return torch.cat([x[:, :1], torch.zeros_like(x[:, :1]), x[:, 1:]], 1)

    grids = {name: wider(x) for name, x in batch.tensors().items() if x.dim() == 2}
    grids["exists"][:, 1] = 1
    grids["value"][:, 1] = GARBAGE
    return Pair(batch, batch.each(**grids), lambda x: torch.cat([x[:, :1], x[:, 2:]], 1))


def _mixed(batch: Texts) -> Pair | None:
    """The texts in another order, those of a prompt no longer adjacent."""
    if len(batch.mask) < 2:
        return None
    rows = len(batch.mask)
    order = torch.arange(rows).reshape(-1, batch.group_size).T.flatten().flip(0)
    return _ordered(batch, order)


def _groups_mixed(batch: Texts) -> Pair | None:
    """Prompts, and the texts within each, in another order."""
    order = torch.arange(len(batch.mask)).reshape(-1, batch.group_size).flip(0).roll(1, 1).flatten()
    return _ordered(batch, order)


def _ordered(batch: Texts, order: Tensor) -> Pair:
    back = order.argsort()
    return Pair(batch, batch.rows(order), lambda x: x[back])


def _renamed(batch: Texts) -> Pair:
    return Pair(batch, batch.each(group=(batch.group * 5 + 3) % 17), same)


def _cut_text(batch: Texts) -> Pair | None:
    """The last text does not train: it is of one token, or of as many as there is room for."""
    if len(batch.mask) < 2 or batch.mask.shape[1] < 2:
        return None
    dead = {name: x.clone() for name, x in batch.tensors().items() if name in ("mask", "reward", "exists")}
    for x in dead.values():
        x[-1] = 0
    short, long = ({**dead, "exists": dead["exists"].clone()} for _ in range(2))
    short["exists"][-1, :1], long["exists"][-1] = 1, 1
    return Pair(batch.each(**short), batch.each(**long), same)


CHANGES = (
    Change("what stands in masked positions has no influence", frozenset({"mask"}), _garbage),
    Change("how long a text is that does not train has no influence", frozenset({"mask", "exists"}), _cut_text),
    Change("padding on the right does not matter", frozenset({"mask"}), _padded_right),
    Change("padding on the left does not matter", frozenset({"mask"}), _padded_left),
    Change("masked positions inside a text do not matter", frozenset({"mask"}), _hole),
    Change("the order of texts does not matter", frozenset(), _mixed, ALL, frozenset({"group_size"})),
    Change("the order of prompts does not matter", frozenset({"group_size"}), _groups_mixed),
    Change("the numbers of prompts are only names", frozenset({"groups"}), _renamed),
)  # fmt: skip
