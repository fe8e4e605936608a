"""What changes the identity of a class that a notebook defines, and what does not."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from envs.custom.interactive import code_of, is_interactive
from envs.custom.sources import SOURCE, describe_class

CELL = """
import math

SCALE = 2.0
UNUSED = 1

def helper(x):
    return math.sqrt(x) * SCALE

class Base:
    def first(self):
        return 1

class Mine(Base):
    level = 3

    @property
    def value(self):
        return [helper(x) for x in (1, 2)]

    @staticmethod
    def other(x=5, *, y=6):
        return lambda z: x + y + z
"""


def defined(text: str) -> type:
    """The class Mine of a cell, as a notebook defines it."""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(textwrap.dedent(text), "<cell>", "exec"), names)
    kind: type = names["Mine"]
    return kind


def test_the_same_cell_has_the_same_identity() -> None:
    assert is_interactive(defined(CELL))
    assert code_of(defined(CELL)) == code_of(defined(CELL))
    assert code_of(defined(CELL))[1] == {"math", "builtins"}
    described = describe_class(defined(CELL))
    assert described["class"] == "__main__.Mine"
    assert len(described[SOURCE]) == 16


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return 1", "return 2"),  # a base
        ("level = 3", "level = 4"),
        ("SCALE = 2.0", "SCALE = 2.5"),  # what a helper names
        ("sqrt(x)", "sqrt(x + 1)"),
        ("(1, 2)", "(1, 3)"),
        ("x=5", "x=7"),
        ("y=6", "y=7"),
        ("x + y + z", "x + y - z"),  # a function within
        ("math.sqrt", "math.exp"),
    ],
)
def test_an_edit_that_may_move_numbers_changes_it(old: str, new: str) -> None:
    assert CELL.count(old) == 1
    assert describe_class(defined(CELL)) != describe_class(defined(CELL.replace(old, new)))


def test_an_edit_of_something_else_does_not() -> None:
    assert describe_class(defined(CELL)) == describe_class(defined(CELL.replace("UNUSED = 1", "UNUSED = 2")))
    assert describe_class(defined(CELL)) == describe_class(defined("\n\n# a remark\n" + CELL))


def test_a_helper_that_is_defined_anew_counts_at_once() -> None:
    kind = defined(CELL)
    before = describe_class(kind)
    kind.value.fget.__globals__["helper"] = lambda x: x  # type: ignore[attr-defined]
    assert describe_class(kind) != before
