"""What sampled pairs become in a file: answers as they follow their prompt, without pairs that teach nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from algorithms.language.preferences import Pairs
from algorithms.language.texts import make_texts
from benchmarks.language.own_data import Prompts
from benchmarks.language.own_stages import pairs_of, preference_rows
from envs.language.data.examples import Preference
from tests.language_models import WORDS, tiny_base

END = 0


def ids(text: str) -> tuple[int, ...]:
    return tuple(WORDS.index(word) for word in text.split())


def rows(folder: Path, written: Any) -> list[dict[str, Any]]:
    """Of two members: the answers good and bad, fine and fine, bad and none; dull and good, not good and bad, a and the."""
    answers = [[("good", "bad"), ("fine", "fine"), ("bad", "")], [("dull", "good"), ("not good", "bad"), ("a", "the")]]
    prompts = Prompts([written, "it"], [ids("the film"), ids("it")])
    places = [[0, 1, 0], [1, 0, 1]]

    def side(k: int) -> Any:
        members = [
            [(prompts.tokens[i], (*ids(pair[k]), END)) for i, pair in zip(own, place, strict=True)]
            for own, place in zip(places, answers, strict=True)
        ]
        return make_texts(members, END)

    return preference_rows(tiny_base(folder), Pairs(side(0), side(1)), prompts, places)


def test_equal_and_empty_answers_are_left_out(tmp_path: Path) -> None:
    assert rows(tmp_path, "The film") == [
        {"prompt": "The film", "chosen": " good", "rejected": " bad"},
        {"prompt": "it", "chosen": " dull", "rejected": " good"},
        {"prompt": "The film", "chosen": " not good", "rejected": " bad"},
        {"prompt": "it", "chosen": " a", "rejected": " the"},
    ]


def test_an_answer_to_a_conversation_is_the_assistants(tmp_path: Path) -> None:
    asked = [{"role": "user", "content": "the film"}]
    first = rows(tmp_path, asked)[0]
    assert first["prompt"] == asked
    assert first["chosen"] == [{"role": "assistant", "content": "good"}]


def test_all_members_have_the_pairs_of_a_file() -> None:
    pairs = pairs_of([Preference((5, 6), (7, END), (8, 9, END))], 2, END, "cpu")
    assert pairs is not None
    assert pairs.chosen.tokens.tolist() == [[[5, 6, 7, END]]] * 2
    assert pairs.rejected.tokens.tolist() == [[[5, 6, 8, 9, END]]] * 2
    assert pairs_of([], 2, END, "cpu") is None
