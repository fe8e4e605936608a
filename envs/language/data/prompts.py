"""Prompts and demonstrations from the corpus, in the tokens of its vocabulary, and as tokens of a task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from envs.api import Doubles, Ints
from envs.language.data.corpus import Corpus
from envs.language.data.examples import Demonstration
from envs.language.data.words import END, SPECIAL, UNKNOWN, Words
from envs.validation import UsageError

LENGTH = 3  # words of a prompt
SHORTEST, LONGEST = 12, 24  # tokens of a demonstration's completion, with its end token


class PromptSets(NamedTuple):
    """Disjoint prompts, in tokens: train [n, K], test [m, K]."""

    train: Ints
    test: Ints


def draw_prompts(
    corpus: Corpus, words: Words, train: int, test: int, seed: int, label: int | None = None, length: int = LENGTH
) -> PromptSets:
    """Distinct first words of sentences, without signs and unknown words; UsageError if there are fewer than are wanted.

    label  only prompts with which no sentence of another label begins
    """
    seen: dict[tuple[int, ...], set[int]] = {}
    for tokens, its_label in zip(words.encode_all(corpus.texts), corpus.labels.tolist(), strict=True):
        prompt = tuple(tokens[:length])
        if len(tokens) > length and min(prompt) >= len(SPECIAL):
            seen.setdefault(prompt, set()).add(its_label)
    signs = {i for i, word in enumerate(words.words) if not any(map(str.isalnum, word))}
    fit = sorted(
        prompt
        for prompt, labels in seen.items()
        if (label is None or labels == {label}) and not signs.intersection(prompt)
    )
    if len(fit) < train + test:
        raise UsageError(f"{train} + {test} prompts are wanted, but the corpus has only {len(fit)}")
    order = np.random.default_rng(seed).permutation(len(fit))[: train + test]
    chosen = np.array([fit[i] for i in order], np.int64).reshape(train + test, length)
    return PromptSets(chosen[:train], chosen[train:])


def draw_demonstrations(
    corpus: Corpus,
    words: Words,
    gold: Callable[[Sequence[str]], Doubles],
    n: int,
    seed: int,
    candidates: int = 4,
    unknown: int = 0,
) -> list[Demonstration]:
    """The n sentences that `gold` rates highest among n x `candidates` drawn ones, as prompt and completion.

    A completion has 12 to 24 tokens with its end token, and at most `unknown` of them are <unk>; its prompt has none.
    UsageError if there are fewer such sentences than are to be drawn.
    """
    rows = words.encode_all(corpus.texts)
    fit = [
        i
        for i, row in enumerate(rows)
        if SHORTEST <= len(row) - LENGTH + 1 <= LONGEST
        and row.count(UNKNOWN) <= unknown
        and min(row[:LENGTH]) >= len(SPECIAL)
    ]
    if len(fit) < n * candidates:
        raise UsageError(
            f"{n} demonstrations are chosen from {n * candidates} sentences, but only {len(fit)} fit: "
            f"at most {len(fit) // candidates} demonstrations are possible"
        )
    drawn = [fit[i] for i in np.random.default_rng(seed).permutation(len(fit))[: n * candidates]]
    best = np.argsort(-gold([words.decode(rows[i]) for i in drawn]), kind="stable")[:n]
    return [
        Demonstration(tuple(rows[i][:LENGTH]), (*rows[i][LENGTH:], END))
        for i in sorted(drawn[b] for b in best.tolist())
    ]


def task_tokens(
    rows: Sequence[Sequence[int]], actions: Sequence[int] | None = None, pad: Literal["left", "right"] = "left"
) -> Ints:
    """Rows of a model's tokens as tokens of a task [M, K], padded with 0 to the longest row.

    actions  the model's token of each task token but padding, as in ModelTranscript.tokens; None: token i is i + 1
    pad      "left" for prompts, "right" for completions
    """
    index = None if actions is None else {token: i + 1 for i, token in enumerate(actions)}
    result = np.zeros((len(rows), max(map(len, rows), default=0)), np.int64)
    for row, filled in zip(rows, result, strict=True):
        if index is not None and (missing := [token for token in row if token not in index]):
            raise UsageError(f"token {missing[0]} of the model is no token of the task")
        new = [int(token) + 1 if index is None else index[token] for token in row]
        if new:
            filled[slice(-len(new), None) if pad == "left" else slice(len(new))] = new
    return result
