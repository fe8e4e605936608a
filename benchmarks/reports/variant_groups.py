"""The registered algorithms in groups, in the order in which pages and figures show them."""

from __future__ import annotations

from collections.abc import Sequence

from algorithms import ALGORITHMS, VARIANTS
from algorithms.algorithm import Algorithm
from benchmarks.experiments.ladder import REFERENCES, RUNGS

PRESET_PREFIX = "like_"  # how names of other libraries' settings begin


def groups() -> dict[str, Sequence[Algorithm]]:
    """The algorithms by the title of their group."""
    presets = [v for name, v in VARIANTS.items() if name.startswith(PRESET_PREFIX)]
    beside = [a for name, a in ALGORITHMS.items() if name not in VARIANTS and name not in REFERENCES]
    known = {*RUNGS, *REFERENCES, *(v.name for v in presets)}
    others = [v for n, v in VARIANTS.items() if n not in known]
    return {
        "The ladder": [VARIANTS[name] for name in RUNGS],
        "Other variants": sorted(others, key=_ancestors),
        "Presets of other libraries": presets,
        "References": [*(ALGORITHMS[name] for name in REFERENCES), *beside],
    }


def _ancestors(variant: Algorithm) -> tuple[str, ...]:
    """The variant's line of descent, so that children follow their parent."""
    line = [variant.name]
    while (parent := VARIANTS[line[0]].parent) is not None:
        line.insert(0, parent)
    return tuple(line)
