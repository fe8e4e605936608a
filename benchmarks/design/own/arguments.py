"""`--env-kwargs NAME=VALUE`: arguments of the constructor of a user's environment."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from envs.custom.making import Arguments
from envs.validation import UsageError


def parse_env_kwargs(texts: Iterable[str]) -> Arguments:
    """The arguments as (name, value) pairs. A value is a number, true or false, None, a list or tuple of these, or a text.

    UsageError for another form, and for a name that is given twice.
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not value or not name.isidentifier():
            raise UsageError(f"--env-kwargs takes NAME=VALUE, as size=5, not {text!r}")
        if name in found:
            raise UsageError(f"--env-kwargs gives {name} twice; a run has one value of it")
        found[name] = _value(text, value)
    return tuple(found.items())


def _value(text: str, value: str) -> Any:
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    try:
        return _plain(ast.literal_eval(value))
    except (ValueError, SyntaxError):
        return value
    except TypeError:
        raise UsageError(
            f"--env-kwargs {text}: a value is a number, true, false, None, a text or a list of these; register the "
            "environment with gymnasium.register to give it anything else"
        ) from None


def _plain(value: Any) -> Any:
    """The value, with lists as tuples, as a file that holds it is read again; TypeError for what no file can hold."""
    if isinstance(value, (list, tuple)):
        return tuple(_plain(item) for item in value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(type(value).__name__)
