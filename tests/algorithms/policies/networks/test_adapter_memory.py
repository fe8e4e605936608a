"""The memory of adapters, by hand, and its refusal before anything is built."""

from __future__ import annotations

from dataclasses import replace

import pytest

from algorithms import VARIANTS
from algorithms.policies.networks.adapter_memory import bytes_needed
from algorithms.policies.networks.adapters import Adapters
from algorithms.training_config import Episodes
from envs.validation import UsageError
from tests.builders import make_policy
from tests.contracts.language_task import PRAISE, TRAINING


def test_bytes_by_hand() -> None:
    # a layer's inputs + outputs: queries 32, keys 24, values 24, output 32, gate 40, up 40, down 40; two blocks
    sizes = 2 * (32 + 24 + 24 + 32 + 40 + 40 + 40)
    adapters, activations, heads = 2 * sizes * 3, sizes * 3 * 16 * 6, 3 * 16 * 3 * 4
    by_hand = 4 * (20 * adapters + 2 * activations + 4 * heads)
    assert bytes_needed(2, PRAISE.spec, 3, 16, critic=False) == by_hand
    with_critic = 4 * (2 * 20 * adapters + 2 * 2 * activations + 4 * heads)
    assert bytes_needed(2, PRAISE.spec, 3, 16, critic=True) == with_critic


def test_too_many_texts_are_refused_before_anything_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    large = replace(TRAINING, collection=Episodes(envs=10**9))
    monkeypatch.setattr(Adapters, "build", lambda *a: pytest.fail("built"))
    with pytest.raises(UsageError, match=r"2 members with 1000000000 texts of 6 tokens each need .* GB .* are free"):
        make_policy(PRAISE, VARIANTS["gae"], large, (1, 2))
