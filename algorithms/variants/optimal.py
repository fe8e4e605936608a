"""The optimal policy: the oracle's J*, the ceiling of every text task. A reference, never a rung."""

from dataclasses import replace

from algorithms.update import Optimal
from algorithms.variants import reinforce

VARIANT = replace(
    reinforce.VARIANT,
    name="optimal",
    summary="the oracle's optimal return, no learning (reference)",
    update=Optimal(),
)
