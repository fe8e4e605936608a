"""The optimal policy: the oracle's J*, the ceiling of every text task. A reference, never a rung."""

from algorithms.references.scripted import Optimal

REFERENCE = Optimal(
    name="optimal", summary="the oracle's optimal return, no learning (reference)", shown_as="Optimal policy"
)
