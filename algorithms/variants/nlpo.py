"""NLPO: PPO whose actions are drawn from the nucleus of a lagged copy of the policy.

    a_t ~ pi(. | s_t) restricted to the smallest set of actions with probability 0.9 under pi_lagged

The mask policy is copied every 5 updates. In a large vocabulary most actions are never worth a look; masking them is also
a bet that the first 0.9 hold the answer. Scores are those of the policy itself, without the mask.

Source: Ramamurthy et al. (2023), Is reinforcement learning (not) for natural language processing?, algorithm 1.
"""

from algorithms.policies.nucleus import TopP
from algorithms.variants import ppo

VARIANT = ppo.VARIANT.rung(
    "nlpo",
    "draws from the top 0.9 of a policy at most 5 updates old",
    nucleus=TopP(p=0.9, every=5),
    shown_as="NLPO",
)
