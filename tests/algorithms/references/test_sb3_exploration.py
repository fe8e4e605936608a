"""One update of stable-baselines3's A2C with its own gSDE, and ours on the same rollout."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from stable_baselines3 import A2C
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.logger import configure

from algorithms import VARIANTS
from algorithms.estimators.entropy_bonus import Constant
from algorithms.policies.exploration import GSDE
from algorithms.training.learner import Learner
from algorithms.training_config import Unroll
from benchmarks.design.resolve import resolve
from envs import TASKS
from tests.rollouts import make_rollout

STEPS, ENVS = 6, 4


@pytest.mark.parametrize("alpha", [0.0, 0.05])
@pytest.mark.parametrize("full", [True, False])
def test_an_update_with_gsde_is_ours(full: bool, alpha: float) -> None:
    """Weights, deviations of the matrix among them, agree to 1e-5 after it; the entropy's gradient reaches them."""
    task, variant = TASKS["Pendulum-v1"], VARIANTS["like_sb3_a2c"]
    training = replace(
        resolve(task, variant).training, collection=Unroll(STEPS, ENVS), exploration=GSDE(-1.0, full_std=full)
    )
    policy, rollout = make_rollout(task, variant, training, (3,))
    model = A2C(
        "MlpPolicy", make_vec_env("Pendulum-v1", ENVS, seed=0), use_sde=True, n_steps=STEPS, ent_coef=alpha, device="cpu",
        policy_kwargs={"log_std_init": -1.0, "full_std": full},
    )  # fmt: skip
    theirs, critic = model.policy, policy.critic
    nets = [
        *theirs.mlp_extractor.policy_net[::2],
        theirs.action_net,
        *theirs.mlp_extractor.value_net[::2],
        theirs.value_net,
    ]
    layers = [pair for net in (policy.actor, critic) for pair in zip(net.weights, net.biases, strict=True)]  # type: ignore[union-attr]
    with torch.no_grad():
        for (weight, bias), net in zip(layers, nets, strict=True):
            net.weight.copy_(weight[0].T)
            net.bias.copy_(bias[0, 0])
    starts = np.zeros(ENVS)
    for t in range(STEPS):
        obs = rollout.obs[t, 0]
        value, action, reward = theirs.predict_values(obs).detach(), rollout.action[t, 0], rollout.reward[t, 0]
        model.rollout_buffer.add(obs.numpy(), action.numpy(), reward.numpy(), starts, value, rollout.logp[t, 0])
    last = theirs.predict_values(rollout.obs[STEPS, 0]).detach()
    model.rollout_buffer.compute_returns_and_advantage(last, starts)
    model.set_logger(configure(format_strings=[]))
    estimator = replace(variant.estimator, entropy=Constant(alpha))
    learner = Learner(policy, estimator, variant.schedule, training, torch.tensor([training.learning_rate]), task)
    before = policy.flat.values.clone()
    model.train()
    learner.learn(rollout, [np.random.default_rng(0)])
    assert (policy.flat.values - before).abs().max() > 1e-4
    for (weight, bias), net in zip(layers, nets, strict=True):
        torch.testing.assert_close(weight[0].T, net.weight, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(bias[0, 0], net.bias, rtol=1e-4, atol=1e-5)
    assert policy.log_std is not None
    torch.testing.assert_close(policy.log_std[0], theirs.log_std, rtol=1e-4, atol=1e-5)
    assert (policy.log_std + 1).abs().max() > 1e-4
