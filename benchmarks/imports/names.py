"""Names of imported runs: not a variant of ours, and a task whose scale is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from algorithms import ALGORITHMS
from benchmarks.design.experiment import Experiment
from benchmarks.design.lookup import find_task, find_tasks
from benchmarks.design.scales import ScaleFlags, is_user_task, scale_from_flags
from benchmarks.store.file_names import file_safe
from benchmarks.store.files import Damaged
from benchmarks.store.sources import read_meta, stored_cells
from benchmarks.validation.usage import check_name
from envs.api import Scale, Task
from envs.validation import UnknownName, UsageError


class ScaledTask(NamedTuple):
    """A task by its own name, and the scale on which imported returns are read."""

    name: str
    scale: Scale


@dataclass(frozen=True)
class ImportTarget:
    """An experiment, its folder, and the flags that scale a task that is not ours."""

    folder: Path
    experiment: Experiment | None = None
    flags: ScaleFlags = field(default_factory=ScaleFlags)

    def check_variants(self, names: Iterable[str]) -> None:
        """Refuse a name that a report would pool with ours: registered, of the experiment, or trained in its folder."""
        ours = {*ALGORITHMS, *(self.experiment.variant_names if self.experiment else ())}
        for name in names:
            check_name("variant", name)
            if name in ours or self._is_trained(name):
                raise UsageError(f"variant {name!r} would be pooled with ours; give it another name, as theirs:{name}")

    def _is_trained(self, name: str) -> bool:
        """Whether the folder has cells of this variant; a damaged file is known by its name alone."""
        for path in stored_cells(self.folder):
            try:
                matches = read_meta(path)["cell"]["algorithm"]["name"] == name
            except Damaged:
                matches = f"__{file_safe(name)}__" in path.name
            if matches:
                return True
        return False

    def tasks(self, names: Iterable[str], by_user: bool = True) -> dict[str, ScaledTask]:
        """The tasks by the name that was given; a module:CONSTANT is imported only where the user wrote the name."""
        tasks: dict[str, ScaledTask] = {}
        foreign = []
        for name in names:
            check_name("task", name)
            if ":" in name and not by_user:
                raise UsageError(f"the CSV names {name!r}, whose code is loaded only if you say so: --task {name}")
            try:
                task = self._task(name)
            except UnknownName as error:
                tasks[name] = ScaledTask(name, self._scale_of_flags(str(error)))
                foreign.append(name)
            else:
                tasks[name] = ScaledTask(task.name, self._scale_of(task))
                foreign += [name] if self._is_users(task) and self._given() else []
        if len(foreign) > 1:
            raise UsageError(
                f"one scale cannot serve {', '.join(foreign)}; import them one by one: --task {foreign[0]}"
            )
        if (flags := self._given()) and not foreign:
            raise UsageError(f"--{flags[0]} has no meaning for {', '.join(tasks)}: a task of ours has its own scale")
        return tasks

    def _given(self) -> list[str]:
        """The flags that are given."""
        return [flag for flag in ("floor", "ceiling", "threshold") if getattr(self.flags, flag) is not None]

    def _is_users(self, task: Task) -> bool:
        own = self.experiment.tasks if self.experiment else ()
        return is_user_task(task) and task.name not in {t.name for t in own if isinstance(t, Task)}

    def _scale_of(self, task: Task) -> Scale:
        """Of a task whose code is known; the flags are of the user's."""
        return self.flags.apply([task])[0].scale if self._is_users(task) else task.scale

    def _task(self, name: str) -> Task:
        return find_tasks(self.experiment.tasks, [name])[0] if self.experiment else find_task(name)

    def _scale_of_flags(self, unknown: str) -> Scale:
        floor, ceiling, threshold = self.flags.floor, self.flags.ceiling, self.flags.threshold
        if floor is None or ceiling is None:
            raise UsageError(f"{unknown}; a task that is not ours needs --floor and --ceiling")
        return scale_from_flags(floor, ceiling, ceiling if threshold is None else threshold)
