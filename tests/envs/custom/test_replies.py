"""Environments of Gymnasium's old API are named with what is expected; an environment's own errors stay its own."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.wrappers import TimeLimit

from envs.custom.faults import InvalidOutput
from envs.custom.replies import RESET, STEP, reset, step

SEEN = np.zeros(1, np.float32)


class Plain(gymnasium.Env[Any, Any]):
    """An environment of the present API, whose replies a test changes."""

    observation_space = spaces.Box(-1, 1, (1,), np.float32)
    action_space = spaces.Discrete(2)
    begun: Any = (SEEN, {})
    stepped: Any = (SEEN, 0.0, False, False, {})

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        return self.begun

    def step(self, action: Any) -> Any:
        if isinstance(self.stepped, Exception):
            raise self.stepped
        return self.stepped


class WithoutSeed(Plain):
    def reset(self) -> Any:  # type: ignore[override]
        return self.begun


def changed(**replies: Any) -> Any:
    env = Plain()
    for name, reply in replies.items():
        setattr(env, name, reply)
    return env


def test_replies_of_the_present_api_pass() -> None:
    assert reset(Plain(), 3, 0) == (SEEN, {})
    assert step(Plain(), 1, 0) == (SEEN, 0.0, False, False, {})


@pytest.mark.parametrize(
    ("reply", "form"),
    [((SEEN, 0.0, False, {}), "4 values"), (None, "a NoneType"), ((SEEN, 0.0, False, {}, 1), "5 values")],
)
def test_a_step_of_another_form_is_named(reply: Any, form: str) -> None:
    with pytest.raises(InvalidOutput) as found:
        step(changed(stepped=reply), 1, 2)
    assert str(found.value) == f"returned {form} from step, and {STEP}"
    assert found.value.place == 2


@pytest.mark.parametrize(("reply", "form"), [(SEEN, "a ndarray"), ((SEEN,), "1 values"), ((SEEN, SEEN), "2 values")])
def test_a_reset_of_another_form_is_named(reply: Any, form: str) -> None:
    with pytest.raises(InvalidOutput) as found:
        reset(changed(begun=reply), 3, 2)
    assert str(found.value) == f"returned {form} from reset, and {RESET}"


def test_what_fails_in_a_wrapper_is_said_of_the_environment() -> None:
    """TimeLimit takes five values of a step; no reset of the present API lacks a seed."""
    with pytest.raises(InvalidOutput, match=r"present API: step\(action\) must return .*expected 5, got 4"):
        step(TimeLimit(changed(stepped=(SEEN, 0.0, False, {})), 5), 1, 0)
    with pytest.raises(InvalidOutput, match=r"present API: reset\(\*, seed, options\) must return .*'seed'"):
        reset(TimeLimit(WithoutSeed(), 5), 3, 0)


def test_the_environments_own_error_stays() -> None:
    with pytest.raises(ValueError, match=r"^mine$"):
        step(TimeLimit(changed(stepped=ValueError("mine")), 5), 1, 0)
