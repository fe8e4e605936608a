"""Small runs whose rollouts come from processes, and an environment that gets stuck."""

from __future__ import annotations

import itertools
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from algorithms import VARIANTS
from algorithms.composition import Processes
from algorithms.training.evaluation import Evaluation
from algorithms.training.records import TrainingEvent
from algorithms.training.run import Run
from envs import TASKS
from envs.api import Array, Bools, Factory, Spec, Step, Task, VecEnv
from tests.builders import make_run, small_training


def run_of(
    processes: Processes | None, task: Task = TASKS["lock/small"], name: str = "async_is", env_steps: int = 1_200
) -> Run:
    variant = replace(VARIANTS[name], schedule=replace(VARIANTS[name].schedule, lag=0, processes=processes))
    training = replace(small_training(task, variant, envs=8), segment=1_000)  # streams as one segment has them
    return make_run(task, variant, training, env_steps, rate=0.02, evaluation=Evaluation(3, 3))


def of(events: Iterator[TrainingEvent] | list[TrainingEvent], kind: type) -> list:
    return [event for event in events if isinstance(event, kind)]


def children() -> list[int]:
    """Processes that this one has started and that still live."""
    return [p.pid for p in multiprocessing.active_children() if p.pid]


@dataclass(frozen=True)
class Stuck:
    """A task whose environments do something else in their 300th step: raise or hang; or wait a little in every one."""

    factory: Factory
    how: str

    @property
    def spec(self) -> Spec:
        return self.factory.spec

    def make(self, seeds: Sequence[np.random.SeedSequence], envs: int, group: int = 1) -> VecEnv:
        return StuckVec(self.factory.make(seeds, envs, group), self.how)


@dataclass
class StuckVec:
    inner: VecEnv
    how: str
    steps: Iterator[int] = field(default_factory=itertools.count)

    @property
    def spec(self) -> Spec:
        return self.inner.spec

    def reset(self) -> tuple[Array, Bools | None]:
        return self.inner.reset()

    def step(self, action: Array, active: Bools) -> Step:
        step = next(self.steps)
        if self.how == "slow":
            time.sleep(0.01)
        elif step == 300 and self.how == "raise":
            raise RuntimeError("the dice fell off the table")
        elif step == 300:
            time.sleep(3_600)
        return self.inner.step(action, active)

    def close(self) -> None:
        self.inner.close()


def stuck(how: str) -> Task:
    task = TASKS["CartPole-v1"]
    return replace(task, factory=Stuck(task.factory, how))
