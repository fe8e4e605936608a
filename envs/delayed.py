"""An environment with a time cost per step, like a slow simulator; its numbers are those of the wrapped one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, runtime_checkable

import numpy as np

from envs.api import (
    Array,
    Bools,
    Doubles,
    Factory,
    Floats,
    Ints,
    Spec,
    Step,
    Task,
    VecEnv,
    measures_of,
    reference_of,
)
from envs.seeding import reason_unshared

Kind = Literal["computes", "waits"]
Spend = Callable[[float], None]


def compute(seconds: float, clock: Callable[[], float] = time.thread_time) -> None:
    """Keep a processor busy for `seconds` of this thread's processor time."""
    end = clock() + seconds
    while clock() < end:
        pass


SPEND: dict[Kind, Spend] = {"computes": compute, "waits": time.sleep}
PAST: dict[Kind, str] = {"computes": "computed", "waits": "waited"}


@runtime_checkable
class PaysInParts(Protocol):
    """A factory whose reward is a weighted sum, r = sum_k w_k r_k. Its environments pay the r_k as `Step.parts`.

    Shift, flips and shaping are in r and in no part; noise is in r and in the first part.
    """

    @property
    def reward_parts(self) -> dict[str, float]:
        """The weight w_k of each part by its name; a single entry: the reward has one part."""


class DelayedVecEnv:
    """A batch that spends `step_s` per active environment before a step, like a simulator that steps one by one."""

    def __init__(self, env: VecEnv, step_s: float, spend: Spend) -> None:
        self._env, self._step_s, self._spend = env, step_s, spend

    @property
    def spec(self) -> Spec:
        return self._env.spec

    def reset(self) -> tuple[Array, Bools | None]:
        return self._env.reset()

    def step(self, action: Array, active: Bools) -> Step:
        self._spend(self._step_s * int(active.sum()))
        return self._env.step(action, active)

    def reference_of(self, transcripts: Ints, device: str) -> Floats | None:
        return reference_of(self._env, transcripts, device)

    def measures_of(self, transcripts: Ints, device: str) -> dict[str, Doubles]:
        return measures_of(self._env, transcripts, device)

    def close(self) -> None:
        self._env.close()


@dataclass(frozen=True)
class Delayed:
    """Another factory whose every environment step takes `step_s` seconds longer; nothing else differs.

    kind  computes: a processor is busy (a simulator); waits: the processor is free (a server, a robot, a person)
    """

    factory: Factory
    step_s: float
    kind: Kind = "computes"

    def __post_init__(self) -> None:
        if not 0 < self.step_s < float("inf"):
            raise ValueError(f"step_s must be positive and finite, not {self.step_s}")
        if self.kind not in SPEND:
            raise ValueError(f"kind {self.kind!r} is none of {', '.join(SPEND)}")

    @property
    def spec(self) -> Spec:
        return self.factory.spec

    def make(self, seeds: Sequence[np.random.SeedSequence], envs: int, group: int = 1) -> VecEnv:
        return DelayedVecEnv(self.factory.make(seeds, envs, group), self.step_s, SPEND[self.kind])

    def reason_unshared(self) -> str | None:
        return reason_unshared(self.factory)


def undelayed(factory: Factory) -> Factory:
    """The wrapped factory of a delayed one; any other factory is returned unchanged."""
    return factory.factory if isinstance(factory, Delayed) else factory


def part_weights(factory: Factory) -> tuple[float, ...]:
    """The weights of the parts of a factory's reward, if it is a PaysInParts; (1,) for a reward of one part."""
    inner = undelayed(factory)
    return tuple(inner.reward_parts.values()) if isinstance(inner, PaysInParts) else (1.0,)


def delay_s(factory: Factory) -> float:
    """The seconds that a step is delayed by."""
    return factory.step_s if isinstance(factory, Delayed) else 0.0


def delayed(task: Task, step_s: float, kind: Kind) -> Task:
    """The task with this delay per step, which its name contains."""
    delay = f"{1000 * step_s:g} ms {PAST[kind]}"
    name, title = f"{task.name}, {delay}", f"{task.title}, {delay}"
    return replace(task, name=name, shown_as=title, factory=Delayed(task.factory, step_s, kind))
