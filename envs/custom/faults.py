"""Checks of environment outputs: NaN, infinity and undeclared shapes raise errors that name task, seed and step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NoReturn, TypeVar

import numpy as np

from envs.api import Array, Bools, Doubles, Floats, Ints, Spec, Step, VecEnv, measures_of, reference_of

T = TypeVar("T")
SHOWN = 6  # numbers of an action in a message


class EnvironmentFault(RuntimeError):
    """An environment returned invalid numbers. This is not a divergence of the variant, so the cell fails."""


class InvalidOutput(ValueError):
    """An observation, reward or action mask that does not match the environment's spaces.

    place  index of the environment in its batch, if known
    """

    def __init__(self, message: str, place: int | None = None) -> None:
        super().__init__(message)
        self.place = place


class CheckedVecEnv:
    """A batch of environments that checks that rewards and observations are finite, for both adapters.

    EnvironmentFault names the task, the seed, the environment and its step. In inactive rows, numbers that are not
    finite become 0. After an action that is not finite, the policy has diverged, so the environment is not checked
    until its next episode begins.
    """

    def __init__(self, env: VecEnv, name: str, seeds: Sequence[np.random.SeedSequence], envs: int) -> None:
        """name: of the task; seeds: of the members, both for messages; envs: environments per member."""
        self._env, self._name, self._seeds = env, name, [seed.entropy for seed in seeds]
        shape = len(self._seeds), envs
        self._counts = StepCounts(shape)
        self._ended: Bools = np.zeros(shape, np.bool_)
        self._nonfinite_action: Bools = np.zeros(shape, np.bool_)  # whether an action in the episode was not finite
        self._action: Array | None = None  # the last ones, for messages

    @property
    def spec(self) -> Spec:
        return self._env.spec

    def reset(self) -> tuple[Array, Bools | None]:
        self._counts.begin_episodes()
        self._ended[:] = self._nonfinite_action[:] = False
        self._action = None
        obs, mask = self._named(self._env.reset)
        return self._finite(obs, "an observation", np.ones_like(self._ended)), mask

    def step(self, action: Array, active: Bools) -> Step:
        self._action = action
        began = self._ended & active  # this row only delivers the next episode's first observation
        if action.dtype.kind == "f" and not np.isfinite(action).all():
            self._nonfinite_action |= active & ~began & ~np.isfinite(action.reshape(*active.shape, -1)).all(-1)
        self._counts.add(active, began)
        step = self._named(lambda: self._env.step(action, active))
        reward = self._finite(step.reward, "a reward", active)
        obs = self._finite(step.obs, "an observation", active)
        if step.reference is not None and np.isnan(step.reference).any():
            self._raise_if_any(step.reference, np.isnan(step.reference) & active, "a reference log-probability")
        np.copyto(self._ended, step.terminated | step.truncated, where=active)
        if self._nonfinite_action.any():
            self._nonfinite_action &= ~(began & _rows_finite(obs))
        if reward is step.reward and obs is step.obs:
            return step
        return step._replace(reward=reward.astype(np.float32, copy=False), obs=obs)

    def reference_of(self, transcripts: Ints, device: str) -> Floats | None:
        found = reference_of(self._env, transcripts, device)
        if found is not None:
            self._raise_if_any(found.sum(0), np.isnan(found.sum(0)), "a reference log-probability")
        return found

    def measures_of(self, transcripts: Ints, device: str) -> dict[str, Doubles]:
        found = measures_of(self._env, transcripts, device)
        for name, values in found.items():
            self._raise_if_any(values, np.isnan(values), f"a measure {name!r}")
        return found

    def close(self) -> None:
        self._env.close()

    def _finite(self, values: Array, what: str, active: Bools) -> Array:
        """Values [P, N, ...]; numbers that are not finite become 0 in inactive rows, and are faults elsewhere."""
        if values.dtype.kind != "f" or bool(np.isfinite(values).all()):
            return values
        self._raise_if_any(values, active & ~self._nonfinite_action & ~_rows_finite(values), what)
        spare = ~active.reshape(*active.shape, *(1 for _ in values.shape[2:])) & ~np.isfinite(values)
        cleaned: Floats = np.where(spare, np.zeros((), values.dtype), values)
        return cleaned

    def _raise_if_any(self, values: Array, wrong: Bools, what: str) -> None:
        if not wrong.any():
            return
        member, place = (int(i) for i in np.argwhere(wrong)[0])
        found = np.ravel(values[member, place])
        position = int(np.flatnonzero(~np.isfinite(found))[0])
        where = f" in its number {position}" if len(found) > 1 else ""
        self._raise(f"returned {what} of {found[position]}{where}", member, place)

    def _raise(self, what: str, member: int, place: int) -> NoReturn:
        step, total = self._counts.of(member, place)
        when = f"step {step} of its episode" if step else "the start of an episode"
        after = f", after action {self._shown_action(member, place)}" if step else ""
        raise EnvironmentFault(
            f"{self._name}: the environment {what} "
            f"(environment {place} of seed {self._seeds[member]}, at {when}{after}, its step {total} in all)"
        )

    def _shown_action(self, member: int, place: int) -> str:
        assert self._action is not None  # there was a step
        values = np.ravel(self._action[member, place]).tolist()
        shown = ", ".join(f"{value:.6g}" for value in values[:SHOWN]) + (", ..." if len(values) > SHOWN else "")
        return shown if len(values) == 1 else f"({shown})"

    def _named(self, call: Callable[[], T]) -> T:
        """The result of the call; an InvalidOutput becomes a fault that names its environment."""
        try:
            return call()
        except InvalidOutput as error:
            if error.place is None:
                raise EnvironmentFault(f"{self._name}: the environment {error}") from error
            self._raise(str(error), *divmod(error.place, self._ended.shape[1]))


class StepCounts:
    """The steps of each environment, in all and in its episode. They are counted when they are asked for, or by chunks."""

    CHUNK = 512  # steps that are kept before they are counted

    def __init__(self, shape: tuple[int, int]) -> None:
        self._total: Ints = np.zeros(shape, np.int64)
        self._episode: Ints = np.zeros(shape, np.int64)
        self._steps: list[tuple[Bools, Bools]] = []

    def begin_episodes(self) -> None:
        """All environments are reset."""
        self._count()
        self._episode[:] = 0

    def add(self, active: Bools, began: Bools) -> None:
        """One step of the environments `active` [P, N], the first of a new episode where it `began` [P, N]."""
        self._steps.append((active, began))
        if len(self._steps) == self.CHUNK:
            self._count()

    def of(self, member: int, place: int) -> tuple[int, int]:
        """(steps in its episode, steps in all) of one environment."""
        self._count()
        return int(self._episode[member, place]), int(self._total[member, place])

    def _count(self) -> None:
        for active, began in self._steps:
            self._total += active
            self._episode += active
            self._episode[began] = 0
        self._steps.clear()


def _rows_finite(values: Array) -> Bools:
    """[P, N]: whether all numbers of a row [P, N, ...] are finite."""
    finite: Bools = np.isfinite(values.reshape(*values.shape[:2], -1))
    return np.asarray(finite.all(-1))
