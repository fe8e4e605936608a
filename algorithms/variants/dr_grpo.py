"""Dr. GRPO: GRPO without its two biases: no division by the deviation, none by the text's length.

    g = 1/N sum_i sum_t (R_i - mean R) grad log pi(a_it | s_it) / L_max,    E[g] = (G-1)/G grad J / L_max

The group's mean includes the episode itself, which costs the factor (G-1)/G; L_max, the longest text there can be, is a
constant. `rloo` is the same without either factor.

Source: Liu et al. (2025), Understanding R1-Zero-like training, arXiv 2503.20783, equation 3.
"""

from algorithms.estimators.baseline import GroupMean
from algorithms.variant import Promises
from algorithms.variants import rloo

VARIANT = rloo.VARIANT.rung(
    "dr_grpo",
    "minus the group's mean R(tau), itself included; over the longest text's length",
    needs={"aggregation": "constant"},
    promises=Promises(factor="group", shift_invariant=True),
    baseline=GroupMean(),
    shown_as="Dr. GRPO",
)
