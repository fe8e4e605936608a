"""The uniform policy: the floor of every normalised score. A reference, never a rung."""

from dataclasses import replace

from algorithms.update import Uniform
from algorithms.variants import reinforce

VARIANT = replace(
    reinforce.VARIANT,
    name="random",
    summary="uniform over legal actions, no learning (reference)",
    update=Uniform(),
)
