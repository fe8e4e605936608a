"""Scales of tasks that are the user's: the flags that give them, and floors that are measured once and kept.

results/floors/<task>__<hash of what the environment is>.json
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks import store
from benchmarks.design.identity import canonical
from benchmarks.guarded import ChildFailed, in_child
from benchmarks.naming import file_safe
from envs import TASKS, uniform
from envs.api import Scale, Task
from envs.discover import UsageError

FOLDER, KEPT = "floors", "scales.json"


def scale_of_flags(floor: float | None, ceiling: float | None, threshold: float | None) -> Scale:
    """The Scale that three flags give; UsageError where they make none."""
    if floor is not None and ceiling is not None and not -math.inf < floor < ceiling < math.inf:
        raise UsageError(f"--floor must be below --ceiling, not {floor:g} and {ceiling:g}")
    try:
        return Scale(floor, ceiling, math.inf if threshold is None else threshold)
    except ValueError as error:
        raise UsageError(f"--{str(error).removeprefix('the ')}") from error


@dataclass(frozen=True)
class ScaleFlags:
    """`--floor`, `--ceiling` and `--threshold` of a command line: they are of the one task that is the user's."""

    floor: float | None = None
    ceiling: float | None = None
    threshold: float | None = None

    def applied(self, tasks: Sequence[Task], own: Sequence[str] = ()) -> list[Task]:
        """The tasks with the flags on the user's one. UsageError where there is none of his, or more than one.

        own  names of tasks that the experiment brings: they have scales, as registered tasks do
        """
        given = {
            name: value for name in ("floor", "ceiling", "threshold") if (value := getattr(self, name)) is not None
        }
        if not given:
            return list(tasks)
        flag = f"--{next(iter(given))}"
        scale_of_flags(self.floor, self.ceiling, self.threshold)
        users = [task for task in tasks if is_users(task) and task.name not in own]
        if not users:
            names = ", ".join(task.name for task in tasks[:3])
            raise UsageError(f"{flag} has no meaning for {names}: a registered task has its own scale")
        if len(users) > 1:
            names = " and ".join(task.name for task in users[:2])
            raise UsageError(f"{flag} cannot be the scale of both {names}; run them one by one")
        (theirs,) = users
        changed = {"floor": theirs.floor, "ceiling": theirs.ceiling, **given}
        scale_of_flags(changed["floor"], changed["ceiling"], None)
        return [replace(theirs, **given) if task is theirs else task for task in tasks]


def is_users(task: Task) -> bool:
    """Whether a task is none of the registered ones."""
    return TASKS.get(task.name) != task


def of_cells(
    metas: Iterable[Mapping[str, Any]], tasks: Iterable[object] = (), folders: Iterable[Path] = ()
) -> dict[str, Scale]:
    """The scale of every task of these cells, by name.

    A registered task has its own, for a floor may have been measured anew. Of what is said elsewhere of a user's task the
    fullest is taken: of the cells, the files that `keep` left in `folders`, and the Task objects among `tasks`.
    """
    told = [(meta["cell"]["task"]["name"], meta["reading"]["scale"]) for meta in metas]
    names = dict.fromkeys(name for name, _ in told)
    kept = [item for folder in folders for item in _read_kept(folder).items()]
    sources = [(name, _said(name, scale)) for name, scale in [*told, *kept]]
    sources += [(task.name, task.scale) for task in tasks if isinstance(task, Task)]
    found = {name: TASKS[name].scale for name in names if name in TASKS}
    for name, scale in sources:
        if name in names and name not in TASKS:
            found[name] = _fuller(found.get(name, scale), scale)
    return {name: found[name] for name in names}


def check_agree(sides: Sequence[tuple[Sequence[Mapping[str, Any]], Path]]) -> None:
    """UsageError where a user's task has two floors or ceilings among the cells of these folders; unknown ones agree.

    What `keep` left in a folder later holds for its cells, if it is as full as what they say.
    """
    found: dict[str, list[tuple[Scale, Path]]] = {}
    for metas, folder in sides:
        told: dict[str, list[Scale]] = {}
        for meta in metas:
            name = meta["cell"]["task"]["name"]
            if name not in TASKS:
                told.setdefault(name, []).append(_said(name, meta["reading"]["scale"]))
        kept = {name: _said(name, scale) for name, scale in _read_kept(folder).items()}
        for name, of in told.items():
            late = kept.get(name)
            holds = late is not None and all(_fuller(scale, late) is late for scale in of)
            found.setdefault(name, []).extend((scale, folder) for scale in ([late] if late and holds else of))
    for name, scales in found.items():
        for i, (b, in_b) in enumerate(scales):
            if odd := next((known for known in scales[:i] if not _agree(known[0], b)), None):
                raise UsageError(
                    f"{name} has {_ends(odd[0])} in {odd[1]}, {_ends(b)} in {in_b}: scores on two scales are not compared; "
                    "run or import one again with the same --floor and --ceiling"
                )


