"""`VARIANTS`: the policy-gradient variants and the references, collected from `algorithms.variants`."""

from __future__ import annotations

from typing import cast

from algorithms.algorithm import Algorithm
from algorithms.variant import Variant
from envs.registry import declared, unique

VARIANTS: dict[str, Variant] = unique(
    (variant.name, variant) for variant in cast("list[Variant]", declared("algorithms.variants", "VARIANT"))
)
REFERENCES: dict[str, Algorithm] = unique(
    (reference.name, reference) for reference in cast("list[Algorithm]", declared("algorithms.variants", "REFERENCE"))
)
ALGORITHMS: dict[str, Algorithm] = unique((*VARIANTS.items(), *REFERENCES.items()))
