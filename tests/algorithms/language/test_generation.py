"""Sampling of completions: frequencies, log-probabilities, ends, padding, and members apart."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from algorithms.language.generation import Completions, generate, inverse_cdf, repeat_prompts
from algorithms.language.texts import log_probs
from envs.language.models.api import Adapter
from envs.language.models.low_rank import LowRank
from envs.validation import UsageError
from tests.language_models import random_adapter, tiny_decoder
from tests.language_stages import Bigram

MODEL = tiny_decoder()


def prompts(members: int, count: int = 3, k: int = 4) -> tuple[Tensor, Tensor]:
    tokens = torch.randint(1, 16, (members, count, k), generator=torch.Generator().manual_seed(3))
    valid = torch.ones_like(tokens, dtype=torch.bool)
    valid[:, 1, :2] = False  # the second prompt is shorter
    return tokens, valid


def draw(
    seeds: tuple[int, ...], adapter: Adapter | None, tokens: Tensor, valid: Tensor, longest: int = 8
) -> Completions:
    return generate(MODEL, adapter, tokens, valid, [np.random.default_rng(s) for s in seeds], longest)


def test_its_log_probs_are_those_of_one_pass() -> None:
    adapter = random_adapter(MODEL, 2)
    found = draw((1, 2), adapter, *prompts(2))
    once = log_probs(MODEL, found.texts.check(MODEL), adapter)
    torch.testing.assert_close(found.log_probs, once[:, :, 4:], rtol=1e-4, atol=1e-5)
    assert bool((found.log_probs[found.texts.scored[:, :, 4:]] < 0).all())


def test_a_member_alone_writes_what_it_writes_among_others() -> None:
    adapter = random_adapter(MODEL, 3)
    tokens, valid = prompts(3)
    together = draw((1, 2, 3), adapter, tokens, valid)
    second = LowRank(*({n: x[1:2] for n, x in part.items()} for part in (adapter.down, adapter.up)))
    alone = draw((2,), second, tokens[1:2], valid[1:2])
    assert torch.equal(together.texts.tokens[1:2], alone.texts.tokens)
    torch.testing.assert_close(together.log_probs[1:2], alone.log_probs)


def test_more_padding_on_the_left_changes_nothing() -> None:
    tokens, valid = prompts(1)
    more = torch.nn.functional.pad(tokens, (2, 0), value=5), torch.nn.functional.pad(valid, (2, 0))
    plain, moved = (draw((1,), None, *given) for given in ((tokens, valid), more))
    assert torch.equal(plain.texts.tokens, moved.texts.tokens[:, :, 2:])
    torch.testing.assert_close(plain.log_probs, moved.log_probs)


def test_prompts_padded_on_the_right_are_refused() -> None:
    tokens, valid = prompts(1)
    with pytest.raises(UsageError, match="padded on the left"):
        draw((1,), None, tokens, valid.flip(2))
    with pytest.raises(UsageError, match="68 tokens, more than the model's context of 64"):
        draw((1,), None, tokens, valid, longest=64)


def test_nothing_follows_the_end() -> None:
    # after 1 comes 2, after 2 the end or 2 with equal chances
    table = torch.full((4, 4), -30.0)
    table[1, 2] = table[2, 0] = table[2, 2] = 0.0
    tokens = torch.ones(1, 400, 1, dtype=torch.long)
    valid = torch.ones_like(tokens, dtype=torch.bool)
    found = generate(Bigram(table), None, tokens, valid, [np.random.default_rng(0)], 5)
    written, scored = found.texts.tokens[0, :, 1:], found.texts.scored[0, :, 1:]
    length = scored.sum(1)
    assert torch.equal(scored, torch.arange(5) < length[:, None])
    assert torch.equal(found.texts.valid[0, :, 1:], scored)
    assert torch.equal(found.ended[0], written.gather(1, length[:, None] - 1)[:, 0] == 0)
    assert bool((written[scored] == 0).sum() == found.ended.sum())  # the end is scored, and there is one
    assert bool((found.log_probs[0][~scored] == 0).all())
    # 2 end, 2 2 end, 2 2 2 end, and 2 2 2 2 with or without an end
    shares = [float((length == i).float().mean()) for i in (2, 3, 4, 5)]
    assert shares == pytest.approx([0.5, 0.25, 0.125, 0.125], abs=0.08)
    assert float(found.ended.float().mean()) == pytest.approx(15 / 16, abs=0.04)


def test_only_some_tokens_are_drawn() -> None:
    tokens = torch.ones(1, 300, 1, dtype=torch.long)
    valid = torch.ones_like(tokens, dtype=torch.bool)
    allowed = torch.tensor([3, 2])
    table = torch.zeros(4, 4)
    table[:, 3] = np.log(3)
    found = generate(Bigram(table), None, tokens, valid, [np.random.default_rng(0)], 2, allowed)
    written = found.texts.tokens[0, :, 1:]
    assert set(written.flatten().tolist()) == {2, 3}
    assert float((written == 3).float().mean()) == pytest.approx(0.75, abs=0.05)
    assert found.log_probs.exp().unique().tolist() == pytest.approx([0.25, 0.75])
    assert not bool(found.ended.any())


def test_the_inverse_of_the_cumulative_sum_by_hand() -> None:
    logp = np.log(np.array([[0.25, 0.25, 0.5]] * 5))
    assert inverse_cdf(logp, np.array([0.0, 0.2, 0.3, 0.6, 1.0])).tolist() == [0, 0, 1, 2, 2]


def test_prompts_are_repeated_one_after_another() -> None:
    tokens, valid = repeat_prompts(torch.tensor([[[1], [2]]]), torch.tensor([[[True], [False]]]), 2)
    assert tokens.tolist() == [[[1], [1], [2], [2]]]
    assert valid.tolist() == [[[True], [True], [False], [False]]]
