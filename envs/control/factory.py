"""The factory of control environments for any backend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np

from envs.api import Factory, Spec, Task, VecEnv
from envs.control import from_envpool, from_gymnasium
from envs.control.encoding import Encoding
from envs.control.from_equations import SYSTEMS, EquationsVec
from envs.custom.identity import Identity
from envs.delayed import Delayed


@dataclass(frozen=True)
class Control:
    """A Gymnasium id. `group` has no effect in control.

    backend   "auto": our equations of classic control; for other ids EnvPool if it is installed, else Gymnasium
    encoding  encoding of observations; None: the default of their space (envs.control.encoding)
    identity  identity of a user's environment, which separates its results from those of other versions
    """

    env_id: str
    spec: Spec
    backend: Literal["auto", "gymnasium"] = "auto"
    encoding: Encoding | None = None
    identity: Identity | None = None

    @property
    def has_equations(self) -> bool:
        """Whether its environments are stepped by the equations of envs.control.equations."""
        return self.backend == "auto" and self.encoding is None and self.env_id in SYSTEMS

    def make(self, seeds: Sequence[np.random.SeedSequence], envs: int, group: int = 1) -> VecEnv:
        if self.has_equations:
            return EquationsVec(self.env_id, self.spec, seeds, envs)
        if self.backend == "auto" and from_envpool.installed():
            return from_envpool.EnvPoolVec(self.env_id, self.spec, seeds, envs, self.encoding)
        # the floors in the tables were measured with EnvPool, whose infos hold no masks
        masks = self.backend == "gymnasium"
        return from_gymnasium.GymnasiumVec(self.env_id, self.spec, seeds, envs, self.encoding, info_masks=masks)


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
        identity, env_id = from_gymnasium.identity(factory.env_id), factory.env_id
        own = ":" not in env_id and not identity.entry_point.startswith("gymnasium.")
        return replace(factory, env_id=f"{module}:{env_id}" if own else env_id, identity=identity)

    return replace(task, factory=of(task.factory), views=tuple((name, of(view)) for name, view in task.views))


@cache
def gymnasium_task(env_id: str) -> Task:
    """A Task for `gymnasium:<id>`. Its floor has to be measured, and it has no ceiling, so its scores are returns."""
    spec, identity = from_gymnasium.read_environment(env_id)
    factory = Control(env_id, spec, backend="gymnasium", identity=identity)
    return Task(
        name=f"gymnasium:{env_id}",
        factory=factory,
        field="gymnasium",
        source="named on the command line",
    )
