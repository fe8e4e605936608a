"""Fields of an algorithm and its training, set by path: as values, or as texts of `--set path=value`.

A path names a field: `training.learning_rate`, `estimator.credit.lam`, `schedule.epochs`, `update.delta`. A text is read by
the type that the field declares.
"""

from __future__ import annotations

import ast
import math
import re
import types
from collections.abc import Iterable, Mapping
from dataclasses import Field, fields, is_dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from algorithms.algorithm import Algorithm
from algorithms.training_config import TrainingConfig
from algorithms.tunable import Range, replace_all
from benchmarks.validation.numbers import whole_number
from envs.validation import UnknownName, UsageError

A = TypeVar("A")
ROOTS = ("estimator", "schedule", "training")


class Unreadable(ValueError):
    """The text is no value of the type."""


def apply_overrides(algorithm: A, training: TrainingConfig, values: Mapping[str, Any]) -> tuple[A, TrainingConfig]:
    """(algorithm, training) with the named fields at these values, each checked by its own dataclass.

    A list, as JSON has them, becomes a tuple.
    """
    return replace_all(algorithm, training, ((k, tuple(v) if isinstance(v, list) else v) for k, v in values.items()))


def parse_assignments(algorithm: Algorithm, training: TrainingConfig, assignments: Iterable[str]) -> dict[str, Any]:
    """`path=value` settings as values by path: `estimator...`, `schedule...`, `training...`.

    UsageError for a path that is not there, a text that is no value of the field's type, and a value that is refused.
    """
    values: dict[str, Any] = {}
    for assignment in assignments:
        path, text = split_assignment(assignment)
        owner, field = _owner_and_field(algorithm, training, path)
        values[path] = _value(owner, field, text, path)
        try:
            algorithm, training = apply_overrides(algorithm, training, {path: values[path]})
        except (ValueError, TypeError) as error:  # its dataclass refuses it; TypeError: a check that expects no None
            raise UsageError(f"--set {path}={text}: {error}") from error
    return values


def split_assignment(assignment: str) -> tuple[str, str]:
    """(path, text) of `path=text`; UsageError for another form."""
    path, equals, text = (part.strip() for part in assignment.partition("="))
    first, _, rest = path.partition(".")
    if not equals or not rest or first not in ROOTS:
        raise UsageError(f"--set takes estimator.FIELD=, schedule.FIELD= or training.FIELD=, not {assignment!r}")
    return path, text


def alternatives(algorithm: Algorithm, training: TrainingConfig, path: str, text: str) -> list[str]:
    """The values that a text lists, `.9,.95,1` or `(64,64),(32,)`; the text itself where it is one value of the field.

    UsageError for a path that is not there.
    """
    owner, field = _owner_and_field(algorithm, training, path)
    try:
        parse_text(text, _kind(owner, field))
        return [text]
    except Unreadable:
        return [part.strip() for part in re.split(r",(?![^(\[]*[)\]])", text) if part.strip()]


def _owner_and_field(algorithm: Algorithm, training: TrainingConfig, path: str) -> tuple[Any, Field[Any]]:
    first, _, rest = path.partition(".")
    root = training if first == "training" else getattr(algorithm, first, None)
    if root is None:
        raise UsageError(f"--set {path}: {algorithm.name} has no {first}")
    return _field(root, rest.split("."), path)


def _field(owner: Any, names: list[str], path: str) -> tuple[Any, Field[Any]]:
    """The dataclass that holds the field at this path, and the field."""
    for i, name in enumerate(names):
        if not is_dataclass(owner):
            before = ".".join([path.partition(".")[0], *names[:i]])
            raise UsageError(f"--set {path}: {before} is {owner!r} here and has no fields")
        by_name = {f.name: f for f in fields(owner)}
        if name not in by_name:
            raise UnknownName(f"field of {type(owner).__name__} in --set {path}", name, by_name)
        if i == len(names) - 1:
            return owner, by_name[name]
        owner = getattr(owner, name)
    raise AssertionError("a path has one name at least")


def _value(owner: Any, field: Field[Any], text: str, path: str) -> Any:
    """`text` as a value of the field's declared type."""
    present = getattr(owner, field.name)
    kind = _kind(owner, field)
    try:
        return parse_text(text, kind)
    except Unreadable:
        if is_dataclass(present):
            inner = ", ".join(f.name for f in fields(present)) or "it has none"
            what = f"--set {path} names {type(present).__name__}; name one of its fields: {inner}"
        elif present is None and describe_type(kind) == "None":
            what = f"--set {path}: it takes an object, which cannot be written as text; choose another variant"
        else:
            what = f"--set {path} takes {describe_type(kind)} (now {present!r}), not {text!r}"
        raise UsageError(what) from None


