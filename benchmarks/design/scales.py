"""Scales of user tasks: the flags that give them, and the files where reports find them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.store.files import Damaged, read_document, save_json
from envs import TASKS
from envs.api import Scale, Task
from envs.validation import UsageError

SCALES_FILE = "scales.json"  # in an experiment's folder


def scale_from_flags(floor: float | None, ceiling: float | None, threshold: float | None) -> Scale:
    """The Scale of three flags. UsageError for invalid ones."""
    if floor is not None and ceiling is not None and not -math.inf < floor < ceiling < math.inf:
        raise UsageError(f"--floor must be below --ceiling, not {floor:g} and {ceiling:g}")
    try:
        return Scale(floor, ceiling, math.inf if threshold is None else threshold)
    except ValueError as error:
        raise UsageError(f"--{str(error).removeprefix('the ')}") from error


@dataclass(frozen=True)
class ScaleFlags:
    """`--floor`, `--ceiling` and `--threshold` of a command line: the scale of the one user task."""

    floor: float | None = None
    ceiling: float | None = None
    threshold: float | None = None

    def apply(self, tasks: Sequence[Task], own: Sequence[str] = ()) -> list[Task]:
        """The tasks, with the flags applied to the user task. UsageError unless exactly one is a user task.

        own  names of tasks that the experiment declares itself: they have scales, as registered tasks do
        """
        names = ("floor", "ceiling", "threshold")
        given = {name: value for name in names if (value := getattr(self, name)) is not None}
        if not given:
            return list(tasks)
        flag = f"--{next(iter(given))}"
        scale_from_flags(self.floor, self.ceiling, self.threshold)
        users = [task for task in tasks if is_user_task(task) and task.name not in own]
        if not users:
            shown = ", ".join(task.name for task in tasks[:3])
            raise UsageError(f"{flag} has no meaning for {shown}: a registered task has its own scale")
        if len(users) > 1:
            shown = " and ".join(task.name for task in users[:2])
            raise UsageError(f"{flag} cannot be the scale of both {shown}; run them one by one")
        (user_task,) = users
        changed = {"floor": user_task.floor, "ceiling": user_task.ceiling, **given}
        scale_from_flags(changed["floor"], changed["ceiling"], None)
        return [replace(user_task, **given) if task is user_task else task for task in tasks]


def is_user_task(task: Task) -> bool:
    """Whether a task is not a registered one."""
    return TASKS.get(task.name) != task


def scales_from_cells(
    metas: Iterable[Mapping[str, Any]], tasks: Iterable[object] = (), folders: Iterable[Path] = ()
) -> dict[str, Scale]:
    """The scale of every task of these cells, by name.

    A registered task has its own, for a floor may have been measured anew. A user task has the most complete scale among
    those in the cells, in files written by `save_scales`, and of `tasks`.
    """
    scales_in_cells = [(meta["cell"]["task"]["name"], meta["reading"]["scale"]) for meta in metas]
    names = dict.fromkeys(name for name, _ in scales_in_cells)
    saved = [item for folder in folders for item in _read_saved(folder).items()]
    sources = [(name, _stated_scale(name, scale)) for name, scale in [*scales_in_cells, *saved]]
    sources += [(task.name, task.scale) for task in tasks if isinstance(task, Task)]
    scales = {name: TASKS[name].scale for name in names if name in TASKS}
    for name, scale in sources:
        if name in names and name not in TASKS:
            scales[name] = _more_complete(scales.get(name, scale), scale)
    return {name: scales[name] for name in names}


def check_agree(folders: Sequence[tuple[Sequence[Mapping[str, Any]], Path]]) -> None:
    """UsageError where a user's task has two floors or ceilings among the cells of these folders; unknown ones agree.

    A scale that `save_scales` wrote later replaces the cells' own if it is at least as complete.
    """
    by_task: dict[str, list[tuple[Scale, Path]]] = {}
    for metas, folder in folders:
        scales_in_cells: dict[str, list[Scale]] = {}
        for meta in metas:
            name = meta["cell"]["task"]["name"]
            if name not in TASKS:
                scales_in_cells.setdefault(name, []).append(_stated_scale(name, meta["reading"]["scale"]))
        saved = {name: _stated_scale(name, scale) for name, scale in _read_saved(folder).items()}
        for name, in_cells in scales_in_cells.items():
            latest = saved.get(name)
            holds = latest is not None and all(_more_complete(scale, latest) is latest for scale in in_cells)
            by_task.setdefault(name, []).extend(
                (scale, folder) for scale in ([latest] if latest and holds else in_cells)
            )
    for name, scales in by_task.items():
        for i, (b, in_b) in enumerate(scales):
            if other := next((known for known in scales[:i] if not _agree(known[0], b)), None):
                raise UsageError(
                    f"{name} has {_describe_ends(other[0])} in {other[1]}, {_describe_ends(b)} in {in_b}: scores on "
                    "two scales are not compared; repeat one of them with the same --floor and --ceiling"
                )


def _agree(a: Scale, b: Scale) -> bool:
    ends = (a.floor, b.floor), (a.ceiling, b.ceiling)
    return all(x is None or y is None or math.isclose(x, y, rel_tol=1e-6) for x, y in ends)


def _describe_ends(scale: Scale) -> str:
    known = [f"{name} {x:g}" for name, x in (("floor", scale.floor), ("ceiling", scale.ceiling)) if x is not None]
    return " and ".join(known)


def save_scales(tasks: Iterable[Task], folder: Path) -> None:
    """Write the scales of users' tasks to a folder whose cells may have been trained before a scale was known."""
    users = {t.name: [t.scale.floor, t.scale.ceiling, t.scale.threshold] for t in tasks if is_user_task(t)}
    if users:
        save_json(folder / SCALES_FILE, {**_read_saved(folder), **users})


def _read_saved(folder: Path) -> dict[str, Any]:
    try:
        return read_document(folder / SCALES_FILE)
    except Damaged:  # or missing
        return {}


def _stated_scale(name: str, scale: Sequence[float | None]) -> Scale:
    """What a cell says; before floors were measured, a `gymnasium:` task had floor 0 and ceiling 1, which meant nothing."""
    floor, ceiling, threshold = scale
    threshold = math.inf if threshold is None else threshold
    if name.startswith("gymnasium:") and (floor, ceiling, threshold) == (0.0, 1.0, math.inf):
        return Scale(None, None)
    return Scale(floor, ceiling, threshold)


def _more_complete(a: Scale, b: Scale) -> Scale:
    """The scale with more known values; of equals the last."""
    counts = [sum((s.floor is not None, s.ceiling is not None, s.solvable)) for s in (a, b)]
    return a if counts[0] > counts[1] else b


def check_averaged(tasks: Sequence[Task], what: str) -> None:
    """UsageError where scores of several tasks would be averaged and one of them has no ceiling."""
    if len(tasks) > 1 and (raw := [task.name for task in tasks if task.ceiling is None]):
        raise UsageError(
            f"{what} averages over tasks, and {raw[0]} has no ceiling: give --ceiling, or take one task at a time"
        )
