"""Parts that lack a member of their protocol are refused by name, when the estimator or the variant is made."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from algorithms import VARIANTS
from algorithms.composition import Update
from algorithms.conformance.estimator import examine
from algorithms.estimators.baseline import Zero
from algorithms.estimators.estimator import PARTS, Estimator
from algorithms.estimators.surrogate import Score
from algorithms.parts import check_shape, members, with_state

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


def test_a_part_may_return_its_shape_or_axes_of_one() -> None:
    like = torch.zeros(2, 3, 4)
    for shape in ((2, 3, 4), (2, 3, 1), (1, 3, 4)):
        check_shape("baseline", Zero(), torch.zeros(shape), like)


@pytest.mark.parametrize("shape", [(), (4,), (3, 4), (2, 3, 5), (3, 2, 4)])
def test_another_shape_is_named_with_the_part_and_what_is_expected(shape: tuple[int, ...]) -> None:
    """[4] would be broadcast over time and members."""
    message = re.escape(f"baseline Zero returned a tensor of {list(shape)}, not a tensor [T, P, N] of [2, 3, 4]")
    with pytest.raises(ValueError, match=message):
        check_shape("baseline", Zero(), torch.zeros(shape), torch.zeros(2, 3, 4))


def test_what_is_no_tensor_or_no_pair_with_a_state_is_named() -> None:
    with pytest.raises(TypeError, match=r"^scale Zero returned float, not a tensor \[T, P, N\] of \[2\]"):
        check_shape("scale", Zero(), 0.5, torch.zeros(2))
    for found, shown in ((torch.zeros(2), "Tensor"), ((torch.zeros(2), None), r"\(Tensor, NoneType\)")):
        with pytest.raises(TypeError, match=f"^baseline Zero returned {shown}, not the pair"):
            with_state("baseline", Zero(), found)
    assert with_state("baseline", Zero(), (torch.ones(1), {}))[1] == {}


class Flat(Zero):
    """A baseline without the axis of environments."""

    def __call__(self, q: Any, rollout: Any, values: Any, state: Any) -> Any:
        return q[:, :, 0], state


class Sum(Score):
    """A surrogate that has summed over time."""

    def __call__(self, logp: Any, behaviour_logp: Any, advantage: Any, valid: Any) -> Any:
        return (logp * advantage).sum(0)


def test_the_kit_and_the_learner_name_the_class_that_returns_another_shape() -> None:
    """Both assess by the same function, so a wrong part is named before it is trained."""
    rloo = VARIANTS["rloo"].estimator
    with pytest.raises(ValueError, match=r"^baseline Flat returned a tensor of \["):
        examine(replace(rloo, baseline=Flat()))
    with pytest.raises(ValueError, match=r"^surrogate Sum returned a tensor of \["):
        examine(replace(rloo, surrogate=Sum()))
