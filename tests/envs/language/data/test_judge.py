"""Gold by hand, under a language model that can be written down."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from envs.language.data.judge import Gold, token_nll
from envs.language.data.sentiment import sentiment
from envs.language.data.words import END, Words
from envs.language.models.base import BaseModel
from envs.validation import UsageError

WORDS = Words(("<pad>", "<unk>", "<end>", "good", "film"))
# p(next | token), rows are tokens; after <pad> comes nonsense that must never be counted
TABLE = torch.tensor(
    [
        [0.96, 0.01, 0.01, 0.01, 0.01],
        [0.2, 0.2, 0.2, 0.2, 0.2],
        [0.2, 0.2, 0.2, 0.2, 0.2],
        [0.05, 0.05, 0.1, 0.3, 0.5],
        [0.05, 0.05, 0.6, 0.1, 0.2],
    ]
)


class Bigram:
    """A causal language model that looks at the last token only."""

    vocabulary, context, width, end = 5, 200, 5, END
    layers: Mapping[str, tuple[int, int]] = {}

    def hidden(self, tokens: Tensor, valid: Tensor, cache: Any = None, adapter: Any = None) -> tuple[Tensor, Any]:
        assert adapter is None
        assert (tokens[~valid] == 0).all()
        return TABLE[tokens].log(), None

    def logits(self, hidden: Tensor, tokens: Tensor | None = None) -> Tensor:
        return hidden + 7  # logits are known up to a constant


@dataclass(frozen=True)
class BigramBase(BaseModel):
    def load(self, device: str = "cpu") -> Any:
        return Bigram()


@pytest.fixture
def model(tmp_path: Path) -> BaseModel:
    WORDS.save(tmp_path)
    return BigramBase(str(tmp_path), tmp_path)


def test_nats_a_token_by_hand(model: BaseModel) -> None:
    rows = [[3, 4, END], [3], [3, 3, 3, 4, END], [], [4, 4]]
    found = token_nll(model, rows)
    expected = [
        -(math.log(0.5) + math.log(0.6)) / 2,
        0,
        -(2 * math.log(0.3) + math.log(0.5) + math.log(0.6)) / 4,
        0,
        -math.log(0.2),
    ]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_text_among_many_is_judged_as_it_is_alone(model: BaseModel) -> None:
    generator = np.random.default_rng(0)
    rows = [generator.integers(1, 5, n).tolist() for n in generator.integers(0, 20, 150)]
    np.testing.assert_allclose(
        token_nll(model, rows), [token_nll(model, [row])[0] for row in rows], rtol=1e-5, atol=1e-7
    )
    with pytest.raises(UsageError, match="a text of 201 tokens is longer than the model's context of 200"):
        token_nll(model, [[3] * 201])


def test_gold_is_sentiment_less_what_is_above_the_allowance(model: BaseModel) -> None:
    texts = ["good film", "good good good"]
    gold = Gold(model, fluency=0.5, allowance=1.0)
    nll = [-(math.log(0.5) + math.log(0.6)) / 2, -(2 * math.log(0.3) + math.log(0.1)) / 3]
    assert nll[0] < 1 < nll[1]
    expected = sentiment(texts) - [0, 0.5 * (nll[1] - 1)]
    np.testing.assert_allclose(gold.score(texts), expected, atol=1e-6)
    assert gold.sentiment(texts)[1] > gold.sentiment(texts)[0]  # more praise, but no English
    assert gold.score(texts)[1] < gold.score(texts)[0]


def test_the_end_of_a_text_that_was_cut_is_not_judged(model: BaseModel) -> None:
    found = Gold(model).nll(["good good", "good good"], np.array([True, False]))
    np.testing.assert_allclose(found, [-(math.log(0.3) + math.log(0.1)) / 2, -math.log(0.3)], atol=1e-6)


def test_a_judge_is_its_numbers_and_hashes(model: BaseModel) -> None:
    assert Gold(model) == Gold(BigramBase(model.digest, Path("elsewhere")))
    assert Gold(model) != Gold(BigramBase("other", model.path))
    with pytest.raises(UsageError, match="fluency must be at least 0, not -1"):
        Gold(model, fluency=-1)
