"""Best of 16: of 16 texts of the reference policy, the one that the task pays most. Nothing is trained.

    P(best is worth at most r) = F(r)^16,    F: the distribution of the reward under the reference

Source: Stiennon et al. (2020), Learning to summarize from human feedback, appendix G.3; Beirami et al. (2024) on its KL.
"""

from algorithms.references.best_of_n import BestOfN

REFERENCE = BestOfN(
    name="best_of_16",
    summary="the best of 16 texts of the reference by what the task pays, exactly",
    n=16,
    shown_as="Best of 16",
)
