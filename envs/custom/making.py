"""How environments of Gymnasium are made: by an id (`Id-v0`, `Namespace/Id-v0`, `module:Id`), or by a class, `module:Class`.

Gymnasium's own checks are left out, and its warnings unsaid: every copy of an environment, in each process, would repeat
them. They are said once, when an environment is rehearsed (envs.custom.rehearsal). What a reply must be is checked in
envs.custom.replies and envs.custom.faults.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gymnasium
from gymnasium.envs.registration import EnvSpec

from envs.validation import UnknownName, UsageError

LIMIT = "max_episode_steps"  # an argument of gymnasium.make, an attribute of environments
FORMS = "the forms are gymnasium:Id, gymnasium:module:Id and module:EnvClass"
UNEXPECTED = re.compile(r"unexpected keyword argument '(\w+)'")
SPACES = ("observation_space", "action_space")
Arguments = tuple[tuple[str, Any], ...]  # of the environment's constructor, by name


@contextmanager
def silent() -> Iterator[None]:
    """Gymnasium's logger warns of nothing. Filters of Python's warnings are left alone: they belong to the user."""
    before = gymnasium.logger.min_level
    gymnasium.logger.min_level = gymnasium.logger.ERROR
    try:
        yield
    finally:
        gymnasium.logger.min_level = before


def names_class(env_id: str) -> bool:
    """Whether this is `module:Class` for a class of environments, and no id that the module registers."""
    module, colon, name = env_id.partition(":")
    if not colon or not name.isidentifier():
        return False
    try:
        found = getattr(importlib.import_module(module), name, None)
    except (Exception, SystemExit):  # whoever needs the module will import it again, and say why it fails
        return False
    return isinstance(found, type) and issubclass(found, gymnasium.Env) and name not in gymnasium.registry


def make_env(env_id: str, **arguments: Any) -> gymnasium.Env[Any, Any]:
    """The environment of a Gymnasium id or of a class, with these arguments of gymnasium.make and of its constructor."""
    with silent():
        return gymnasium.make(_spec(env_id), disable_env_checker=True, **arguments)


def make_loud_env(env_id: str, **arguments: Any) -> gymnasium.Env[Any, Any]:
    """The same with Gymnasium's checks and warnings."""
    return gymnasium.make(_spec(env_id), disable_env_checker=False, **arguments)


def _parameters(env_id: str) -> list[str]:
    """The arguments by name of what makes the environment; none where that cannot be known."""
    spec = _spec(env_id)
    try:
        entry = (gymnasium.spec(spec) if isinstance(spec, str) else spec).entry_point
        found = gymnasium.envs.registration.load_env_creator(entry) if isinstance(entry, str) else entry
        return list(inspect.signature(found).parameters) if callable(found) else []
    except (gymnasium.error.Error, ImportError, TypeError, ValueError):
        return []


def _spec(env_id: str) -> EnvSpec | str:
    return EnvSpec(env_id, env_id) if names_class(env_id) else env_id


def make_or_say(env_id: str, arguments: Arguments) -> gymnasium.Env[Any, Any]:
    """UsageError for an unknown id, arguments that do not fit or a missing space; its constructor's errors are its own."""
    try:
        env = make_env(env_id, **dict(arguments))
    except (gymnasium.error.Error, ImportError) as error:
        raise UsageError(f"Gymnasium cannot make {env_id!r}: {error}; {FORMS}") from error
    except TypeError as error:
        if arguments and (unknown := UNEXPECTED.search(str(error))):
            known = [name for name in _parameters(env_id) if name != "self"]
            raise UnknownName(f"argument of {env_id} (--env-kwargs)", unknown[1], known) from error
        if "required" not in str(error):
            raise
        raise UsageError(f"{env_id!r} needs arguments, --env-kwargs NAME=VALUE: {error}") from error
    for name in SPACES:
        space = getattr(env.unwrapped, name, None)
        if not isinstance(space, gymnasium.Space):
            found = "nothing" if space is None else f"{type(space).__module__}.{type(space).__name__}"
            raise UsageError(f"{env_id!r} has {found} as its {name}, which must be a space of gymnasium.spaces")
    return env
