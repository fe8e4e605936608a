"""Classic control and LunarLander: one entry a (task, variant), each as its source has it.

A2C, PPO     rl-baselines3-zoo, hyperparams/a2c.yml and ppo.yml (commit 22e3ff2): windows, epochs, discounts, rates and what
             is normalised as there. Where zoo lets the clip range fall, ours stays; networks start orthogonal, also where
             zoo says `ortho_init=False`
REINFORCE    whole episodes, returns whitened over the batch and observations normalised, which Tianshou's ablation found
             crucial for it (Weng et al. 2022, JMLR 23(267)); one setting for all, discounts as zoo's A2C
IMPALA       A2C's settings of the task, V-trace, four simulated actors (Espeholt et al. 2018)
"""

from __future__ import annotations

from benchmarks.published.values import NORMALISED, Configurations, Values, gsde, ppo, reinforce, training, window
from benchmarks.published.variants import A2C, IMPALA, PPO, REINFORCE

A2C_SETTINGS: dict[str, Values] = {
    "CartPole-v1": {},
    "Acrobot-v1": window(5, 16) | NORMALISED,
    "MountainCar-v0": window(5, 16) | NORMALISED,
    "MountainCarContinuous-v0": window(100, 4) | gsde(0.0, 16) | NORMALISED,
    "Pendulum-v1": {
        **window(8, 8),
        **gsde(-2.0),
        **NORMALISED,
        **training(discount=0.9, value_coefficient=0.4, anneal=True),
        "estimator.credit.lam": 0.9,
    },
    "LunarLander-v3": {
        **training(discount=0.995, learning_rate=8.3e-4, anneal=True),
        "estimator.entropy.alpha": 1e-5,
    },
}
PPO_SETTINGS: dict[str, Values] = {
    "CartPole-v1": ppo(32, 8, 20, 0.8, batch=256, discount=0.98, learning_rate=1e-3, anneal=True),
    "Acrobot-v1": ppo(256, 16, 4, 0.94) | NORMALISED,
    "MountainCar-v0": ppo(16, 16, 4, 0.98) | NORMALISED,
    "MountainCarContinuous-v0": {
        # zoo's window of 8 steps of one environment and minibatches of 256 is one minibatch
        **ppo(
            8, 1, 10, 0.9, batch=8, discount=0.9999, learning_rate=7.77e-5, max_grad_norm=5.0, value_coefficient=0.19
        ),
        **gsde(-3.29),
        **NORMALISED,
        "estimator.surrogate.clip": 0.1,
        "estimator.entropy.alpha": 0.00429,
    },
    "Pendulum-v1": ppo(1024, 4, 10, 0.95, discount=0.9, learning_rate=1e-3) | gsde(0.0, 4),
    "LunarLander-v3": ppo(1024, 16, 4, 0.98, discount=0.999) | {"estimator.entropy.alpha": 0.01},
}
DISCOUNTS = {"Pendulum-v1": 0.9, "LunarLander-v3": 0.995}

CONFIGURATIONS: Configurations = {
    **{(task, A2C.name): values for task, values in A2C_SETTINGS.items()},
    **{
        (task, IMPALA.name): {p: v for p, v in values.items() if p != "estimator.entropy.alpha"}
        for task, values in A2C_SETTINGS.items()
    },
    **{(task, PPO.name): values for task, values in PPO_SETTINGS.items()},
    **{(task, REINFORCE.name): reinforce(discount=DISCOUNTS.get(task, 0.99)) for task in A2C_SETTINGS},
}
