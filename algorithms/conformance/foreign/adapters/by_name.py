"""Functions that are called by the names of their parameters, and what their results may be."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from algorithms.conformance.foreign.adapters.adapter import Given, Kind
from algorithms.conformance.foreign.adapters.parameters import NAMES, OF, kind_of
from algorithms.conformance.foreign.texts import Texts
from envs.validation import UnknownName, UsageError

GRADIENT_AT = {"loss": "logp", "value loss": "new_values"}


class WrongResult(ValueError):
    """A result that is neither advantages nor a loss."""


@dataclass(frozen=True)
class Called:
    """A function with the quantities of its parameters.

    parameters  quantity -> parameter's name        given  numbers by the function's own names
    """

    function: Callable[..., Any]
    kind: Kind
    parameters: Mapping[str, str]
    given: Given

    @property
    def takes(self) -> frozenset[str]:
        return frozenset(self.parameters)

    def __call__(self, batch: Texts) -> Tensor:
        arguments = {p: NAMES[quantity].make(batch) for quantity, p in self.parameters.items()}
        return evaluate(self.function, {**arguments, **self.given}, self.kind, self.parameters, batch)


def evaluate(
    function: Callable[..., Any], arguments: dict[str, Any], kind: Kind, parameters: Mapping[str, str], batch: Texts
) -> Tensor:
    """The result [B, L] of a call: advantages, or the negative gradient of a loss."""
    arguments = {name: x.clone() if isinstance(x, Tensor) else x for name, x in arguments.items()}
    if kind == "advantages":
        return advantages_in(function(**arguments), batch)
    name = parameters[GRADIENT_AT[kind]]
    at = arguments[name].requires_grad_()
    return -gradient(loss_in(function(**arguments)), at)


def gradient(loss: Tensor, at: Tensor) -> Tensor:
    """d loss / d at; WrongResult where the loss does not depend on it."""
    total = loss.sum()
    made = torch.autograd.grad(total, at, allow_unused=True)[0] if total.requires_grad else None
    if made is None:
        raise WrongResult("the loss has no gradient with respect to the log-probabilities or values")
    return made.detach().double()


def first_of(result: Any) -> Any:
    """The first of several results, or the only one."""
    return result[0] if isinstance(result, (tuple, list)) else result


def advantages_in(result: Any, batch: Texts) -> Tensor:
    """Advantages [B, L] from a result of the shape [B, L], [B, L, 1], [B] or [B, 1], which may be the first of several."""
    found = first_of(result)
    made = torch.as_tensor(np.asarray(found) if not isinstance(found, Tensor) else found).detach().double()
    rows, length = batch.mask.shape
    if made.shape in ((rows,), (rows, 1)):
        return made.reshape(rows, 1).expand(rows, length)
    if made.shape in ((rows, length), (rows, length, 1)):
        return made.reshape(rows, length)
    raise WrongResult(
        f"its result has the shape {list(made.shape)}, and advantages have [{rows}, {length}] or [{rows}]"
    )


def loss_in(result: Any) -> Tensor:
    """The loss from a number, a loss for each text or position, or the first of several; they are summed."""
    found = first_of(result)
    if not isinstance(found, Tensor):
        raise WrongResult(f"its result is of class {type(found).__name__}, and a loss is a tensor")
    return found


class ByName:
    """The names of the parameters decide what a function computes and what it is given (parameters.NAMES)."""

    name = "names"

    def reason_unfit(self, function: Callable[..., Any]) -> str:
        known, unknown = _parameters(function)
        if unknown:
            return f"parameter {unknown[0]!r} has no known name"
        if kind_of(frozenset(known)) is None:
            return "it takes no rewards, scores, advantages and logp, or new_values and returns"
        return ""

    def adapt(self, function: Callable[..., Any], given: Given) -> Called:
        """UnknownName for a parameter whose name says nothing, with the nearest names that do; UsageError for a class."""
        if isinstance(function, type):
            raise UsageError(f"{function.__name__} is a class; name a function, which may make one and call it")
        known, unknown = _parameters(function)
        unsaid = [name for name in unknown if name not in given]
        if unsaid:
            raise UnknownName(
                "parameter", unsaid[0], OF, "all: docs/other-libraries.md; or give it a value: --given NAME=VALUE"
            )
        kind = kind_of(frozenset(known))
        if kind is None:
            raise UsageError(
                f"a function of {', '.join(inspect.signature(function).parameters) or 'nothing'} is neither of advantages "
                "(rewards or scores), nor a loss (logp and advantages), nor a value loss (new_values and returns)"
            )
        check_given(function, given)
        return Called(function, kind, {q: p for q, p in known.items() if p not in given}, given)


def check_given(function: Callable[..., Any], given: Given) -> None:
    """UnknownName for a number that the function does not take."""
    taken = inspect.signature(function).parameters
    open_ended = any(p.kind is p.VAR_KEYWORD for p in taken.values())
    for name in given:
        if name not in taken and not open_ended:
            raise UnknownName("parameter", name, taken)


def _parameters(function: Callable[..., Any]) -> tuple[dict[str, str], list[str]]:
    """(quantity -> parameter for those that are given, the parameters without a default that no name explains)."""
    known: dict[str, str] = {}
    unknown = []
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        optional = parameter.default is not parameter.empty
        quantity = OF.get(name)
        if quantity is None and not optional:
            unknown.append(name)
        elif quantity is not None and not (optional and NAMES[quantity].number):
            if parameter.kind is parameter.POSITIONAL_ONLY:
                unknown.append(name)
            else:
                known[quantity] = name
    return known, unknown
