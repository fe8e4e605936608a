"""Reward models: loss and gradient by hand, what they read, their scale, members apart, resumes."""

from __future__ import annotations

import math

import pytest
import torch

from algorithms.language.adapters import Fitting, tensors_of
from algorithms.language.preferences import Pairs
from algorithms.language.reward_model import Rewards, accuracy, fit_rewards, preference_loss
from algorithms.language.texts import Texts
from envs.language.models.reward_model import mean_hidden, mean_weight, rewards
from envs.validation import UsageError
from tests.language_models import random_adapter, tiny_decoder
from tests.language_stages import Bigram, V, ended, padded, resumed_equally, rows, run, tiny_texts

QUICK = Fitting(rank=2, passes=2, batch=3, rate=1e-2)


def cut(members: int, token: int, count: int = 1) -> Texts:
    """Prompt 1 and a completion of one token that was cut."""
    texts = ended([[([1], [token])] * count] * members)
    return Texts(*(x[:, :, :2] for x in texts))


def test_loss_and_gradient_by_hand() -> None:
    # the state after token 1 is 0, after token 2 (0, 0, 1, 0), after token 3 (0, 0, 0, 2); a text has two tokens
    table = torch.diag(torch.tensor([0.0, 0, 1, 2]))
    head = torch.tensor([[1.0, 1, 1, 3]], requires_grad=True)
    words = torch.tensor([[9.0, 0.5, 0.5, -0.5]], requires_grad=True)
    added = torch.zeros(1, V, V, requires_grad=True)
    found = [
        rewards(Bigram(table), t.tokens, t.valid, rows(added), head, torch.tensor([4.0]), words)
        for t in (cut(1, 3), cut(1, 2))
    ]
    # 4 + (3 x 2 + 0.5 - 0.5) / 2 and 4 + (1 + 0.5 + 0.5) / 2
    assert [float(x.detach()) for x in found] == [7.0, 5.0]
    loss = preference_loss(*found)
    assert float(loss.detach()) == pytest.approx(math.log(1 + math.exp(-2)))
    by_head, by_table, by_words = torch.autograd.grad(loss.sum(), [head, added, words])
    slope = -1 / (1 + math.exp(2))
    torch.testing.assert_close(by_head, slope * torch.tensor([[0.0, 0, -0.5, 1]]))
    torch.testing.assert_close(by_words, slope * torch.tensor([[0.0, 0, -0.5, 0.5]]))
    by_hand = torch.zeros(1, V, V)
    by_hand[0, 3], by_hand[0, 2] = slope * head[0].detach() / 2, -slope * head[0].detach() / 2
    torch.testing.assert_close(by_table, by_hand)


@pytest.mark.parametrize(("left", "right"), [(2, 0), (0, 2), (1, 3)])
def test_it_does_not_read_the_padding(left: int, right: int) -> None:
    model, texts = tiny_decoder(), tiny_texts(2, 5)
    adapter, draw = random_adapter(model, 2), torch.Generator().manual_seed(0)
    read_out = [torch.randn(2, *size, generator=draw) for size in ((16,), (), (model.vocabulary,))]
    more = padded(texts, left, right, 9)
    plain = rewards(model, texts.tokens, texts.valid, adapter, *read_out)
    torch.testing.assert_close(rewards(model, more.tokens, more.valid, adapter, *read_out), plain)


def test_the_state_is_the_mean_over_real_tokens() -> None:
    tokens = torch.tensor([[1, 2, 3], [1, 2, 3], [1, 2, 2]])
    valid = torch.tensor([[True, True, False], [True, True, True], [False, True, True]])
    found = mean_hidden(Bigram(torch.eye(V)), tokens, valid, None)
    torch.testing.assert_close(found, torch.tensor([[0, 0.5, 0.5, 0], [0, 1 / 3, 1 / 3, 1 / 3], [0, 0, 1, 0]]))
    own = mean_weight(tokens[None], valid[None], torch.tensor([[100.0, 1, 2, 6]]))
    assert own.tolist() == [[1.5, 3.0, 2.0]]


