"""Reward models in files: scores of any members, batched, whatever padding surrounds the texts."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from envs.language.models import reward_model as module
from envs.language.models.adapter_file import save_adapters
from envs.language.models.low_rank import LowRank
from envs.language.models.reward_model import RewardModel, rewards, save_reward_model
from envs.validation import UsageError
from tests.language_models import random_adapter, tiny_base, tiny_decoder
from tests.language_stages import padded, tiny_texts

SEEDS = (4, 7, 9)


@pytest.fixture
def made(tmp_path: Path) -> tuple[RewardModel, LowRank, list[torch.Tensor]]:
    base, adapters = tiny_base(tmp_path / "base"), random_adapter(tiny_decoder(), 3)
    draw = torch.Generator().manual_seed(0)
    read_out = [torch.randn(3, *size, generator=draw) for size in ((16,), (), (16,))]
    return save_reward_model(tmp_path / "r.safetensors", adapters, *read_out, SEEDS, base), adapters, read_out


def test_members_are_found_by_their_seeds(
    made: tuple[RewardModel, LowRank, list[torch.Tensor]], monkeypatch: pytest.MonkeyPatch
) -> None:
    found, adapters, read_out = made
    texts = tiny_texts(3, 5)
    whole = rewards(tiny_decoder(), texts.tokens, texts.valid, adapters, *read_out)
    torch.testing.assert_close(found.scores(SEEDS, texts.tokens, texts.valid), whole)
    some = found.scores((9, 4), texts.tokens[[2, 0]], texts.valid[[2, 0]])
    torch.testing.assert_close(some, whole[[2, 0]])
    more = padded(texts, 2, 3, 5)
    torch.testing.assert_close(found.scores(SEEDS, more.tokens, more.valid), whole)
    monkeypatch.setattr(module, "BLOCK", 2)
    torch.testing.assert_close(found.scores(SEEDS, texts.tokens, texts.valid), whole)
    with pytest.raises(UsageError, match="no member of seed 5; it has 4, 7, 9"):
        found.scores((4, 5), texts.tokens[:2], texts.valid[:2])


def test_adapters_without_a_read_out_are_no_reward_model(tmp_path: Path) -> None:
    base, texts = tiny_base(tmp_path / "base"), tiny_texts(1, 2)
    file = save_adapters(tmp_path / "a.safetensors", random_adapter(tiny_decoder(), 1), (4,), base)
    with pytest.raises(UsageError, match="is no reward model: it has no reward, reward_bias, reward_words"):
        RewardModel(base, file).scores((4,), texts.tokens, texts.valid)
