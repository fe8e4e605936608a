"""The description of a control environment that a Task carries, whichever backend runs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from envs.api import Spec, Task, VecEnv
from envs.control import from_envpool, from_gymnasium
from envs.control.encoding import Encoding


@dataclass(frozen=True)
class Control:
    """A Gymnasium id. backend "auto" is EnvPool where it is installed; `group` has no meaning in control.

    encoding  how observations are read; None: as their space says (envs.control.encoding)
    """

    env_id: str
    spec: Spec
    backend: Literal["auto", "gymnasium"] = "auto"
    encoding: Encoding | None = None

    def make(self, seeds: Sequence[np.random.SeedSequence], envs: int, group: int = 1) -> VecEnv:
        if self.backend == "auto" and from_envpool.installed():
            return from_envpool.EnvPoolVec(self.env_id, self.spec, seeds, envs, self.encoding)
        return from_gymnasium.GymnasiumVec(self.env_id, self.spec, seeds, envs, self.encoding)


@cache
def any_gymnasium(env_id: str) -> Task:
    """A Task for `gymnasium:<id>`: its floor is to be measured, and without a ceiling its scores are returns."""
    factory = Control(env_id, from_gymnasium.read_spec(env_id), backend="gymnasium")
    return Task(
        name=f"gymnasium:{env_id}",
        factory=factory,
        field="gymnasium",
        source="named on the command line",
    )
