"""A tokenizer of whole words and signs, which `tokenizers` and transformers read from its tokenizer.json.

A text is lower-cased and cut into words, signs, and the endings n't, 's, 're, 've, 'll, 'd and 'm ("don't" is "do", "n't").
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from envs.files.writing import write_text
from envs.validation import UnknownName, UsageError

PAD, UNKNOWN, END = 0, 1, 2
SPECIAL = ("<pad>", "<unk>", "<end>")
# Only ASCII classes: \w, \s and \b mean other things in other engines
PATTERN = (
    r"[a-z0-9]+?(?=n't(?![a-z0-9]))|n't(?![a-z0-9])|'(?:s|re|ve|ll|d|m)(?![a-z0-9])|[a-z0-9]+|\.\.\.|[^a-z0-9 \t\n\r]"
)
_WORD = re.compile(PATTERN)
_SPECIAL = re.compile("|".join(SPECIAL))
_ENDINGS = ("n't", "'s", "'re", "'ve", "'ll", "'d", "'m")
_NO_SPACE_BEFORE = frozenset((*_ENDINGS, *".,!?;:%)-/'", "..."))
_NO_SPACE_AFTER = frozenset("($-/'")
FILE = "tokenizer.json"


def lower(text: str) -> str:
    """Each character in lower case by itself, as `tokenizers` does it (str.lower looks at a sigma's neighbours)."""
    return text.lower() if text.isascii() else "".join(map(str.lower, text))


def split(text: str) -> list[str]:
    """The words and signs of a text."""
    return _WORD.findall(lower(text))


def join(words: Iterable[str]) -> str:
    """The text of words and signs, in which `split` finds them again if no apostrophe stands outside a word.

    Every second quotation mark closes.
    """
    parts: list[str] = []
    quoted, space = False, False
    for word in words:
        closes = word == '"' and quoted
        if space and not closes and word not in _NO_SPACE_BEFORE:
            parts.append(" ")
        if word == "." and parts and parts[-1] == ".":  # else three of them would be read as one sign
            parts.append(" ")
        parts.append(word)
        if word == '"':
            quoted = not quoted
        space = word not in _NO_SPACE_AFTER and not (word == '"' and quoted)
    return "".join(parts)


@dataclass(frozen=True)
class Words:
    """Token i is words[i]; the first are <pad>, <unk> (every word that is not among them) and <end> (of a text)."""

    words: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.words[: len(SPECIAL)] != SPECIAL:
            raise UsageError(f"a vocabulary begins with {', '.join(SPECIAL)}, not {', '.join(self.words[:3])}")
        if len(set(self.words)) < len(self.words):
            twice = next(word for word, n in Counter(self.words).items() if n > 1)
            raise UsageError(f"the vocabulary has {twice!r} twice")

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def index(self) -> dict[str, int]:
        """The token of each word."""
        return {word: i for i, word in enumerate(self.words)}

    @cached_property
    def digest(self) -> str:
        """Hash of its tokenizer.json."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:16]

    @cached_property
    def _tokens_of_chunk(self) -> dict[str, list[int]]:
        return {}  # no token crosses a space, and few chunks between spaces are seen once only

    def encode(self, text: str) -> list[int]:
        """The tokens of a text, without an end token unless the text contains one as a word."""
        if "<" not in text:
            return self._encode_plain(text)
        tokens: list[int] = []
        start = 0
        for found in _SPECIAL.finditer(text):
            tokens += [*self._encode_plain(text[start : found.start()]), self.index[found.group()]]
            start = found.end()
        return tokens + self._encode_plain(text[start:])

    def _encode_plain(self, text: str) -> list[int]:
        known, tokens = self._tokens_of_chunk, list[int]()
        for chunk in lower(text).split(" "):
            found = known.get(chunk)
            if found is None:
                index = self.index
                known[chunk] = found = [index.get(word, UNKNOWN) for word in _WORD.findall(chunk)]
            tokens += found
        return tokens

    def encode_all(self, texts: Iterable[str]) -> list[list[int]]:
        """The tokens of each text."""
        return [self.encode(text) for text in texts]

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens up to the first <end>, with spaces where English has them; <pad> is left out."""
        words = []
        for token in tokens:
            if token == END:
                break
            if token != PAD:
                words.append(self.words[token])
        return join(words)

    def token(self, word: str) -> int:
        """The token of a word; UnknownName with the nearest words if it is not in the vocabulary."""
        if word not in self.index:
            raise UnknownName("word of the vocabulary", word, self.words)
        return self.index[word]

    def to_json(self) -> str:
        """tokenizer.json in the format of `tokenizers`."""
        special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
        return json.dumps(
            {
                "version": "1.0",
                "truncation": None,
                "padding": None,
                "added_tokens": [{"id": i, "content": word, **special} for i, word in enumerate(SPECIAL)],
                "normalizer": {"type": "Lowercase"},
                "pre_tokenizer": {
                    "type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Removed", "invert": True,
                },
                "post_processor": None,
                "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},  # puts signs next to words
                "model": {"type": "WordLevel", "vocab": self.index, "unk_token": SPECIAL[UNKNOWN]},
            },
            ensure_ascii=False,
            indent=1,
        )  # fmt: skip

    def save(self, folder: Path) -> Path:
        """Write tokenizer.json, and the tokenizer_config.json by which transformers knows pad, unk and end."""
        names = dict(zip(("pad_token", "unk_token", "eos_token"), SPECIAL, strict=True))
        config = {"tokenizer_class": "PreTrainedTokenizerFast", **names}
        write_text(folder / "tokenizer_config.json", json.dumps(config, indent=1))
        path = folder / FILE
        write_text(path, self.to_json())
        return path


def load_words(folder: Path) -> Words:
    """The tokenizer that `Words.save` wrote; UsageError if the file is missing or is a tokenizer of another kind."""
    path = folder / FILE
    if not path.is_file():
        raise UsageError(f"{folder} has no {FILE}" if folder.is_dir() else f"there is no model at {folder}")
    content = path.read_text(encoding="utf-8")
    try:
        vocabulary = json.loads(content)["model"]["vocab"]
        words = Words(tuple(sorted(vocabulary, key=vocabulary.__getitem__)))
        same = words.to_json() == content
    except (ValueError, KeyError, TypeError, AttributeError):
        same = False
    if not same:
        raise UsageError(f"{path} is no tokenizer of whole words that this suite wrote")
    return words


def build_words(texts: Iterable[str], size: int = 1024) -> Words:
    """The `size` - 3 commonest words and signs of texts; among equally common ones the alphabet decides."""
    if size <= len(SPECIAL):
        raise UsageError(f"a vocabulary needs more than its {len(SPECIAL)} special tokens, not {size} in all")
    chunks: Counter[str] = Counter()
    for text in texts:
        chunks.update(lower(text).split(" "))
    counts: Counter[str] = Counter()
    for chunk, n in chunks.items():
        for word in _WORD.findall(chunk):
            counts[word] += n
    if not counts:
        raise UsageError("there are no words to make a vocabulary of")
    commonest = sorted(counts, key=lambda word: (-counts[word], word))
    return Words((*SPECIAL, *commonest[: size - len(SPECIAL)]))
