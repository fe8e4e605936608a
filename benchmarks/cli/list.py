"""What there is to run: tasks, variants and experiments."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

import tyro

from algorithms import ALGORITHMS
from benchmarks.experiments import EXPERIMENTS
from benchmarks.validation.usage import DONE
from envs import TASKS
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
        "tasks": [
            {"name": t.name, "field": t.field, "floor": t.floor, "ceiling": t.ceiling, "horizon": t.spec.horizon}
            for t in TASKS.values()
        ],
        "variants": [
            {"name": v.name, "parent": v.parent, "changes": v.changes, "needs": list(v.needs), "summary": v.summary}
            for v in ALGORITHMS.values()
        ],
        "experiments": [
            {"name": e.name, "question": e.question, "tasks": list(e.task_names), "variants": list(e.variant_names)}
            for e in EXPERIMENTS.values()
        ],
    }


def as_text(kinds: Iterable[str]) -> str:
    """A line for each entry."""
    blocks = []
    for kind in kinds:
        if kind == "tasks":
            lines = [f"{t.name:34} {t.field:16} J0 {t.floor:10.4g}  J* {t.ceiling:8.4g}" for t in TASKS.values()]
        elif kind == "variants":
            lines = [f"{v.name:16} from {v.parent or '-':15} {v.summary}" for v in ALGORITHMS.values()]
        else:
            lines = [f"{e.name:16} {e.question}" for e in EXPERIMENTS.values()]
        blocks.append("\n".join([f"{kind}:", *(f"  {line}" for line in lines)]))
    return "\n\n".join(blocks)
