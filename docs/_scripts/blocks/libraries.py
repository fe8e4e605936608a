"""The generated blocks on functions of other libraries: what they were held to, what broke, and the names of parameters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from algorithms.conformance.foreign.adapters.parameters import NAMES
from algorithms.conformance.foreign.rules.properties import SAYS
from docs._scripts.released import Released
from docs._scripts.wording import listed

FILE = "libraries.json"
MOST = 2  # variants of ours that are named as equal
SHORT = {"_generate_and_score_completions": "scores", "_compute_loss": "loss", "compute_": ""}
NOTES = {
    "trl": ": `scores` is `_generate_and_score_completions`, `loss` is `_compute_loss`; a class alone is both in turn.",
    "verl": ": the functions of `verl.trainer.ppo.core_algos`, without the prefix `compute_`.",
    "torchrl": ": value estimators of `torchrl.objectives.value.functional`, losses of `torchrl.objectives`, and what "
    "`torchrl.objectives.llm` has for texts.",
}


def blocks(results: Released) -> dict[str, Callable[[], str]]:
    """By the name of the block: what makes it."""
    return {
        "libraries-summary": partial(summary, results),
        "libraries": partial(table, results),
        "libraries-broke": partial(broke, results),
        "parameter-names": parameters,
        "function-properties": properties,
    }


def summary(results: Released) -> str:
    """How many functions of which versions, and how many of them break a rule."""
    found = results.json(FILE)
    rows, versions = found["rows"], found["versions"]
    counts = Counter(row["library"] for row in rows)
    of = listed([f"{counts[name]} of {name} {versions[name]}" for name in counts])
    broken = sum(bool(row["broke"]) for row in rows)
    return f"{len(rows)} functions and settings were examined: {of}, with torch {versions['torch']}. {broken} break a rule."


def table(results: Released) -> str:
    """A table for each library, a row for each function: promises, the rules that held, and ours that compute the same."""
    found = results.json(FILE)
    parts = []
    for library in dict.fromkeys(row["library"] for row in found["rows"]):
        lines = [
            f"**{library} {found['versions'][library]}**{NOTES[library]}",
            "",
            "| function | promised | held | equal to ours |",
            "| --- | --- | ---: | --- |",
        ]
        parts.append("\n".join([*lines, *(_row(row) for row in found["rows"] if row["library"] == library)]))
    return "\n\n".join(parts)


def _row(row: dict[str, Any]) -> str:
    name = row["function"]
    for long, short in SHORT.items():
        name = name.replace(long, short)
    settings = "".join(f"<br>`{one}`" for one in row["settings"].split(",") if one)
    same = ", ".join(f"`{name}`" for name in row["same_as"][:MOST]) or "-"
    held = f"{len(row['held'])}/{len(row['held']) + len(row['broke'])}"
    held = f"**{held}**" if row["broke"] else held
    return f"| `{name}`{settings} | {', '.join(row['promises']) or '-'} | {held} | {same} |"


def broke(results: Released) -> str:
    """Each break, with its smallest example."""
    parts = []
    for row in results.json(FILE)["rows"]:
        parts += [_break(row, one) for one in row["broke"]]
    return "\n\n".join(parts) or "No function breaks a rule."


def _break(row: dict[str, Any], one: dict[str, str]) -> str:
    """The rule, what was expected and seen, and the example where a batch shows it."""
    title = f"**{row['library']}, `{row['function']}`**: {one['rule']} ({one['detail']})."
    return f"{title}\n\n```text\n{one['example']}\n```" if one["example"].strip() else title


def parameters() -> str:
    """The names that a function's parameters may have, and what each stands for."""
    lines = ["| names | what is given |", "| --- | --- |"]
    lines += [f"| {', '.join(f'`{n}`' for n in quantity.names)} | {quantity.says} |" for quantity in NAMES.values()]
    return "\n".join(lines)


def properties() -> str:
    """What may be promised beside `gradient` and a variant of ours."""
    return "\n".join(f"- `{name}`: {says}" for name, says in SAYS.items())
