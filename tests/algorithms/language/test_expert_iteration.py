"""Expert iteration: one round is fine-tuning on favourites, more rounds raise the reward, and it resumes anywhere."""

from __future__ import annotations

import torch

from algorithms.language.adapters import Fitting, initial, tensors_of
from algorithms.language.best_of_n import sample
from algorithms.language.expert_iteration import expert_iteration
from algorithms.language.maximum_likelihood import finetune
from algorithms.language.texts import Texts
from tests.language_models import tiny_decoder
from tests.language_stages import Bigram, V, resumed_equally, rows, run

PROMPTS = torch.ones(2, 8, 1, dtype=torch.long)
VALID = torch.ones_like(PROMPTS, dtype=torch.bool)


def threes(texts: Texts) -> torch.Tensor:
    """The number of threes in a completion."""
    return ((texts.tokens == 3) & texts.scored).sum(2).float()


def test_one_round_is_fine_tuning_on_favourites() -> None:
    start, config = rows(torch.zeros(2, V, V)), Fitting(passes=2, batch=4)
    arguments = (Bigram(), start, PROMPTS, VALID, (1, 2), threes)
    found = run(expert_iteration(*arguments, config, 3, 4))[0]
    favourites = run(sample(*arguments, 3, 4))[0].favourites
    by_hand = run(finetune(Bigram(), favourites, (1, 2), config, start))[0]
    for name, x in tensors_of(by_hand.adapters).items():
        assert torch.equal(tensors_of(found.adapters)[name], x)


def test_the_second_round_goes_on_from_the_first() -> None:
    policy, config = rows(torch.zeros(2, V, V)), Fitting(passes=2, batch=4)
    found = run(expert_iteration(Bigram(), policy, PROMPTS, VALID, (1, 2), threes, config, 3, 4, rounds=2))[0]
    for index in range(2):
        sampled = run(sample(Bigram(), policy, PROMPTS, VALID, (1, 2), threes, 3, 4, index))[0]
        policy = run(finetune(Bigram(), sampled.favourites, (1, 2), config, policy))[0].adapters
    for name, x in tensors_of(policy).items():
        assert torch.equal(tensors_of(found.adapters)[name], x)


def test_rounds_raise_the_reward() -> None:
    start, config = rows(torch.zeros(2, V, V)), Fitting(passes=5, batch=8, rate=0.1)
    found = run(expert_iteration(Bigram(), start, PROMPTS, VALID, (1, 2), threes, config, 3, 4, rounds=3))[0]
    before, after = (
        run(sample(Bigram(), policy, PROMPTS, VALID, (7, 8), threes, 3, 16))[0].reward.mean((1, 2))
        for policy in (start, found.adapters)
    )
    assert bool((after > before + 0.3).all())


def test_it_resumes_within_rounds_and_between_them() -> None:
    model, config = tiny_decoder(), Fitting(rank=1, passes=1, batch=3, rate=1e-2)
    start = initial(model, config, (1, 2))
    states = resumed_equally(
        lambda state: expert_iteration(
            model, start, PROMPTS, VALID, (1, 2), threes, config, 3, 2, rounds=2, state=state, state_every=2
        ),
        lambda found: tensors_of(found.adapters),
    )
    assert states == 3  # one in each round of 3 steps, and one between the rounds
