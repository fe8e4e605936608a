"""VinePPO's values, exactly: the expected return after every prefix of the text is the baseline, and no critic is learned.

    A_t = R(tau) - E[R | text before a_t],    = G_t - V(s_t) where the text tells what was paid

The source plays nine further texts from each prefix to estimate V; a text can be taken up again anywhere. Here the task
is listed, so V is exact and free of charge: what better credit for single tokens is worth at most.

Source: Kazemnejad et al. (2025), VinePPO, arXiv 2410.01679, equation 8 (with infinitely many texts).
"""

from algorithms.estimators.baselines.prefixes import ExpectedReturnToGo
from algorithms.variant import Promises
from algorithms.variants import reinforce

VARIANT = reinforce.VARIANT.rung(
    "vineppo",
    "minus the exact expected return after the text so far (tasks that can be listed)",
    promises=Promises(factor="one", shift_invariant=True),
    baseline=ExpectedReturnToGo(),
    shown_as="VinePPO, exact",
)
