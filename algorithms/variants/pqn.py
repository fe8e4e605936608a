"""PQN: a network of action values with layer normalisation, many environments at once, and nothing remembered. A contrast.

    y_t = r_t + gamma_t [(1 - lambda) max_a Q(s_{t+1}, a) + lambda y_{t+1}],    loss = 1/2 mean (Q(s_t, a_t) - y_t)^2

Neither replay nor a target network: layer normalisation is to keep the values from diverging. It acts epsilon-greedily,
epsilon falling from 1 to 0.05 over a fifth of the budget. For listed actions and observations that are vectors.

Source: Gallici et al. (2025), Simplifying deep temporal difference learning, arXiv 2407.04811, algorithm 1. Its authors'
lambda and passes for CartPole; shorter windows of fewer environments, a larger rate, Adam for RAdam.
"""

from algorithms.references.pqn import PQN

REFERENCE = PQN(
    name="pqn",
    summary="a network of action values, epsilon-greedy, no replay and no target network (reference; listed actions)",
    shown_as="PQN",
)
