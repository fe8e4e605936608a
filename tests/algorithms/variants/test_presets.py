"""Presets reproduce a peer's settings: each against numbers worked out by hand, or against the peer itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from gymnasium.spaces import Box as GymBox
from gymnasium.spaces import Discrete as GymDiscrete

from algorithms import VARIANTS
from algorithms.composition import Schedule
from algorithms.estimators.entropy_bonus import Constant
from algorithms.estimators.estimator import Signals
from algorithms.estimators.loss import assess, row_weights, subtract_kl
from algorithms.estimators.optimisers import Adam, RMSprop
from algorithms.estimators.rollout import Batch, Rollout
from algorithms.policies.networks.mlp import MLP
from algorithms.training.learner import Learner
from algorithms.training_config import Episodes, Unroll
from algorithms.variant import Variant
from benchmarks.design.resolve import resolve
from envs import TASKS
from tests.rollouts import grouped_rollout, make_rollout

# two prompts of two texts, lengths 2 1 | 1 2, one reward at each end
PAIRS = grouped_rollout([[0.0, 1.0, 0.0, 0.0], [3.0, 0.0, 0.0, 4.0]], [[1.0] * 4, [1.0, 0.0, 0.0, 1.0]], group=2)


def advantages(name: str, rollout: Rollout) -> list[list[float]]:
    estimator = VARIANTS[name].estimator
    paid = subtract_kl(estimator.kl, rollout, estimator.kl.coefficient(0.0))
    return assess(estimator, paid, Signals(None), {})[0].advantage[:, 0].tolist()  # type: ignore[no-any-return]


def weights(name: str, rollout: Rollout) -> list[list[float]]:
    return row_weights(VARIANTS[name].estimator, rollout, 7)[:, 0].tolist()  # type: ignore[no-any-return]


def objective(name: str, ratio: float, advantage: float) -> float:
    """L of one action; for ratios of whole texts, of one with a single token."""
    logp = torch.tensor(ratio).log().reshape(1, 1, 1)
    one = torch.ones(1, 1, 1)
    return VARIANTS[name].estimator.surrogate(logp, 0 * logp, advantage * one, one).item()


def collection(name: str, task: str) -> object:
    return resolve(TASKS[task], VARIANTS[name]).training.collection


def test_like_trl_rloo() -> None:
    """Returns 3 1 | 0 4 in pairs; with log pi - log ref = 1 on each token, .05 a token is paid first."""
    assert collection("like_trl_rloo", "bandit/small") == Episodes(64, 2)
    assert advantages("like_trl_rloo", PAIRS) == [[2.0, -2.0, -4.0, 4.0], [2.0, 0.0, 0.0, 4.0]]
    told = torch.full_like(PAIRS.reward, -1.0)
    made = advantages("like_trl_rloo", replace(PAIRS, logp=told, reference=told - 1))
    assert made[0] == pytest.approx([2.9 - 0.95, 0.95 - 2.9, -0.05 - 3.9, 3.9 + 0.05])
    assert weights("like_trl_rloo", PAIRS) == [[0.25] * 4, [0.25, 0.0, 0.0, 0.25]]  # sums over tokens, mean over texts
    assert objective("like_trl_rloo", 1.5, 2.0) == pytest.approx(2.4)
    assert VARIANTS["like_trl_rloo"].estimator.surrogate.per_sequence


def test_like_trl_grpo() -> None:
    """Pairs deviate by sqrt 2 and 2 sqrt 2 (ddof 1); 6 tokens in all."""
    assert collection("like_trl_grpo", "bandit/small") == Episodes(64, 8)
    root = 2**0.5
    small, large = 1 / (root + 1e-4), 2 / (2 * root + 1e-4)
    assert advantages("like_trl_grpo", PAIRS)[0] == pytest.approx([small, -small, -large, large], rel=1e-9)
    assert weights("like_trl_grpo", PAIRS)[1] == pytest.approx([1 / 6, 0.0, 0.0, 1 / 6])
    assert objective("like_trl_grpo", 1.5, 2.0) == pytest.approx(2.4)
    assert objective("like_trl_grpo", 9.0, -2.0) == pytest.approx(-18.0)
    kl = VARIANTS["like_trl_grpo"].estimator.kl
    assert (kl.kind, kl.place, kl.coefficient(0.7)) == ("k3", "loss", 0.0)


def test_like_verl_grpo() -> None:
    root = 2**0.5
    small, large = 1 / (root + 1e-6), 2 / (2 * root + 1e-6)
    assert advantages("like_verl_grpo", PAIRS)[0] == pytest.approx([small, -small, -large, large], rel=1e-9)
    assert weights("like_verl_grpo", PAIRS)[1] == pytest.approx([1 / 6, 0.0, 0.0, 1 / 6])
    assert objective("like_verl_grpo", 1.5, 2.0) == pytest.approx(2.4)
    assert objective("like_verl_grpo", 9.0, -2.0) == pytest.approx(-6.0)  # dual clip at 3 A
    with pytest.raises(ValueError, match="at least 2"):
        advantages("like_verl_grpo", replace(PAIRS, group=1))


def test_like_openrlhf_reinforce_pp() -> None:
    """Rewards-to-go of the 6 tokens: 3 3, 1, 0, 4 4 (mean 2.5, mean square deviation 2.25); k1 is paid by each token."""
    centred = np.array([3.0, 1.0, 0.0, 4.0]) - 2.5
    deviation = (np.square([3 - 2.5, 3 - 2.5, 1 - 2.5, 0 - 2.5, 4 - 2.5, 4 - 2.5]).mean()) ** 0.5
    assert advantages("like_openrlhf_reinforce_pp", PAIRS)[0] == pytest.approx(centred / deviation)
    told = torch.full_like(PAIRS.reward, -1.0)
    toll = replace(PAIRS, logp=told, reference=told - 1)
    paid = subtract_kl(VARIANTS["like_openrlhf_reinforce_pp"].estimator.kl, toll, 0.01)
    assert paid.reward[:, 0].tolist() == pytest.approx(np.array([[-0.01, 0.99, -0.01, -0.01], [2.99, 0, 0, 3.99]]))
    flat = grouped_rollout([[0.0, 1e-5]], [[1.0, 1.0]], group=1)
    assert advantages("like_openrlhf_reinforce_pp", flat)[0] == pytest.approx([-0.05, 0.05])  # 5e-6 / sqrt(1e-8)
    assert weights("like_openrlhf_reinforce_pp", PAIRS)[0] == pytest.approx([1 / 6] * 4)


def sb3_twin(name: str, steps: int, envs: int, **model_settings: object) -> tuple[object, Learner, Rollout, list, list]:
    """SB3's algorithm and ours, with equal weights and its buffer filled with our rollout."""
    import stable_baselines3
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.logger import configure

    task, variant = TASKS["CartPole-v1"], VARIANTS[name]
    maker = {"like_sb3_a2c": stable_baselines3.A2C, "like_sb3_ppo": stable_baselines3.PPO}[name]
    model = maker("MlpPolicy", make_vec_env("CartPole-v1", envs, seed=0), device="cpu", seed=0, **model_settings)
    training = replace(resolve(task, variant).training, collection=Unroll(steps, envs))
    policy, rollout = make_rollout(task, variant, training, (3,))
    theirs = model.policy
    layers = [
        *zip(policy.actor.weights, policy.actor.biases, strict=True),
        *zip(policy.critic.weights, policy.critic.biases, strict=True),  # type: ignore[union-attr]
    ]
    nets = [
        *theirs.mlp_extractor.policy_net[::2],
        theirs.action_net,
        *theirs.mlp_extractor.value_net[::2],
        theirs.value_net,
    ]
    with torch.no_grad():
        for (weight, bias), net in zip(layers, nets, strict=True):
            net.weight.copy_(weight[0].T)
            net.bias.copy_(bias[0, 0])
    buffer = model.rollout_buffer
    assert isinstance(model.observation_space, GymBox)
    assert isinstance(model.action_space, GymDiscrete)
    rollout = replace(rollout, valid=torch.ones_like(rollout.valid))  # SB3 has no reset rows to mask
    starts = np.zeros(envs)
    for t in range(steps):
        obs = rollout.obs[t, 0]
        with torch.no_grad():
            value = theirs.predict_values(obs)
        buffer.add(
            obs.numpy(),
            rollout.action[t, 0].numpy()[:, None],
            rollout.reward[t, 0].numpy(),
            starts,
            value,
            rollout.logp[t, 0],
        )
        starts = 1 - rollout.continues[t, 0].numpy()
    with torch.no_grad():
        last = theirs.predict_values(rollout.obs[steps, 0])
    buffer.compute_returns_and_advantage(last, starts)
    model.set_logger(configure(format_strings=[]))
    rate = torch.tensor([training.learning_rate])
    schedule = Schedule(variant.schedule.epochs, 1) if name == "like_sb3_a2c" else Schedule(epochs=3)
    estimator = replace(variant.estimator, entropy=Constant(model.ent_coef))
    learner = Learner(policy, estimator, schedule, training, rate, task)
    return model, learner, rollout, layers, nets