def _agree(a: Scale, b: Scale) -> bool:
    ends = (a.floor, b.floor), (a.ceiling, b.ceiling)
    return all(x is None or y is None or math.isclose(x, y, rel_tol=1e-6) for x, y in ends)


def _ends(scale: Scale) -> str:
    known = [f"{name} {x:g}" for name, x in (("floor", scale.floor), ("ceiling", scale.ceiling)) if x is not None]
    return " and ".join(known)


def keep(tasks: Iterable[Task], folder: Path) -> None:
    """Leave the scales of users' tasks beside their cells, which may have been trained before a scale was known."""
    users = {t.name: [t.scale.floor, t.scale.ceiling, t.scale.threshold] for t in tasks if is_users(t)}
    if users:
        store.save_json(folder / KEPT, {**_read_kept(folder), **users})


def _read_kept(folder: Path) -> dict[str, Any]:
    try:
        return store.read_document(folder / KEPT)
    except store.Damaged:  # or missing
        return {}


def _said(name: str, scale: Sequence[float | None]) -> Scale:
    """What a cell says; before floors were measured, a `gymnasium:` task had floor 0 and ceiling 1, which meant nothing."""
    floor, ceiling, threshold = scale
    threshold = math.inf if threshold is None else threshold
    if name.startswith("gymnasium:") and (floor, ceiling, threshold) == (0.0, 1.0, math.inf):
        return Scale(None, None)
    return Scale(floor, ceiling, threshold)


def _fuller(a: Scale, b: Scale) -> Scale:
    """The one of which more is known; of equals the last."""
    counts = [sum((s.floor is not None, s.ceiling is not None, s.solvable)) for s in (a, b)]
    return a if counts[0] > counts[1] else b


def check_averaged(tasks: Sequence[Task], what: str) -> None:
    """UsageError where scores of several tasks would be averaged and one of them has no ceiling."""
    if len(tasks) > 1 and (raw := [task.name for task in tasks if task.ceiling is None]):
        raise UsageError(
            f"{what} averages over tasks, and {raw[0]} has no ceiling: give --ceiling, or take one task at a time"
        )


def with_floors(tasks: Sequence[Task], results: Path) -> list[Task]:
    """The tasks, each with its floor: one that nobody gave is measured once, and then read from `results`/floors."""
    return [task if task.floor is not None else _with_floor(task, results / FOLDER) for task in tasks]


def _with_floor(task: Task, folder: Path) -> Task:
    path = folder / f"{file_safe(task.name)}__{_key(task)}.json"
    floor = _kept(path)
    if floor is None:
        print(f"measuring the uniform policy's return on {task.name}", file=sys.stderr)
        try:
            found = in_child(lambda: uniform.measured(task))
        except ChildFailed as error:  # an environment may do anything; training will say it again
            return _without(task, str(error))
        floor = found.mean
        store.save_json(path, {"task": task.name, **found._asdict()})
        print(f"floor of {task.name}: {floor:.6g} ({found.episodes} episodes)", file=sys.stderr)
    if task.ceiling is not None and floor >= task.ceiling:
        raise UsageError(
            f"the uniform policy's return on {task.name} is {floor:g}: --ceiling must be above it, not {task.ceiling:g}"
        )
    return replace(task, floor=floor)


def _without(task: Task, why: str) -> Task:
    """The task as it is, where scores can do without a floor; says why there is none."""
    text = f"the floor of {task.name} cannot be measured ({why.splitlines()[0]})"
    if task.ceiling is not None:
        raise UsageError(f"{text}; give it by --floor")
    print(f"{text}; diverged runs count as the worst finite return", file=sys.stderr)
    return task


def _key(task: Task) -> str:
    """Hash of what the floor depends on."""
    what = {"factory": canonical(task.factory), "gamma": task.gamma, "beta": task.beta}
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:16]


def _kept(path: Path) -> float | None:
    """The floor in a file; None where it is missing or damaged."""
    try:
        value = store.read_document(path)["mean"]
    except (store.Damaged, KeyError):
        return None
    return float(value) if isinstance(value, (int, float)) else None