def test_words_alone_are_learned_where_states_say_nothing() -> None:
    pairs = Pairs(cut(1, 3, 8), cut(1, 2, 8))
    found = run(fit_rewards(Bigram(torch.zeros(V, V)), pairs, (1,), Fitting(rank=2, passes=4, batch=4), pairs))[0]
    assert found.accuracy.tolist() == [1.0]
    assert float(found.words[0, 3]) > 0 > float(found.words[0, 2])
    assert found.words[0, [0, 1]].tolist() == [0, 0]  # the first is in no text, the second in both of each pair


def test_it_begins_at_log_2_and_learns_who_was_chosen() -> None:
    pairs = Pairs(cut(2, 3, 8), cut(2, 2, 8))
    pairs.chosen.tokens[1], pairs.rejected.tokens[1] = (
        pairs.rejected.tokens[1].clone(),
        pairs.chosen.tokens[1].clone(),
    )
    stage = fit_rewards(Bigram(torch.eye(V)), pairs, (1, 2), Fitting(rank=2, passes=20, batch=8, rate=0.1), pairs)
    assert next(stage).measures["loss"] == pytest.approx(math.log(2))
    found = run(stage)[0]
    assert found.accuracy.tolist() == [1.0, 1.0]
    scores = found.of(Bigram(torch.eye(V)), cut(2, 3))[:, 0] - found.of(Bigram(torch.eye(V)), cut(2, 2))[:, 0]
    assert float(scores[0]) > 1 > -1 > float(scores[1])  # each member has its own taste


def test_rewards_have_mean_0_and_deviation_1_on_samples() -> None:
    model, texts = tiny_decoder(), tiny_texts(2, 9)
    head = torch.randn(2, 16, generator=torch.Generator().manual_seed(0))
    words = torch.randn(2, model.vocabulary, generator=torch.Generator().manual_seed(1))
    raw = Rewards(random_adapter(model, 2), head, torch.tensor([3.0, -2.0]), words, torch.zeros(2))
    found = raw.normalised(model, texts, (1, 2)).of(model, texts)
    torch.testing.assert_close(found.mean(1), torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(found.std(1, correction=0), torch.ones(2), atol=1e-5, rtol=0)
    before = raw.of(model, texts)
    assert torch.equal(found.argsort(1), before.argsort(1))
    kept = torch.tensor([[1.0], [0.0]])
    flat = raw._replace(head=head * kept, words=words * kept)
    with pytest.raises(UsageError, match=r"seeds \[2\] give every sample the same reward"):
        flat.normalised(model, texts, (1, 2))


def test_training_does_not_read_the_padding() -> None:
    model, pairs = tiny_decoder(), Pairs(tiny_texts(1, 6), tiny_texts(1, 6, seed=1))
    others = Pairs(*(t._replace(tokens=torch.where(t.valid, t.tokens, 9)) for t in pairs))
    assert not torch.equal(others.chosen.tokens, pairs.chosen.tokens)
    one, other = (run(fit_rewards(model, given, (1,), QUICK))[0] for given in (pairs, others))
    torch.testing.assert_close(one.head, other.head)
    torch.testing.assert_close(one.words, other.words)


def test_equal_rewards_agree_with_half_of_the_pairs() -> None:
    blank = Rewards(rows(torch.zeros(1, V, V)), torch.zeros(1, V), torch.zeros(1), torch.zeros(1, V), torch.zeros(1))
    assert accuracy(blank, Bigram(), Pairs(cut(1, 2, 3), cut(1, 3, 3))).tolist() == [0.5]


def test_a_member_alone_is_itself_in_the_population() -> None:
    model, pairs = tiny_decoder(), Pairs(tiny_texts(2, 6), tiny_texts(2, 6, seed=1))
    together = run(fit_rewards(model, pairs, (4, 5), QUICK))[0]
    own = Pairs(*(Texts(*(x[1:] for x in texts)) for texts in pairs))
    alone = run(fit_rewards(model, own, (5,), QUICK))[0]
    torch.testing.assert_close(together.head[1:], alone.head, rtol=1e-3, atol=1e-5)


def test_it_repeats_and_resumes_bit_for_bit() -> None:
    model, pairs = tiny_decoder(), Pairs(tiny_texts(2, 6), tiny_texts(2, 6, seed=1))
    states = resumed_equally(
        lambda state: fit_rewards(model, pairs, (1, 2), QUICK, state=state, state_every=1),
        lambda found: tensors_of(found.adapters) | {"head": found.head, "words": found.words},
    )
    assert states == 3
