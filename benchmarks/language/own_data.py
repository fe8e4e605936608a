"""A user's files, and what the corpus offers in their place, in the tokens of a base; all errors before it is loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from algorithms.language.adapters import Fitting
from algorithms.policies.networks.adapter_memory import bytes_of_adapters, check_free
from benchmarks.language.bases import OwnModel
from envs.language.data import jsonl
from envs.language.data.corpus import Corpus
from envs.language.data.examples import (
    Demonstration,
    Preference,
    load_demonstrations,
    load_preferences,
    load_prompts,
    load_texts,
)
from envs.language.data.prompts import draw_demonstrations, draw_prompts
from envs.language.data.words import Words, build_words
from envs.language.family import TextJudge
from envs.language.models.base import BaseModel
from envs.language.models.tokenizer import Tokenizer
from envs.validation import UsageError

T = TypeVar("T")
DIGITS = 12
PROMPTS_SEED = 0  # of prompts from the corpus, which all seeds share


@dataclass(frozen=True)
class OwnFile:
    """A file of texts.

    digest  hash of its content     path  where it lies; no number depends on it
    """

    digest: str
    path: Path = field(metadata={"hashed": False}, compare=False)

    @classmethod
    def of(cls, path: Path) -> OwnFile:
        """The file as it is now; UsageError if there is none."""
        if not path.is_file():
            raise UsageError(f"there is no file {path}: a .jsonl file with a JSON object a line")
        return cls(hashlib.sha256(path.read_bytes()).hexdigest()[:DIGITS], path.resolve())


@dataclass(frozen=True)
class CorpusPart:
    """Prompts or demonstrations from a corpus: so many, demonstrations each the best of `candidates` by the judge.

    corpus  the package of film reviews, or the hash of the user's file     source  of its texts
    """

    corpus: str
    count: int
    source: OwnModel = field(metadata={"hashed": False}, compare=False)
    judge: TextJudge | None = None
    candidates: int = 4

    def prompts(self, base: BaseModel) -> Prompts:
        """Prompts of three words from sentences of the held-out part."""
        words, corpus = _vocabulary(self.source), self.source.texts().select("held_out")
        rows = draw_prompts(corpus, words, 0, self.count, PROMPTS_SEED).test.tolist()
        texts = [words.decode(row) for row in rows]
        return Prompts(texts, [_tokens(base.tokenizer(), text) for text in texts])

    def demonstrations(self, base: BaseModel, seed: int) -> tuple[list[Demonstration], list[Demonstration]]:
        """(demonstrations of this seed from the base's part, an eighth as many from the held-out part)."""
        words, every = _vocabulary(self.source), self.source.texts()
        return (
            self._drawn(every.select("base"), words, base, self.count, seed),
            self._drawn(every.select("held_out"), words, base, max(1, self.count // 8), seed),
        )

    def _drawn(self, corpus: Corpus, words: Words, base: BaseModel, count: int, seed: int) -> list[Demonstration]:
        assert self.judge is not None
        drawn = draw_demonstrations(corpus, words, self.judge.score, count, seed, self.candidates)
        return [in_tokens(base.tokenizer(), words, one) for one in drawn]


class Prompts(NamedTuple):
    """Prompts as they were written, texts or lists of messages, and in tokens."""

    written: Sequence[str | list[jsonl.Message]]
    tokens: Sequence[tuple[int, ...]]

    def padded(self, chosen: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """Tokens [P, n, K] of the prompts at these places [P][n], padded on the left, and which of them are real."""
        longest = max(len(self.tokens[i]) for row in chosen for i in row)
        shape = len(chosen), len(chosen[0]), longest
        tokens, valid = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.bool)
        for p, row in enumerate(chosen):
            for n, i in enumerate(row):
                start = longest - len(self.tokens[i])
                tokens[p, n, start:], valid[p, n, start:] = torch.tensor(self.tokens[i]), True
        return tokens, valid


def read_prompts(file: OwnFile, base: BaseModel, longest: int) -> Prompts:
    """The prompts of a file, each once. UsageError where an answer of `longest` tokens has no room after one."""
    tokens = load_prompts(file.path, base.tokenizer(), base.context, longest)
    written = [row.columns["prompt"] for row in jsonl.read_lines(file.path, jsonl.PROMPTS)]
    first = {row: i for i, row in reversed(list(enumerate(tokens)))}  # the same prompt twice is one prompt
    kept = sorted(first.values())
    return Prompts([written[i] for i in kept], [tokens[i] for i in kept])


def read_demonstrations(file: OwnFile, base: BaseModel) -> list[Demonstration]:
    """Of {"prompt", "completion"}, {"messages"} or {"text"} lines; of a text its first token is the prompt."""
    columns, tokenizer = jsonl.columns_of(file.path), base.tokenizer()
    if "text" not in columns or "prompt" in columns:
        return load_demonstrations(file.path, tokenizer, base.context)
    first = max(1, len(tokenizer.start))
    return [Demonstration(row[:first], row[first:]) for row in load_texts(file.path, tokenizer, base.context)]


def read_preferences(file: OwnFile, base: BaseModel) -> list[Preference]:
    """Of {"prompt", "chosen", "rejected"} lines."""
    return load_preferences(file.path, base.tokenizer(), base.context)


def hold_out(rows: Sequence[T], share: float) -> tuple[list[T], list[T]]:
    """(the others, every so manyth row): for fitting, and for measures. Without a share, or of one row, none is held out."""
    if not share or len(rows) < 2:
        return list(rows), []
    step = max(2, round(1 / share))
    return [row for i, row in enumerate(rows) if (i + 1) % step], list(rows[step - 1 :: step])


def in_tokens(tokenizer: Tokenizer, words: Words, one: Demonstration) -> Demonstration:
    """A demonstration in the tokens of a vocabulary of words, in those of another tokenizer."""
    prompt, whole = words.decode(one.prompt), words.decode((*one.prompt, *one.completion))
    before, after = _tokens(tokenizer, prompt), _tokens(tokenizer, whole)
    if after[: len(before)] != before:  # a token that spans prompt and answer cannot be written after the prompt
        after = (*before, *tokenizer.encode(whole[len(prompt) :]))
    assert tokenizer.end is not None
    return Demonstration(before, (*after[len(before) :], tokenizer.end))


def check_room(base: BaseModel, fitting: Fitting, members: int, length: int, device: str) -> None:
    """UsageError where fitting needs more memory than there is; of a base only the headers are read."""
    needed = bytes_of_adapters(base, fitting.rank, members, members * fitting.batch, length)
    what = f"{members} members with {fitting.batch} texts of {length} tokens each"
    check_free(needed, what, "take fewer --seeds, a smaller --batch or a lower --rank", device)


def drawn_places(count: int, rngs: Sequence[np.random.Generator], each: int) -> list[list[int]]:
    """Places [P][each] of prompts that each member draws."""
    return [rng.integers(count, size=each).tolist() for rng in rngs]


def _vocabulary(source: OwnModel) -> Words:
    return build_words(source.texts().select("base").texts, source.shape.vocabulary)


def _tokens(tokenizer: Tokenizer, text: str) -> tuple[int, ...]:
    return (*tokenizer.start, *tokenizer.encode(text))
