"""An experiment whose answer is studies: every variant tuned on every task under one budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from benchmarks.design.own.model_flags import NO_MODEL

UNSUPPORTED = (
    "seeds",
    "baseline",
    "adaptive",
    "log",
    "tuned",
    "save-policies",
    "import",
    "set",
    "select-rates",
    "name",
    "shard",
    "no-wait",
)


@dataclass(frozen=True)
class TuningExperiment:
    """Studies of `variants` on `tasks`, a study a pair, under one protocol.

    env_steps  a run's budget, by task
    budget     fields of the protocol (benchmarks.tuning.protocol): trials, batch, tuning_seeds, ...
    small      what `--smoke` runs instead
    """

    name: str
    question: str
    tasks: tuple[str, ...]
    variants: tuple[str, ...]
    env_steps: Mapping[str, int]
    budget: Mapping[str, Any] = field(default_factory=dict)
    small: Mapping[str, Any] = field(default_factory=dict)

    @property
    def task_names(self) -> tuple[str, ...]:
        return self.tasks

    @property
    def variant_names(self) -> tuple[str, ...]:
        return self.variants

    def smoke(self) -> Self:
        return replace(self, **self.small)

    def unsupported(self) -> Mapping[str, str]:
        return {**dict.fromkeys(UNSUPPORTED, "whose rows are studies"), **NO_MODEL}