@pytest.mark.parametrize(
    ("name", "steps", "envs", "settings"),
    [
        ("like_sb3_a2c", 5, 8, {}),
        ("like_sb3_a2c", 5, 8, {"ent_coef": 0.01}),
        ("like_sb3_ppo", 32, 1, {"n_steps": 32, "batch_size": 32, "n_epochs": 3}),
    ],
)
def test_an_update_of_stable_baselines3_is_ours(name: str, steps: int, envs: int, settings: dict[str, float]) -> None:
    """Everything else at its own defaults: losses, whitening, clipping, optimiser; weights agree to 1e-5 afterwards."""
    model, learner, rollout, layers, nets = sb3_twin(name, steps, envs, **settings)
    before = learner.policy.flat.values.clone()
    model.train()  # type: ignore[attr-defined]
    learner.learn(rollout, [np.random.default_rng(0)])
    assert (learner.policy.flat.values - before).abs().max() > 1e-4
    for (weight, bias), net in zip(layers, nets, strict=True):
        torch.testing.assert_close(weight[0].T, net.weight, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(bias[0, 0], net.bias, rtol=1e-4, atol=1e-5)


def test_sb3s_settings_are_its_defaults() -> None:
    from stable_baselines3 import A2C, PPO

    for name, peer, optimiser in (("like_sb3_a2c", A2C, RMSprop(0.99, 1e-5)), ("like_sb3_ppo", PPO, Adam(eps=1e-5))):
        theirs = {p.name: p.default for p in __import__("inspect").signature(peer.__init__).parameters.values()}
        variant: Variant = VARIANTS[name]
        for task in ("CartPole-v1", "Pendulum-v1"):  # whatever else a task's settings say
            ours = resolve(TASKS[task], variant).training
            assert ours.learning_rate == theirs["learning_rate"]
            assert ours.max_grad_norm == theirs["max_grad_norm"]
            assert ours.discount == theirs["gamma"]
            assert ours.value_coefficient == theirs["vf_coef"]
            assert ours.optimiser == optimiser
            assert ours.network == MLP((64, 64))
            assert isinstance(ours.collection, Unroll)
            assert ours.collection.steps == theirs["n_steps"]
        assert variant.estimator.credit.lam == theirs["gae_lambda"]  # type: ignore[attr-defined]
        assert not variant.estimator.entropy.active
        assert theirs["ent_coef"] == 0.0
        assert (variant.estimator.scale is not None) == theirs["normalize_advantage"]
    clip = {p.name: p.default for p in __import__("inspect").signature(PPO.__init__).parameters.values()}
    variant = VARIANTS["like_sb3_ppo"]
    assert variant.estimator.surrogate.clip == clip["clip_range"]  # type: ignore[attr-defined]
    assert variant.schedule.epochs == clip["n_epochs"]
    assert variant.schedule.minibatches == clip["n_steps"] // clip["batch_size"]


def test_like_sb3_ppo_whitens_each_minibatch() -> None:
    """Rows 1 2 6 with one filled row: (x - 3) / sqrt 7, ddof 1."""
    task, variant = TASKS["CartPole-v1"], VARIANTS["like_sb3_ppo"]
    training = replace(resolve(task, variant).training, collection=Unroll(4, 1))
    policy, _ = make_rollout(task, variant, training, (0,))
    captured: list[torch.Tensor] = []

    class Watched(Learner):
        def descend(self, batch: Batch, parts: int = 1) -> torch.Tensor:
            captured.append(batch.advantage)
            return batch.logp

    learner = Watched(policy, variant.estimator, variant.schedule, training, torch.tensor([1e-3]), task)
    row = torch.zeros(1, 1, 4)
    drawn, weight = torch.tensor([[[1.0, 2.0, 6.0, 50.0]]]), torch.tensor([[[1.0, 1.0, 1.0, 0.0]]])
    learner.step(Batch(torch.zeros(1, 1, 4, 4), row.long(), row, None, drawn, row, weight), 1)
    assert captured[0].flatten()[:3].tolist() == pytest.approx((np.array([1, 2, 6]) - 3) / 7**0.5, rel=1e-6)
