"""A reward of a user's own: a function `module:FUNCTION` from a list of texts to a list of numbers, which may be a judge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from envs.api import Bools, Doubles
from envs.custom.importing import import_constant
from envs.custom.sources import source_of
from envs.language.models.base import BaseModel
from envs.validation import UsageError


@dataclass(frozen=True)
class OwnReward:
    """The reward of this name, with its results checked. It is imported when it is first needed, in each process.

    source  hash of its source file and of the user's modules that it imports: another source is another reward
    """

    name: str
    source: str = ""

    @classmethod
    def of(cls, name: str) -> OwnReward:
        """The reward of this name as its source is now; UsageError if it cannot be imported or called."""
        return cls(name, source_of([cls(name).function]))

    @cached_property
    def function(self) -> Callable[[list[str]], Any]:
        """What the name stands for; UsageError if that cannot be imported or called."""
        function: Callable[[list[str]], Any] = import_constant(
            self.name,
            "function",
            lambda value: "" if callable(value) and not isinstance(value, type) else "cannot be called",
            (),
        )
        return function

    def __call__(self, texts: Sequence[str]) -> Doubles:
        """A reward for each text [M]; UsageError naming the first one that is missing or no finite number."""
        try:
            found = self.function(list(texts))
        except UsageError:
            raise
        except Exception as error:
            raise UsageError(f"{self.name} fails on {len(texts)} texts: {type(error).__name__}: {error}") from error
        if isinstance(found, (str, bytes)) or not isinstance(found, Iterable):
            raise UsageError(f"{self.name} must return a list of numbers, not {type(found).__name__}")
        values = list(found)
        if len(values) != len(texts):
            raise UsageError(f"{self.name} returned {len(values)} numbers for {len(texts)} texts")
        return np.array([self._number(value, text) for value, text in zip(values, texts, strict=True)], np.float64)

    def _number(self, value: object, text: str) -> float:
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            number = np.nan
        if not np.isfinite(number):
            raise UsageError(f"{self.name} gave {value!r} to the text {text[:60]!r}; a reward is a finite number")
        return number

    def examine(self, texts: Sequence[str]) -> None:
        """UsageError, before any training, if the reward does not work on these texts or is the same for all of them."""
        if len(set(texts)) < 2:
            raise ValueError("a probe needs at least two different texts")
        values = self(texts)
        if np.ptp(values) == 0:
            raise UsageError(
                f"{self.name} gave {values[0]:g} to all of {len(texts)} different texts: nothing can be learnt from it"
            )


@dataclass(frozen=True)
class OwnJudge:
    """A user's function as the judge of texts (envs.language.family.TextJudge); it is not told whether a text was cut."""

    reward: OwnReward

    @property
    def model(self) -> BaseModel | None:
        """None: no model of ours judges."""
        return None

    def score(self, texts: Sequence[str], ended: Bools | None = None, device: str = "cpu") -> Doubles:
        """[M] what the function says of these texts."""
        return self.reward(texts)
