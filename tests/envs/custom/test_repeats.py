"""Environments that repeat, and those that do not: whatever they draw from, and whoever draws beside them."""

from __future__ import annotations

import itertools
import random
from typing import Any

import gymnasium
import numpy as np
import pytest

from envs import TASKS
from envs.control.factory import gymnasium_task
from envs.custom.repeats import is_user_environment, repeats


class Seeded(gymnasium.Env[Any, Any]):
    """Draws from the generator that its seed made."""

    observation_space = gymnasium.spaces.Box(-1, 1, (1,))
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.t = 0
        return self.drawn(), {}

    def step(self, action: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.t += 1
        return self.drawn(), self.paid(), bool(self.t > 8 + 3 * action), False, {}

    def drawn(self) -> Any:
        return self.np_random.random(1, np.float32)

    def paid(self) -> float:
        return 1.0


class Numpys(Seeded):
    def drawn(self) -> Any:
        return np.random.random(1).astype(np.float32)  # noqa: NPY002


class Pythons(Seeded):
    def paid(self) -> float:
        return random.random()


class SeedsTheGlobal(Numpys):
    """Repeats alone, and not beside others."""

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        if seed is not None:
            np.random.seed(seed)  # noqa: NPY002
        return super().reset(seed=seed)


class Deaf(Seeded):
    """Ignores its seed."""

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        return super().reset(seed=None)


class Counting(Seeded):
    """Goes on with what the last instance left."""

    count = itertools.count()

    def paid(self) -> float:
        return float(next(self.count))


class Broken(Seeded):
    def paid(self) -> float:
        raise SystemExit(0)


class Nan(Seeded):
    """Returns NaN, and always the same one."""

    def paid(self) -> float:
        return float("nan")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Seeded, True),
        (Numpys, False),
        (Pythons, False),
        (SeedsTheGlobal, False),
        (Deaf, False),
        (Counting, False),
        (Broken, True),
        (Nan, True),
    ],
)
def test_an_environment_repeats_or_does_not(kind: type[Seeded], expected: bool) -> None:
    env_id = f"PGLadderTest/{kind.__name__}-v2"
    gymnasium.register(env_id, entry_point=kind, max_episode_steps=20, disable_env_checker=True)
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    untouched = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[index]  # noqa: NPY002
    try:
        factory = gymnasium_task(env_id).factory
        assert is_user_environment(factory)
        assert repeats(factory) is expected
    finally:
        del gymnasium.registry[env_id]
    assert (random.getstate(), np.random.get_state()[1].tolist()) == untouched  # type: ignore[index]  # noqa: NPY002


@pytest.mark.parametrize("name", ["dyck/masked-small", "guessnumber/small", "CartPole-v1", "Pendulum-v1"])
def test_our_environments_repeat_and_are_not_examined_again(name: str) -> None:
    assert not is_user_environment(TASKS[name].factory)
    assert repeats(TASKS[name].factory)
