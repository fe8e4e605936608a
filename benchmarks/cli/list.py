"""What there is to run: tasks, variants and experiments.

The floor and the ceiling of a task are the returns with scores 0 and 1.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

import tyro

from algorithms import ALGORITHMS, ALIASES
from benchmarks.experiments import EXPERIMENTS
from benchmarks.validation.usage import DONE
from envs import TASKS
from envs.language.named import language_names
from envs.registry import declarations
from envs.tasks import stored_returns
from envs.validation import look_up

KINDS = ("tasks", "variants", "experiments")


@dataclass(frozen=True)
class List:
    """The flags of `list`."""

    what: Annotated[str, tyro.conf.Positional] = "all"  # tasks, variants, experiments or all
    json: bool = False  # one JSON object on standard output

    def __call__(self) -> int:
        look_up(dict.fromkeys((*KINDS, "all")), self.what, "list")
        chosen = KINDS if self.what == "all" else (self.what,)
        print(json.dumps(as_json()) if self.json else as_text(chosen))
        return DONE


def as_json() -> dict[str, list[dict[str, object]]]:
    """{"tasks": [...], "variants": [...], "experiments": [...]}, each entry with at least a name."""
    return {
        "tasks": [*_registered(), *_of_models()],
        "variants": [
            {
                "name": v.name,
                "parent": v.parent,
                "changes": v.changes,
                "needs": list(v.needs),
                "summary": v.summary,
                "aliases": [alias for alias, name in ALIASES.items() if name == v.name],
            }
            for v in ALGORITHMS.values()
        ],
        "experiments": [
            {"name": e.name, "question": e.question, "tasks": list(e.task_names), "variants": list(e.variant_names)}
            for e in EXPERIMENTS.values()
        ],
    }


def _registered() -> Iterator[dict[str, object]]:
    for t in TASKS.values():
        yield {"name": t.name, "field": t.field, "floor": t.floor, "ceiling": t.ceiling, "horizon": t.spec.horizon}


def _of_models() -> Iterator[dict[str, object]]:
    """Language tasks: what is null depends on the model."""
    for name in language_names():
        yield {"name": name, "field": "language", "floor": None, "ceiling": None, "horizon": None}


def as_text(kinds: Iterable[str]) -> str:
    """A line for each entry. Neither torch nor an entry's module is imported, and no floor is computed."""
    lines = {"tasks": _task_lines, "variants": _variant_lines, "experiments": _experiment_lines}
    return "\n\n".join("\n".join([f"{kind}:", *(f"  {line}" for line in lines[kind]())]) for kind in kinds)


def _task_lines() -> Iterator[str]:
    stored = stored_returns()
    for name in TASKS:
        floor, ceiling = stored.get(name) or (TASKS[name].floor, TASKS[name].ceiling)
        field = "text" if name in stored else TASKS[name].field
        yield f"{name:34} {field:16} floor {floor:10.4g}  ceiling {ceiling:8.4g}"
    for name in language_names():
        yield f"{name:34} {'language':16} floor and ceiling are the model's"


def _variant_lines() -> Iterator[str]:
    found = declarations("algorithms.variants", "VARIANT") | declarations("algorithms.variants", "REFERENCE")
    names = {declaration.module: name for name, declaration in found.items()}

    def parent(name: str) -> str | None:
        _, function, origin, texts = found[name]
        if "parent" in texts:
            return texts["parent"]
        if origin is None:
            return None if function[:1].isupper() else ALGORITHMS[name].parent  # a class, whose default is None
        return names[origin] if function == "rung" else parent(names[origin])  # replace() keeps the parent

    for name, (_, function, _, texts) in found.items():
        summary = texts.get("summary") or (function == "rung" and texts.get(1)) or ALGORITHMS[name].summary
        yield f"{name:16} from {parent(name) or '-':15} {summary}"
    for alias, name in ALIASES.items():
        yield f"{alias:16} is   {name}"


def _experiment_lines() -> Iterator[str]:
    for name, declaration in declarations("benchmarks.experiments", "EXPERIMENT").items():
        yield f"{name:16} {declaration.texts.get('question') or EXPERIMENTS[name].question}"
