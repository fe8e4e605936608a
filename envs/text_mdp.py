"""The base class of text-generation MDPs: a task defines prompts, legality and reward as pure functions of transcripts.

A transcript is [prompt of K tokens], then for each of at most T actions [its token][R tokens of the environment's
reply]; unused positions hold PAD. Action a is written as token `first_action + a`, so the policy has no actions for
tokens that only the environment writes. What the policy does not observe (a secret, a user's taste) is the row's hidden
state.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from envs.api import Bools, Discrete, Doubles, Ints, Spec, Transcript
from envs.validation import UnknownName, check_least

PAD = 0
Split = Literal["all", "train", "test", "ood"]


class Prompts(NamedTuple):
    """Every start of a task with its probability, in a fixed order."""

    tokens: Ints  # [X, K]
    probability: Doubles  # [X], sums to 1
    hidden: Ints | None = None  # [X, H]


class Rows(NamedTuple):
    """M transcripts at one step, with their hidden states."""

    transcript: Ints  # [M, L]
    hidden: Ints  # [M, H]


class Response(NamedTuple):
    """The environment's response to an action."""

    reward: Doubles  # [M] the expected reward if the task is Bernoulli
    ended: Bools  # [M]
    reply: Ints | None = None  # [M, R] tokens
    hidden: Ints | None = None  # [M, H] if it changes


