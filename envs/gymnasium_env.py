"""The text MDPs as gymnasium.Env and VectorEnv, registered as TextMDP/<Name>-v0 when `envs` is imported.

    gymnasium.make("envs:TextMDP/Transduce-v0", operation="reverse")
    gymnasium.make("envs:TextMDP/Dyck-v0", preset="masked-small", render_mode="ansi")
    gymnasium.make_vec("envs:TextMDP/GuessNumber-v0", num_envs=64, vectorization_mode="vector_entry_point")

Both forms play the same episodes: environment i of a vector seeded with s is the single environment seeded with s + i.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Discrete, MultiDiscrete
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from envs.api import Bools, Doubles, Ints
from envs.tasks import PRESETS
from envs.text_env import EpisodeRandomness, apply_action, draw_starts
from envs.text_mdp import PAD, Rows, TextMDP
from envs.validation import UnknownName, look_up

Info = dict[str, Any]


def build(mdp: str, preset: str | None, knobs: dict[str, Any]) -> TextMDP:
    """The MDP of a class name: its defaults or a preset's knobs, changed by `knobs`. ValueError for unknown names."""
    presets = {name.partition("/")[2]: p.mdp for name, p in PRESETS.items() if type(p.mdp).__name__ == mdp}
    base = next(iter(presets.values()))
    start = type(base)() if preset is None else look_up(presets, preset, f"preset of {mdp}")
    known = [f.name for f in fields(start)]
    for knob in knobs:
        if knob not in known:
            raise UnknownName(f"knob of {mdp}", knob, known)
    return replace(start, **knobs)


def spaces(mdp: TextMDP) -> tuple[MultiDiscrete, Discrete]:
    """(observation space: the transcript so far, padded with PAD; action space: the tokens that can be written)."""
    return MultiDiscrete(np.full(mdp.transcript_length, len(mdp.tokens))), Discrete(mdp.actions)


class _Episodes:
    """n episodes of one MDP, each at its own step. The steps are those of text_env.apply_action."""

    def __init__(self, mdp: TextMDP, n: int) -> None:
        self.mdp = mdp
        starts = mdp.starts(np.random.default_rng(0), 1)
        self.transcript: Ints = np.full((n, mdp.transcript_length), PAD, np.int64)
        self.hidden: Ints = np.zeros((n, starts.hidden.shape[1]), np.int64)
        self.t: Ints = np.zeros(n, np.int64)
        one = draw_starts(mdp, np.random.SeedSequence(0), 1)[1]
        self.randomness = EpisodeRandomness(*(None if part is None else np.repeat(part, n, axis=0) for part in one))

    def begin(self, i: int, rng: np.random.Generator, options: dict[str, Any] | None) -> None:
        """Begin a new episode in place i; options {"start": k} selects the k-th of mdp.prompts()."""
        starts, randomness = draw_starts(self.mdp, np.random.SeedSequence(int(rng.integers(2**62))), 1)
        prompt, hidden = starts.transcript[0], starts.hidden[0]
        if options and "start" in options:
            listed, k = self.mdp.prompts(), int(options["start"])
            if not 0 <= k < len(listed.tokens):
                raise ValueError(f"start must lie in [0, {len(listed.tokens)}), not {k}")
            prompt = listed.tokens[k]
            hidden = hidden if listed.hidden is None else listed.hidden[k]
        self.transcript[i] = PAD
        self.transcript[i, : len(prompt)] = prompt
        self.hidden[i], self.t[i] = hidden, 0
        for kept, new in zip(self.randomness, randomness, strict=True):
            if kept is not None and new is not None:
                kept[i] = new[0]

    def step(self, rows: Ints, action: Ints) -> tuple[Doubles, Bools]:
        """Take one action in each of the places `rows`; returns rewards and ends."""
        reward, ended = np.zeros(len(rows)), np.zeros(len(rows), np.bool_)
        steps = self.t[rows].copy()
        for t in np.unique(steps).tolist():  # episodes at the same step are advanced together
            part = steps == t
            at = rows[part]
            state, everyone = Rows(self.transcript[at], self.hidden[at]), np.ones(len(at), np.bool_)
            mask = self.mdp.legal(state, t)
            reward[part], ended[part], hidden = apply_action(
                self.mdp, state, t, action[part], everyone, mask, self.randomness.at(at)
            )
            self.transcript[at], self.hidden[at], self.t[at] = state.transcript, hidden, t + 1
        return reward, ended

    def mask(self) -> Bools | None:
        """[n, V]: legal tokens; None if all tokens always are. All True after an episode's end."""
        masks: Bools | None = None
        for t in np.unique(self.t).tolist():
            at = np.flatnonzero(self.t == t)
            if t == self.mdp.horizon:
                continue
            legal = self.mdp.legal(Rows(self.transcript[at], self.hidden[at]), t)
            if legal is None:
                return None
            if masks is None:
                masks = np.ones((len(self.t), self.mdp.actions), np.bool_)
            masks[at] = legal
        return masks


