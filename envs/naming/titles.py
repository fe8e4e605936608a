"""Names for readers: how a figure calls what a command line calls `baseline_value` or `lock/medium`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_VERSION = re.compile(r"-v\d+$")


def title_of_variant(name: str) -> str:
    """`baseline_value` as "Baseline value". A name with spaces or capitals is words already: only its start changes."""
    return _capitalised(name if " " in name or name != name.lower() else name.replace("_", " "))


def title_of_task(name: str, family: str = "") -> str:
    """`lock/sparse-medium` as "Lock (sparse, medium)", `CartPole-v1` and `gymnasium:CartPole-v1` as "CartPole".

    family  what stands for the part before a slash
    """
    if " " in name:
        return _capitalised(name)
    plain = _VERSION.sub("", name.rpartition(":")[2])
    if plain != name.rpartition(":")[2]:
        return plain.rpartition("/")[2]
    head, _, rest = plain.partition("/")
    words = _capitalised(head if head != head.lower() else head.replace("_", " "))
    return f"{family or words} ({rest.replace('-', ', ').replace('_', ' ')})" if rest else words


def distinct(titles: Mapping[str, str]) -> dict[str, str]:
    """The titles by name; names that share one are shown as they are."""
    counts = _counted(titles.values())
    return {name: title if counts[title] == 1 else name for name, title in titles.items()}


def _counted(titles: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for title in titles:
        counts[title] = counts.get(title, 0) + 1
    return counts


def _capitalised(text: str) -> str:
    """With a capital at the start; the rest stays."""
    return text[:1].upper() + text[1:]
