"""On-policy distillation, token by token: each token's own reverse KL, at a discount of 0.

    A_t = log teacher(a_t|s_t) - log pi(a_t|s_t)

The mean gradient is - sum_t E[grad KL(pi(.|s_t) || teacher(.|s_t))] with the states s_t held fixed. What a token does to
the KL of later ones is left out, so the noise of later tokens is left out too. At the teacher every A_t is 0.

Source: Agarwal et al. (2024), GKD, arXiv 2306.13649, section 3: reverse KL, the student's texts alone (lambda 1), and no
gradient through what is sampled. One sampled token for the sum over tokens, and the discount of 0, are of Thinking Machines
Lab (2025), On-policy distillation.
"""

from algorithms.estimators.kl_penalty import Teacher
from algorithms.variants import reward_to_go

VARIANT = reward_to_go.VARIANT.rung(
    "distil_token",
    "paid by the log ratio of the optimal policy to its own, token by token (tasks that can be listed)",
    teacher=Teacher(discount=0.0),
    shown_as="On-policy distillation",
)
