"""Any Gymnasium environment as a VecEnv: the fallback if EnvPool is missing or does not have the id."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import numpy as np

from envs.api import Array, Bools, Box, Spec, Step
from envs.control.actions import clip_to_box, read_action
from envs.control.encoding import MASK, Encoding, Raw, encoding_for, legal_actions
from envs.control.limits import ANYTHING, Limits
from envs.custom import replies
from envs.custom.faults import InvalidOutput
from envs.custom.identity import Identity, identity_of
from envs.custom.making import LIMIT, Arguments, make_env, make_or_say, silent
from envs.custom.starts import SharedStarts
from envs.seeding import EpisodeSeeds
from envs.validation import UsageError

RANGE = "return_range"  # an attribute of environments
LARGEST = float(np.finfo(np.float32).max)


def read_spec(env_id: str) -> Spec:
    """The Spec of an environment; UsageError if its spaces cannot be encoded or it has no time limit."""
    return read_environment(env_id)[0]


def read_environment(env_id: str, arguments: Arguments = ()) -> tuple[Spec, Identity, Limits]:
    """The Spec of an environment, its identity, and what its class declares of the returns of episodes.

    arguments  of its constructor, and max_episode_steps for its time limit. Otherwise the limit is the registered one, or
               the environment's attribute max_episode_steps

    UsageError if its spaces cannot be encoded, it has no time limit, or what it declares is no range.
    """
    with closing(make_or_say(env_id, arguments)) as env:
        limit = (env.spec.max_episode_steps if env.spec else None) or getattr(env.unwrapped, "max_episode_steps", None)
        try:
            observation = encoding_for(env.observation_space).observation
        except ValueError as error:
            raise UsageError(f"{env_id!r} observes what no policy reads: {error}") from error
        if not limit:
            raise UsageError(
                f"{env_id!r} has no time limit, and episodes must end: give the class an attribute {LIMIT} = 500, or the "
                f"command --env-kwargs {LIMIT}=500"
            )
        try:
            action = read_action(env.action_space)
        except ValueError as error:
            raise UsageError(f"{env_id!r} {error}") from error
        declared = _read_range(env_id, getattr(env.unwrapped, RANGE, ANYTHING))
        return Spec(observation, action, int(limit)), identity_of(env), declared


def _read_range(env_id: str, declared: Any) -> Limits:
    """The limits that a class declares; None in the place of one: there is none."""
    try:
        found = Limits.from_json([None if end is None else float(end) for end in declared])
    except (TypeError, ValueError):
        found = Limits(math.nan, math.nan)
    if not found.low < found.high:
        raise UsageError(
            f"{env_id!r}: {RANGE} is the least and the largest return of an episode, as (0, 500) or (None, 0), "
            f"not {declared!r}"
        )
    return found


def identity(env_id: str, arguments: Arguments = ()) -> Identity:
    """The current identity of an environment; UsageError if it cannot be made."""
    with closing(make_or_say(env_id, arguments)) as env:
        return identity_of(env)


class GymnasiumVec:
    """P x N Gymnasium environments stepped one after another, auto-reset NEXT_STEP. Only active ones are stepped."""

    def __init__(
        self,
        env_id: str,
        spec: Spec,
        seeds: Sequence[np.random.SeedSequence],
        envs: int,
        encoding: Encoding | None = None,
        render_mode: str | None = None,
        info_masks: bool = True,
        arguments: Arguments = (),
        group: int = 1,
    ) -> None:
        """`encoding` None: the default for the environment's space. ValueError if it does not match `spec`.

        arguments   of the environment's constructor
        group       how many neighbours are reset with the same seed in each episode; one that begins it otherwise is a fault
        info_masks  whether legal actions are read from info["action_mask"] if observations do not contain them
        """
        self.spec = spec
        self.shape = (len(seeds), envs)
        self._seeds = EpisodeSeeds(seeds, envs, group)
        self._starts = SharedStarts(len(seeds) * envs, group)
        # not every environment has a render mode
        drawn: dict[str, Any] = {} if render_mode is None else {"render_mode": render_mode}
        drawn |= dict(arguments)
        self._envs = [make_env(env_id, max_episode_steps=spec.horizon, **drawn) for _ in range(len(seeds) * envs)]
        self._encode = encoding or encoding_for(self._envs[0].observation_space)
        if self._encode.observation != spec.observation:
            raise ValueError(f"{env_id} is read as {self._encode.observation}, not as its task's {spec.observation}")
        self._ended = np.zeros(len(self._envs), np.bool_)
        self._obs: Array = np.zeros(0)
        self._mask: Bools | None = None
        self._box = spec.action if isinstance(spec.action, Box) else None
        self._actions = 0 if isinstance(spec.action, Box) else spec.action.n
        self._dtype = self._envs[0].action_space.dtype or np.float32
        self._info_masks = info_masks

    def reset(self) -> tuple[Array, Bools | None]:
        with silent():
            seen = [self._begin(i) for i in range(len(self._envs))]
        self._obs = np.stack([obs for obs, _ in seen])
        masks = [mask for _, mask in seen if mask is not None]
        if masks and len(masks) < len(seen):
            raise InvalidOutput(
                "gave no action mask, and other environments of its kind did", [m for _, m in seen].index(None)
            )
        self._mask = np.stack(masks) if masks else None
        self._ended[:] = False
        return self._observed(), self._legal()

    def step(self, action: Array, active: Bools) -> Step:
        with silent():
            return self._step(action, active)

    def _step(self, action: Array, active: Bools) -> Step:
        flat = action.reshape(len(self._envs), *action.shape[2:])
        if self._box is not None:
            flat = clip_to_box(flat, self._box, self._dtype)
        self._obs, self._mask = self._obs.copy(), None if self._mask is None else self._mask.copy()
        reward = np.zeros(len(self._envs), np.float32)
        terminated, truncated = np.zeros((2, len(self._envs)), np.bool_)
        for i in np.flatnonzero(active).tolist():
            if self._ended[i]:
                (self._obs[i], mask), self._ended[i] = self._begin(i), False
            else:
                chosen: Any = flat[i] if self._box is not None else int(flat[i])
                raw, paid, ends, cuts, info = replies.step(self._envs[i], chosen, i)
                terminated[i], truncated[i] = _flag(ends, "terminated", i), _flag(cuts, "truncated", i)
                reward[i] = _number(paid, i)
                self._ended[i] = terminated[i] | truncated[i]
                self._obs[i], mask = self._read(i, raw, info, bool(self._ended[i]))
            self._allow(i, mask)
        shape = self.shape
        cut = (truncated & ~terminated).reshape(shape)
        return Step(self._observed(), reward.reshape(shape), terminated.reshape(shape), cut, self._legal())

    def picture(self) -> Array:
        """A picture of the first environment [height, width, 3], with render_mode "rgb_array"."""
        return np.asarray(self._envs[0].render())

    @property
    def pictures_per_s(self) -> float:
        """The number of pictures per second that the environment declares."""
        return float(self._envs[0].metadata.get("render_fps") or 30)

    def close(self) -> None:
        for env in self._envs:
            env.close()

    def _begin(self, i: int) -> tuple[Array, Bools | None]:
        """The encoded first observation and the mask of environment i's next episode."""
        obs, mask = self._read(i, *replies.reset(self._envs[i], self._seeds.next(i), i), False)
        self._starts.check(i, obs)
        return obs, mask

    def _read(self, i: int, raw: Raw, info: dict[str, Any], ended: bool) -> tuple[Array, Bools | None]:
        """The encoded observation and the mask of environment i."""
        try:
            batch = _batch_of_one(raw)
            listed = {MASK: np.asarray(info[MASK])[None]} if self._info_masks and info.get(MASK) is not None else None
            mask = legal_actions(batch, listed, self._actions, np.array([ended]))
            return self._encode(batch)[0], None if mask is None else mask[0]
        except InvalidOutput as error:
            error.place = i
            raise

    def _allow(self, i: int, mask: Bools | None) -> None:
        """Store the mask of environment i; without a mask after its episode has ended, all actions are legal."""
        if mask is not None and self._mask is not None:
            self._mask[i] = mask
        elif self._mask is not None and self._ended[i]:
            self._mask[i] = True
        elif mask is not None and not self._ended[i]:
            raise InvalidOutput("gave an action mask, and none when its first episode began", i)
        elif self._mask is not None:
            raise InvalidOutput("gave no action mask, and one before", i)

    def _observed(self) -> Array:
        return self._obs.reshape(*self.shape, *self._obs.shape[1:])

    def _legal(self) -> Bools | None:
        return None if self._mask is None else self._mask.reshape(*self.shape, -1)


def _number(paid: Any, i: int) -> float:
    """A reward as a number that float32 can represent."""
    if isinstance(paid, (str, bytes)):
        raise InvalidOutput(f"paid {paid!r}, which is no number", i)
    try:
        number = float(paid)
    except (TypeError, ValueError, OverflowError):
        raise InvalidOutput(f"paid {paid!r}, which is no number", i) from None
    if LARGEST < abs(number) < float("inf"):
        raise InvalidOutput(f"paid {number:g}, which float32 cannot hold", i)
    return number


def _flag(value: Any, name: str, i: int) -> bool:
    """Whether an episode has ended: a bool, or 0 or 1."""
    number = isinstance(value, (bool, int, np.bool_, np.number, np.ndarray)) and np.ndim(value) == 0
    if number and value in (0, 1):
        return bool(value)
    raise InvalidOutput(f"gave {name} as {value!r}, which is neither True nor False", i)


def _batch_of_one(raw: Raw) -> Raw:
    if isinstance(raw, dict):
        return {key: _batch_of_one(part) for key, part in raw.items()}
    if isinstance(raw, tuple):
        return tuple(_batch_of_one(part) for part in raw)
    return np.asarray(raw)[None]
