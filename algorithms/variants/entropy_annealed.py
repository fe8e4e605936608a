"""An entropy bonus that falls to nothing: exploration first, J itself at the end.

    J_alpha = J + alpha E[ sum_t H(pi(. | s_t)) ],    alpha = 0.02 (1 - share of the budget spent)

A constant bonus moves the optimum for ever (`entropy`); this one only on the way. Its mean over the run is `entropy`'s 0.01.

Source: Williams and Peng (1991) for the bonus; annealing is common practice (Ahmed et al. 2019, section 4).
"""

from algorithms.estimators.entropy_bonus import Annealed
from algorithms.variants import gae

VARIANT = gae.VARIANT.rung(
    "entropy_annealed",
    "plus an entropy bonus that falls from 0.02 to 0 over the budget",
    entropy=Annealed(start=0.02, end=0.0),
    shown_as="Annealed entropy bonus",
)
