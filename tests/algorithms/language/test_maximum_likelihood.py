"""Supervised fine-tuning: its gradient by hand, members apart, repeats and resumes."""

from __future__ import annotations

import math

import pytest
import torch

from algorithms.language.adapters import Fitting, Stack, initial, tensors_of
from algorithms.language.maximum_likelihood import finetune, held_out_nll, nll_per_token
from algorithms.language.stage import Stream
from algorithms.language.texts import Texts
from envs.seeding import Purpose
from tests.language_models import tiny_decoder
from tests.language_stages import Bigram, V, ended, resumed_equally, rows, run, tiny_texts

QUICK = Fitting(rank=2, passes=2, batch=3, rate=1e-2)


def test_the_gradient_by_hand() -> None:
    # member 0: prompt 3 1, completion 2, end; member 1: prompt 2, completion 1 3, end. All logits are 0.
    texts = [ended([one]) for one in ([([3, 1], [2])], [([2], [1, 3])])]
    width = max(t.tokens.shape[2] for t in texts)
    assert width == texts[0].tokens.shape[2] == texts[1].tokens.shape[2]
    both = Texts(*(torch.cat(parts) for parts in zip(*texts, strict=True)))
    added = torch.zeros(2, V, V, requires_grad=True)
    losses = nll_per_token(Bigram(), both, rows(added))
    assert losses.tolist() == pytest.approx([math.log(4)] * 2)
    (gradient,) = torch.autograd.grad(losses.sum(), added)
    p = torch.full((V,), 0.25)
    one = torch.eye(V)
    by_hand = torch.zeros(2, V, V)
    by_hand[0, 1], by_hand[0, 2] = (p - one[2]) / 2, (p - one[0]) / 2  # row 3 belongs to the prompt
    by_hand[1, 2], by_hand[1, 1], by_hand[1, 3] = (p - one[1]) / 3, (p - one[3]) / 3, (p - one[0]) / 3
    torch.testing.assert_close(gradient, by_hand)


def test_a_member_alone_is_itself_in_the_population() -> None:
    model, texts = tiny_decoder(), tiny_texts(3, 7)
    together = tensors_of(run(finetune(model, texts, (4, 5, 6), QUICK))[0].adapters)
    alone = tensors_of(run(finetune(model, Texts(*(x[1:2] for x in texts)), (5,), QUICK))[0].adapters)
    for name, x in alone.items():
        torch.testing.assert_close(together[name][1:2], x, rtol=1e-3, atol=1e-5)


def test_it_repeats_and_resumes_bit_for_bit() -> None:
    model, texts = tiny_decoder(), tiny_texts(2, 7)
    states = resumed_equally(
        lambda state: finetune(model, texts, (4, 5), QUICK, state=state, state_every=2),
        lambda found: tensors_of(found.adapters),
    )
    assert states == 2  # of 6 steps


def test_it_learns_to_continue_and_to_end() -> None:
    texts = ended([[([1], [2, 3])] * 4, [([1], [3])] * 4])
    config = Fitting(rank=4, passes=60, batch=4, rate=0.2)
    start = nll_per_token(Bigram(), texts, initial(Bigram(), config, (0, 1)))
    found = run(finetune(Bigram(), texts, (0, 1), config, held_out=texts))[0]
    assert start.tolist() == pytest.approx([math.log(4)] * 2)  # adapters change nothing at first
    assert float(found.held_out.max()) < 0.02


def test_held_out_texts_count_by_token() -> None:
    texts = ended([[([1], [2, 3, 2]), ([1], [2])]])
    table = torch.zeros(V, V)
    table[2] = torch.tensor([5.0, 0, 0, 0])
    logp = table.log_softmax(1)
    total = 2 * logp[1, 2] + logp[2, 3] + logp[3, 2] + 2 * logp[2, 0]
    assert float(held_out_nll(Bigram(table), texts, None, 1)) == pytest.approx(-float(total) / 6)


def test_each_pass_reads_every_text_once_in_an_order_of_the_members_own() -> None:
    batches = Fitting(passes=2, batch=3).minibatches(8, (1, 2), Stream.DEMONSTRATIONS, Purpose.TRAIN)
    assert [b.shape[1] for b in batches] == [3, 3, 2] * 2
    for one in (torch.cat(batches[:3], 1), torch.cat(batches[3:], 1)):
        assert one.sort(1).values.tolist() == [list(range(8))] * 2
    assert not torch.equal(batches[0][0], batches[0][1])
    alone = Fitting(passes=2, batch=3).minibatches(8, (2,), Stream.DEMONSTRATIONS, Purpose.TRAIN)
    assert all(torch.equal(a[0], b[1]) for a, b in zip(alone, batches, strict=True))


def test_a_diverged_seed_is_named() -> None:
    stack = Stack(rows(torch.zeros(2, V, V)), QUICK)
    values = stack.adapters.up["table"].sum((1, 2)) * torch.tensor([1.0, float("nan")])
    with pytest.raises(ArithmeticError, match=r"seeds \[8\] diverged at step 1 of 5"):
        stack.descend(values, 0, 5, (7, 8))


def test_the_rate_rises_and_falls() -> None:
    config = Fitting(rate=1.0, warm_up=0.5)
    assert [round(config.rate_at(i, 4), 3) for i in range(4)] == [0.333, 0.667, 1.0, 0.5]