def _kind(owner: Any, field: Field[Any]) -> Any:
    """The type that a text is read by."""
    search = field.metadata.get("search")
    # an integer is declared as a number for a population's sake
    return int if isinstance(search, Range) and search.integer else _hint(owner, field)


def _hint(owner: Any, field: Field[Any]) -> Any:
    """The declared type; that of the present value where a class of the user's has names that cannot be resolved."""
    try:
        return get_type_hints(type(owner))[field.name]
    except (NameError, TypeError, KeyError):
        return type(getattr(owner, field.name))


def parse_text(text: str, kind: Any) -> Any:
    """`text` as a value of a type: None, bool, int, float, str, Literal, tuple, Any, and unions of them, in that order.

    Unreadable for other types (a whole dataclass cannot be written on a command line) and for what does not fit.
    """
    members = _members(kind)
    for one in sorted(members, key=_rank):
        try:
            return _READERS[_name(one)](text, one)
        except (KeyError, Unreadable):
            continue
    raise Unreadable(text)


def _members(kind: Any) -> tuple[Any, ...]:
    """The types of a union, or the one type."""
    return get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)


def _name(kind: Any) -> str:
    origin = get_origin(kind)
    if origin is Literal:
        return "Literal"
    return str(getattr(origin or kind, "__name__", kind))


def _rank(kind: Any) -> int:
    order = list(_READERS)
    return order.index(_name(kind)) if _name(kind) in order else len(order)


def _none(text: str, _: Any) -> None:
    if text.lower() != "none":
        raise Unreadable(text)


def _bool(text: str, _: Any) -> bool:
    if text.lower() not in ("true", "false"):
        raise Unreadable(text)
    return text.lower() == "true"


def _int(text: str, _: Any) -> int:
    try:
        return whole_number(text)
    except ValueError:
        raise Unreadable(text) from None


def _float(text: str, _: Any) -> float:
    if not re.fullmatch(r"[+-]?(inf|(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(e[+-]?\d+)?)", text.lower()):
        raise Unreadable(text)
    value = float(text)
    if math.isinf(value) and "inf" not in text.lower():  # 1e999: larger than any float
        raise Unreadable(text)
    return value


def _literal(text: str, kind: Any) -> Any:
    for value in get_args(kind):
        if text.strip("'\"") == str(value):
            return value
    raise Unreadable(text)


def _tuple(text: str, kind: Any) -> tuple[Any, ...]:
    inner = text.strip()
    if inner[:1] + inner[-1:] in ("()", "[]"):
        inner = inner[1:-1]
    words = [word.strip() for word in inner.split(",")]
    if words[-1] == "":
        words.pop()  # of "64," or an empty tuple
    types = get_args(kind)
    if len(types) == 2 and types[1] is Ellipsis:
        types = (types[0],) * len(words)
    if len(types) != len(words):
        raise Unreadable(text)
    return tuple(parse_text(word, one) for word, one in zip(words, types, strict=True))


def _str(text: str, _: Any) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def _any(text: str, _: Any) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


_READERS: dict[str, Any] = {
    "NoneType": _none,
    "bool": _bool,
    "Literal": _literal,
    "int": _int,
    "float": _float,
    "tuple": _tuple,
    "str": _str,
    "Any": _any,
}
_EXAMPLES = {"int": "int, as 8", "float": "float, as .95", "bool": "true or false", "str": "a text", "NoneType": "None"}


def describe_type(kind: Any) -> str:
    """A type in words, with an example: "float, as .95, or None"; nothing for the parts that no text describes."""
    words = []
    for one in sorted(_members(kind), key=lambda k: (k is type(None), _rank(k))):
        name = _name(one)
        if name == "Literal":
            words.append(f"one of {', '.join(map(str, get_args(one)))}")
        elif name == "tuple":
            inner = get_args(one)
            example = "64,64" if len(inner) == 2 and inner[1] is Ellipsis else ",".join(["1"] * len(inner))
            words.append(f"tuple, as {example}")
        elif name in _READERS:
            words.append(_EXAMPLES.get(name, "a text"))
    return ", or ".join(words)