@dataclass(frozen=True)
class TextMDP(ABC):
    """Base class of text MDPs: frozen knobs, and pure functions of rows.

    split           the prompts: "train" and "test" are disjoint, "all" is both, "ood" is outside of both
    reward_mode     which rewards are paid when; "shaped" adds gamma Phi(s') - Phi(s), Phi 0 at the start and after the end
    gamma           the discount that defines J
    reward_shift    added once, when the episode ends: with gamma 1 every return moves by the same amount
    reward_noise    standard deviation of a Gaussian added once, when the episode ends
    beta            weight of the KL to the reference policy in J = E[sum_t gamma^t (r_t - beta log(pi / reference))]
    false_positive  probability that a final reward of 0 is paid as 1     false_negative  that 1 is paid as 0
    """

    split: Split = "all"
    reward_mode: str = "terminal"
    gamma: float = 1.0
    beta: float = 0.0
    reward_shift: float = 0.0
    reward_noise: float = 0.0
    false_positive: float = 0.0
    false_negative: float = 0.0

    first_action: ClassVar[int] = 1  # token id of action 0
    splits: ClassVar[tuple[str, ...]] = ("all",)
    reward_modes: ClassVar[tuple[str, ...]] = ("terminal",)
    bernoulli: ClassVar[bool] = False  # a final reward r is paid as 1 with probability r, else as 0 (same mean)
    worst_reward: ClassVar[float] = 0.0  # the reward of an illegal token, if there are masks
    has_reference: ClassVar[bool] = False
    family_title: ClassVar[str] = ""  # what titles call its tasks; empty: the part of the task's name before the slash

    def __post_init__(self) -> None:
        name = type(self).__name__
        for knob, allowed in (("split", self.splits), ("reward_mode", self.reward_modes)):
            value = getattr(self, knob)
            if value not in allowed:
                raise UnknownName(f"{knob} of {name} (it has {', '.join(allowed)})", str(value), allowed)
        if not 0 <= self.gamma <= 1:
            raise ValueError(f"gamma must lie in [0, 1], not {self.gamma}")
        if self.gamma < 1 and (self.reward_shift or self.false_positive or self.false_negative):
            raise ValueError(
                f"reward_shift and flips need gamma 1, not {self.gamma}: with a discount they would change which policy "
                "is best"
            )
        check_least(reward_noise=(self.reward_noise, 0), beta=(self.beta, 0))
        if self.beta and not self.has_reference:
            raise ValueError(f"{name} has no reference policy, so beta must be 0, not {self.beta}")
        flips = (self.false_positive, self.false_negative)
        if min(flips) < 0 or not sum(flips) < 1:
            raise ValueError(
                f"false_positive and false_negative must be at least 0 and sum to less than 1, not {flips}"
            )
        if sum(flips) and not self.binary:
            raise ValueError(
                f"false_positive and false_negative must be 0, not {flips}: {name} with these knobs does not end with a "
                "reward of 0 or 1"
            )
        self.check()

    def check(self) -> None:  # noqa: B027 (a task without knobs of its own has nothing to check)
        """ValueError if the knobs define no valid task."""

    # ---- what a task defines

    @property
    @abstractmethod
    def tokens(self) -> tuple[str, ...]:
        """The text of every token id; id 0 is PAD."""

    @property
    @abstractmethod
    def actions(self) -> int:
        """V, the number of actions."""

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
        """All starts; ValueError if there are too many to list."""

    @abstractmethod
    def respond(self, rows: Rows, t: int, outcome: Ints) -> Response:
        """The response to action t, which is at `position(t)`; outcome [M] is the index of the random outcome."""

    @abstractmethod
    def optimal_return(self) -> float:
        """J*: the largest expected return, shift included."""

    @property
    def worst_episode(self) -> float:
        """No episode's rewards sum to less, without shift, flips and KL; -inf where that is not known."""
        return -math.inf

    def least_return(self) -> float:
        """A bound of the expected return of all policies from below, shift included; -inf where none is known."""
        return -math.inf if self.beta else self.worst_episode + self.reward_shift

    @abstractmethod
    def random_return(self) -> float:
        """J0: the expected return of the uniform policy over legal tokens, shift included."""

    @abstractmethod
    def optimal_policy(self, rows: Rows, t: int) -> Doubles:
        """[M, V]: probabilities of an optimal policy's action t, read from the transcript alone."""

    @property
    def reward_parts(self) -> dict[str, float]:
        """The weight of each part of the reward, by name: r = sum_k w_k r_k (envs.delayed.PaysInParts)."""
        return {"reward": 1.0}

    def parts(self, rows: Rows, t: int) -> Doubles | None:
        """[M, K]: the parts r_k of the reward of action t (already written), without weights; None if it has one part."""
        return None

    @property
    def reply_length(self) -> int:
        """R, the tokens of the environment's reply to an action."""
        return 0

    def legal(self, rows: Rows, t: int) -> Bools | None:
        """[M, V], True where action t is legal; None if every token is always legal."""
        return None

    def outcomes(self, rows: Rows, t: int) -> Doubles | None:
        """[M, C]: the probability of each outcome of action t (already written); None if nothing is random."""
        return None

    def potential(self, rows: Rows, t: int) -> Doubles:
        """Phi [M] before action t, for reward_mode "shaped"."""
        raise NotImplementedError(f"{type(self).__name__} offers reward_mode 'shaped' and states no potential")

    def reference(self, rows: Rows, t: int) -> Doubles | None:
        """[M, V]: log-probabilities of the reference policy's action t; None if there is no reference."""
        return None

    def reference_logp(self, rows: Rows, t: int) -> Doubles | None:
        """[M]: the reference policy's log-probability of action t (already written)."""
        every = self.reference(rows, t)
        return None if every is None else every[np.arange(len(every)), self.action(rows, t)]

    @property
    def stochastic(self) -> bool:
        """Whether `outcomes` is ever random."""
        return False

    @property
    def binary(self) -> bool:
        """Whether the last reward of an episode is 0 or 1 (or its probability) and all others are 0."""
        return self.bernoulli

    # ---- what follows from the definition

    @property
    def stride(self) -> int:
        """Tokens from one action to the next: 1 + R."""
        return 1 + self.reply_length

    @property
    def transcript_length(self) -> int:
        """L = K + T (1 + R)."""
        return self.prompt_length + self.horizon * self.stride

    @property
    def spec(self) -> Spec:
        positions = tuple(range(self.prompt_length - 1, self.transcript_length, self.stride))
        return Spec(
            Transcript(len(self.tokens), self.transcript_length, positions), Discrete(self.actions), self.horizon
        )

    def position(self, t: int) -> int:
        """The position of action t in the transcript."""
        return self.prompt_length + t * self.stride

    def action(self, rows: Rows, t: int) -> Ints:
        """Action t [M]; 0 on rows without an action (PAD)."""
        return np.maximum(rows.transcript[:, self.position(t)] - self.first_action, 0)

    def actions_so_far(self, rows: Rows, t: int) -> Ints:
        """The first t actions [M, t]; negative on PAD."""
        return rows.transcript[:, self.prompt_length : self.position(t) : self.stride] - self.first_action

    def replies(self, rows: Rows, t: int) -> Ints:
        """Tokens of the first t replies [M, t, R]."""
        spoken = rows.transcript[:, self.prompt_length : self.position(t)].reshape(len(rows.transcript), t, self.stride)
        return spoken[:, :, 1:]

    def final_reward(self, reward: Doubles) -> Doubles:
        """The expected last reward of an episode, flips and shift included."""
        if self.binary:
            reward = self.false_positive + reward * (1 - self.false_positive - self.false_negative)
        return reward + self.reward_shift

    def final_reward_of(self, reward: float) -> float:
        """`final_reward` of one reward."""
        return float(self.final_reward(np.array([reward]))[0])

    @property
    def random_final_reward(self) -> bool:
        """Whether the last reward of an episode is a coin flip."""
        return self.bernoulli or self.false_positive > 0 or self.false_negative > 0

    def advance(self, rows: Rows, t: int, outcome: Ints, coin: Doubles | None = None) -> Response:
        """`respond`, with the parts common to all tasks: horizon, flips, shift and shaping.

        Flips are drawn with the uniform number `coin`; without it rewards are expected ones.
        """
        response = self.respond(rows, t, outcome)
        ended = response.ended | (t == self.horizon - 1)
        last = self.final_reward(response.reward)
        if coin is not None and self.random_final_reward:
            last = (coin < last - self.reward_shift).astype(np.float64) + self.reward_shift
        reward = np.where(ended, last, response.reward)
        hidden = rows.hidden if response.hidden is None else response.hidden
        if self.reward_mode == "shaped":
            after = np.where(ended, 0.0, self.potential(Rows(rows.transcript, hidden), t + 1))
            reward = reward + self.gamma * after - self.potential(rows, t)
        return Response(reward, ended, response.reply, hidden)

    @cached_property
    def _starts(self) -> tuple[Prompts, Doubles]:
        every = self.prompts()
        return every, np.cumsum(every.probability)

    def starts(self, rng: np.random.Generator, n: int) -> Rows:
        """n prompts [n, K] with their hidden states [n, H]; a larger n extends them."""
        every, cumulative = self._starts
        chosen = np.searchsorted(cumulative, rng.random(n) * cumulative[-1], side="right")
        hidden = np.zeros((n, 0), np.int64) if every.hidden is None else every.hidden[chosen]
        return Rows(every.tokens[chosen], hidden)

    def decode(self, transcript: Ints) -> str:
        """One transcript [L] as text, without PAD."""
        return " ".join(self.tokens[int(i)] for i in transcript if i != PAD)


def one_hot(action: Ints, actions: int) -> Doubles:
    """[M] -> [M, V]: the deterministic policy with these actions."""
    return (action[:, None] == np.arange(actions)).astype(np.float64)


def uniform(count: int) -> Doubles:
    """[count] probabilities 1/count."""
    return np.full(count, 1.0 / count)
