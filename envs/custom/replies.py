"""What a Gymnasium environment replies to reset and step; InvalidOutput where its reply has another form.

Gymnasium's wrappers take replies apart before we see them, so a reply of the old API fails in their code, not in its own.
"""

from __future__ import annotations

from pathlib import Path
from traceback import walk_tb
from typing import Any

import gymnasium

from envs.custom.faults import InvalidOutput

RESET = "reset(*, seed, options) must return (observation, info), info a dictionary"
STEP = "step(action) must return (observation, reward, terminated, truncated, info)"
WRAPPERS = Path(gymnasium.__file__).parent


def reset(env: gymnasium.Env[Any, Any], seed: int | None, place: int) -> tuple[Any, dict[str, Any]]:
    """(observation, info) of environment `place`. InvalidOutput if that is not what it returns."""
    try:
        reply: Any = env.reset(seed=seed)
    except (TypeError, ValueError, AssertionError, AttributeError) as error:
        _refuse(error, RESET, place)
        raise
    if not isinstance(reply, tuple) or len(reply) != 2 or not isinstance(reply[1], dict):
        raise InvalidOutput(f"returned {_form(reply)} from reset, and {RESET}", place)
    return reply


def step(env: gymnasium.Env[Any, Any], action: Any, place: int) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
    """What Gymnasium's step returns. InvalidOutput if it is something else."""
    try:
        reply: Any = env.step(action)
    except (TypeError, ValueError, AssertionError, AttributeError) as error:
        _refuse(error, STEP, place)
        raise
    if not isinstance(reply, tuple) or len(reply) != 5 or not isinstance(reply[4], dict):
        raise InvalidOutput(f"returned {_form(reply)} from step, and {STEP}", place)
    return reply


def _refuse(error: Exception, expected: str, place: int) -> None:
    """InvalidOutput for an error that was raised in a wrapper; the environment's own are left to the caller."""
    *_, (frame, _) = walk_tb(error.__traceback__)
    if Path(frame.f_code.co_filename).is_relative_to(WRAPPERS):
        raise InvalidOutput(f"does not follow Gymnasium's present API: {expected} ({error})", place) from error


def _form(reply: Any) -> str:
    return f"{len(reply)} values" if isinstance(reply, tuple) else f"a {type(reply).__name__}"
