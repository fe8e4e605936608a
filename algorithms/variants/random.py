"""The uniform policy: the floor of every normalised score. A reference, never a rung."""

from algorithms.references.scripted import Random

REFERENCE = Random(
    name="random", summary="uniform over legal actions, no learning (reference)", shown_as="Uniform policy"
)
