"""A user's files in the tokens of a base: what is held out, where prompts are padded, and what another tokenizer reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from algorithms.language.adapters import Fitting
from algorithms.policies.networks import adapter_memory
from benchmarks.language.own_data import (
    OwnFile,
    Prompts,
    check_room,
    hold_out,
    in_tokens,
    read_demonstrations,
    read_preferences,
    read_prompts,
)
from envs.language.data.examples import Demonstration
from envs.language.data.words import END, build_words
from envs.language.models.base import BaseModel
from envs.validation import UsageError
from tests.benchmarks.cli.language.own_texts import write_lines
from tests.language_models import WORDS, tiny_base


@pytest.fixture
def base(tmp_path: Path) -> BaseModel:
    return tiny_base(tmp_path / "base")


def ids(text: str) -> tuple[int, ...]:
    return tuple(WORDS.index(word) for word in text.split())


def test_every_so_manyth_row_is_held_out() -> None:
    assert hold_out([*range(10)], 0.2) == ([0, 1, 2, 3, 5, 6, 7, 8], [4, 9])
    assert hold_out([*range(3)], 0.5) == ([0, 2], [1])
    assert hold_out([*range(3)], 0) == ([0, 1, 2], [])
    assert hold_out([7], 0.5) == ([7], [])


def test_prompts_are_padded_on_the_left_and_each_is_there_once(base: BaseModel, tmp_path: Path) -> None:
    texts = ("the film", "it", "the  film", "a film is")
    file = OwnFile.of(write_lines(tmp_path / "p.jsonl", *({"prompt": text} for text in texts)))
    prompts = read_prompts(file, base, 4)
    assert prompts == Prompts(["the film", "it", "a film is"], [ids("the film"), ids("it"), ids("a film is")])
    tokens, valid = prompts.padded([[0, 1], [2, 1]])
    assert tokens.tolist() == [[[0, *ids("the film")], [0, 0, *ids("it")]], [[*ids("a film is")], [0, 0, *ids("it")]]]
    assert valid.tolist() == [[[False, True, True], [False, False, True]], [[True] * 3, [False, False, True]]]


def test_a_text_is_continued_after_its_first_token(base: BaseModel, tmp_path: Path) -> None:
    texts = write_lines(tmp_path / "t.jsonl", {"text": "the film is good"})
    end = base.tokenizer().end
    assert read_demonstrations(OwnFile.of(texts), base) == [Demonstration(ids("the"), (*ids("film is good"), end))]
    pairs = write_lines(tmp_path / "d.jsonl", {"prompt": "the film", "completion": " is good", "text": "not read"})
    assert read_demonstrations(OwnFile.of(pairs), base) == [Demonstration(ids("the film"), (*ids("is good"), end))]


def test_words_of_the_corpus_are_read_by_another_tokenizer(base: BaseModel) -> None:
    words = build_words(["the film is good ."], 20)
    one = Demonstration(tuple(words.encode("the film")), (*words.encode("is good"), END))
    assert in_tokens(base.tokenizer(), words, one) == (ids("the film"), (*ids("is good"), base.tokenizer().end))


def test_a_file_is_known_by_its_content(base: BaseModel, tmp_path: Path) -> None:
    row = {"prompt": "it", "chosen": " good", "rejected": " bad"}
    first = OwnFile.of(write_lines(tmp_path / "a.jsonl", row))
    assert OwnFile.of(write_lines(tmp_path / "b.jsonl", row)) == first
    assert OwnFile.of(write_lines(tmp_path / "a.jsonl", row, row)) != first
    assert read_preferences(first, base)[0].chosen == (*ids("good"), base.tokenizer().end)
    with pytest.raises(UsageError, match=r"there is no file .*c\.jsonl"):
        OwnFile.of(tmp_path / "c.jsonl")


def test_memory_is_refused_by_hand(base: BaseModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two blocks of inputs + outputs 232; 20 copies of adapters of rank 2, twice the activations of 4 x 3 texts of 5."""
    needed = 4 * 2 * 232 * (20 * 2 * 4 + 2 * 4 * 3 * 5)
    monkeypatch.setattr(BaseModel, "load", lambda self, device="cpu": pytest.fail("loaded"))
    for free, fits in ((needed, True), (needed - 1, False)):
        monkeypatch.setattr(adapter_memory, "free_memory", lambda free=free: free)
        if fits:
            check_room(base, Fitting(rank=2, batch=3), 4, 5, "cpu")
            continue
        with pytest.raises(UsageError, match="4 members with 3 texts of 5 tokens each need"):
            check_room(base, Fitting(rank=2, batch=3), 4, 5, "cpu")
