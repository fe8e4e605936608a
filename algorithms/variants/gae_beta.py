"""Actions drawn from Beta distributions over the box, in place of normals that the environment clips.

    x ~ Beta(alpha(s), beta(s)),    a = low + (high - low) x,    alpha, beta = 1 + softplus(network)

A normal puts mass outside the box, and the environment clips it. The source calls the gradient biased. It is not: the clip
belongs to the environment, and E[g] = grad J. But all actions beyond a bound do the same and have different scores, which is
variance for nothing (Fujita and Maeda 2018, Clipped action policy gradient, section 4). A Beta has nothing to clip.
For control tasks with bounded real-valued actions.

Source: Chou, Maturana and Scherer (2017), Improving stochastic policy gradients in continuous control with deep
reinforcement learning using the Beta distribution, section 4.
"""

from algorithms.variants import gae

VARIANT = gae.VARIANT.rung(
    "gae_beta",
    "actions of a Beta distribution over the box, not of a normal that is clipped",
    fixed=(("actions", "beta"),),
    promises=gae.VARIANT.promises,
    shown_as="GAE, Beta policy",
)
