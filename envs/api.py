"""The protocols of tasks and of batches of environments, the only interface between environments and learners.

Axes are always P (members of a population), N (environments of a member), then features. numpy only.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from envs.naming.titles import title_of_task

Array = NDArray[np.generic]
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Discrete:
    """Actions 0..n-1."""

    n: int


@dataclass(frozen=True)
class Box:
    """Real-valued actions; the environment clips to [low, high] elementwise."""

    low: tuple[float, ...]
    high: tuple[float, ...]

    @property
    def size(self) -> int:
        return len(self.low)


@dataclass(frozen=True)
class Features:
    """Observations are float32 vectors: obs is [P, N, size]."""

    size: int


@dataclass(frozen=True)
class Image:
    """Observations are bytes: obs is uint8 [P, N, channels, height, width]; frames of one observation are channels."""

    channels: int
    height: int
    width: int


@dataclass(frozen=True)
class Transcript:
    """Observations are append-only token sequences: obs is int64 [P, N, length], PAD after the newest token.

    `action_position[t]` is the position of the newest token that may be read before action t. The last entry, T, is the
    position of the last token of a complete transcript. So a causal policy reads each token once when acting and
    evaluates a whole rollout in one pass.
    """

    vocabulary: int
    length: int
    action_position: tuple[int, ...]


Observation = Features | Image | Transcript


@dataclass(frozen=True)
class Spec:
    """Shapes of a task. `horizon` bounds the number of actions in an episode."""

    observation: Observation
    action: Discrete | Box
    horizon: int


class Step(NamedTuple):
    """The result of a step of all environments. Rows of inactive environments have no meaning."""

    obs: Array  # [P, N, ...]
    reward: Floats  # [P, N]
    terminated: Bools  # [P, N]  the MDP ended: the value after it is 0
    truncated: Bools  # [P, N]  a time limit cut the episode: the value after it is not 0
    action_mask: Bools | None  # [P, N, V], True where the next action is legal
    reference: Floats | None = None  # [P, N] log-probability of the action taken under the task's reference policy
    parts: Floats | None = None  # [P, N, K] the reward by part, without weights; None: it has one part


class VecEnv(Protocol):
    """P x N environments in lock step, auto-reset NEXT_STEP.

    The step after an episode's end ignores its action, pays 0 and returns the first observation of the next episode;
    the collector must mask that row. Member p's random numbers depend on its own seed, never on P.
    """

    @property
    def spec(self) -> Spec: ...

    def reset(self) -> tuple[Array, Bools | None]:
        """Start a new episode in every environment; returns (obs [P, N, ...], action_mask)."""

    def step(self, action: Array, active: Bools) -> Step:
        """Advance the environments where `active` [P, N] is True; the others do not change."""

    def close(self) -> None: ...


@runtime_checkable
class ReferenceAtEnd(Protocol):
    """A VecEnv whose reference policy is a large model: it is computed once an episode, not in every `Step`."""

    def reference_of(self, transcripts: Ints, device: str) -> Floats | None:
        """[T, P, N] log-probabilities of the actions in transcripts [P, N, L], 0 where there is none; None: no reference.

        device  where to compute it
        """


def reference_of(env: VecEnv, obs: Array, device: str) -> Floats | None:
    """What a `ReferenceAtEnd` says of the last observation of its episodes; None for all other environments."""
    return env.reference_of(obs.astype(np.int64, copy=False), device) if isinstance(env, ReferenceAtEnd) else None


@runtime_checkable
class MeasuresAtEnd(Protocol):
    """A VecEnv that measures its episodes by more than their return, such as by what other judges say of a text."""

    def measures_of(self, transcripts: Ints, device: str) -> dict[str, Doubles]:
        """[P, N] each, of the transcripts [P, N, L] of its episodes after their last step.

        A measure of all texts of a member, such as their diversity, is the same for all of them. device: see above
        """


def measures_of(env: VecEnv, obs: Array, device: str) -> dict[str, Doubles]:
    """What a `MeasuresAtEnd` says of the last observation of its episodes; nothing for all other environments."""
    return env.measures_of(obs.astype(np.int64, copy=False), device) if isinstance(env, MeasuresAtEnd) else {}


@runtime_checkable
class HasEnds(Protocol):
    """A text task whose texts end by themselves, unless they are cut."""

    def ended(self, transcripts: Ints) -> Bools:
        """[M] which of the transcripts [M, L] have an end."""


class Factory(Protocol):
    """A frozen description of an environment, part of a cell's digest, that can build batches."""

    @property
    def spec(self) -> Spec: ...

    def make(self, seeds: Sequence[np.random.SeedSequence], envs: int, group: int = 1) -> VecEnv:
        """`len(seeds)` members with `envs` environments each; `group` adjacent ones share a start (a prompt)."""