class TextMDPEnv(gymnasium.Env[Ints, Any]):
    """One text MDP. Observation: the padded transcript; action: a token; info["action_mask"] if some are illegal.

    An illegal token ends the episode with the task's worst reward. reset(options={"start": k}) begins at the k-th
    prompt. `mdp` is a class's name, with its preset and knobs, or the MDP itself.
    """

    metadata = {"render_modes": ["ansi"], "render_fps": 1}  # noqa: RUF012 (so Gymnasium declares it)

    def __init__(
        self, mdp: str | TextMDP, preset: str | None = None, render_mode: str | None = None, **knobs: Any
    ) -> None:
        self.mdp = build(mdp, preset, knobs) if isinstance(mdp, str) else mdp
        self.render_mode = render_mode
        self.observation_space, self.action_space = spaces(self.mdp)
        self._episodes = _Episodes(self.mdp, 1)
        self._running = False

    @property
    def max_episode_steps(self) -> int:
        """The largest number of steps; it is read if no time limit is registered."""
        return self.mdp.horizon

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Ints, Info]:
        super().reset(seed=seed)
        self._episodes.begin(0, self.np_random, options)
        self._running = True
        return self._observation(), self._info()

    def step(self, action: Any) -> tuple[Ints, float, bool, bool, Info]:
        if not self._running:
            raise RuntimeError("no episode is running: call reset() first")
        if not self.action_space.contains(np.int64(action)):
            raise ValueError(f"action must lie in [0, {self.mdp.actions}), not {action}")
        reward, ended = self._episodes.step(np.zeros(1, np.int64), np.array([action], np.int64))
        self._running = not ended[0]
        return self._observation(), float(reward[0]), bool(ended[0]), False, self._info()

    def render(self) -> str | None:
        """The transcript as text."""
        return self.mdp.decode(self._episodes.transcript[0]) if self.render_mode == "ansi" else None

    def _observation(self) -> Ints:
        return self._episodes.transcript[0].copy()

    def _info(self) -> Info:
        mask = self._episodes.mask() if self._running else None
        return {} if mask is None else {"action_mask": mask[0].astype(np.int8)}


class TextMDPVectorEnv(VectorEnv[Ints, Ints, Any]):
    """num_envs text MDPs that reset in the step after an end (NEXT_STEP), which ignores its action."""

    metadata = {  # noqa: RUF012
        "render_modes": ["ansi"],
        "render_fps": 1,
        "autoreset_mode": AutoresetMode.NEXT_STEP,
    }

    def __init__(
        self, num_envs: int, mdp: str | TextMDP, preset: str | None = None, render_mode: str | None = None, **knobs: Any
    ) -> None:
        self.mdp = build(mdp, preset, knobs) if isinstance(mdp, str) else mdp
        self.num_envs, self.render_mode = num_envs, render_mode
        self.single_observation_space, self.single_action_space = spaces(self.mdp)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._episodes = _Episodes(self.mdp, num_envs)
        self._rngs = [np.random.default_rng() for _ in range(num_envs)]
        self._ended = np.ones(num_envs, np.bool_)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Ints, Info]:
        seeds = [seed + i for i in range(self.num_envs)] if isinstance(seed, int) else seed
        for i, s in enumerate(seeds or ()):
            if s is not None:
                self._rngs[i], _ = gymnasium.utils.seeding.np_random(s)
        for i in range(self.num_envs):
            self._episodes.begin(i, self._rngs[i], options)
        self._ended[:] = False
        return self._episodes.transcript.copy(), self._info()

    def step(self, actions: Ints) -> tuple[Ints, Doubles, Bools, Bools, Info]:
        actions = np.asarray(actions, np.int64)
        again, going = np.flatnonzero(self._ended), np.flatnonzero(~self._ended)
        reward, ended = np.zeros(self.num_envs), np.zeros(self.num_envs, np.bool_)
        reward[going], ended[going] = self._episodes.step(going, actions[going])
        for i in again.tolist():
            self._episodes.begin(i, self._rngs[i], None)
        self._ended = ended.copy()
        never = np.zeros(self.num_envs, np.bool_)
        return self._episodes.transcript.copy(), reward, ended, never, self._info()

    def render(self) -> tuple[str, ...] | None:
        """The transcripts as text."""
        return tuple(map(self.mdp.decode, self._episodes.transcript)) if self.render_mode == "ansi" else None

    def _info(self) -> Info:
        mask = self._episodes.mask()
        if mask is None:
            return {}
        return {"action_mask": mask.astype(np.int8), "_action_mask": ~self._ended}


def register_all(names: Sequence[str]) -> None:
    """Register TextMDP/<Name>-v0 for each class name, once."""
    for name in names:
        if f"TextMDP/{name}-v0" not in gymnasium.registry:
            gymnasium.register(
                f"TextMDP/{name}-v0",
                entry_point="envs.gymnasium_env:TextMDPEnv",
                vector_entry_point="envs.gymnasium_env:TextMDPVectorEnv",
                kwargs={"mdp": name},
            )
