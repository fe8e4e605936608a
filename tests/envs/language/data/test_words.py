"""The tokenizer: by hand, and against `tokenizers` and transformers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from envs.language.data.words import END, PAD, PATTERN, UNKNOWN, Words, build_words, join, load_words, split
from envs.validation import UnknownName, UsageError

TEXTS = (
    "I don't think it's well-made, but they're fine.",
    "we can't; you won't! isn't it?",
    "he'd say: 10/10 (i mean 5%)...",
    "the film of the year. the film's end . . .",
    'a "great" film, "bad" too',
    "o'brien's rock'n'roll don'ts",
)
HARD = (
    *TEXTS,
    "Ünïcode \u0130\u03a3 \u03a3. na\u00efve \u2028 caf\u00e9\u00a0x \u65e5\u672c \U0001f600",
    "tabs\tand\nlines\r\n  spaces  ",
    "<end> the<pad>the <unk> <END> < end >",
    "",
    "'sad' n't ain'n't ....'ll''s \x1c\x0b",
)
WORDS = build_words(TEXTS, 40)


def test_a_text_is_cut_into_words_signs_and_endings() -> None:
    assert split("I don't, it's") == ["i", "do", "n't", ",", "it", "'s"]
    assert split("i'm we're i've he'll she'd") == ["i", "'m", "we", "'re", "i", "'ve", "he", "'ll", "she", "'d"]
    assert split("can't won't 10/10...") == ["ca", "n't", "wo", "n't", "10", "/", "10", "..."]


def test_a_text_is_put_together_as_english_writes_it() -> None:
    for text in TEXTS[:3]:
        assert join(split(text)) == text.lower()
    assert join(split(TEXTS[4])) == TEXTS[4]


@pytest.mark.parametrize("text", TEXTS)
def test_the_words_of_a_text_that_was_put_together_are_the_same(text: str) -> None:
    assert split(join(split(text))) == split(text)


def test_the_commonest_words_come_first_and_the_alphabet_decides_between_equals() -> None:
    words = build_words(["d c c c a", "a a b"], 6)
    assert words.words == ("<pad>", "<unk>", "<end>", "a", "c", "b")


def test_tokens_are_places_in_the_list_and_other_words_are_unknown() -> None:
    words = Words(("<pad>", "<unk>", "<end>", "the", "film", "n't", "is", "."))
    assert words.encode("The film isn't new.") == [3, 4, 6, 5, UNKNOWN, 7]
    assert words.encode("the<end> film") == [3, END, 4]
    assert words.decode([PAD, 3, 4, 6, 5, UNKNOWN, 7, END, 3]) == "the film isn't <unk>."


def test_tokenizers_reads_the_file_and_encodes_every_text_alike(tmp_path: Path) -> None:
    theirs = Tokenizer.from_file(str(WORDS.save(tmp_path)))
    assert theirs.get_vocab_size() == len(WORDS) == 40
    for text in HARD:
        assert theirs.encode(text, add_special_tokens=False).ids == WORDS.encode(text), text
    assert theirs.decode(WORDS.encode("i don't, it's fine.")) == "i don't, it's fine."


def test_transformers_knows_the_special_tokens(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    WORDS.save(tmp_path)
    theirs = transformers.PreTrainedTokenizerFast.from_pretrained(tmp_path, local_files_only=True)
    assert (theirs.pad_token_id, theirs.unk_token_id, theirs.eos_token_id) == (PAD, UNKNOWN, END)
    assert [theirs.encode(text) for text in HARD] == WORDS.encode_all(HARD)


def test_what_was_saved_is_read(tmp_path: Path) -> None:
    WORDS.save(tmp_path)
    assert load_words(tmp_path) == WORDS
    assert load_words(tmp_path).digest == WORDS.digest != build_words(TEXTS, 39).digest


def test_a_tokenizer_of_another_kind_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has no tokenizer\.json"):
        load_words(tmp_path)
    with pytest.raises(UsageError, match=r"there is no model at .*gone"):
        load_words(tmp_path / "gone")
    content = json.loads(WORDS.to_json())
    content["pre_tokenizer"]["pattern"]["Regex"] = PATTERN.replace("0-9", "")
    for wrong in (json.dumps(content), "{}", "no json"):
        (tmp_path / "tokenizer.json").write_text(wrong)
        with pytest.raises(UsageError, match="no tokenizer of whole words"):
            load_words(tmp_path)


def test_bad_vocabularies_are_rejected() -> None:
    with pytest.raises(UsageError, match="begins with <pad>, <unk>, <end>, not a"):
        Words(("a",))
    with pytest.raises(UsageError, match="'a' twice"):
        Words(("<pad>", "<unk>", "<end>", "a", "a"))
    with pytest.raises(UsageError, match="not 3 in all"):
        build_words(TEXTS, 3)
    with pytest.raises(UsageError, match="no words"):
        build_words([" "])
    with pytest.raises(UnknownName, match=r"'filn'; nearest: .*film"):
        WORDS.token("filn")
    assert WORDS.token("film") == WORDS.words.index("film")
