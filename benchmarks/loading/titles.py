"""What figures call the tasks and variants of a folder: each answers for itself, and unknown names become words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from algorithms import ALGORITHMS
from algorithms.algorithm import Algorithm
from envs.api import Task
from envs.naming.titles import distinct, title_of_task, title_of_variant
from envs.tasks import PRESETS


def variant_titles(
    names: Iterable[str], own: Sequence[Algorithm] = (), metas: Sequence[Mapping[str, Any]] = ()
) -> dict[str, str]:
    """Titles by name: of the experiment's own variants, then registered ones, then as the cells say, then by the name.

    Two that would look the same are called by their names.
    """
    stored = {m["cell"]["algorithm"]["name"]: m["reading"].get("title", "") for m in metas}
    declared = {variant.name: _own_title(variant) for variant in own}
    return distinct({name: declared.get(name) or _registered(name, stored.get(name, "")) for name in names})


def task_titles(
    names: Iterable[str], own: Sequence[Task] = (), metas: Sequence[Mapping[str, Any]] = ()
) -> dict[str, str]:
    """As `variant_titles`, of tasks."""
    stored = {m["cell"]["task"]["name"]: m["reading"].get("task_title", "") for m in metas}
    declared = {task.name: task.title for task in own}
    return distinct({name: declared.get(name) or stored.get(name) or _named(name) for name in names})


def _registered(name: str, stored: str) -> str:
    return ALGORITHMS[name].title if name in ALGORITHMS else stored or title_of_variant(name)


def _own_title(variant: Algorithm) -> str:
    """Its title, unless `dataclasses.replace` made it of a registered algorithm and left that one's label."""
    others = {algorithm.title for name, algorithm in ALGORITHMS.items() if name != variant.name}
    return title_of_variant(variant.name) if variant.title in others else variant.title


def _named(name: str) -> str:
    """Without the Task itself: to make one takes the time of its floor and ceiling."""
    return title_of_task(name, PRESETS[name].mdp.family_title if name in PRESETS else "")
