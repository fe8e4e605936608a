"""The factory of control environments for any backend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Literal

import gymnasium
import numpy as np

from envs.api import Factory, Spec, Task, VecEnv
from envs.control import from_envpool, from_gymnasium
from envs.control.encoding import Encoding
from envs.control.from_equations import SYSTEMS, EquationsVec
from envs.control.limits import ANYTHING
from envs.custom.identity import Identity
from envs.custom.making import LIMIT, Arguments, names_class
from envs.delayed import Delayed, undelayed

GYMNASIUM = "gymnasium:"  # prefix of Gymnasium ids


@dataclass(frozen=True)
class Control:
    """A Gymnasium id, or a class of environments `module:Class`.

    Environments of a group are reset with the same seed, so that their episodes start alike.

    backend   "auto": our equations of classic control; for other ids EnvPool if it is installed, else Gymnasium.
              EnvPool cannot be seeded in every episode, so groups are stepped by Gymnasium
    encoding  encoding of observations; None: the default of their space (envs.control.encoding)
    identity  identity of a user's environment, which separates its results from those of other versions
    arguments  of the environment's constructor, as (name, value) pairs; for backend "gymnasium"
    return_range  the least and the largest return of an episode, as its class declares them (envs.control.limits)
    """

    env_id: str
    spec: Spec
    backend: Literal["auto", "gymnasium"] = "auto"
    encoding: Encoding | None = None
    identity: Identity | None = None
    arguments: Arguments = ()
    return_range: tuple[float, float] = field(default=ANYTHING, metadata={"hashed": False})

    @property
    def has_equations(self) -> bool:
        """Whether its environments are stepped by the equations of envs.control.equations."""
        return self.backend == "auto" and self.encoding is None and self.env_id in SYSTEMS

    def make(self, seeds: Sequence[np.random.SeedSequence], envs: int, group: int = 1) -> VecEnv:
        if self.has_equations:
            return EquationsVec(self.env_id, self.spec, seeds, envs, group)
        if self._in_envpool and group == 1:
            return from_envpool.EnvPoolVec(self.env_id, self.spec, seeds, envs, self.encoding)
        # the floors in the tables were measured with EnvPool, whose infos hold no masks
        masks = self.backend == "gymnasium"
        return from_gymnasium.GymnasiumVec(
            self.env_id, self.spec, seeds, envs, self.encoding, info_masks=masks, arguments=self.arguments, group=group
        )

    def reason_unshared(self) -> str | None:
        if not self._in_envpool or self.env_id in gymnasium.registry:
            return None
        return "groups environments by their start, and EnvPool, which alone has this task, cannot share one"

    @property
    def _in_envpool(self) -> bool:
        return self.backend == "auto" and not self.has_equations and from_envpool.installed()


def control_of(factory: Factory) -> Control | None:
    """The factory of a control task, delayed or not; None for another."""
    inner = undelayed(factory)
    return inner if isinstance(inner, Control) else None


def with_identity(task: Task, module: str) -> Task:
    """The task, with the current identity of the environment in its factories on Gymnasium ids.

    module  the module that defines the task. An id that is not Gymnasium's own becomes `module:Id`, so that other processes,
            which have not imported the module, can make it
    """

    def of(factory: Factory) -> Factory:
        if isinstance(factory, Delayed):
            return replace(factory, factory=of(factory.factory))
        if not isinstance(factory, Control) or factory.backend != "gymnasium" or factory.identity is not None:
            return factory
        identity, env_id = from_gymnasium.identity(factory.env_id, factory.arguments), factory.env_id
        own = ":" not in env_id and not identity.entry_point.startswith("gymnasium.")
        return replace(factory, env_id=f"{module}:{env_id}" if own else env_id, identity=identity)

    return replace(task, factory=of(task.factory), views=tuple((name, of(view)) for name, view in task.views))


@cache
def gymnasium_task(env_id: str, arguments: Arguments = ()) -> Task:
    """A Task for `gymnasium:<id>`, or for a class `module:Class`.

    Its floor has to be measured, and it has no ceiling, so its scores are returns.

    arguments  of the environment's constructor, and max_episode_steps for its time limit
    """
    spec, identity, returns = from_gymnasium.read_environment(env_id, arguments)
    of_class = tuple(pair for pair in arguments if pair[0] != LIMIT)
    factory = Control(env_id, spec, backend="gymnasium", identity=identity, arguments=of_class, return_range=returns)
    name = env_id if names_class(env_id) else f"{GYMNASIUM}{env_id}"
    shown = ", ".join(f"{key}={value!r}" for key, value in arguments)
    return Task(
        name=f"{name}({shown})" if shown else name,
        factory=factory,
        field="gymnasium",
        source="named on the command line",
    )
