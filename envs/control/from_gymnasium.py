"""Any Gymnasium environment as a VecEnv: the fallback where EnvPool is missing or does not know the id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import gymnasium
import numpy as np

from envs.api import Array, Bools, Box, Discrete, Features, Spec, Step


def read_spec(env_id: str) -> Spec:
    """The Spec of a Gymnasium id; ValueError where its spaces are not vectors, or it has no time limit."""
    try:
        env = gymnasium.make(env_id)
    except gymnasium.error.Error as error:
        raise ValueError(f"Gymnasium cannot make {env_id!r}: {error}") from error
    observation, action = env.observation_space, env.action_space
    limit = env.spec.max_episode_steps if env.spec else None
    env.close()
    if not isinstance(observation, gymnasium.spaces.Box) or len(observation.shape) != 1:
        raise ValueError(f"{env_id!r} observes {observation}; only vectors (Box of one axis) are supported")
    if limit is None:
        raise ValueError(f"{env_id!r} has no time limit; episodes must end")
    if isinstance(action, gymnasium.spaces.Discrete):
        if action.start != 0:
            raise ValueError(f"{env_id!r} counts its actions from {action.start}; only 0 is supported")
        return Spec(Features(observation.shape[0]), Discrete(int(action.n)), limit)
    if isinstance(action, gymnasium.spaces.Box) and len(action.shape) == 1:
        return Spec(Features(observation.shape[0]), Box(tuple(action.low.tolist()), tuple(action.high.tolist())), limit)
    raise ValueError(f"{env_id!r} acts in {action}; only Discrete and one-axis Box are supported")


class GymnasiumVec:
    """P x N Gymnasium environments stepped one after another, auto-reset NEXT_STEP, stepping only the active ones."""

    def __init__(
        self,
        env_id: str,
        spec: Spec,
        seeds: Sequence[np.random.SeedSequence],
        envs: int,
        render_mode: str | None = None,
    ) -> None:
        self.spec = spec
        self.shape = (len(seeds), envs)
        self._seeds: list[int | None] = [int(s) for seed in seeds for s in seed.generate_state(envs, np.uint32) >> 1]
        self._envs = [gymnasium.make(env_id, render_mode=render_mode) for _ in self._seeds]
        self._ended = np.zeros(len(self._envs), np.bool_)
        self._obs: Array = np.zeros((len(self._envs), cast(Features, spec.observation).size), np.float32)
        self._box = spec.action if isinstance(spec.action, Box) else None

    def reset(self) -> tuple[Array, Bools | None]:
        self._obs = np.stack([self._begin(i) for i in range(len(self._envs))])
        self._ended[:] = False
        return self._obs.reshape(*self.shape, -1), None

    def step(self, action: Array, active: Bools) -> Step:
        flat = action.reshape(len(self._envs), *action.shape[2:])
        if self._box is not None:
            flat = np.clip(flat, self._box.low, self._box.high).astype(np.float32)
        self._obs = self._obs.copy()
        reward = np.zeros(len(self._envs), np.float32)
        terminated, truncated = np.zeros((2, len(self._envs)), np.bool_)
        for i in np.flatnonzero(active).tolist():
            if self._ended[i]:
                self._obs[i], self._ended[i] = self._begin(i), False
                continue
            chosen: Any = flat[i] if self._box is not None else int(flat[i])
            self._obs[i], reward[i], terminated[i], truncated[i], _ = self._envs[i].step(chosen)
            self._ended[i] = terminated[i] | truncated[i]
        shape = self.shape
        cut = (truncated & ~terminated).reshape(shape)
        return Step(self._obs.reshape(*shape, -1), reward.reshape(shape), terminated.reshape(shape), cut, None)

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

    def _begin(self, i: int) -> Array:
        seed, self._seeds[i] = self._seeds[i], None  # seeded once; later episodes go on with the same generator
        return np.asarray(self._envs[i].reset(seed=seed)[0], np.float32)
