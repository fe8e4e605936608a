"""The gold judge of a text: its sentiment, less what it lacks in fluency under a language model of the judge's own.

    gold(text) = sentiment(text) - c max(0, nll(text) - q)

nll is the mean negative log-likelihood a token, in nats, of the text's tokens after the first one, and of its end.
Sentiment alone is no gold: a list of words of praise has the best of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, TypeVar

import numpy as np
import torch

from envs.api import Bools, Doubles
from envs.language.data import sentiment as vader
from envs.language.data.words import END, Words, load_words
from envs.language.models.base import BaseModel
from envs.validation import UsageError

ROWS = 64  # texts that the model reads at once


J = TypeVar("J")


@dataclass(frozen=True)
class Gold:
    """model: the judge model, with the tokenizer in its folder; fluency: c, a nat; allowance: q, nats a token.

    lexicon and rules are hashes of VADER's files, on which the score depends.
    """

    parts: ClassVar[tuple[str, ...]] = ("gold", "sentiment", "nll")

    model: BaseModel
    fluency: float = 0.5
    allowance: float = 4.0
    saturation: float = vader.SATURATION
    lexicon: str = vader.LEXICON
    rules: str = vader.RULES

    def __post_init__(self) -> None:
        if not self.fluency >= 0:
            raise UsageError(f"fluency must be at least 0, not {self.fluency}")

    def score(self, texts: Sequence[str], ended: Bools | None = None, device: str = "cpu") -> Doubles:
        """gold [M] of these texts. ended [M]: which of them have an end, rather than being cut; None: all."""
        return self.measures(texts, ended, device)["gold"]

    def measures(self, texts: Sequence[str], ended: Bools | None = None, device: str = "cpu") -> dict[str, Doubles]:
        """[M] each of `parts`: gold and what it is made of, computed once."""
        sentiment, nll = self.sentiment(texts), self.nll(texts, ended, device)
        gold = sentiment - self.fluency * np.maximum(0.0, nll - self.allowance)
        return dict(zip(self.parts, (gold, sentiment, nll), strict=True))

    def sentiment(self, texts: Sequence[str]) -> Doubles:
        """The first term [M], in (-1, 1)."""
        return vader.sentiment(texts, self.saturation)

    def nll(self, texts: Sequence[str], ended: Bools | None = None, device: str = "cpu") -> Doubles:
        """Nats a token [M] under the judge model."""
        ends = [True] * len(texts) if ended is None else np.asarray(ended).tolist()
        rows = [tokens + [END] * end for tokens, end in zip(_words(self.model).encode_all(texts), ends, strict=True)]
        return token_nll(self.model, rows, device)


@lru_cache(4)
def _words(model: BaseModel) -> Words:
    """The tokenizer in the folder of a model."""
    return load_words(model.path)


@torch.no_grad()
def token_nll(model: BaseModel, rows: Sequence[Sequence[int]], device: str = "cpu") -> Doubles:
    """-mean_i>0 log p(token i | the tokens before it) [M] of these rows of tokens; 0 for a row of fewer than two.

    Rows are read in batches by length; padding on the right is neither read nor counted.
    UsageError for a row that is longer than the model's context.
    """
    loaded = model.load(device)
    lengths = np.array([len(row) for row in rows], np.int64)
    if lengths.max(initial=0) > loaded.context:
        raise UsageError(f"a text of {lengths.max()} tokens is longer than the model's context of {loaded.context}")
    result = np.zeros(len(rows))
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 1]
    for start in range(0, len(order), ROWS):
        chosen = order[start : start + ROWS]
        length = torch.from_numpy(lengths[chosen]).to(device)
        tokens = torch.nn.utils.rnn.pad_sequence([torch.tensor(rows[i]) for i in chosen], batch_first=True).to(device)
        valid = torch.arange(tokens.shape[1], device=device) < length[:, None]  # [M, K]
        hidden, _ = loaded.hidden(tokens[:, :-1], valid[:, :-1])
        logp = loaded.logits(hidden).float().log_softmax(-1)  # [M, K - 1, V]
        of_next = logp.gather(-1, tokens[:, 1:, None]).squeeze(-1)
        total = torch.where(valid[:, 1:], of_next, 0.0).double().sum(1)
        result[chosen] = (-total / (length - 1)).cpu().numpy()
    return result


def as_judge(judge: BaseModel | J) -> Gold | J:
    """The judge that reads with this model; a judge is returned unchanged."""
    return Gold(judge) if isinstance(judge, BaseModel) else judge
