"""Text MDPs in batches: P x N transcripts in lock step. The Gymnasium environments use the same step function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from envs.api import Array, Bools, Doubles, Floats, Ints, Step, Task
from envs.text_mdp import PAD, Rows, TextMDP


class EpisodeRandomness(NamedTuple):
    """The random numbers of M episodes, drawn at their start; None for kinds that the task does not use."""

    coin: Doubles | None  # [M] uniform, for the last reward
    noise: Doubles | None  # [M] Gaussian, for reward_noise
    chance: Doubles | None  # [M, T] uniform, for outcomes

    def at(self, rows: Ints) -> EpisodeRandomness:
        """The random numbers of these rows."""
        return EpisodeRandomness(*(None if part is None else part[rows] for part in self))


def draw_starts(mdp: TextMDP, seed: np.random.SeedSequence, n: int, group: int = 1) -> tuple[Rows, EpisodeRandomness]:
    """The starts and the randomness of n episodes; each kind has its own stream, so they do not depend on n."""

    def drawn_by(kind: int) -> np.random.Generator:
        """The generator of seed's child `kind`; only those that the task uses are made."""
        return np.random.default_rng(np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, kind)))

    starts = mdp.starts(drawn_by(0), n // group)
    randomness = EpisodeRandomness(
        drawn_by(1).random(n) if mdp.random_final_reward else None,
        drawn_by(2).standard_normal(n) if mdp.reward_noise else None,
        drawn_by(3).random((n, mdp.horizon)) if mdp.stochastic else None,
    )
    return Rows(starts.transcript.repeat(group, axis=0), starts.hidden.repeat(group, axis=0)), randomness


def apply_action(
    mdp: TextMDP, rows: Rows, t: int, action: Ints, alive: Bools, mask: Bools | None, randomness: EpisodeRandomness
) -> tuple[Doubles, Bools, Ints]:
    """Take action t [M] in the rows `alive`: write its token and the reply; returns (reward, ended, hidden state).

    An action that `mask` [M, V] forbids ends the episode with the task's worst reward.
    """
    place = mdp.position(t)
    rows.transcript[:, place] = np.where(alive, action + mdp.first_action, PAD)
    outcome = np.zeros(len(action), np.int64)
    if randomness.chance is not None and (chances := mdp.outcomes(rows, t)) is not None:
        # the last outcome absorbs rounding errors
        outcome = (randomness.chance[:, t, None] >= chances[:, :-1].cumsum(1)).sum(1)
    response = mdp.advance(rows, t, outcome, randomness.coin)
    reward, ended = response.reward, response.ended
    if mask is not None:
        illegal = ~mask[np.arange(len(action)), action]
        reward, ended = np.where(illegal, mdp.worst_reward + mdp.reward_shift, reward), ended | illegal
    if randomness.noise is not None:
        reward = reward + ended * (mdp.reward_noise * randomness.noise)
    if response.reply is not None:
        rows.transcript[:, place + 1 : place + mdp.stride] = np.where(alive[:, None], response.reply, PAD)
    hidden = rows.hidden if response.hidden is None else response.hidden
    return np.where(alive, reward, 0.0), ended & alive, hidden


class TextEnv:
    """P x N transcripts of one text MDP, all at the same step.

    The random numbers of episode e in environment n depend on the member's seed, e and n, but not on P or N.
    """

    def __init__(self, mdp: TextMDP, seeds: Sequence[np.random.SeedSequence], envs: int, group: int) -> None:
        if envs % group:
            raise ValueError(f"{envs} environments cannot be split into groups of {group}")
        self.mdp, self.group = mdp, group
        self.spec = mdp.spec
        self.shape = (len(seeds), envs)
        self._seeds = seeds
        self._episode = 0
        self._transcript: Ints = np.zeros((len(seeds) * envs, mdp.transcript_length), np.int64)
        self._hidden: Ints = np.zeros((len(seeds) * envs, 0), np.int64)
        self._randomness = EpisodeRandomness(None, None, None)
        self._legal: Bools | None = None
        self._t = 0

    def reset(self) -> tuple[Array, Bools | None]:
        n, k = self.shape[1], self.mdp.prompt_length
        seeds = (np.random.SeedSequence(s.entropy, spawn_key=(*s.spawn_key, self._episode)) for s in self._seeds)
        starts, drawn = zip(*(draw_starts(self.mdp, seed, n, self.group) for seed in seeds), strict=True)
        self._transcript[:] = PAD
        self._transcript[:, :k] = np.concatenate([s.transcript for s in starts])
        self._hidden = np.concatenate([s.hidden for s in starts])
        self._randomness = EpisodeRandomness(
            *(None if part[0] is None else np.concatenate(part) for part in zip(*drawn, strict=True))
        )
        self._episode += 1
        self._t = 0
        return self._observation(), self._mask()

    def step(self, action: Array, active: Bools) -> Step:
        mdp, t = self.mdp, self._t
        if t >= mdp.horizon:
            raise RuntimeError("every episode has ended: call reset() first")
        chosen = action.reshape(-1).astype(np.int64)
        rows = self.rows
        reward, ended, self._hidden = apply_action(
            mdp, rows, t, chosen, active.reshape(-1), self._legal, self._randomness
        )
        logp, parts = self._reference_logp(rows, t), self._parts(rows, t, active.reshape(-1), ended)
        self._t += 1
        paid: Floats = reward.astype(np.float32).reshape(self.shape)
        never = np.zeros(self.shape, np.bool_)
        reference = None if logp is None else logp.astype(np.float32).reshape(self.shape)
        return Step(self._observation(), paid, ended.reshape(self.shape), never, self._mask(), reference, parts)

    @property
    def rows(self) -> Rows:
        """All transcripts with their hidden states."""
        return Rows(self._transcript, self._hidden)

    def close(self) -> None:
        """Do nothing; there are no resources."""

    def _reference_logp(self, rows: Rows, t: int) -> Doubles | None:
        return self.mdp.reference_logp(rows, t)

    def _parts(self, rows: Rows, t: int, alive: Bools, ended: Bools) -> Floats | None:
        """The parts of the reward [P, N, K], with the noise in the first; None if it has one part."""
        if (parts := self.mdp.parts(rows, t)) is None:
            return None
        if self._randomness.noise is not None:
            weight = next(iter(self.mdp.reward_parts.values()))
            parts[:, 0] += ended * self.mdp.reward_noise / weight * self._randomness.noise
        paid: Floats = np.where(alive[:, None], parts, 0.0).astype(np.float32).reshape(*self.shape, -1)
        return paid

    def _observation(self) -> Ints:
        return self._transcript.reshape(*self.shape, -1)

    def _mask(self) -> Bools | None:
        self._legal = None
        if self._t < self.mdp.horizon:
            self._legal = self.mdp.legal(self.rows, self._t)
        return None if self._legal is None else self._legal.reshape(*self.shape, -1)


class TextFactory(TextMDP):
    """A text MDP that makes its batch of environments; the base class of tasks."""

    def make(self, seeds: Sequence[np.random.SeedSequence], envs: int, group: int = 1) -> TextEnv:
        """`len(seeds)` members with `envs` environments each; `group` adjacent ones share a prompt."""
        return TextEnv(self, seeds, envs, group)


def text_task(name: str, mdp: TextFactory, solved: float = 0.95) -> Task:
    """The Task of a text MDP: floor J0, ceiling J*, threshold at the normalised score `solved`.

    If the uniform policy is optimal, there is no ceiling and scores are returns.
    """
    floor, ceiling = mdp.random_return(), mdp.optimal_return()
    return Task(
        name=name,
        factory=mdp,
        floor=floor,
        ceiling=ceiling if ceiling > floor else None,
        threshold=floor + solved * (ceiling - floor),
        field="text",
        source="closed form of the task's card, checked by enumeration",
        gamma=mdp.gamma,
        beta=mdp.beta,
    )


@dataclass(frozen=True)
class Preset:
    """A named text MDP. Its Task, whose floor and ceiling take time, is built when it is asked for."""

    name: str
    mdp: TextFactory
    build: Callable[[str, Any], Task] = text_task

    def task(self) -> Task:
        """The Task."""
        return self.build(self.name, self.mdp)
