"""What stable-baselines3's own algorithms are set to on tasks for which rl-baselines3-zoo has tuned them.

Settings are those of hyperparams/a2c.yml, ppo.yml and dqn.yml, as of Gymnasium's ids; what they leave out, and every other
task, is at stable-baselines3's defaults. State-dependent exploration (use_sde) is part of Pendulum's.
"""

from __future__ import annotations

from benchmarks.published.values import Configurations

CONFIGURATIONS: Configurations = {
    ("CartPole-v1", "sb3:a2c"): {"envs": 8},
    ("CartPole-v1", "sb3:ppo"): {
        "envs": 8,
        "settings": (
            ("n_steps", 32),
            ("batch_size", 256),
            ("gae_lambda", 0.8),
            ("gamma", 0.98),
            ("n_epochs", 20),
            ("learning_rate", "lin_0.001"),
            ("clip_range", "lin_0.2"),
        ),
    },
    ("CartPole-v1", "sb3:dqn"): {
        "settings": (
            ("learning_rate", 2.3e-3),
            ("batch_size", 64),
            ("buffer_size", 100_000),
            ("learning_starts", 1_000),
            ("gamma", 0.99),
            ("target_update_interval", 10),
            ("train_freq", 256),
            ("gradient_steps", 128),
            ("exploration_fraction", 0.16),
            ("exploration_final_eps", 0.04),
            ("policy.net_arch", (256, 256)),
        ),
    },
    ("Pendulum-v1", "sb3:a2c"): {
        "envs": 8,
        "normalise": True,
        "settings": (
            ("n_steps", 8),
            ("gae_lambda", 0.9),
            ("vf_coef", 0.4),
            ("gamma", 0.9),
            ("learning_rate", "lin_0.0007"),
            ("use_sde", True),
            ("policy.log_std_init", -2),
            ("policy.ortho_init", False),
        ),
    },
    ("Pendulum-v1", "sb3:ppo"): {
        "envs": 4,
        "settings": (
            ("n_steps", 1024),
            ("gae_lambda", 0.95),
            ("gamma", 0.9),
            ("n_epochs", 10),
            ("learning_rate", 1e-3),
            ("clip_range", 0.2),
            ("use_sde", True),
            ("sde_sample_freq", 4),
        ),
    },
}
