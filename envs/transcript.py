"""The frame of a text-generation MDP: a task file states prompts, legality and reward; this runs it batched.

A transcript is [prompt of K tokens][one token an action, T at most]; unused positions hold PAD. Action a is written as
token `first_action + a`, so the policy never has to consider tokens that only the environment writes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from envs.api import Array, Bools, Discrete, Floats, Ints, Spec, Step, Task, Transcript

PAD = 0
Doubles = NDArray[np.float64]


class Prompts(NamedTuple):
    """Every prompt of a task with its probability, in a fixed order."""

    tokens: Ints  # [X, K]
    probability: Doubles  # [X], sums to 1


@dataclass(frozen=True)
class TextMDP(ABC):
    """Base of all text MDPs: frozen knobs, pure functions on transcripts [M, L].

    reward_shift  added once, when the episode ends: every policy's return moves by the same amount, no optimum changes
    reward_noise  standard deviation of a Gaussian added once, when the episode ends (drawn from the member's stream)
    """

    reward_shift: float = 0.0
    reward_noise: float = 0.0

    bernoulli: ClassVar[bool] = False  # True: a reward r is paid as 1 with probability r, else as 0 (same mean)
    first_action: ClassVar[int] = 1  # token id of action 0

    @property
    @abstractmethod
    def tokens(self) -> tuple[str, ...]:
        """The text of every token id; id 0 is PAD."""

    @property
    @abstractmethod
    def prompt_length(self) -> int:
        """K, the same for every prompt."""

    @property
    @abstractmethod
    def horizon(self) -> int:
        """T, the largest number of actions."""

    @abstractmethod
    def prompts(self) -> Prompts:
        """All prompts; raises ValueError where they are too many to list."""

    def sample_prompts(self, rng: np.random.Generator, n: int) -> Ints:
        """n prompts [n, K] from the task's distribution."""
        every = self.prompts()
        chosen: Ints = every.tokens[rng.choice(len(every.tokens), size=n, p=every.probability)]
        return chosen

    def legal(self, transcript: Ints, t: int) -> Bools | None:
        """[M, V], True where action t may be taken; None where every token is always legal."""
        return None

    @abstractmethod
    def respond(self, transcript: Ints, t: int) -> tuple[Doubles, Bools]:
        """Expected reward [M] and end [M] after action t, which stands at position K + t of `transcript` [M, L]."""

    @abstractmethod
    def optimal_return(self) -> float:
        """J*: the largest expected return, shift included."""

    @abstractmethod
    def random_return(self) -> float:
        """J0: the expected return of the uniform policy over legal tokens, shift included."""

    @property
    def actions(self) -> int:
        """V, the number of actions."""
        return len(self.tokens) - self.first_action

    @property
    def transcript_length(self) -> int:
        """L = K + T."""
        return self.prompt_length + self.horizon

    @property
    def spec(self) -> Spec:
        positions = tuple(range(self.prompt_length - 1, self.transcript_length))
        return Spec(
            Transcript(len(self.tokens), self.transcript_length, positions), Discrete(self.actions), self.horizon
        )

    def decode(self, transcript: Ints) -> str:
        """One transcript [L] as text, PAD left out."""
        return " ".join(self.tokens[int(i)] for i in transcript if i != PAD)

    def make(self, seeds: Sequence[np.random.SeedSequence], envs: int, group: int = 1) -> TextEnv:
        return TextEnv(self, seeds, envs, group)


class TextEnv:
    """P x N transcripts of one text MDP, all at the same step.

    A member's one generator serves its N environments in turn: what environment n draws depends on N, never on P.
    """

    def __init__(self, mdp: TextMDP, seeds: Sequence[np.random.SeedSequence], envs: int, group: int) -> None:
        if envs % group:
            raise ValueError(f"{envs} environments cannot be split into groups of {group}")
        self.mdp, self.group = mdp, group
        self.spec = mdp.spec
        self.shape = (len(seeds), envs)
        self._rngs = [np.random.default_rng(seed) for seed in seeds]
        self._transcript: Ints = np.zeros((len(seeds) * envs, mdp.transcript_length), np.int64)
        self._luck: Doubles = np.zeros((2, len(seeds) * envs))  # uniform for Bernoulli rewards, Gaussian noise
        self._t = 0

    def reset(self) -> tuple[Array, Bools | None]:
        _, n = self.shape
        mdp, k = self.mdp, self.mdp.prompt_length
        prompts = np.stack([mdp.sample_prompts(rng, n // self.group) for rng in self._rngs])
        self._transcript[:] = PAD
        self._transcript[:, :k] = prompts.repeat(self.group, axis=1).reshape(-1, k)
        if mdp.bernoulli:
            self._luck[0] = np.concatenate([rng.random(n) for rng in self._rngs])
        if mdp.reward_noise:
            self._luck[1] = np.concatenate([rng.standard_normal(n) for rng in self._rngs])
        self._t = 0
        return self._observation(), self._mask()

    def step(self, action: Array, active: Bools) -> Step:
        mdp, alive = self.mdp, active.reshape(-1)
        if self._t >= mdp.horizon:
            raise RuntimeError("every episode has ended: call reset() first")
        token = np.where(alive, action.reshape(-1).astype(np.int64) + mdp.first_action, PAD)
        self._transcript[:, mdp.prompt_length + self._t] = token
        mean, ended = mdp.respond(self._transcript, self._t)
        reward = (self._luck[0] < mean).astype(np.float64) if mdp.bernoulli else mean
        self._t += 1
        ended = (ended | (self._t == mdp.horizon)) & alive
        reward = reward + ended * (mdp.reward_shift + mdp.reward_noise * self._luck[1])
        paid: Floats = np.where(alive, reward, 0.0).astype(np.float32).reshape(self.shape)
        never = np.zeros(self.shape, np.bool_)
        return Step(self._observation(), paid, ended.reshape(self.shape), never, self._mask())

    def close(self) -> None:
        """Nothing is held."""

    def _observation(self) -> Ints:
        return self._transcript.reshape(*self.shape, -1)

    def _mask(self) -> Bools | None:
        if self._t >= self.mdp.horizon:
            return None
        legal = self.mdp.legal(self._transcript, self._t)
        return None if legal is None else legal.reshape(*self.shape, -1)


def draw_symbols(rng: np.random.Generator, shape: tuple[int, ...], symbols: int, first: int) -> Ints:
    """Uniform token ids first .. first + symbols - 1."""
    drawn: Ints = rng.integers(first, first + symbols, size=shape, dtype=np.int64)
    return drawn


def text_task(name: str, mdp: TextMDP, solved: float = 0.95) -> Task:
    """The Task of a text MDP: floor J0, ceiling J*, threshold where the normalised score is `solved`."""
    floor, ceiling = mdp.random_return(), mdp.optimal_return()
    return Task(
        name=name,
        factory=mdp,
        floor=floor,
        ceiling=ceiling,
        threshold=floor + solved * (ceiling - floor),
        field="text",
        source="closed form of the task's card, checked by enumeration",
    )
