"""`VARIANTS`: the policy-gradient variants and the references, collected from `algorithms.variants`.

A variant's module, and torch with it, is imported when the variant is looked up.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from envs.registry import Registry, registry_of

if TYPE_CHECKING:
    from algorithms.algorithm import Algorithm
    from algorithms.variant import Variant

VARIANTS: Registry[Variant] = registry_of("algorithms.variants", "VARIANT")
REFERENCES: Registry[Algorithm] = registry_of("algorithms.variants", "REFERENCE")
ALGORITHMS: Registry[Algorithm] = Registry(
    lambda: ((name, partial(one.__getitem__, name)) for one in (VARIANTS, REFERENCES) for name in one)
)
ALIASES = {
    "async_none": "async",  # among its siblings: stale, with no correction
    "trpo": "npg",  # a natural gradient with a line search on the KL is TRPO
}
