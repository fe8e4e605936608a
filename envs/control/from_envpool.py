"""Control tasks through EnvPool: compiled environments, one seed each, stepped in place."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from envs.api import Array, Bools, Box, Spec, Step


def installed() -> bool:
    """Whether EnvPool can be imported on this machine."""
    return importlib.util.find_spec("envpool") is not None


class EnvPoolVec:
    """P x N EnvPool environments as a VecEnv.

    EnvPool's auto-reset is NEXT_STEP: `info["elapsed_step"] == 0` marks the row that only delivers the next episode's
    first observation; `step` asserts that it comes exactly after an end. Seeds go in at construction, one an
    environment: an integer would give neighbouring environments neighbouring seeds, which share their randomness.
    """

    def __init__(self, name: str, spec: Spec, seeds: Sequence[np.random.SeedSequence], envs: int) -> None:
        import envpool  # 740 MB with its assets and slow to import: only where an environment is built

        self.spec = spec
        self.shape = (len(seeds), envs)
        per_env = np.concatenate([seed.generate_state(envs, np.uint32) >> 1 for seed in seeds])  # int32 range
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # gymnasium warns about the precision of unbounded boxes
            self._pool: Any = envpool.make(
                name, env_type="gymnasium", num_envs=len(per_env), seed=per_env.tolist(), num_threads=1
            )
            shape = self._pool.observation_space.shape
        self._ids = np.arange(len(per_env), dtype=np.int32)
        self._ended = np.zeros(len(per_env), np.bool_)
        self._obs: Array = np.zeros((len(per_env), *shape), np.float32)
        self._box = spec.action if isinstance(spec.action, Box) else None

    def reset(self) -> tuple[Array, Bools | None]:
        obs, _ = self._pool.reset()
        self._obs[:] = obs
        self._ended[:] = False
        return self._obs.reshape(*self.shape, -1).copy(), None

    def step(self, action: Array, active: Bools) -> Step:
        flat = action.reshape(len(self._ids), *action.shape[2:])
        if self._box is not None:
            flat = np.clip(flat, self._box.low, self._box.high).astype(np.float32)
        else:
            flat = flat.astype(np.int32)
        if active.all():
            obs, reward, terminated, truncated, info = self._pool.step(flat)
            self._check(info, slice(None))
            self._obs = obs.astype(np.float32, copy=False)
        else:
            chosen = np.flatnonzero(active)
            ids = self._ids[chosen]
            obs, paid, dead, cut, info = self._pool.step(flat[chosen], ids)
            self._check(info, chosen)
            self._obs = self._obs.copy()
            self._obs[chosen] = obs
            reward, terminated, truncated = np.zeros(len(self._ids), np.float32), *np.zeros((2, len(self._ids)), bool)
            reward[chosen], terminated[chosen], truncated[chosen] = paid, dead, cut
            self._ended[chosen] = dead | cut
        if active.all():
            self._ended = terminated | truncated
        return Step(
            self._obs.reshape(*self.shape, -1),
            reward.reshape(self.shape).astype(np.float32, copy=False),
            terminated.reshape(self.shape),
            (truncated & ~terminated).reshape(self.shape),
            None,
        )

    def close(self) -> None:
        self._pool.close()

    def _check(self, info: dict[str, Any], rows: Any) -> None:
        if not np.array_equal(info["elapsed_step"] == 0, self._ended[rows]):
            raise RuntimeError("EnvPool did not reset on the step after an end: its auto-reset is not NEXT_STEP")
