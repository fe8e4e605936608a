"""The page of all variants (docs/variants.md), made from the registry and the files' docstrings. A test keeps it true."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from algorithms import ALIASES, VARIANTS, variants
from algorithms.algorithm import Algorithm
from algorithms.variant import Variant
from benchmarks.experiments.ladder import RUNGS
from benchmarks.reports.variant_groups import groups

PAGE = Path("docs") / "variants.md"
MEANS = {
    "one": "1",
    "group": "(G-1)/G",
    "batch": "(N-1)/N",
    "success": "w_G(p)",
    "likelihood": "(1-(1-p)^(G-1))/p",
    "best_of_k": "k (1-p)^(k-1)",
    "signed": "1 + lambda",
    None: "-",
}


def docstrings() -> dict[str, str]:
    """The docstring of each variant's file, by the variant's name."""
    modules = (
        importlib.import_module(f"{variants.__name__}.{m.name}") for m in pkgutil.iter_modules(variants.__path__)
    )
    return {_declared(module).name: (module.__doc__ or "").strip() for module in modules}


def _declared(module: Any) -> Algorithm:
    return getattr(module, "VARIANT", None) or module.REFERENCE


def source(docstring: str) -> str:
    """The text after "Source:", on one line."""
    return " ".join(docstring.partition("Source:")[2].split()).rstrip(".")


def table(shown: Iterable[Algorithm], page_path: str = "") -> str:
    """A Markdown table whose names lead to their section of the page `of` (this one where it is empty)."""
    lines = ["| variant | from | changes | what it does | E[g] / grad J |", "| --- | --- | --- | --- | --- |"]
    for v in shown:
        name = f"[`{v.name}`]({page_path}#{v.name.replace(':', '')})"
        changes = ", ".join([v.changes, *v.needs]) or "-"
        mean = mean_of(VARIANTS[v.name]) if v.tunable and not v.exact else "-"
        lines.append(f"| {name} | {v.parent or '-'} | {changes} | {v.summary} | {mean} |")
    return "\n".join(lines)


def mean_of(variant: Variant) -> str:
    """E[g] as a multiple of grad J, or of what takes the place of J."""
    mean = MEANS[variant.promises.factor]
    return f"{mean}, J being -KL to the teacher" if variant.estimator.teacher and variant.promises.factor else mean


def ladder_table() -> str:
    """The ladder as a Markdown table."""
    lines = ["| rung | from | changes | what it does | needs |", "| --- | --- | --- | --- | --- |"]
    for name in RUNGS:
        v = VARIANTS[name]
        needs = ", ".join(v.needs) or "-"
        lines.append(f"| `{v.name}` | {v.parent or '-'} | {v.changes or '-'} | {v.summary} | {needs} |")
    return "\n".join(lines)


def page() -> str:
    """docs/variants.md"""
    docstring_by_name = docstrings()
    lines = [
        "# Variants",
        "",
        "Made from the registry by `nox -s docs`. A variant is a composition of parts. A rung changes one part of its",
        "parent; what must change along with it follows. The last column is what the variant promises and the conformance",
        "kit (`algorithms/conformance/`) checks: the mean of its first gradient on a rollout as a multiple of grad J, at",
        "gamma 1 and without an entropy bonus. It is `-` where no closed form is known, or where the mean depends on the",
        "critic. Where the loss is a mean over tokens or is divided by a length, the multiple holds up to that constant.",
        "",
        "N is the number of episodes of a batch, G that of a group, p the success rate of a prompt, for rewards of 0 or 1.",
        "w_G(p) = E sqrt(k (G - k)) / (G p (1 - p)), where k ~ Bin(G, p).",
        "",
        f"Other names: {', '.join(f'`{alias}` is `{name}`' for alias, name in ALIASES.items())}.",
        "",
    ]
    for title, shown in groups().items():
        lines += [f"## {title}", "", table(shown), ""]
    for shown in groups().values():
        for v in shown:
            first, _, rest = docstring_by_name[v.name].partition("\n")
            lines += [f"### {v.name}", "", first, ""]
            if text := rest.strip("\n"):
                lines += ["```", text, "```", ""]
    return "\n".join(lines)
