"""A user's prompts, demonstrations and preferences in the tokens of a model (formats: `envs.language.data.jsonl`).

A prompt is never followed by the end token; an answer always ends with it, and with nothing after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from envs.language.data import jsonl
from envs.language.data.jsonl import Message, Row, read_lines
from envs.language.models.tokenizer import Tokenizer
from envs.validation import UsageError


class Demonstration(NamedTuple):
    """Tokens of a prompt and of its answer, which ends with the end token."""

    prompt: tuple[int, ...]
    completion: tuple[int, ...]


class Preference(NamedTuple):
    """Tokens of a prompt and of two answers."""

    prompt: tuple[int, ...]
    chosen: tuple[int, ...]
    rejected: tuple[int, ...]


def load_prompts(path: Path, tokenizer: Tokenizer, context: int, longest: int) -> list[tuple[int, ...]]:
    """The prompts of {"prompt"} lines. UsageError where an answer of `longest` tokens has no room in the context."""
    found = []
    for row in read_lines(path, jsonl.PROMPTS):
        prompt = _Reader(row, tokenizer).prompt()
        _check_room(row, prompt, longest, context)
        found.append(tuple(prompt))
    return found


def load_demonstrations(path: Path, tokenizer: Tokenizer, context: int) -> list[Demonstration]:
    """Of {"prompt", "completion"} or {"messages"} lines, whose last message is the assistant's answer."""
    conversations = "messages" in jsonl.columns_of(path)
    found = []
    for row in read_lines(path, jsonl.CONVERSATIONS if conversations else jsonl.DEMONSTRATIONS):
        whole = _split_conversation(row) if conversations else row
        reader = _Reader(whole, tokenizer)
        prompt, completion = reader.prompt(), reader.answer("completion")
        _check_room(row, prompt, len(completion), context)
        found.append(Demonstration(tuple(prompt), tuple(completion)))
    return found


def load_preferences(path: Path, tokenizer: Tokenizer, context: int) -> list[Preference]:
    """Of {"prompt", "chosen", "rejected"} lines."""
    found = []
    for row in read_lines(path, jsonl.PREFERENCES):
        reader = _Reader(row, tokenizer)
        prompt, answers = reader.prompt(), [reader.answer(column) for column in ("chosen", "rejected")]
        if answers[0] == answers[1]:
            raise row.error("'chosen' and 'rejected' are the same tokens")
        _check_room(row, prompt, max(map(len, answers)), context)
        found.append(Preference(tuple(prompt), tuple(answers[0]), tuple(answers[1])))
    return found


def load_texts(path: Path, tokenizer: Tokenizer, context: int) -> list[tuple[int, ...]]:
    """The tokens of {"text"} lines, each with the end token."""
    found, end = [], end_token(tokenizer)
    for row in read_lines(path, jsonl.TEXTS):
        tokens = until_end([*tokenizer.start, *tokenizer.encode(row.text("text"))], end)
        _check_room(row, tokens, 0, context)
        found.append(tuple(tokens))
    return found


def end_token(tokenizer: Tokenizer) -> int:
    """The token that ends a text; UsageError if the tokenizer has none."""
    if tokenizer.end is None:
        raise UsageError("the tokenizer has no end token (eos_token), so no answer would ever end")
    return tokenizer.end


def until_end(tokens: Sequence[int], end: int) -> list[int]:
    """These tokens up to the first end token, which is appended if there is none."""
    kept = list(tokens)
    return [*(kept[: kept.index(end)] if end in kept else kept), end]


def _check_room(row: Row, prompt: Sequence[int], answer: int, context: int) -> None:
    if len(prompt) + answer > context:
        parts = f"{len(prompt)} tokens" + (f" and an answer of {answer}" if answer else "")
        raise row.error(f"{parts} are more than the model's context of {context}")


def _split_conversation(row: Row) -> Row:
    """{"messages"} as a prompt, all messages but the last, and the answer to it."""
    messages = row.messages("messages")
    if len(messages) < 2 or messages[-1]["role"] != "assistant":
        raise row.error("'messages' must end with an answer of the role 'assistant' to an earlier message")
    return Row(row.path, row.line, {"prompt": messages[:-1], "completion": messages[-1:]})


class _Reader:
    """Turns the columns of one line into tokens."""

    def __init__(self, row: Row, tokenizer: Tokenizer) -> None:
        self.row, self.tokenizer, self.end = row, tokenizer, end_token(tokenizer)
        self.text = self._chat([]) if row.conversational else row.text("prompt")

    def _chat(self, answer: list[Message]) -> str:
        """The conversation as the chat template writes it; without an answer, up to where one begins."""
        try:
            return self.tokenizer.chat([*self.row.messages("prompt"), *answer], reply=not answer)
        except UsageError as error:
            raise self.row.error(str(error)) from error

    def _encode(self, text: str) -> list[int]:
        # a chat template writes the special tokens itself
        tokens = self.tokenizer.encode(text)
        return tokens if self.row.conversational else [*self.tokenizer.start, *tokens]

    def prompt(self) -> list[int]:
        return self._encode(self.text)

    def answer(self, column: str) -> list[int]:
        if self.row.conversational:
            whole = self._chat(self.row.messages(column))
            if not whole.startswith(self.text):
                raise self.row.error("the chat template writes the prompt differently when an answer follows")
            answer = whole[len(self.text) :]
        else:
            answer = self.row.text(column)
            whole = self.text + answer
        tokens, before = self._encode(whole), self.prompt()
        if tokens[: len(before)] == before:
            return until_end(tokens[len(before) :], self.end)
        # a token that spans prompt and answer cannot be generated after the prompt
        return until_end(self.tokenizer.encode(answer), self.end)
