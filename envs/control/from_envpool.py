"""Control tasks through EnvPool: compiled environments, each with its own seed."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from envs.api import Array, Bools, Box, Discrete, Spec, Step
from envs.control.actions import clip_to_box
from envs.control.encoding import Encoding, Raw, encoding_for, legal_actions
from envs.custom.faults import InvalidOutput


def installed() -> bool:
    """Whether EnvPool can be imported on this machine."""
    return importlib.util.find_spec("envpool") is not None


class EnvPoolVec:
    """P x N EnvPool environments as a VecEnv.

    EnvPool's auto-reset is NEXT_STEP: `info["elapsed_step"] == 0` marks the row that only delivers the next episode's
    first observation; `step` asserts that it comes exactly after an end. Seeds are set at construction, one per
    environment: a single integer would give adjacent environments adjacent seeds, which share random numbers.
    Several environments of EnvPool have no time limit, so every episode is truncated here after spec.horizon steps.
    """

    def __init__(
        self,
        name: str,
        spec: Spec,
        seeds: Sequence[np.random.SeedSequence],
        envs: int,
        encoding: Encoding | None = None,
    ) -> None:
        """`encoding` None: the default for the environment's space. ValueError if it does not match `spec`."""
        import envpool  # 740 MB with its assets and slow to import, so it is imported only here

        self.spec = spec
        self.shape = (len(seeds), envs)
        per_env = np.concatenate([seed.generate_state(envs, np.uint32) >> 1 for seed in seeds])  # int32 range
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # gymnasium warns about the precision of unbounded boxes
            self._pool: Any = envpool.make(
                name, env_type="gymnasium", num_envs=len(per_env), seed=per_env.tolist(), num_threads=1
            )
            self._encode = encoding or encoding_for(self._pool.observation_space)
            self._dtype = self._pool.action_space.dtype if isinstance(spec.action, Box) else np.int32
        if self._encode.observation != spec.observation:
            raise ValueError(f"{name} is read as {self._encode.observation}, not as its task's {spec.observation}")
        self._ids = np.arange(len(per_env), dtype=np.int32)
        self._ended = np.zeros(len(per_env), np.bool_)
        self._overdue = np.zeros(len(per_env), np.bool_)  # truncated here, so EnvPool needs an explicit reset
        self._obs: Array = np.zeros(0)
        self._mask: Bools | None = None

    def reset(self) -> tuple[Array, Bools | None]:
        raw, _ = self._pool.reset()
        self._obs, self._mask = self._read(raw, np.zeros(len(self._ids), np.bool_))
        self._obs = self._obs.copy()
        self._ended[:] = self._overdue[:] = False
        return self._observed(self._obs), self._legal()

    def step(self, action: Array, active: Bools) -> Step:
        flat = action.reshape(len(self._ids), *action.shape[2:])
        if isinstance(self.spec.action, Box):
            flat = clip_to_box(flat, self.spec.action, self._dtype)
        else:
            flat = flat.astype(self._dtype)
        reward, terminated, truncated = np.zeros(len(self._ids), np.float32), *np.zeros((2, len(self._ids)), bool)
        everyone = bool(active.all()) and not self._overdue.any()
        going: Any = slice(None) if everyone else np.flatnonzero(active.ravel() & ~self._overdue)
        if not everyone:
            self._obs, self._mask = self._obs.copy(), None if self._mask is None else self._mask.copy()
            self._restart(np.flatnonzero(active.ravel() & self._overdue))
        if everyone or len(going):
            raw, reward[going], terminated[going], cut, info = self._pool.step(flat[going], self._ids[going])
            self._check(info, going)
            late = ~(terminated[going] | cut) & (info["elapsed_step"] >= self.spec.horizon)
            truncated[going] = (cut | late) & ~terminated[going]
            self._overdue[going], self._ended[going] = late, terminated[going] | truncated[going]
            self._see(raw, going)
        shape = self.shape
        ends = terminated.reshape(shape), truncated.reshape(shape)
        return Step(self._observed(self._obs), reward.reshape(shape), *ends, self._legal())

    def close(self) -> None:
        self._pool.close()

    def _restart(self, rows: Array) -> None:
        """Reset the environments whose episodes were truncated here."""
        if not len(rows):
            return
        raw, _ = self._pool.reset(self._ids[rows])
        self._ended[rows] = self._overdue[rows] = False
        self._see(raw, rows)

    def _see(self, raw: Raw, rows: Any) -> None:
        try:
            seen, mask = self._read(raw, self._ended[rows])
        except InvalidOutput as error:
            if error.place is not None:
                error.place = int(np.arange(len(self._ids))[rows][error.place])
            raise
        if isinstance(rows, slice):
            self._obs, self._mask = seen, mask
            return
        self._obs[rows] = seen
        if self._mask is not None and mask is not None:
            self._mask[rows] = mask

    def _read(self, raw: Raw, ended: Bools) -> tuple[Array, Bools | None]:
        action = self.spec.action
        return self._encode(raw), legal_actions(raw, None, action.n if isinstance(action, Discrete) else 0, ended)

    def _observed(self, obs: Array) -> Array:
        return obs.reshape(*self.shape, *obs.shape[1:])

    def _legal(self) -> Bools | None:
        return None if self._mask is None else self._mask.reshape(*self.shape, -1)

    def _check(self, info: dict[str, Any], rows: Any) -> None:
        if not np.array_equal(info["elapsed_step"] == 0, self._ended[rows]):
            raise RuntimeError("EnvPool did not reset on the step after an end: its auto-reset is not NEXT_STEP")
