"""A user's prompts, demonstrations and preferences in tokens: where answers end, and what is rejected."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from envs.language.data.examples import (
    load_demonstrations,
    load_preferences,
    load_prompts,
    load_texts,
    until_end,
)
from envs.language.data.words import END, build_words
from envs.language.models.tokenizer import FileTokenizer, load_tokenizer
from envs.validation import UsageError

WORDS = build_words(["user assistant the film is good bad . it was what how ?"], 20)
TEMPLATE = (
    "{% for m in messages %}{{ m['role'] }} {{ m['content'] }}<end> {% endfor %}"
    "{% if add_generation_prompt %}assistant {% endif %}"
)
ASK = {"role": "user", "content": "how is it?"}
ANSWER = {"role": "assistant", "content": "it is good."}


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> FileTokenizer:
    folder = tmp_path_factory.mktemp("words")
    WORDS.save(folder)
    return load_tokenizer(folder, END)


@pytest.fixture
def chat(tokenizer: FileTokenizer) -> Iterator[FileTokenizer]:
    tokenizer.template = TEMPLATE
    yield tokenizer
    tokenizer.template = None


def write(path: Path, *rows: object) -> Path:
    path = path / "own.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n")
    return path


def tokens(text: str) -> tuple[int, ...]:
    return tuple(WORDS.encode(text))


def test_prompts_have_no_end_and_answers_have_one(tokenizer: FileTokenizer, tmp_path: Path) -> None:
    path = write(tmp_path, {"prompt": "the film", "more": 1}, "", {"prompt": "it"})
    assert load_prompts(path, tokenizer, 8, 4) == [tokens("the film"), tokens("it")]
    path = write(tmp_path, {"prompt": "the film", "completion": " is good."})
    assert load_demonstrations(path, tokenizer, 8) == [(tokens("the film"), (*tokens("is good."), END))]
    path = write(tmp_path, {"prompt": "the film", "chosen": " is good.", "rejected": " was bad<end> was"})
    assert load_preferences(path, tokenizer, 8) == [
        (tokens("the film"), (*tokens("is good."), END), (*tokens("was bad"), END))
    ]
    path = write(tmp_path, {"text": "the film is good."})
    assert load_texts(path, tokenizer, 8) == [(*tokens("the film is good."), END)]


def test_the_end_is_there_once() -> None:
    assert until_end([5, 6], 2) == until_end([5, 6, 2, 7, 2], 2) == [5, 6, 2]
    assert until_end([], 2) == [2]


def test_an_answer_that_would_merge_with_the_prompt_is_read_by_itself(tokenizer: FileTokenizer, tmp_path: Path) -> None:
    path = write(tmp_path, {"prompt": "the fil", "completion": "m is"})  # "film" is one token
    assert load_demonstrations(path, tokenizer, 8) == [(tokens("the fil"), (*tokens("m is"), END))]


def test_conversations_follow_the_chat_template(chat: FileTokenizer, tmp_path: Path) -> None:
    prompt = tokens("user how is it?<end> assistant")
    expected = [(prompt, (*tokens("it is good."), END))]
    path = write(tmp_path, {"messages": [ASK, ANSWER]})
    assert load_demonstrations(path, chat, 20) == expected
    path = write(tmp_path, {"prompt": [ASK], "completion": [ANSWER]})
    assert load_demonstrations(path, chat, 20) == expected
    path = write(tmp_path, {"prompt": [ASK]})
    assert load_prompts(path, chat, 20, 5) == [prompt]


def test_conversations_without_a_template_are_an_error(tokenizer: FileTokenizer, tmp_path: Path) -> None:
    path = write(tmp_path, {"messages": [ASK, ANSWER]})
    with pytest.raises(UsageError, match=r"own\.jsonl, line 1: the tokenizer has no chat template"):
        load_demonstrations(path, tokenizer, 20)


def test_a_template_that_rewrites_the_prompt_is_an_error(chat: FileTokenizer, tmp_path: Path) -> None:
    chat.template = "{{ messages | length }}" + TEMPLATE
    with pytest.raises(UsageError, match="line 1: the chat template writes the prompt differently"):
        load_demonstrations(write(tmp_path, {"messages": [ASK, ANSWER]}), chat, 20)
    chat.template = TEMPLATE
    for messages in ([ASK, ASK], [ANSWER]):
        with pytest.raises(UsageError, match="must end with an answer of the role 'assistant'"):
            load_demonstrations(write(tmp_path, {"messages": messages}), chat, 20)


def test_what_does_not_fit_into_the_context_is_an_error(tokenizer: FileTokenizer, tmp_path: Path) -> None:
    path = write(tmp_path, {"prompt": "it"}, {"prompt": "the film is"})
    assert len(load_prompts(path, tokenizer, 7, 4)) == 2
    with pytest.raises(UsageError, match=r"line 2: 3 tokens and an answer of 4 are more than the model's context of 6"):
        load_prompts(path, tokenizer, 6, 4)
    path = write(tmp_path, {"prompt": "it", "chosen": " is", "rejected": " is good."})  # 1 + 3 + the end
    assert len(load_preferences(path, tokenizer, 5)) == 1
    with pytest.raises(UsageError, match="line 1: 1 tokens and an answer of 4"):
        load_preferences(path, tokenizer, 4)
    with pytest.raises(UsageError, match="line 1: 3 tokens are more than the model's context of 2"):
        load_texts(write(tmp_path, {"text": "it is"}), tokenizer, 2)


def test_answers_of_the_same_tokens_are_an_error(tokenizer: FileTokenizer, tmp_path: Path) -> None:
    path = write(tmp_path, {"prompt": "it", "chosen": " is good", "rejected": " is  GOOD"})
    with pytest.raises(UsageError, match="line 1: 'chosen' and 'rejected' are the same tokens"):
        load_preferences(path, tokenizer, 9)


def test_a_tokenizer_without_an_end_is_an_error(tmp_path: Path) -> None:
    endless = FileTokenizer(None, None)
    for load, row in ((load_texts, {"text": "a"}), (load_demonstrations, {"prompt": "a", "completion": "b"})):
        with pytest.raises(UsageError, match="the tokenizer has no end token"):
            load(write(tmp_path, row), endless, 9)
