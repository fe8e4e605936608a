"""Adapters over a frozen model: their start is the model, one pass is generation, and J's exact gradient is its slope."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from algorithms import VARIANTS
from algorithms.policies.actor_critic import ActorCritic
from algorithms.policies.networks.adapters import Adapters, AdaptersNet, model_tokens
from algorithms.training.returns.exact_return import ExactReturn
from envs import TASKS
from envs.api import Task
from envs.language.models.adapter_file import save_adapters
from envs.language.models.low_rank import LowRank
from envs.language.models.transcript import ModelTranscript
from envs.validation import UsageError
from tests.builders import make_policy
from tests.contracts.language_task import PRAISE, PRECISE, TRAINING, VOCABULARY, model_of
from tests.language_models import TINY, WORDS, random_adapter
from tests.rollouts import make_rollout


def moved_policy(task: Task = PRAISE, seeds: tuple[int, ...] = (1, 2), critic: bool = True) -> ActorCritic:
    """Away from the start, where `up` is 0."""
    policy = make_policy(task, VARIANTS["gae" if critic else "reinforce"], TRAINING, seeds)
    policy.flat.values.normal_(std=0.3, generator=torch.Generator().manual_seed(0))
    return policy


def net(policy: ActorCritic) -> AdaptersNet:
    assert isinstance(policy.actor, AdaptersNet)
    return policy.actor


def test_a_new_population_is_the_frozen_model() -> None:
    policy, rollout = make_rollout(PRAISE, VARIANTS["gae"], TRAINING, (1, 2))
    ids = [WORDS.index(word) for word in VOCABULARY]
    model = model_of("single", "cpu")
    for p in range(2):
        for n in range(4):
            text = [ids[int(t) - 1] for t in rollout.obs[:, p, n] if t]  # without padding, wherever it stood
            start = 3 if rollout.obs[0, p, n] else 2
            hidden, _ = model.hidden(torch.tensor([text]), torch.ones(1, len(text), dtype=torch.bool))
            logits = model.logits(hidden)[0, start - 1 :, ids[:4]].log_softmax(-1)
            for t in range(int(rollout.valid[:, p, n].sum())):
                action = int(rollout.action[t, p, n])
                assert float(rollout.logp[t, p, n]) == pytest.approx(float(logits[t, action]), abs=1e-6)
    assert bool((rollout.obs[0] == 0).any())
    assert bool((rollout.valid == 0).any())
    assert not policy.values(rollout.obs, 4).any()  # a critic starts at 0


def test_generation_equals_one_pass_and_the_tree_of_prefixes() -> None:
    policy = moved_policy()
    policy, rollout = make_rollout(PRAISE, VARIANTS["gae"], TRAINING, (1, 2), policy)
    with torch.no_grad():
        out = policy.outputs(rollout.obs, None, len(rollout.valid))
    on = rollout.valid > 0
    torch.testing.assert_close(policy.head.log_prob(out, rollout.action)[on], rollout.logp[on], rtol=1e-5, atol=1e-5)
    exact = ExactReturn(PRAISE)
    listed, logp = exact.enumeration, exact.log_probabilities(policy)
    texts = torch.from_numpy(listed.transcript.T.copy())[:, None].expand(-1, 2, -1)
    action = torch.from_numpy(listed.action)[:, None].expand(-1, 2, -1)
    again = policy.head.log_prob(policy.outputs(texts, None, 3), action)
    valid = torch.from_numpy(listed.valid)[:, None].expand(-1, 2, -1)
    torch.testing.assert_close(again[valid], logp[valid], rtol=1e-5, atol=1e-5)
    assert not torch.allclose(logp[:, 0], logp[:, 1])


def test_the_exact_gradient_is_the_slope_of_j() -> None:
    policy, exact = moved_policy(PRECISE, critic=False).double(), ExactReturn(PRECISE)
    gradient = exact.gradient(policy)
    generator, start, step = torch.Generator().manual_seed(5), policy.flat.values.clone(), 1e-4
    for _ in range(3):
        direction = torch.randn(start.shape, generator=generator, dtype=torch.float64)
        sides = []
        for sign in (1, -1):
            policy.flat.values.copy_(start + sign * step * direction)
            sides.append(exact.value(policy))
        slope = (sides[0] - sides[1]) / (2 * step)
        # logits are read out in single precision
        torch.testing.assert_close((gradient * direction).sum(1), slope, rtol=2e-3, atol=2e-3)
        assert float(slope.abs().min()) > 0.01


def test_only_adapters_are_parameters_and_copies_share_the_base() -> None:
    policy = moved_policy()
    sizes = sum(2 * (i + o) for i, o in TINY.linear.values())  # rank 2
    assert policy.flat.values.shape == (2, 2 * sizes + TINY.width + 1)
    model = net(policy)._frozen.on("cpu")
    twin = copy.deepcopy(policy)
    chosen = policy.select_members(np.array([1]))
    assert net(twin)._frozen.on("cpu") is model
    assert net(chosen)._frozen.on("cpu") is model
    text = torch.tensor([5, 6, 7])[:, None, None]
    with torch.no_grad():
        both, alone = policy.act(text.expand(-1, 2, 1), None, None)[0], chosen.act(text, None, None)[0]
    torch.testing.assert_close(both[1:], alone)
    assert not torch.allclose(both[0], both[1])
    assert all(not x.requires_grad for x in model.tensors.values())  # type: ignore[attr-defined]


def test_attention_alone_and_the_scale() -> None:
    observation = PRAISE.spec.observation
    generators = [torch.Generator().manual_seed(1)]
    made = Adapters(rank=2, layers="attention", scale=0.5).build(observation, 4, 0.01, generators)
    assert isinstance(made, AdaptersNet)
    assert set(made.low_rank().down) == {name for name in TINY.linear if "self_attn" in name}
    assert made.low_rank().scale == 0.5
    down = made.low_rank().down["model.layers.0.self_attn.q_proj"]
    assert 0.2 < float(down.abs().max()) <= 0.25  # 16 inputs: uniform in +-1/4
    other = Adapters(rank=2).build(observation, 4, 0.01, [torch.Generator().manual_seed(2)])
    assert isinstance(other, AdaptersNet)
    assert not torch.equal(other.low_rank().down["model.layers.0.self_attn.q_proj"], down)


def test_texts_past_the_longest_cost_nothing() -> None:
    policy = moved_policy()
    texts = torch.tensor([[5, 6, 7, 1, 0, 0], [0, 6, 7, 2, 1, 0]]).T[:, None].expand(-1, 2, -1)
    read: list[int] = []
    model, original = net(policy)._frozen.on("cpu"), type(model_of("single", "cpu")).hidden

    def counting(self: object, tokens: torch.Tensor, *rest: object) -> object:
        read.append(tokens.shape[1])
        return original(self, tokens, *rest)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(model), "hidden", counting)
        out = policy.outputs(texts, None, 3)
    assert read == [5]
    assert out.shape == (3, 2, 2, 4)


def test_adapters_refuse_by_name() -> None:
    with pytest.raises(ValueError, match="texts are in no model's tokens: use GRU"):
        Adapters().build(TASKS["lock/small"].spec.observation, 2, 1.0, [torch.Generator()])
    with pytest.raises(UsageError, match="unknown choice of layers 'atention'; nearest: attention"):
        Adapters(layers="atention")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="rank must be at least 1, not 0"):
        Adapters(rank=0)
    observation, model = PRAISE.spec.observation, model_of("single", "cpu")
    assert isinstance(observation, ModelTranscript)
    with pytest.raises(UsageError, match="the task has 7 tokens, and the model's tokens of 2 are named"):
        model_tokens(replace(observation, tokens=(1, 2)), model)
    with pytest.raises(UsageError, match="the model has 16 tokens; 99 is none"):
        model_tokens(replace(observation, tokens=(1, 2, 3, 4, 5, 6, 99)), model)
    with pytest.raises(UsageError, match="a text of 90 tokens is longer than the model reads: 64"):
        model_tokens(replace(observation, length=90), model)


def test_members_start_at_the_adapters_of_their_seeds(tmp_path: Path) -> None:
    base = PRAISE.spec.observation.model  # type: ignore[union-attr]
    model = model_of("single", "cpu")
    made = random_adapter(model, 3)
    made.scale = 2.0
    file = save_adapters(tmp_path / "sft.safetensors", made, (4, 5, 6), base)
    training = replace(TRAINING, network=Adapters(rank=2, start=file))
    policy = make_policy(PRAISE, VARIANTS["gae"], training, (6, 4))
    text = torch.tensor([[5, 6, 7]]).T[:, None].expand(-1, 2, 1)
    out, _ = policy.act(text, None, None)
    ids = torch.tensor([WORDS.index(word) for word in VOCABULARY])
    two = LowRank({k: x[[2, 0]] for k, x in made.down.items()}, {k: x[[2, 0]] for k, x in made.up.items()}, 2.0)
    read = ids[[4, 5, 6]].expand(2, -1)
    hidden, _ = model.hidden(read, torch.ones_like(read, dtype=torch.bool), None, two)
    torch.testing.assert_close(out[:, 0], model.logits(hidden[:, -1], ids[:4]), rtol=1e-5, atol=1e-5)
    assert not policy.values(text, 1).any()  # the critic starts at the model
    with pytest.raises(UsageError, match="no member of seed 7; it has 4, 5, 6"):
        make_policy(PRAISE, VARIANTS["gae"], training, (4, 7))
    with pytest.raises(UsageError, match="have rank 2, and training has rank 4"):
        make_policy(PRAISE, VARIANTS["gae"], replace(training, network=Adapters(rank=4, start=file)), (4,))
    with pytest.raises(UsageError, match="change 14 layers, and training changes 8"):
        make_policy(PRAISE, VARIANTS["gae"], replace(training, network=Adapters(2, 1.0, "attention", file)), (4,))
    with pytest.raises(UsageError, match="belong to the base single, not to double"):
        make_policy(PRECISE, VARIANTS["gae"], training, (4,))
