"""Arguments of Python calls as the flags that the command line has, and its errors in the words of arguments."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from benchmarks.cli.lookup import split
from benchmarks.validation.numbers import whole_number
from envs.validation import UsageError

T = TypeVar("T")
FLAG = re.compile(r"--([a-z][a-z-]*)")
NAMES = {"set": "sets"}  # flags whose argument has another name


def as_list(argument: str, given: str | T | Sequence[str | T]) -> list[str | T]:
    """One or several, as a list; a string may name several, separated by commas, as on the command line."""
    if isinstance(given, str):
        return [*split(given)]
    several = list(given) if isinstance(given, Sequence) else [given]
    if not several:
        raise UsageError(f"{argument} names nothing")
    return several


def assignments(sets: Mapping[str, object] | Sequence[str]) -> tuple[str, ...]:
    """`--set` of each field: {"estimator.credit.lam": [0.9, 1]} as estimator.credit.lam=0.9,1; strings as they are.

    A list names several values; a tuple is one value, such as the widths of a network.
    """
    if isinstance(sets, str):
        return (sets,)
    if not isinstance(sets, Mapping):
        return tuple(sets)
    return tuple(
        f"{path}={','.join(map(_text, values if isinstance(values, list) else [values]))}"
        for path, values in sets.items()
    )


def _text(value: object) -> str:
    return f"({','.join(map(str, value))},)" if isinstance(value, tuple) else str(value)


def count(name: str, value: float) -> int:
    """A whole number of at least 1, also where it is written as 2e5."""
    try:
        number = whole_number(str(value))
    except ValueError as error:
        raise UsageError(f"{name} takes {error}") from None
    if number < 1:
        raise UsageError(f"{name} must be at least 1, not {value}")
    return number


def said(progress: bool) -> contextlib.AbstractContextManager[object]:
    """What is said on standard error is shown, or not."""
    return contextlib.nullcontext() if progress else contextlib.redirect_stderr(io.StringIO())


@contextlib.contextmanager
def arguments_for_flags() -> Iterator[None]:
    """Errors that name a flag of the command line name the argument instead."""
    try:
        yield
    except UsageError as error:
        text = FLAG.sub(lambda match: NAMES.get(match[1], match[1].replace("-", "_")), str(error))
        if text == str(error):
            raise
        raise UsageError(text) from None
