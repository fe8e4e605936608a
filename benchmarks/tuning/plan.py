"""What is to be tuned: a variant, the tasks, the rules and the space of one study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from algorithms.types import Variant
from benchmarks.design.scales import is_users
from benchmarks.provenance import source_hash
from benchmarks.tuning.protocol import Protocol
from benchmarks.tuning.space import Space
from envs.api import Scale, Task


@dataclass(frozen=True)
class Plan:
    """What is to be tuned: `study` names the folder, and with variant and tasks the study in its storage."""

    study: str
    variant: Variant
    tasks: tuple[Task, ...]
    protocol: Protocol
    space: Space

    @property
    def scales(self) -> dict[str, Scale]:
        """By task."""
        return {task.name: task.scale for task in self.tasks}

    @property
    def remembered(self) -> dict[str, Any]:
        """What its study in the storage must have been made with: the protocol, the space, and users' scales."""
        units = {
            t.name: [t.floor, t.ceiling] if t.scale.normalised else t.scale.unit for t in self.tasks if is_users(t)
        }
        made = {**self.protocol.as_json(), "parameters": list(self.space.as_json())}
        made_of = source_hash([self.variant, *self.tasks])
        return made | ({"scales": units} if units else {}) | ({"sources of your code": made_of} if made_of else {})

    @property
    def label(self) -> str:
        return f"{self.variant.name} on {' + '.join(task.name for task in self.tasks)}"

    @property
    def study_name(self) -> str:
        return f"{self.study}/{self.variant.name}/{'+'.join(task.name for task in self.tasks)}"

    @property
    def env_steps(self) -> int:
        """Of the whole study, if nothing is pruned and the chosen configuration is not the default."""
        rules = self.protocol
        runs = rules.trials * rules.tuning_seeds + (rules.top + 1) * rules.selection_seeds + 2 * rules.test_seeds
        return runs * sum(rules.env_steps[task.name] for task in self.tasks)
