"""Text to tokens and back."""

from __future__ import annotations

from pathlib import Path

import pytest

from envs.language.models.files import require
from envs.language.models.tokenizer import FileTokenizer, load_tokenizer, save_tokenizer, word_tokenizer
from envs.validation import UnknownName, UsageError
from tests.language_models import END, UNKNOWN, WORDS, tiny_tokenizer


def byte_pairs() -> FileTokenizer:
    """A small byte-level tokenizer, as GPT-2's, in which " good" is one token and " bad" is not."""
    parts = require("tokenizers")
    alphabet = sorted(parts.pre_tokenizers.ByteLevel.alphabet())
    merges = [("Ġ", "g"), ("o", "o"), ("Ġg", "oo"), ("Ġgoo", "d")]
    vocabulary = ["<end>", *alphabet, *("".join(pair) for pair in merges)]
    fast = parts.Tokenizer(parts.models.BPE({token: i for i, token in enumerate(vocabulary)}, merges))
    fast.pre_tokenizer = parts.pre_tokenizers.ByteLevel(add_prefix_space=False)
    fast.decoder = parts.decoders.ByteLevel()
    fast.add_special_tokens(["<end>"])
    return FileTokenizer(fast, 0)


def test_words_are_tokens() -> None:
    tokenizer = tiny_tokenizer()
    assert tokenizer.words == WORDS
    assert (tokenizer.end, tokenizer.start) == (0, ())
    assert tokenizer.encode("the film was  xyz good <end>") == [2, 4, 5, 1, 8, 0]
    assert tokenizer.decode([2, 4, 0]) == "the film"
    assert tokenizer.single_tokens(["good", "bad"]) == (8, 9)
    with pytest.raises(UnknownName, match="unknown word of the tokenizer 'goood'; nearest: good"):
        tokenizer.single_tokens(["bad", "goood"])


def test_words_of_several_tokens_are_named() -> None:
    tokenizer = byte_pairs()
    assert tokenizer.words[-1] == " good"
    assert tokenizer.decode(tokenizer.encode("the good, naïve 日本")) == "the good, naïve 日本"
    assert tokenizer.single_tokens(["good", "g"]) == (len(tokenizer.words) - 1, len(tokenizer.words) - 4)
    with pytest.raises(UsageError, match=r"several tokens each, and a word must be one: 'bad' \(3\), 'oho' \(3\)"):
        tokenizer.single_tokens(["bad", "good", "oho"])


def test_a_vocabulary_must_hold_its_end_and_no_word_twice() -> None:
    with pytest.raises(UnknownName, match="'<stop>'"):
        word_tokenizer(WORDS, "<stop>", UNKNOWN)
    with pytest.raises(UsageError, match="1 words stand twice"):
        word_tokenizer((*WORDS, "the"), END, UNKNOWN)


def test_what_the_model_expects_before_a_text_is_found() -> None:
    tokenizer = byte_pairs()
    parts = require("tokenizers")
    tokenizer.fast.add_special_tokens(["<start>"])
    first = tokenizer.fast.token_to_id("<start>")
    tokenizer.fast.post_processor = parts.processors.TemplateProcessing(
        single="<start> $A <end>", special_tokens=[("<start>", first), ("<end>", 0)]
    )
    assert tokenizer.start == (first,)
    assert tokenizer.encode("go") == [tokenizer.words.index("g"), tokenizer.words.index("o")]


def test_a_chat_is_written_by_the_template(tmp_path: Path) -> None:
    messages = [{"role": "user", "content": "good ?"}]
    with pytest.raises(UsageError, match="no chat template"):
        tiny_tokenizer().chat(messages)
    template = "{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}{% endfor %}"
    template += "{% if add_generation_prompt %}assistant:{% endif %}"
    saved = FileTokenizer(tiny_tokenizer().fast, 0, template)
    save_tokenizer(tmp_path, saved)
    loaded = load_tokenizer(tmp_path, 0)
    assert loaded.digest == saved.digest != tiny_tokenizer().digest
    assert loaded.chat(messages) == "user: good ?<end>assistant:"
    assert loaded.chat(messages, reply=False) == "user: good ?<end>"
    theirs = require("transformers").AutoTokenizer.from_pretrained(tmp_path)
    assert theirs.apply_chat_template(messages, tokenize=False, add_generation_prompt=True) == loaded.chat(messages)


def test_a_folder_without_a_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no tokenizer that can be read"):
        load_tokenizer(tmp_path, 0)
