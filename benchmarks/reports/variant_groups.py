"""The variants in groups, in the order in which pages and reports show them."""

from __future__ import annotations

from algorithms import VARIANTS
from algorithms.types import Variant
from benchmarks.experiments.ladder import REFERENCES, RUNGS

PRESET = "like_"


def groups() -> dict[str, list[Variant]]:
    """The variants in the order they are shown."""
    presets = [v for name, v in VARIANTS.items() if name.startswith(PRESET)]
    beside = [v for v in VARIANTS.values() if v.update.trains and not v.update.gradient]
    known = {*RUNGS, *REFERENCES, *(v.name for v in (*presets, *beside))}
    others = [v for n, v in VARIANTS.items() if n not in known]
    return {
        "The ladder": [VARIANTS[name] for name in RUNGS],
        "Beside the ladder": sorted(others, key=_ancestry),
        "Presets of peers": presets,
        "References": [*(VARIANTS[name] for name in REFERENCES), *beside],
    }


def _ancestry(variant: Variant) -> tuple[str, ...]:
    """The variant's line of descent, so that children follow their parent."""
    line = [variant.name]
    while (parent := VARIANTS[line[0]].parent) is not None:
        line.insert(0, parent)
    return tuple(line)
