"""Parts that lack a member of their protocol are refused by name, when the estimator or the variant is made."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from algorithms import VARIANTS
from algorithms.composition import Update
from algorithms.estimators.baseline import Zero
from algorithms.estimators.estimator import PARTS, Estimator
from algorithms.parts import members

GAE = VARIANTS["gae"]
PROTOCOLS = [*PARTS.items(), ("update", Update)]


def without(protocol: type, left_out: str) -> Any:
    """A part that has every member of the protocol but one."""
    has = {name: (lambda *_: None) for name in members(protocol) if name != left_out}
    return type("Mine", (), has)()


@pytest.mark.parametrize(
    ("part", "member"), [(part, name) for part, protocol in PROTOCOLS for name in members(protocol)]
)
def test_each_member_of_each_protocol_is_named_where_it_is_missing(part: str, member: str) -> None:
    mine = without(dict(PROTOCOLS)[part], member)
    with pytest.raises(TypeError, match=f"^{part} Mine lacks {member}: a {part} has all of algorithms"):
        replace(GAE, update=mine) if part == "update" else replace(GAE.estimator, **{part: mine})


def test_members_of_a_protocol_are_its_attributes_and_methods() -> None:
    assert members(PARTS["baseline"]) == ["critic", "needs_score_norms", "needs_greedy_return", "initial", "__call__"]
    assert members(Update) == ["exact", "by_optimiser", "step"]


def test_a_class_in_the_place_of_an_instance_is_named() -> None:
    with pytest.raises(TypeError, match=r"^baseline is the class Zero; it takes an instance, Zero\(...\)"):
        replace(GAE.estimator, baseline=Zero)


@pytest.mark.parametrize("part", ["estimator", "schedule"])
def test_what_is_no_estimator_or_schedule_is_named(part: str) -> None:
    with pytest.raises(TypeError, match=f"^{part} is of class SimpleNamespace, which is no {part.capitalize()}"):
        replace(GAE, **{part: SimpleNamespace()})


def test_every_variant_of_ours_has_all_members() -> None:
    made = [variant for variant in VARIANTS.values() if isinstance(variant.estimator, Estimator)]
    assert len(made) == len(VARIANTS)
    assert [replace(variant, name="again").name for variant in made] == ["again"] * len(made)
