"""One update of TRL's RLOOTrainer and GRPOTrainer on the same model, texts and rewards has the gradient of ours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from algorithms import VARIANTS
from algorithms.estimators.rollout import Rollout
from algorithms.policies.actor_critic import ActorCritic
from algorithms.policies.networks.adapters import Adapters, AdaptersNet
from algorithms.training_config import Episodes, TrainingConfig
from benchmarks.speed.free_text import FreeText, free_text_task
from benchmarks.speed.trl_process import missing, run_trl
from envs.api import Task
from envs.language.models.adapter_file import export_peft
from tests.builders import make_learner, make_policy
from tests.language_models import TINY, tiny_base
from tests.rollouts import make_rollout

SEEDS, TEXTS, LONGEST, RANK = (3, 4), 16, 5, 2
OPENINGS = ((2, 4, 5), (7, 6), (3, 4, 6), (2, 4))  # of different lengths
GROUPS = {"rloo": 2, "grpo": 8}  # the defaults of TRL


def population(folder: Path, method: str) -> tuple[Task, ActorCritic, TrainingConfig]:
    """Two members with adapters that are not at their start."""
    mdp = FreeText(model=tiny_base(folder, replace(TINY, end=0)), openings=OPENINGS, longest=LONGEST)
    task = free_text_task(mdp, beta=0.05)
    training = TrainingConfig(Adapters(rank=RANK), collection=Episodes(TEXTS, GROUPS[method]), learning_rate=1e-3)
    policy = make_policy(task, VARIANTS[f"like_trl_{method}"], training, SEEDS)
    policy.flat.values.normal_(std=0.2, generator=torch.Generator().manual_seed(1))
    return task, policy, training


def job_of(rollout: Rollout, mdp: FreeText, member: int) -> dict[str, Any]:
    """A member's prompts (one a group), completions and rewards, in the model's tokens."""
    width, texts = mdp.prompt_length, rollout.obs[:, member].T - 1  # [N, L], -1 is PAD
    lengths = rollout.valid[:, member].sum(0).long().tolist()
    return {
        "prompts": [[i for i in row[:width].tolist() if i >= 0] for row in texts[:: rollout.group]],
        "completions": [row[width : width + n].tolist() for row, n in zip(texts, lengths, strict=True)],
        "rewards": rollout.reward[:, member].sum(0).tolist(),
    }


def theirs(net: AdaptersNet, file: Path) -> torch.Tensor:
    """TRL's gradients as a row of ours: A is `down` transposed, B is `up` transposed."""
    found = safetensors.torch.load_file(file)
    names = [
        f"{name.replace('/', '.')}.{kind}" for kind, own in (("lora_A", net.down), ("lora_B", net.up)) for name in own
    ]
    parts = [found.pop(f"base_model.model.{name}.weight").T.flatten() for name in names]
    assert not found
    return torch.cat(parts)


@pytest.mark.slow
@pytest.mark.parametrize("method", GROUPS)
def test_an_update_has_the_gradient_of_trl(method: str, tmp_path: Path) -> None:
    if reason := missing():
        pytest.skip(reason)
    task, policy, training = population(tmp_path / "base", method)
    variant, mdp = VARIANTS[f"like_trl_{method}"], task.factory
    assert isinstance(mdp, FreeText)
    _, rollout = make_rollout(task, variant, training, SEEDS, policy)
    rollout = replace(rollout, reward=rollout.reward + rollout.valid * 0.1)  # lengths count
    own = -make_learner(policy, variant, training, task).gradient(rollout)
    assert isinstance(policy.actor, AdaptersNet)
    jobs = []
    for member in range(len(SEEDS)):
        export_peft(tmp_path / f"adapter{member}", policy.actor.low_rank(), member, mdp.model)
        common = {
            "kind": "gradient", "method": method, "base": str(tmp_path / "base"), "texts": TEXTS, "group": GROUPS[method],
            "adapter": str(tmp_path / f"adapter{member}"), "out": str(tmp_path / f"gradient{member}.safetensors"),
            "longest": LONGEST, "updates": 1, "rate": 0.0, "seed": 0, "rank": RANK, "scale": 1.0,
        }  # fmt: skip
        jobs.append(common | job_of(rollout, mdp, member))
    assert [answer["tensors"] for answer in run_trl(jobs)] == [2 * len(TINY.linear)] * 2
    for member in range(len(SEEDS)):
        their = theirs(policy.actor, tmp_path / f"gradient{member}.safetensors")
        ours = own[member, : len(their)]
        cosine = float(torch.cosine_similarity(ours, their, 0))
        away = float((ours - their).norm() / their.norm())
        print(
            f"{method} member {member}: cosine {cosine:.8f}, relative difference {away:.2e}, norm {float(their.norm()):.3g}"
        )
        assert cosine > 0.99999
        assert away < 1e-3
