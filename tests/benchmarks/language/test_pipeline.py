"""A pipeline makes each artefact once, and gives each seed demonstrations, pairs and a reward model of its own."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
import torch

from algorithms.language.adapters import Fitting
from algorithms.language.pretraining import Pretraining
from algorithms.language.stage import StageProgress, finish
from benchmarks.language.artefacts import ArtefactStore
from benchmarks.language.bases import Models, OwnModel, make_model
from benchmarks.language.pipeline import Prepared, prepare
from benchmarks.language.pipeline_plan import Pipeline
from envs.language.data.words import END
from envs.language.models.decoder import DecoderConfig

SHAPE = DecoderConfig(vocabulary=64, width=16, layers=1, heads=2, key_value_heads=2, head_width=8, inner=32, end=END)
FIT = Fitting(rank=2, passes=1)
SMALL = Pipeline(seeds=2, demonstrations=6, candidates=2, pairs=12, held_out=8, prompts=4, pool=8, samples=2, longest=6,
                 sft=FIT, reward=FIT)  # fmt: skip


@cache
def made() -> tuple[ArtefactStore, Models, OwnModel]:
    """A store with tiny models of a corpus of our own."""
    folder = Path(mkdtemp())
    nouns, words = ("film", "plot", "story", "cast", "music"), ("good", "great", "bad", "dull", "fine", "poor")
    text = "\n\n".join(
        f"The {nouns[i % 5]} was {words[i % 6]} and the {nouns[i // 5 % 5]} was {words[i // 3 % 6]} but the "
        f"{nouns[i // 7 % 5]} is {words[i // 2 % 6]} and {words[i // 11 % 6]}."
        if i % 2
        else f"{nouns[i % 5]} and {nouns[i // 5 % 5]} {('was', 'is')[i // 2 % 2]} {words[i % 6]} but "
        f"{words[i // 4 % 6]} so it is fine."
        for i in range(900)
    )
    (folder / "corpus.txt").write_text(text, encoding="utf-8")
    source = replace(
        OwnModel.of("base", folder / "corpus.txt"), shape=SHAPE, training=Pretraining(passes=0.2, batch=256)
    )
    store = ArtefactStore(folder)
    return (
        store,
        Models(finish(make_model(store, source)), finish(make_model(store, replace(source, part="judge")))),
        source,
    )


def events(pipeline: Pipeline) -> tuple[list[StageProgress], Prepared]:
    store, models, source = made()
    stage, found = prepare(pipeline, store, models, source), []
    while True:
        try:
            found.append(next(stage))
        except StopIteration as stop:
            return found, stop.value


def test_nothing_is_made_twice() -> None:
    _, first = events(SMALL)
    again, second = events(SMALL)
    assert second == first
    assert not [e for e in again if e.total]


def test_interrupted_anywhere_it_ends_with_the_same_files() -> None:
    _, models, source = made()
    _, whole = events(replace(SMALL, prompts=5))
    other = ArtefactStore(Path(mkdtemp()))
    for stop in (1, 3, 5, 8):  # within stages and between them
        stage = prepare(replace(SMALL, prompts=5), other, models, source)
        for _ in range(stop):
            next(stage)
        stage.close()
    ended = finish(prepare(replace(SMALL, prompts=5), other, models, source))
    assert (ended.sft, ended.reward, ended.samples) == (whole.sft, whole.reward, whole.samples)


def test_each_seed_has_a_pipeline_of_its_own() -> None:
    _, found = events(SMALL)
    base = made()[1].base
    both = found.sft.load((0, 1), base)
    assert all(not torch.equal(x[0], x[1]) for x in both.up.values())
    _, alone = events(replace(SMALL, seeds=1))
    of_first = alone.sft.load((0,), base)
    for name, x in of_first.up.items():
        torch.testing.assert_close(x[0], both.up[name][0], atol=1e-6, rtol=1e-4)
    assert len(set(found.openings)) == SMALL.prompts


def test_wrong_numbers() -> None:
    with pytest.raises(ValueError, match="pairs must be at least 1, not 0"):
        Pipeline(pairs=0)
