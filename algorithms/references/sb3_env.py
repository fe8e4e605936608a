"""This project's tasks as vector environments of stable-baselines3, with its convention for resets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvObs, VecEnvStepReturn

from algorithms.training.returns.exact_return import text_mdp
from envs.api import Box, Features, Spec, Task
from envs.custom.faults import CheckedVecEnv, EnvironmentFault
from envs.gymnasium_env import TextMDPEnv
from envs.text_mdp import TextMDP


def vec_env(task: Task, seed: np.random.SeedSequence, envs: int) -> VecEnv:
    """`envs` environments of one member. A text task is observed as its padded transcript.

    Text environments are stepped one by one, because texts end at different steps and TextEnv plays in lock step.
    """
    mdp = text_mdp(task)
    if mdp is None:
        return SameStepVecEnv(task, seed, envs)
    return TextVecEnv(mdp, task.name, [int(s) for s in seed.generate_state(envs, np.uint32) >> 1])


class TextVecEnv(DummyVecEnv):
    """One environment of a text MDP per seed."""

    def __init__(self, mdp: TextMDP, name: str, seeds: list[int]) -> None:
        super().__init__([lambda: TextMDPEnv(mdp) for _ in seeds])
        self._name = name
        self._seeds: list[int | None] = [*seeds]

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Ignore the seed of the model; these environments have their own."""
        return self._seeds

    def step_wait(self) -> VecEnvStepReturn:
        stepped = super().step_wait()
        for place, paid in enumerate(stepped[1]):
            if not np.isfinite(paid):
                raise EnvironmentFault(
                    f"{self._name}: the environment returned a reward of {paid} (environment {place})"
                )
        return stepped


def spaces(spec: Spec) -> tuple[gymnasium.Space[Any], gymnasium.Space[Any]]:
    """(observation space, action space) of a task that observes vectors."""
    assert isinstance(spec.observation, Features)
    seen = gymnasium.spaces.Box(-np.inf, np.inf, (spec.observation.size,), np.float32)
    if isinstance(spec.action, Box):
        low, high = (np.array(bound, np.float32) for bound in (spec.action.low, spec.action.high))
        return seen, gymnasium.spaces.Box(low, high, dtype=np.float32)
    return seen, gymnasium.spaces.Discrete(spec.action.n)


class SameStepVecEnv(VecEnv):
    """A member's environments, reset in the step in which an episode ends (SAME_STEP), as stable-baselines3 expects.

    The infos hold the last observation, and whether a time limit truncated the episode.
    """

    def __init__(self, task: Task, seed: np.random.SeedSequence, envs: int) -> None:
        super().__init__(envs, *spaces(task.spec))
        self._env = CheckedVecEnv(task.factory.make([seed], envs), task.name, [seed], envs)
        self._action: np.ndarray = np.zeros(0)

    def reset(self) -> VecEnvObs:
        return self._env.reset()[0][0]

    def step_async(self, actions: np.ndarray) -> None:
        self._action = actions

    def step_wait(self) -> VecEnvStepReturn:
        step = self._env.step(self._action[None], np.ones((1, self.num_envs), np.bool_))
        ended, obs = step.terminated[0] | step.truncated[0], step.obs[0]
        infos: list[dict[str, Any]] = [{"TimeLimit.truncated": bool(cut)} for cut in step.truncated[0]]
        if ended.any():
            for i in np.flatnonzero(ended).tolist():
                infos[i]["terminal_observation"] = obs[i].copy()
            obs = self._env.step(self._action[None], ended[None]).obs[0]
        return obs.copy(), step.reward[0].copy(), ended, infos

    def close(self) -> None:
        self._env.close()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        if attr_name == "render_mode":
            return [None] * self.num_envs
        raise AttributeError(attr_name)

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        raise NotImplementedError(f"environments of a Task have no attribute {attr_name!r} to set")

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        raise NotImplementedError(f"environments of a Task have no method {method_name!r}")

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        return [False] * self.num_envs
