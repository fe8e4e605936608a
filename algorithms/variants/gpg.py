"""GPG: the plain group-relative gradient, made longer where few texts earn anything.

    A_i = alpha (R_i - mean of the group),    alpha = N / (number of the batch's texts whose return is not 0)

alpha makes up for the groups without a signal when reward is sparse; with dense or shifted rewards it is 1.

Source: Chu et al. (2025), GPG, arXiv 2504.02546, equation 7; alpha as computed by verl.
"""

from algorithms.estimators.advantage_scale import Nonzero
from algorithms.variant import Promises
from algorithms.variants import dr_grpo

VARIANT = dr_grpo.VARIANT.rung(
    "gpg",
    "times the batch's size over the number of texts that earned anything",
    promises=Promises(),
    scale=Nonzero(),
    shown_as="GPG",
)
