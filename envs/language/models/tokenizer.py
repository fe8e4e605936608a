"""Text to tokens of a model and back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from envs.files.writing import write_text
from envs.language.models.files import LENGTH, require
from envs.validation import UnknownName, UsageError

NAME, SETTINGS = "tokenizer.json", "tokenizer_config.json"


class Tokenizer(Protocol):
    """What cuts texts into the tokens of a model."""

    @property
    def end(self) -> int | None:
        """The token that ends a text; None if it has none."""

    @property
    def start(self) -> tuple[int, ...]:
        """The tokens that the model expects before every text; none for most."""

    @property
    def words(self) -> tuple[str, ...]:
        """The text of each token [V]."""

    @property
    def digest(self) -> str:
        """Hash of everything that its tokens depend on."""

    def encode(self, text: str) -> list[int]:
        """The tokens of a text, without `start` and `end`."""

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of these tokens, without tokens such as `end` that stand for no text."""

    def single_tokens(self, words: Sequence[str]) -> tuple[int, ...]:
        """The one token of each word, as it stands within a text. UsageError naming those of several tokens."""

    def chat(self, messages: Sequence[Mapping[str, str]], reply: bool = True) -> str:
        """The text of a conversation of {"role", "content"}; with `reply`, up to where the assistant begins to speak.

        UsageError if it has no chat template.
        """


class FileTokenizer:
    """A `Tokenizer` of the package `tokenizers`.

    fast      a tokenizers.Tokenizer
    template  the chat template, in Jinja
    """

    def __init__(self, fast: Any, end: int | None, template: str | None = None) -> None:
        self.fast, self.end, self.template = fast, end, template

    @cached_property
    def start(self) -> tuple[int, ...]:
        return tuple(i for i in self.fast.encode("").ids if i != self.end)

    @cached_property
    def words(self) -> tuple[str, ...]:
        return tuple(self.fast.decode([i], skip_special_tokens=False) for i in range(self.fast.get_vocab_size()))

    @cached_property
    def special(self) -> frozenset[int]:
        """Tokens that stand for no text, such as those of padding, unknown words and the end."""
        added = {i for i, token in self.fast.get_added_tokens_decoder().items() if token.special}
        unknown = getattr(self.fast.model, "unk_token", None)
        return frozenset(added if unknown is None else added | {self.fast.token_to_id(unknown)})

    @cached_property
    def writable(self) -> tuple[int, ...]:
        """The tokens that a policy may write: all that stand for text, and the end. UsageError if there is no end token."""
        if self.end is None:
            raise UsageError("the tokenizer has no end token (eos_token), so no answer would ever end")
        return tuple(i for i in range(len(self.words)) if i == self.end or i not in self.special)

    @cached_property
    def digest(self) -> str:
        parts = json.dumps([self.fast.to_str(), self.end, self.template])
        return hashlib.sha256(parts.encode()).hexdigest()[:LENGTH]

    def encode(self, text: str) -> list[int]:
        return list(self.fast.encode(text, add_special_tokens=False).ids)

    def decode(self, tokens: Sequence[int]) -> str:
        return str(self.fast.decode(list(tokens)))

    def single_tokens(self, words: Sequence[str]) -> tuple[int, ...]:
        found, several = [], []
        for word in words:
            within, alone = self.encode(" " + word), self.encode(word)
            tokens = within if len(within) <= len(alone) else alone
            if self.words_of(tokens).strip() != word.strip():
                raise UnknownName("word of the tokenizer", word, (w.strip() for w in self.words if w.strip()))
            found.append(tokens[0])
            if len(tokens) > 1:
                several.append(f"{word!r} ({len(tokens)})")
        if several:
            raise UsageError(f"these words are of several tokens each, and a word must be one: {', '.join(several)}")
        return tuple(found)

    def words_of(self, tokens: Sequence[int]) -> str:
        """The text of these tokens with those that stand for no text, such as the unknown word."""
        return str(self.fast.decode(list(tokens), skip_special_tokens=False))

    def chat(self, messages: Sequence[Mapping[str, str]], reply: bool = True) -> str:
        if self.template is None:
            raise UsageError("the tokenizer has no chat template: give texts, not messages")
        utils = require("transformers.utils.chat_template_utils")
        names = {} if self.end is None else {"eos_token": self.fast.id_to_token(self.end)}
        names["bos_token"] = "".join(self.fast.id_to_token(i) for i in self.start)
        conversation = [dict(message) for message in messages]
        rendered, _ = utils.render_jinja_template(
            [conversation], chat_template=self.template, add_generation_prompt=reply, **names
        )
        return str(rendered[0])


def word_tokenizer(words: Sequence[str], end: str, unknown: str) -> FileTokenizer:
    """Token i is words[i]; a text is cut at spaces, and a word that is not among them is `unknown`."""
    for name in (end, unknown):
        if name not in words:
            raise UnknownName("word of the vocabulary", name, words)
    if len(set(words)) < len(words):
        raise UsageError(f"{len(words) - len(set(words))} words stand twice in the vocabulary")
    tokenizers = require("tokenizers")
    fast = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({word: i for i, word in enumerate(words)}, unk_token=unknown)
    )
    fast.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    fast.add_special_tokens([end, unknown])
    return FileTokenizer(fast, words.index(end))


def load_tokenizer(folder: Path, end: int | None) -> FileTokenizer:
    """The tokenizer in a folder of Hugging Face's; `end` is the token that ends the model's texts."""
    template = folder / "chat_template.jinja"
    written = json.loads((folder / SETTINGS).read_text()) if (folder / SETTINGS).is_file() else {}
    text = template.read_text() if template.is_file() else written.get("chat_template")
    if isinstance(text, list):  # several by name
        text = next((one["template"] for one in text if one["name"] == "default"), None)
    if (folder / NAME).is_file():
        return FileTokenizer(require("tokenizers").Tokenizer.from_file(str(folder / NAME)), end, text)
    transformers = require("transformers")
    try:
        slow = transformers.AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise UsageError(f"{folder} has no tokenizer that can be read: {str(error).splitlines()[0]}") from None
    if not hasattr(slow, "backend_tokenizer"):
        raise UsageError(f"the tokenizer in {folder} is not of the package tokenizers: save it as {NAME} first")
    return FileTokenizer(slow.backend_tokenizer, end, text)


def save_tokenizer(folder: Path, tokenizer: FileTokenizer) -> None:
    """tokenizer.json and tokenizer_config.json, for transformers.AutoTokenizer too."""
    settings: dict[str, Any] = {"tokenizer_class": "PreTrainedTokenizerFast"}
    if tokenizer.end is not None:
        settings["eos_token"] = settings["pad_token"] = tokenizer.fast.id_to_token(tokenizer.end)
    if (unknown := getattr(tokenizer.fast.model, "unk_token", None)) is not None:
        settings["unk_token"] = unknown
    if tokenizer.template is not None:
        settings["chat_template"] = tokenizer.template
    write_text(folder / SETTINGS, json.dumps(settings, indent=1))
    tokenizer.fast.save(str(folder / NAME))
