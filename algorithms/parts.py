"""Whether what a user composes is what it must be: each part has all members of its protocol."""

from __future__ import annotations

import inspect
from collections.abc import Mapping


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
