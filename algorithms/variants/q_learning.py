"""Tabular Q-learning: the values of actions are learned, and the policy is what is greedy in them. No rung: a contrast.

    Q(s_t, a_t) <- Q(s_t, a_t) + n^-0.8 (r_t + gamma max_a Q(s_{t+1}, a) - Q(s_t, a_t)),    n: visits of (s_t, a_t)

States are prompts with what was written since, so only tasks that can be listed have a table. It acts epsilon-greedily,
epsilon falling from 1 to 0 over the budget; a score with sampled actions is of the policy that acts at that moment.

Source: Watkins (1989), Learning from delayed rewards, section 7; Watkins and Dayan (1992), Q-learning, equation 1.
"""

from algorithms.references.q_learning import QLearning

REFERENCE = QLearning(
    name="q_learning",
    summary="a table of action values, epsilon-greedy (reference; tasks that can be listed)",
    shown_as="Q-learning",
)
