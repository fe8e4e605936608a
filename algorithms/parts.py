"""Whether what a user composes is what it must be: each part has all members of its protocol, and returns its shape."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from torch import Tensor


def members(protocol: type) -> list[str]:
    """What a class must have to follow the protocol, in the order in which it is declared."""
    methods = (name for name in vars(protocol) if name == "__call__" or not name.startswith("_"))
    return list(dict.fromkeys([*inspect.get_annotations(protocol), *methods]))


def check_parts(owner: object, protocols: Mapping[str, type]) -> None:
    """TypeError that names the part and what it lacks, where a field of `owner` does not follow its protocol.

    protocols  by field; a field that is None is not there
    """
    for name, protocol in protocols.items():
        part = getattr(owner, name)
        if part is None:
            continue
        if isinstance(part, type):
            raise TypeError(f"{name} is the class {part.__name__}; it takes an instance, {part.__name__}(...)")
        if missing := [member for member in members(protocol) if not hasattr(part, member)]:
            raise TypeError(
                f"{name} {type(part).__name__} lacks {', '.join(missing)}: a {name} has all of {protocol.__module__}: "
                f"{protocol.__name__}"
            )


def check_shape(what: str, part: object, found: object, like: Tensor) -> None:
    """TypeError or ValueError that names the part, where it did not return a tensor of the shape of `like` [T, P, N].

    An axis of 1 stands for any length. Fewer axes would be broadcast from the last one, so [P] would be read as [N].
    """
    owner, expected = f"{what} {type(part).__name__}", f"a tensor [T, P, N] of {list(like.shape)}"
    if not isinstance(found, Tensor):
        raise TypeError(f"{owner} returned {type(found).__name__}, not {expected}")
    fits = found.dim() == like.dim() and all(n in (1, m) for n, m in zip(found.shape, like.shape, strict=True))
    if not fits:
        raise ValueError(f"{owner} returned a tensor of {list(found.shape)}, not {expected}")


def with_state(what: str, part: object, found: object) -> tuple[Tensor, dict[str, Tensor]]:
    """What a part with a state returned; TypeError that names the part, where it is no pair of a tensor and a dict."""
    if not isinstance(found, tuple) or len(found) != 2 or not isinstance(found[1], dict):
        shown = (
            f"({', '.join(type(one).__name__ for one in found)})" if isinstance(found, tuple) else type(found).__name__
        )
        raise TypeError(
            f"{what} {type(part).__name__} returned {shown}, not the pair (tensor [T, P, N], dict of its state)"
        )
    return found
