"""What there is: tasks, variants and experiments, as text or JSON."""

from __future__ import annotations

from collections.abc import Iterable

from algorithms import ALGORITHMS, VARIANTS
from benchmarks import EXPERIMENTS
from benchmarks.experiments.ladder import RUNGS
from envs import TASKS


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


def ladder_table() -> str:
    """The ladder as a Markdown table, from the registry (the README holds it; a test compares)."""
    lines = ["| rung | from | changes | what it does | needs |", "| --- | --- | --- | --- | --- |"]
    for name in RUNGS:
        v = VARIANTS[name]
        needs = ", ".join(v.needs) or "-"
        lines.append(f"| `{v.name}` | {v.parent or '-'} | {v.changes or '-'} | {v.summary} | {needs} |")
    return "\n".join(lines)
