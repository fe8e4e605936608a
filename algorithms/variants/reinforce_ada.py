"""Reinforce-Ada: a prompt is played again until it has right and wrong answers; a balanced group of them is learned from.

    A_i = R_i - mean of all R played for the prompt,    G/2 right and G/2 wrong answers where up to 4 rounds of G find them

Few groups are all right or all wrong, so few prompts are without a gradient. Choosing by the outcome biases: with rewards of
0 or 1 and one prompt E[g] = w(p) grad p, where w(p) is near (1-p)/(2p) + p/(2(1-p)) if rounds suffice, so hard and easy
prompts weigh most (algorithms.conformance.exact.adaptive_sampling has w exactly). Right is a return above the middle of J0
and J*. Each round that a prompt needs is charged; the rest of the 4 is played along with them in one batch, and neither read
nor charged.

Source: Xiong et al. (2025), Reinforce-Ada, arXiv 2510.04996, the balanced choice with statistics of all answers and no
deviation, as in the authors' code (`_generate_multi_round_adaptive_downsampling`, ray_trainer.py); its clip and its means over
tokens are left out.
"""

from algorithms.composition import Schedule
from algorithms.estimators.baseline import PoolMean
from algorithms.variant import Promises
from algorithms.variants import dr_grpo

VARIANT = dr_grpo.VARIANT.rung(
    "reinforce_ada",
    "minus the mean of all answers of up to 4 rounds, of which a balanced group is kept",
    needs={"schedule": Schedule(rounds=4)},
    promises=Promises(shift_invariant=True),
    baseline=PoolMean(),
    shown_as="Reinforce-Ada",
)
