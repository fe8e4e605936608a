"""What a task is and what a batch of environments promises: the only contract the learners know.

Axes are always P (members of a population), N (environments of a member), then features. numpy only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]
Floats = NDArray[np.float32]
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
    """Observations are bytes: obs is uint8 [P, N, channels, height, width]; frames that are seen together are channels."""

    channels: int
    height: int
    width: int


@dataclass(frozen=True)
class Transcript:
    """Observations are append-only token sequences: obs is int64 [P, N, length], PAD after the newest token.

    `action_position[t]` is the position of the newest token that may be read before action t; entry T (one more than
    there are actions) is the position of the last token of a complete transcript. A causal policy therefore reads each
    token once when acting and evaluates a whole rollout in one pass.
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
    """What an environment batch answers. Rows of inactive environments carry no meaning."""

    obs: Array  # [P, N, ...]
    reward: Floats  # [P, N]
    terminated: Bools  # [P, N]  the MDP ended: the value after it is 0
    truncated: Bools  # [P, N]  a time limit cut the episode: the value after it is not 0
    action_mask: Bools | None  # [P, N, V], True where the next action is legal
    reference: Floats | None = None  # [P, N] log-probability of the action taken under the task's reference policy


class VecEnv(Protocol):
    """P x N environments in lock step, auto-reset NEXT_STEP.

    The step after an episode's end ignores its action, pays 0 and returns the first observation of the next episode;
    whoever collects must mask that row. Member p's randomness depends on its own seed, never on P.
    """

    @property
    def spec(self) -> Spec: ...

    def reset(self) -> tuple[Array, Bools | None]:
        """Start a new episode in every environment; returns (obs [P, N, ...], action_mask)."""

    def step(self, action: Array, active: Bools) -> Step:
        """Advance the environments where `active` [P, N]; the others stay as they are."""

    def close(self) -> None: ...


class Factory(Protocol):
    """A frozen description of an environment: hashed into a cell's digest, able to build the batch."""

    @property
    def spec(self) -> Spec: ...

    def make(self, seeds: Sequence[np.random.SeedSequence], envs: int, group: int = 1) -> VecEnv:
        """`len(seeds)` members with `envs` environments each; `group` neighbours share a start (a prompt)."""


@dataclass(frozen=True)
class Task:
    """A named problem with the scale its scores are read on.

    gamma      the discount that defines J (not the discount a learner trains with)
    beta       J = E[sum_t gamma^t (r_t - beta log(pi / reference policy))]
    views      the same policy read by other factories of the same shape at every evaluation: (name, factory)
    floor      return of the uniform policy, J0        ceiling  optimal or reference return, J*
    threshold  return at which the task counts as solved
    """

    name: str
    factory: Factory
    floor: float
    ceiling: float
    threshold: float
    field: str
    source: str
    gamma: float = 1.0
    beta: float = 0.0
    views: tuple[tuple[str, Factory], ...] = ()

    @property
    def spec(self) -> Spec:
        return self.factory.spec

    def viewed(self) -> list[tuple[str, Task]]:
        """Each view as a task of its own: its factory's rewards, and its factory's KL weight."""
        return [
            (name, replace(self, name=f"{self.name} ({name})", factory=f, views=(), beta=getattr(f, "beta", 0.0)))
            for name, f in self.views
        ]

    def normalised(self, score: float) -> float:
        """(J - J0) / (J* - J0): 0 is the uniform policy, 1 the optimum or the published reference."""
        return (score - self.floor) / (self.ceiling - self.floor)
