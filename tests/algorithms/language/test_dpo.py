"""DPO: its loss and gradient by hand, which text and which policy stand where, repeats and resumes."""

from __future__ import annotations

import math

import pytest
import torch

from algorithms.language.adapters import Fitting, tensors_of
from algorithms.language.dpo import dpo, dpo_loss, dpo_margin
from algorithms.language.preferences import Pairs
from algorithms.language.texts import Texts, sequence_log_probs
from envs.validation import UsageError
from tests.language_models import random_adapter, tiny_decoder
from tests.language_stages import Bigram, V, ended, resumed_equally, rows, run, tiny_texts

QUICK = Fitting(rank=2, passes=2, batch=3, rate=1e-2)


def test_the_margin_and_the_loss_by_hand() -> None:
    # log pi(chosen) -1, log pi(rejected) -2, log ref(chosen) -3, log ref(rejected) -1: (-1 + 3) - (-2 + 1) = 3
    margin = dpo_margin(*(torch.tensor([[x]]) for x in (-1.0, -2.0, -3.0, -1.0)))
    assert margin.tolist() == [[3.0]]
    assert float(dpo_loss(margin, 0.5)) == pytest.approx(math.log(1 + math.exp(-1.5)))


def test_the_gradient_by_hand() -> None:
    # prompt 1; chosen 2, end; rejected 3, end; all logits 0, so the loss is log 2 and its slope -beta / 2
    pairs = [ended([[([1], [token])]]) for token in (2, 3)]
    added = torch.zeros(1, V, V, requires_grad=True)
    policy = rows(added)
    ours = [sequence_log_probs(Bigram(), texts, policy) for texts in pairs]
    loss = dpo_loss(dpo_margin(*ours, *(x.detach() for x in ours)), 0.4)
    assert float(loss.detach()) == pytest.approx(math.log(2))
    (gradient,) = torch.autograd.grad(loss.sum(), added)
    one, p = torch.eye(V), torch.full((V,), 0.25)
    by_hand = torch.zeros(1, V, V)
    by_hand[0, 1] = -0.2 * (one[2] - one[3])
    by_hand[0, 2], by_hand[0, 3] = -0.2 * (one[0] - p), 0.2 * (one[0] - p)
    torch.testing.assert_close(gradient, by_hand)


def test_it_begins_at_log_2_whatever_the_reference() -> None:
    model, pairs = tiny_decoder(), Pairs(tiny_texts(2, 6), tiny_texts(2, 6, seed=1))
    for reference in (None, random_adapter(model, 2)):
        first = next(dpo(model, pairs, reference, (1, 2), QUICK))
        assert first.measures["loss"] == pytest.approx(math.log(2), abs=1e-5)


def test_it_moves_towards_the_chosen_text() -> None:
    pairs = Pairs(ended([[([1], [2])] * 4]), ended([[([1], [3])] * 4]))
    found = run(dpo(Bigram(), pairs, rows(torch.zeros(1, V, V)), (0,), Fitting(passes=30, batch=4, rate=0.05)))[0]
    after = found.adapters.up["table"][0, 1]
    assert float(after[2] - after[3]) > 1
    assert found.accuracy.tolist() == [1.0]
    assert float(found.loss) < math.log(2)


def test_the_reference_stays_where_training_began() -> None:
    # a reference that moves along keeps the margin at 0 and the loss at log 2
    model, pairs = tiny_decoder(), Pairs(tiny_texts(1, 4), tiny_texts(1, 4, seed=1))
    events = list(dpo(model, pairs, random_adapter(model, 1), (1,), Fitting(passes=6, batch=4, rate=3e-2), beta=1.0))
    assert events[-1].measures["loss"] < math.log(2) - 0.1


def test_a_member_alone_is_itself_in_the_population() -> None:
    model, pairs = tiny_decoder(), Pairs(tiny_texts(2, 6), tiny_texts(2, 6, seed=1))
    together = tensors_of(run(dpo(model, pairs, None, (4, 5), QUICK))[0].adapters)
    own = Pairs(*(Texts(*(x[1:] for x in texts)) for texts in pairs))
    alone = tensors_of(run(dpo(model, own, None, (5,), QUICK))[0].adapters)
    for name, x in alone.items():
        torch.testing.assert_close(together[name][1:], x, rtol=1e-3, atol=1e-5)


def test_it_repeats_and_resumes_bit_for_bit() -> None:
    model, pairs = tiny_decoder(), Pairs(tiny_texts(2, 6), tiny_texts(2, 6, seed=1))
    states = resumed_equally(
        lambda state: dpo(model, pairs, random_adapter(model, 2), (1, 2), QUICK, state=state, state_every=1),
        lambda found: tensors_of(found.adapters) | {"loss": found.loss, "accuracy": found.accuracy},
    )
    assert states == 3


def test_a_beta_of_zero_is_refused() -> None:
    pairs = Pairs(tiny_texts(1, 2), tiny_texts(1, 2))
    with pytest.raises(UsageError, match="beta must be above 0, not 0"):
        next(dpo(tiny_decoder(), pairs, None, (1,), QUICK, beta=0))
