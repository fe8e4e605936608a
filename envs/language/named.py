"""Language tasks by name. The names are known without importing torch or a task; a Task needs the suite's models on disk."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from envs.api import Task
from envs.registry import Registry, declarations, registry_of
from envs.validation import UsageError, look_up

PACKAGE, CONSTANT = "envs.language.tasks", "FAMILY"
FOLDER = Path("results") / "models"  # of artefacts, named <kind>-<digest>
BASE, JUDGE = "base", "judge"  # kinds: the model that is trained further, and the one that judges fluency
COMMAND = "python -m benchmarks run rlhf_exact"
FAMILIES: Registry[Any] = registry_of(PACKAGE, CONSTANT)


@cache
def language_names() -> Mapping[str, str]:
    """The family of each named language task."""
    found = declarations(PACKAGE, CONSTANT)
    return {
        f"{family}/{size}": family
        for family, declaration in found.items()
        for key, size in declaration.texts.items()
        if isinstance(key, int) and key > 0
    }


def language_task(name: str, folder: Path = FOLDER) -> Task:
    """The task of this name with the suite's models in `folder`; UsageError, before anything is loaded, without them."""
    family = look_up(language_names(), name, "language task")
    base, judge = (find_artefact(kind, folder, name) for kind in (BASE, JUDGE))
    task: Task = FAMILIES[family].task(name, base, judge)
    return task


def find_artefact(kind: str, folder: Path, name: str) -> Path:
    """The one model of this kind in a folder of artefacts; UsageError if there is none, or several."""
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    found = [path for path in entries if re.fullmatch(rf"{kind}-[0-9a-f]+", path.name) and path.is_dir()]
    if not found:
        raise UsageError(f"{name} needs the suite's {kind} model, and {folder} has none; make it once: {COMMAND}")
    if len(found) > 1:
        raise UsageError(f"{folder} has several {kind} models, {' and '.join(p.name for p in found)}: keep one of them")
    return found[0]
