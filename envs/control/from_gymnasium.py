"""Any Gymnasium environment as a VecEnv: the fallback where EnvPool is missing or does not know the id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np

from envs.api import Array, Bools, Box, Discrete, Spec, Step
from envs.control.encoding import Encoding, Raw, encoding_for, legal
from envs.discover import UsageError


def read_spec(env_id: str) -> Spec:
    """The Spec of a Gymnasium id; UsageError where its spaces cannot be encoded, or it has no time limit."""
    env = _made(env_id)
    action, limit = env.action_space, env.spec.max_episode_steps if env.spec else None
    env.close()
    try:
        observation = encoding_for(env.observation_space).observation
    except ValueError as error:
        raise UsageError(f"{env_id!r} observes what no policy reads: {error}") from error
    if limit is None:
        raise UsageError(f"{env_id!r} has no time limit; episodes must end")
    if isinstance(action, gymnasium.spaces.Discrete):
        if action.start != 0:
            raise UsageError(f"{env_id!r} counts its actions from {action.start}; only 0 is supported")
        return Spec(observation, Discrete(int(action.n)), limit)
    if isinstance(action, gymnasium.spaces.Box) and len(action.shape) == 1:
        return Spec(observation, Box(tuple(action.low.tolist()), tuple(action.high.tolist())), limit)
    raise UsageError(f"{env_id!r} acts in {action}; only Discrete and one-axis Box are supported")


def _made(env_id: str) -> gymnasium.Env[Any, Any]:
    """UsageError where there is no such id or it needs arguments; what its own constructor raises is not caught."""
    try:
        return gymnasium.make(env_id)
    except (gymnasium.error.Error, ImportError) as error:
        raise UsageError(f"Gymnasium cannot make {env_id!r}: {error}") from error
    except TypeError as error:
        if "required" not in str(error):
            raise
        raise UsageError(f"{env_id!r} needs arguments that its registration does not give: {error}") from error


class GymnasiumVec:
    """P x N Gymnasium environments stepped one after another, auto-reset NEXT_STEP, stepping only the active ones."""

    def __init__(
        self,
        env_id: str,
        spec: Spec,
        seeds: Sequence[np.random.SeedSequence],
        envs: int,
        encoding: Encoding | None = None,
        render_mode: str | None = None,
    ) -> None:
        """`encoding` None: the plain one of the environment's space. ValueError where it is not what `spec` says."""
        self.spec = spec
        self.shape = (len(seeds), envs)
        self._seeds: list[int | None] = [int(s) for seed in seeds for s in seed.generate_state(envs, np.uint32) >> 1]
        # not every environment takes a render mode
        drawn: dict[str, Any] = {} if render_mode is None else {"render_mode": render_mode}
        self._envs = [gymnasium.make(env_id, max_episode_steps=spec.horizon, **drawn) for _ in self._seeds]
        self._encode = encoding or encoding_for(self._envs[0].observation_space)
        if self._encode.observation != spec.observation:
            raise ValueError(f"{env_id} is read as {self._encode.observation}, not as its task's {spec.observation}")
        self._ended = np.zeros(len(self._envs), np.bool_)
        self._obs: Array = np.zeros(0)
        self._mask: Bools | None = None
        self._box = spec.action if isinstance(spec.action, Box) else None

    def reset(self) -> tuple[Array, Bools | None]:
        seen = [self._read(self._begin(i)) for i in range(len(self._envs))]
        self._obs = np.stack([obs for obs, _ in seen])
        masks = [mask for _, mask in seen if mask is not None]
        self._mask = np.stack(masks) if masks else None
        self._ended[:] = False
        return self._observed(), self._legal()

    def step(self, action: Array, active: Bools) -> Step:
        flat = action.reshape(len(self._envs), *action.shape[2:])
        if self._box is not None:
            flat = np.clip(flat, self._box.low, self._box.high).astype(np.float32)
        self._obs, self._mask = self._obs.copy(), None if self._mask is None else self._mask.copy()
        reward = np.zeros(len(self._envs), np.float32)
        terminated, truncated = np.zeros((2, len(self._envs)), np.bool_)
        for i in np.flatnonzero(active).tolist():
            if self._ended[i]:
                raw, self._ended[i] = self._begin(i), False
            else:
                chosen: Any = flat[i] if self._box is not None else int(flat[i])
                raw, reward[i], terminated[i], truncated[i], _ = self._envs[i].step(chosen)
                self._ended[i] = terminated[i] | truncated[i]
            self._obs[i], mask = self._read(raw)
            if self._mask is not None and mask is not None:
                self._mask[i] = mask
        shape = self.shape
        cut = (truncated & ~terminated).reshape(shape)
        return Step(self._observed(), reward.reshape(shape), terminated.reshape(shape), cut, self._legal())

    def picture(self) -> Array:
        """The first environment as it looks now [height, width, 3], with render_mode "rgb_array"."""
        return np.asarray(self._envs[0].render())

    @property
    def pictures_per_s(self) -> float:
        """How many of them its author meant to be shown in a second."""
        return float(self._envs[0].metadata.get("render_fps") or 30)

    def close(self) -> None:
        for env in self._envs:
            env.close()

    def _begin(self, i: int) -> Raw:
        seed, self._seeds[i] = self._seeds[i], None  # seeded once; later episodes go on with the same generator
        return self._envs[i].reset(seed=seed)[0]

    def _read(self, raw: Raw) -> tuple[Array, Bools | None]:
        """The encoded observation and the mask of one environment."""
        batch = _batch_of_one(raw)
        mask = legal(batch)
        return self._encode(batch)[0], None if mask is None else mask[0]

    def _observed(self) -> Array:
        return self._obs.reshape(*self.shape, *self._obs.shape[1:])

    def _legal(self) -> Bools | None:
        return None if self._mask is None else self._mask.reshape(*self.shape, -1)


def _batch_of_one(raw: Raw) -> Raw:
    if isinstance(raw, dict):
        return {key: _batch_of_one(part) for key, part in raw.items()}
    if isinstance(raw, tuple):
        return tuple(_batch_of_one(part) for part in raw)
    return np.asarray(raw)[None]
