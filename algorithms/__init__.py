"""The policy-gradient family. `VARIANTS` holds every named variant, found in `algorithms.variants`."""

from __future__ import annotations

from typing import cast

from algorithms.types import Variant
from envs.registry import declared, unique

VARIANTS: dict[str, Variant] = unique(
    (variant.name, variant) for variant in cast("list[Variant]", declared("algorithms.variants", "VARIANT"))
)