@dataclass(frozen=True)
class Scale:
    """The scale of a task's scores, and the value of a run without a finite return.

        score = (J - floor) / (ceiling - floor)    if the task has both; else the return J

    floor      return of the uniform policy; None: not measured
    ceiling    optimal or reference return; None: unknown
    threshold  return at which the task counts as solved; inf: there is none

    A run is lost if it diverged or its return is not finite. A lost run must never beat another one, so its value is
    the minimum of the floor and the worst finite return in the comparison. A group whose runs are all lost has the
    score NaN. ValueError if the floor is not below the ceiling.
    """

    floor: float | None
    ceiling: float | None
    threshold: float = dataclasses.field(default=math.inf, metadata={"hashed": False})

    def __post_init__(self) -> None:
        for name in ("floor", "ceiling"):
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                raise ValueError(f"the {name} must be a finite number, not {value:g}")
        if self.floor is not None and self.ceiling is not None and self.floor >= self.ceiling:
            raise ValueError(f"the floor must be below the ceiling, not {self.floor:g} and {self.ceiling:g}")
        if math.isnan(self.threshold):
            raise ValueError("the threshold must be a number, not nan")

    @property
    def normalised(self) -> bool:
        """Whether scores are normalised: floor and ceiling are known."""
        return self.floor is not None and self.ceiling is not None

    @property
    def unit(self) -> str:
        """The unit of scores, for texts and axes."""
        return "normalised score" if self.normalised else "return"

    @property
    def solvable(self) -> bool:
        """Whether there is a return at which the task counts as solved."""
        return math.isfinite(self.threshold)

    @property
    def middle(self) -> float:
        """The return halfway between floor and ceiling; NaN if one of them is unknown."""
        return math.nan if self.floor is None or self.ceiling is None else (self.floor + self.ceiling) / 2

    @property
    def raw(self) -> Scale:
        """The scale of the same task in returns."""
        return replace(self, ceiling=None)

    def read(self, returns: ArrayLike) -> Doubles:
        """Scores of finite returns, element by element."""
        values = np.asarray(returns, np.float64)
        if self.floor is None or self.ceiling is None:
            return values
        return (values - self.floor) / (self.ceiling - self.floor)

    def counted(self, returns: ArrayLike, diverged: ArrayLike = False, worst: ArrayLike = math.inf) -> Doubles:
        """Returns [..., S] of the S runs of a group, with those of lost runs replaced.

        worst  the worst finite return of all other runs in the comparison, [..., 1] or a number; inf: there are none
        """
        values = np.asarray(returns, np.float64)
        lost = np.asarray(diverged, np.bool_) | ~np.isfinite(values)
        finite = np.where(lost, np.inf, values)
        lowest = np.minimum(np.min(finite, axis=-1, keepdims=True, initial=np.inf), worst)
        if self.floor is not None:
            lowest = np.minimum(lowest, self.floor)
        filled = np.where(lost, lowest, values)
        return np.where(lost.all(axis=-1, keepdims=True), np.nan, filled)

    def score(self, returns: ArrayLike, diverged: ArrayLike = False, worst: ArrayLike = math.inf) -> Doubles:
        """Scores [..., S] of the S runs of a group: `read` of `counted`."""
        return self.read(self.counted(returns, diverged, worst))


@dataclass(frozen=True)
class Task:
    """A named problem with the scale of its scores.

    gamma      the discount that defines J (not the discount a learner trains with)
    beta       J = E[sum_t gamma^t (r_t - beta log(pi / reference policy))]
    views      other factories of the same shape that also evaluate the policy at every checkpoint: (name, factory)
    floor      return of the uniform policy, J0; None: to be measured
    ceiling    optimal or reference return, J*; None: unknown, so scores are returns
    threshold  return at which the task counts as solved; None: there is none
    shown_as   its name in figures; empty: words made of `name`

    ValueError if these define no valid Scale.
    """

    name: str
    factory: Factory
    floor: float | None = dataclasses.field(default=None, metadata={"hashed": False})
    ceiling: float | None = dataclasses.field(default=None, metadata={"hashed": False})
    threshold: float | None = dataclasses.field(default=None, metadata={"hashed": False})
    field: str = dataclasses.field(default="custom", metadata={"hashed": False})
    source: str = dataclasses.field(default="", metadata={"hashed": False})
    gamma: float = 1.0
    beta: float = 0.0
    views: tuple[tuple[str, Factory], ...] = ()
    shown_as: str = dataclasses.field(default="", compare=False, metadata={"hashed": False})

    def __post_init__(self) -> None:
        try:
            _ = self.scale
        except ValueError as error:
            raise ValueError(f"task {self.name!r}: {error}") from error

    @property
    def title(self) -> str:
        """Its name for readers; a factory that names its family has it in the title."""
        return self.shown_as or title_of_task(self.name, getattr(self.factory, "family_title", ""))

    @property
    def spec(self) -> Spec:
        return self.factory.spec

    @property
    def scale(self) -> Scale:
        """The scale of its scores."""
        return Scale(self.floor, self.ceiling, math.inf if self.threshold is None else self.threshold)

    def view_tasks(self) -> list[tuple[str, Task]]:
        """Each view as a task, with the rewards and the KL weight of its factory."""
        return [
            (name, replace(self, name=f"{self.name} ({name})", factory=f, views=(), beta=getattr(f, "beta", 0.0)))
            for name, f in self.views
        ]
