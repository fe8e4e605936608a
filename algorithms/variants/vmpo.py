"""V-MPO: the better half of a batch is imitated, with exponential weights whose temperature follows a dual.

    L = sum psi log pi,    psi = exp(A / eta) / sum exp(A / eta) over the better half
    eta: min eta eps + eta log mean exp(A / eta)

eta, a state of each member, takes a step a rollout until the weights lie eps = 0.1 nats from uniform. The source also
bounds the KL between updates by a multiplier, which is left out: the rung from `awr` changes the weights alone.

Source: Song et al. (2020), V-MPO, arXiv 1909.12238, equations 3 and 4.
"""

from algorithms.estimators.scales.exponential import TopHalf
from algorithms.variant import Promises
from algorithms.variants import awr

VARIANT = awr.VARIANT.rung(
    "vmpo",
    "the better half, with exponential weights whose temperature adapts",
    needs={"aggregation": "token"},
    promises=Promises(homogeneous=False),
    scale=TopHalf(epsilon=0.1),
    shown_as="V-MPO",
)
