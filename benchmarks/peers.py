"""What a reference brings to a task: stable-baselines3's published settings, and the table of Q-learning.

Settings are those of rl-baselines3-zoo (hyperparams/a2c.yml, ppo.yml, dqn.yml, as of Gymnasium's ids); what they leave out,
and every other task, is at stable-baselines3's defaults. State-dependent exploration (use_sde) is part of Pendulum's.
"""

from __future__ import annotations

from dataclasses import replace

from algorithms.peer import Peer
from algorithms.policies.epsilon_greedy import EpsilonGreedy
from algorithms.q_learning import QLearning
from algorithms.training.exact_return import text_mdp
from algorithms.types import Variant
from envs.api import Task

PUBLISHED: dict[tuple[str, str], Peer] = {
    ("CartPole-v1", "a2c"): Peer("a2c", envs=8),
    ("CartPole-v1", "ppo"): Peer(
        "ppo",
        envs=8,
        settings=(
            ("n_steps", 32),
            ("batch_size", 256),
            ("gae_lambda", 0.8),
            ("gamma", 0.98),
            ("n_epochs", 20),
            ("learning_rate", "lin_0.001"),
            ("clip_range", "lin_0.2"),
        ),
    ),
    ("CartPole-v1", "dqn"): Peer(
        "dqn",
        settings=(
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
    ),
    ("Pendulum-v1", "a2c"): Peer(
        "a2c",
        envs=8,
        normalise=True,
        settings=(
            ("n_steps", 8),
            ("gae_lambda", 0.9),
            ("vf_coef", 0.4),
            ("gamma", 0.9),
            ("learning_rate", "lin_0.0007"),
            ("use_sde", True),
            ("policy.log_std_init", -2),
            ("policy.ortho_init", False),
        ),
    ),
    ("Pendulum-v1", "ppo"): Peer(
        "ppo",
        envs=4,
        settings=(
            ("n_steps", 1024),
            ("gae_lambda", 0.95),
            ("gamma", 0.9),
            ("n_epochs", 10),
            ("learning_rate", 1e-3),
            ("clip_range", 0.2),
            ("use_sde", True),
            ("sde_sample_freq", 4),
        ),
    ),
}


def settled(task: Task, variant: Variant) -> Variant:
    """The variant with what its update brings to this task; any other as it is."""
    update = variant.update
    if isinstance(update, Peer):
        peer = PUBLISHED.get((task.name, update.algorithm), update) if update.published else update
        rate = dict(peer.settings).get("learning_rate")
        if rate is None:
            return replace(variant, update=peer)
        first = float(str(rate).removeprefix("lin_"))
        return replace(variant, update=peer, fixed=tuple({**dict(variant.fixed), "learning_rate": first}.items()))
    mdp = text_mdp(task)
    if isinstance(update, QLearning) and mdp is not None:
        return replace(variant, fixed=(*variant.fixed, ("network", EpsilonGreedy(mdp))))
    return variant
