"""GRPO with several steps a rollout, as its clip is made for: mu = 4 passes over the whole batch.

    L = 1/N sum_i 1/|y_i| sum_t min(rho_it A_i, clip(rho_it, 1 - eps, 1 + eps) A_i),    four times on the same texts

The rung from which `dapo`, `gspo`, `cispo`, `clip_cov` and `kl_cov` change one part each.

Source: Shao et al. (2024), DeepSeekMath, arXiv 2402.03300, algorithm 1 (mu iterations).
"""

from algorithms.composition import Schedule
from algorithms.variant import Promises
from algorithms.variants import grpo

VARIANT = grpo.VARIANT.rung(
    "grpo_epochs",
    "four steps on each rollout",
    promises=Promises(shift_invariant=True, scale_free=True),
    schedule=Schedule(epochs=4),
    shown_as="GRPO, 4 epochs",
)
