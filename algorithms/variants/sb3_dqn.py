"""stable-baselines3's own DQN: Q-learning with a network, a replay buffer and a target network. Discrete actions alone.

    L = smooth L1 of Q(s, a) - (r + gamma max_a' Q_target(s', a')) over rows drawn from the buffer

It acts epsilon-greedily; a score with sampled actions is of the policy that acts at that moment.

Source: stable-baselines3 2.9, dqn/dqn.py; settings: rl-baselines3-zoo, hyperparams/dqn.yml
(benchmarks/published/sb3_settings.py).
"""

from algorithms.references.sb3 import Sb3

REFERENCE = Sb3(
    name="sb3:dqn",
    summary="stable-baselines3's own DQN (reference; discrete actions)",
    model_class="dqn",
    learning_rate=1e-4,
    shown_as="DQN (SB3)",
)
