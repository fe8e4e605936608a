"""An environment with a cost a step: the wrapped one's numbers, bit for bit, and seconds that a simulator would take."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from envs.api import Array, Bools, Factory, Spec, Step, Task, VecEnv

Kind = Literal["computes", "waits"]
Spend = Callable[[float], None]


def compute(seconds: float, clock: Callable[[], float] = time.thread_time) -> None:
    """Keep a processor busy. The seconds are this thread's own: a process that has no processor gets no further."""
    end = clock() + seconds
    while clock() < end:
        pass


SPEND: dict[Kind, Spend] = {"computes": compute, "waits": time.sleep}
PAST: dict[Kind, str] = {"computes": "computed", "waits": "waited"}


class DelayedVecEnv:
    """A batch that spends `step_s` for each active environment before its step, as a simulator steps one after another."""

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

    def close(self) -> None:
        self._env.close()


@dataclass(frozen=True)
class Delayed:
    """Another factory whose every environment step takes `step_s` seconds longer; nothing else differs.

    kind  computes: a processor is busy (a simulator); waits: others may use it (a server, a robot, a person)
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


def undelayed(factory: Factory) -> Factory:
    """The wrapped factory of a delayed one, any other factory as it is."""
    return factory.factory if isinstance(factory, Delayed) else factory


def delayed(task: Task, step_s: float, kind: Kind) -> Task:
    """A task that takes so long a step, and says so in its name."""
    name = f"{task.name}, {1000 * step_s:g} ms {PAST[kind]}"
    return replace(task, name=name, factory=Delayed(task.factory, step_s, kind))
