"""What an adapter answers: whether a function is of its kind, and what it computes from a batch of texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

from torch import Tensor

from algorithms.conformance.foreign.texts import Texts

Kind = Literal["advantages", "loss", "value loss"]
Given = Mapping[str, Any]  # hyper-parameters by the function's own names


class Foreign(Protocol):
    """A function of another library that has been adapted."""

    @property
    def kind(self) -> Kind:
        """What it computes."""

    @property
    def takes(self) -> frozenset[str]:
        """The quantities that it reads (parameters.NAMES); a rule about others is not tested."""

    def __call__(self, batch: Texts) -> Tensor:
        """[B, L]: the advantages; of a loss, -d loss / d log pi; of a value loss, -d loss / d V."""


class Adapter(Protocol):
    """How a library's functions are called."""

    name: str

    def reason_unfit(self, function: Callable[..., Any]) -> str:
        """Why the function is not called in this way, as a clause; empty if it may be."""

    def adapt(self, function: Callable[..., Any], given: Given) -> Foreign:
        """The adapted function. UsageError where `given` names a number that it does not take."""
