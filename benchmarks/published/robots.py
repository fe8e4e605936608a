"""Robot control (MuJoCo): one setting a variant for all bodies, as its source has one.

A2C          Tianshou, examples/mujoco/mujoco_a2c.py (commit f240205): 5 steps of 16 environments, RMSprop, a rate of 7e-4
             that would be 0 after 3M steps, lambda .95, log deviation -.5, actions in units of the box. Tianshou scales the
             critic's targets alone, we scale the rewards; its entropy bonus of .01 is added to advantages of raw rewards,
             and would weigh as many times more as ours are divided by, so there is none
PPO          CleanRL, ppo_continuous_action.py (commit 016ca33): 2,048 steps of one environment, 10 epochs of 32
             minibatches, a rate of 3e-4 that falls; a value coefficient of .5 on half the squared error is .25 on ours.
             CleanRL clips the critic's loss and does not bootstrap where the time limit cuts; we bootstrap
             there and do not clip
REINFORCE    Tianshou, mujoco_reinforce.py: a rate of 1e-3 that falls as A2C's, actions under a tanh, log deviation -.5,
             returns whitened and observations normalised. Tianshou learns from 2,048 steps at a time and bootstraps
             with the mean return where they cut an episode; we play whole episodes, four a batch: 4,000 steps of a
             body that does not fall, as Spinning Up's VPG
IMPALA       A2C's settings, V-trace, four simulated actors (Espeholt et al. 2018)

All networks: two layers of 64 with tanh, as in the sources.
"""

from __future__ import annotations

from benchmarks.published.values import NORMALISED, Configurations, configurations_for, ppo, reinforce, training, window

BODIES = (
    "InvertedPendulum-v5",
    "Reacher-v5",
    "Swimmer-v5",
    "Hopper-v5",
    "HalfCheetah-v5",
    "Walker2d-v5",
)

ANNEALING_STEPS = 3_000_000  # environment steps to a rate of 0, of which Tianshou reports the first million
# REINFORCE is published at 3M steps alone; on the pendulum they are cheap
BUDGETS = {body: ANNEALING_STEPS if body == "InvertedPendulum-v5" else 1_000_000 for body in BODIES}

_SETTINGS: Configurations = configurations_for(
    BODIES,
    a2c={
        **window(5, 16),
        **NORMALISED,
        **training(discount=0.99, learning_rate=7e-4, initial_log_std=-0.5, actions="scaled"),
        "estimator.credit.lam": 0.95,
    },
    ppo=ppo(2048, 1, 10, 0.95, discount=0.99, learning_rate=3e-4, anneal=True, value_coefficient=0.25) | NORMALISED,
    reinforce=reinforce(4, discount=0.99, reward_scale=1.0, initial_log_std=-0.5, actions="squashed"),
)
CONFIGURATIONS: Configurations = {
    (body, variant): {**training(anneal=BUDGETS[body] / ANNEALING_STEPS), **values}
    for (body, variant), values in _SETTINGS.items()
}
