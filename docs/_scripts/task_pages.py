"""A page for each task on texts, made from its card, its presets and what an optimal policy writes. A test keeps them true.

Language tasks need a model, on which their figures depend: their pages have the card, the sizes and the knobs alone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import MISSING, Field, fields
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from algorithms.references.scripted import play_optimally
from algorithms.training.returns.sampled_return import transcript_text
from benchmarks.reports.table_formats import number
from envs import TASKS
from envs.api import Task
from envs.enumeration import enumerate_episodes
from envs.language.env import LanguageMDP
from envs.language.named import PACKAGE
from envs.registry import module_names
from envs.text_mdp import TextMDP

FOLDER = Path("docs") / "tasks"
RETURNS = Path("envs") / "text" / "returns.csv"
LONGEST = 160  # characters of a sample
LIMIT = 100_000  # episodes up to which a preset is called enumerable


def families() -> dict[str, list[Task]]:
    """The text tasks by the name of their file."""
    by_file: dict[str, list[Task]] = {}
    for task in TASKS.values():
        if isinstance(task.factory, TextMDP):
            by_file.setdefault(type(task.factory).__module__.rpartition(".")[2], []).append(task)
    return by_file


def card(tasks: list[Task]) -> str:
    """The card at the top of the task's file."""
    return (sys.modules[type(tasks[0].factory).__module__].__doc__ or "").strip()


def page(name: str, tasks: list[Task]) -> str:
    """The page of one task as Markdown."""
    first, _, rest = card(tasks).partition("\n")
    kind = type(tasks[0].factory)
    lines = [f"# {name}", "", first, "", "```", rest.strip("\n"), "```", ""]
    lines += ["In Gymnasium:", "", "```python", "import gymnasium", ""]
    lines += [f'env = gymnasium.make("envs:TextMDP/{kind.__name__}-v0", preset="{_preset(tasks[0])}")', "```", ""]
    lines += ["## Presets", "", *_table(tasks), "", "## Knobs", "", " ".join((kind.__doc__ or "").split()), ""]
    lines += _knobs(kind)
    lines += [
        "",
        "The first eight rows of the table are common to all text tasks (`envs/text_mdp.py`).",
        "",
        "## Samples",
        "",
    ]
    lines += ["An optimal policy, from two starts; the prompt is before the bar.", "", "```"]
    lines += [line for task in tasks for line in _samples(task)]
    return "\n".join([*lines, "```", ""])


def language_families() -> dict[str, type[LanguageMDP]]:
    """The class of each language task by the name of its file."""
    found = {}
    for name in module_names(PACKAGE):
        kinds = [x for x in vars(import_module(name)).values() if isinstance(x, type) and x.__module__ == name]
        found[name.rpartition(".")[2]] = next(kind for kind in kinds if issubclass(kind, LanguageMDP))
    return found


def language_page(name: str, kind: type[LanguageMDP]) -> str:
    """The page of one language task as Markdown."""
    module = sys.modules[kind.__module__]
    first, _, rest = (module.__doc__ or "").strip().partition("\n")
    lines = [f"# {name}", "", first, "", "```", rest.strip("\n"), "```", ""]
    if sizes := getattr(module, "SIZES", None):
        lines += ["Needs the suite's models in `results/models`, which `run rlhf_exact` and `run alignment` make:", ""]
        lines += ["```python", "from envs.language.named import language_task", ""]
        lines += [f'task = language_task("{name}/{next(iter(sizes))}")', "```", "", "## Sizes", ""]
        lines += ["| size | knobs |", "| --- | --- |"]
        lines += [f"| `{name}/{size}` | {_values(knobs)} |" for size, knobs in sizes.items()]
        lines += [""]
    lines += ["## Knobs", "", " ".join((kind.__doc__ or "").split()), "", *_knobs(kind)]
    return "\n".join([*lines, ""])


def _values(knobs: dict[str, Any]) -> str:
    """Knobs of a size as text."""
    return ", ".join(f"`{knob}={value!r}`" for knob, value in knobs.items()) or "the defaults"


def _knobs(kind: type) -> list[str]:
    """A table of the fields of a dataclass."""
    return ["| knob | default |", "| --- | --- |", *(f"| `{f.name}` | {_default(f)} |" for f in fields(kind))]


def _default(knob: Field[Any]) -> str:
    return "to be given" if knob.default is MISSING else f"`{knob.default!r}`"


def _preset(task: Task) -> str:
    return task.name.partition("/")[2]


def _table(tasks: Iterable[Task]) -> list[str]:
    rows = ["| preset | J0 | J* | gamma | tokens | actions | horizon | starts | episodes listed |"]
    rows.append("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for task in tasks:
        mdp = task.factory
        assert isinstance(mdp, TextMDP)
        try:
            starts = number(len(mdp.prompts().tokens))
        except ValueError:
            starts = "too many"
        try:
            listed = number(len(enumerate_episodes(mdp, LIMIT).probability))
        except ValueError:
            listed = "-"
        cells = [
            f"`{task.name}`", _rounded(mdp.random_return()), _rounded(mdp.optimal_return()), number(mdp.gamma),
            number(len(mdp.tokens)), number(mdp.actions), number(mdp.horizon), starts, listed,
        ]  # fmt: skip
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def _rounded(value: float) -> str:
    """A number whose last bits, which differ from machine to machine, are not shown."""
    return number(round(value, 9) + 0.0)


def _samples(task: Task) -> list[str]:
    """Two texts of an optimal policy, one where they are long; none where it has no short form."""
    mdp = task.factory
    assert isinstance(mdp, TextMDP)
    try:
        env, _ = play_optimally(mdp, [np.random.SeedSequence(0)], 2)
    except ValueError:
        return []
    texts = [transcript_text(mdp, transcript) for transcript in env.rows.transcript]
    cut = [text if len(text) <= LONGEST else text[: LONGEST - 4] + " ..." for text in texts]
    return [f"{task.name:24} {text}" for text in dict.fromkeys(cut)]


def index() -> str:
    """The list of all pages."""
    lines = ["# All text tasks", "", "Made from the cards by `nox -s docs`.", ""]
    lines += ["| task | what it isolates |", "| --- | --- |"]
    lines += [_row(name, card(tasks)) for name, tasks in families().items()]
    lines += ["", "## On a language model", "", "| task | what it isolates |", "| --- | --- |"]
    lines += [_row(name, sys.modules[kind.__module__].__doc__ or "") for name, kind in language_families().items()]
    return "\n".join([*lines, ""])


def _row(name: str, text: str) -> str:
    """A row of the index, from a card."""
    isolates = text[text.index("\nisolates ") + 10 : text.index("\nsource ")]
    return f"| [{name}]({name}.md) | {' '.join(isolates.split())} |"


def returns() -> str:
    """The floors and ceilings of all text tasks as CSV, which `list` shows (envs.tasks.stored_returns)."""
    tasks = [task for family in families().values() for task in family]
    rows = [
        f"{t.name},{round(t.floor, 9) + 0.0!r},{round(t.ceiling, 9) + 0.0!r}"
        for t in tasks
        if t.floor is not None and t.ceiling is not None
    ]
    return "\n".join(["task,floor,ceiling", *rows, ""])


def makers() -> dict[Path, Callable[[], str]]:
    """What makes every page, the index and the table of returns, by their path."""
    pages: dict[Path, Callable[[], str]] = {RETURNS: returns, FOLDER / "README.md": index}
    pages |= {FOLDER / f"{name}.md": partial(page, name, tasks) for name, tasks in families().items()}
    return pages | {FOLDER / f"{n}.md": partial(language_page, n, kind) for n, kind in language_families().items()}
