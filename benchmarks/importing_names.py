"""What imported runs may be called: no variant of ours, and a task whose scale is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from algorithms import VARIANTS
from benchmarks import store
from benchmarks.design.experiment import Experiment
from benchmarks.design.named import task_named, tasks_named
from benchmarks.design.scales import ScaleFlags, is_users, scale_of_flags
from benchmarks.naming import file_safe
from benchmarks.usage import check_name
from envs.api import Scale, Task
from envs.discover import UnknownName, UsageError

Scales = dict[str, tuple[str, Scale]]  # by the name that was given: the task's own name, its scale


@dataclass(frozen=True)
class Terms:
    """Where runs are imported to (an experiment and its folder), and the flags that scale a task that is not ours."""

    folder: Path
    experiment: Experiment | None = None
    floor: float | None = None
    ceiling: float | None = None
    threshold: float | None = None

    def check_variants(self, names: Iterable[str]) -> None:
        """Refuse a name that a report would pool with ours: registered, of the experiment, or trained in its folder."""
        ours = {*VARIANTS, *(self.experiment.variant_names if self.experiment else ())}
        for name in names:
            check_name("variant", name)
            if name in ours or self._is_trained(name):
                raise UsageError(f"variant {name!r} would be pooled with ours; give it another name, as theirs:{name}")

    def _is_trained(self, name: str) -> bool:
        """Whether the folder has cells of this variant; a damaged file is known by its name alone."""
        for path in (self.folder / "cells").glob("*.parquet"):
            try:
                found = store.read_meta(path)["cell"]["variant"]["name"] == name
            except store.Damaged:
                found = f"__{file_safe(name)}__" in path.name
            if found:
                return True
        return False

    def scales(self, names: Iterable[str], by_user: bool = True) -> Scales:
        """Each task's own name and scale; a module:CONSTANT is imported only where the user wrote the name."""
        found: Scales = {}
        foreign = []
        for name in names:
            check_name("task", name)
            if ":" in name and not by_user:
                raise UsageError(f"the CSV names {name!r}, whose code is loaded only if you say so: --task {name}")
            try:
                task = self._task(name)
            except UnknownName as error:
                found[name] = name, self._asked_scale(str(error))
                foreign.append(name)
            else:
                found[name] = task.name, self._own_scale(task)
                foreign += [name] if self._is_users(task) and self._flags() else []
        if len(foreign) > 1:
            raise UsageError(
                f"one scale cannot serve {', '.join(foreign)}; import them one by one: --task {foreign[0]}"
            )
        if (flags := self._flags()) and not foreign:
            raise UsageError(f"--{flags[0]} has no meaning for {', '.join(found)}: a task of ours has its own scale")
        return found

    def _flags(self) -> list[str]:
        """The flags that are given."""
        return [flag for flag in ("floor", "ceiling", "threshold") if getattr(self, flag) is not None]

    def _is_users(self, task: Task) -> bool:
        own = self.experiment.tasks if self.experiment else ()
        return is_users(task) and task.name not in {t.name for t in own if isinstance(t, Task)}

    def _own_scale(self, task: Task) -> Scale:
        """Of a task whose code is known; the flags are of the user's."""
        flags = ScaleFlags(self.floor, self.ceiling, self.threshold)
        return flags.applied([task])[0].scale if self._is_users(task) else task.scale

    def _task(self, name: str) -> Task:
        return tasks_named(self.experiment.tasks, [name])[0] if self.experiment else task_named(name)

    def _asked_scale(self, unknown: str) -> Scale:
        if self.floor is None or self.ceiling is None:
            raise UsageError(f"{unknown}; a task that is not ours needs --floor and --ceiling")
        return scale_of_flags(self.floor, self.ceiling, self.ceiling if self.threshold is None else self.threshold)
