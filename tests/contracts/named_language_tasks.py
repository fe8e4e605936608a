"""The registered language tasks over tiny random models whose vocabulary has all words of the tasks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib import import_module
from itertools import product
from pathlib import Path
from tempfile import mkdtemp
from unittest.mock import patch

from envs.api import Task
from envs.language.data.corpus import Review
from envs.language.data.flags import words_of_lists
from envs.language.data.words import END, SPECIAL, Words
from envs.language.models.folder import save_base
from envs.language.models.tokenizer import load_tokenizer
from envs.language.named import FAMILIES, PACKAGE, language_names
from envs.language.tasks import domain
from envs.registry import module_names
from tests.language_models import TINY, tiny_decoder

ADJECTIVES = ("good", "bad", "fun", "dull", "new")
NAMES = sorted(name for name in language_names() if name.endswith("/small"))


def strings(value: object) -> Iterator[str]:
    """All strings in tuples and dictionaries."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (tuple, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from strings(part)


def reviews() -> list[Review]:
    """Three hundred of two sites, of which a tenth is held out, as always."""
    starts = product(("the", "this", "my"), ("young", "old", "first", "last", "best"), ("film", "actor", "role", "man"))
    texts = [f"{' '.join(start)} was {word} and {word} again" for start, word in product(starts, ADJECTIVES)]
    return [Review(text, i % 2, ("imdb", "rotten_tomatoes")[i % 2]) for i, text in enumerate(texts)]


@cache
def models() -> tuple[Path, Path]:
    """The folders of a base and of a judge, which know every word that a module of a task names in a constant."""
    constants = [vars(import_module(name)) for name in module_names(PACKAGE)]
    texts = [text for module in constants for key, value in module.items() if key.isupper() for text in strings(value)]
    found = {word for text in (*texts, *(r.text for r in reviews())) for word in text.split()} | words_of_lists()
    words = Words((*SPECIAL, *sorted(word for word in found if word.isalpha() or word == ".")))
    config, folders = replace(TINY, vocabulary=len(words), end=END), (Path(mkdtemp()), Path(mkdtemp()))
    for seed, folder in enumerate(folders):
        words.save(folder)
        save_base(folder, tiny_decoder(config, seed), load_tokenizer(folder, END))
        words.save(folder)  # in its own spelling
    return folders


@cache
def task(name: str) -> Task:
    """The task of a name; domain reads reviews of our own."""
    with patch.object(domain, "movie_reviews", reviews):
        made: Task = FAMILIES[name.partition("/")[0]].task(name, *models())
    return made
