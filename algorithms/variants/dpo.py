"""Direct preference optimisation: a classifier of pairs of texts, whose logit is a ratio of policies.

    loss = - mean log sigmoid(beta [log pi/mu (chosen) - log pi/mu (rejected)]),    mu: the policy that training begins with

Source: Rafailov et al. (2023), Direct preference optimization, equation 7.
"""

from algorithms.references.labelled import Preference

REFERENCE = Preference(
    name="dpo", summary="learns from 256 pairs of texts, labelled by gold with noise", judge="gold", shown_as="DPO"
)
