"""The stages of a pipeline as artefacts, whose digests name everything that made them."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from algorithms.language.maximum_likelihood import finetune
from algorithms.language.preferences import Judge, sample_pairs
from algorithms.language.reward_model import Rewards, fit_rewards
from algorithms.language.samples import draw_samples
from algorithms.language.stage import Stage, StageProgress, Stream, streams
from algorithms.language.texts import Texts, make_texts
from algorithms.training.state import RunState
from benchmarks.language.artefacts import ArtefactStore, Product
from benchmarks.language.bases import Models, OwnModel
from benchmarks.language.pipeline_plan import Pipeline
from benchmarks.language.products import (
    adapters_product,
    pairs_product,
    read_adapters,
    read_pairs,
    read_rewards,
    read_samples,
    rewards_product,
    samples_product,
)
from envs.language.data.naive_bayes import HeldOutJudge, fit_naive_bayes, save_naive_bayes
from envs.language.data.prompts import draw_demonstrations, draw_prompts
from envs.language.data.words import END, Words, load_words
from envs.language.family import TextJudge
from envs.language.models.adapter_file import AdapterFile
from envs.language.models.base import BaseModel
from envs.language.models.files import digest_of
from envs.language.models.reward_model import RewardModel
from envs.language.samples import ReferenceSamples
from envs.language.tasks.review import Review
from envs.seeding import Purpose

HELD_OUT_FILE = "naive_bayes.json"
PROMPTS_SEED = 0  # of the prompts, which all seeds share


@dataclass(frozen=True)
class Made:
    """What an artefact depends on: the stage's numbers, and the digests of what it reads."""

    corpus: str
    settings: tuple[object, ...]
    reads: tuple[str, ...]


def judge_of(gold: TextJudge, base: BaseModel) -> Judge:
    """Gold [P, n] of texts in the base's tokens; a text without END was cut."""
    words = load_words(base.path)

    def score(texts: Texts) -> Tensor:
        rows = texts.rows
        read = [words.decode(row[real].tolist()) for row, real in zip(rows.tokens, rows.valid, strict=True)]
        ended = ((rows.tokens == END) & rows.scored).any(1).numpy()
        return torch.from_numpy(gold.score(read, ended)).view(texts.tokens.shape[:2])

    return score


class Maker:
    """Makes the artefacts of one pipeline."""

    def __init__(self, pipeline: Pipeline, store: ArtefactStore, models: Models, source: OwnModel) -> None:
        self.pipeline, self.store, self.source = pipeline, store, source
        self.base, self.seeds = models.base, tuple(range(pipeline.seeds))
        self.gold: TextJudge = pipeline.judges.gold(models.judge)

    @cached_property
    def words(self) -> Words:
        """The vocabulary of the base."""
        return load_words(self.base.path)

    def held_out(self) -> Generator[StageProgress, None, HeldOutJudge | None]:
        """Naive Bayes on the human labels of the judge's part of the corpus; None where a user's texts have no labels."""
        if self.source.source is not None:
            return None

        def stage() -> Stage[Product]:
            yield from ()
            corpus = self.source.texts().select("judge")
            judge = fit_naive_bayes(corpus.texts, corpus.labels.tolist())
            return Product(lambda folder: save_naive_bayes(folder / HELD_OUT_FILE, judge))

        yield _title("fitting the held-out judge")
        found = yield from self.store.make("held-out-judge", self._made(), lambda state: stage())
        path = found.path / HELD_OUT_FILE
        return HeldOutJudge(digest_of([path]), path.resolve())

    def sft(self) -> Generator[StageProgress, None, AdapterFile]:
        """Adapters that imitate each seed's own demonstrations."""
        p = self.pipeline

        def work(state: RunState | None) -> Stage[Product]:
            corpus = self.source.texts().select("base")
            drawn = [
                draw_demonstrations(corpus, self.words, self.gold.score, p.demonstrations, seed, p.candidates)
                for seed in self.seeds
            ]
            stage = finetune(self.base.load(), make_texts(drawn, END), self.seeds, p.sft, state=state)
            return adapters_product(stage, self.seeds, self.base)

        yield _title(f"supervised fine-tuning of {p.seeds} seeds on {p.demonstrations} demonstrations each")
        settings = self._made(self.seeds, p.demonstrations, p.candidates, p.sft, self.gold)
        return read_adapters((yield from self.store.make("sft", settings, work)))

    def pairs(self, sft: AdapterFile, purpose: Purpose, count: int) -> Generator[StageProgress, None, Any]:
        """The artefact of pairs of SFT's texts on prompts of each seed's own, labelled by gold."""
        p = self.pipeline

        def stage() -> Stage[Product]:
            pool = self._prompts().train
            rngs = streams(self.seeds, Stream.PAIRS, purpose=purpose)
            prompts = torch.from_numpy(np.stack([pool[rng.integers(len(pool), size=count)] for rng in rngs]))
            drawn = sample_pairs(
                self.base.load(), sft.load(self.seeds, self.base), prompts, torch.ones_like(prompts, dtype=torch.bool),
                self.seeds, judge_of(self.gold, self.base), p.longest, p.judges.sharpness, purpose=purpose,
                tokens=torch.tensor(self._review(sft, ((END + 1,),)).action_tokens), candidates=p.compared,
            )  # fmt: skip
            return (yield from pairs_product(drawn, self.seeds))

        what = "to fit" if purpose is Purpose.TRAIN else "to test"
        yield _title(f"labelling {count} pairs of texts a seed, {what} reward models")
        settings = self._made(
            self.seeds,
            count,
            p.compared,
            purpose.name,
            p.pool,
            p.prompts,
            p.longest,
            p.judges.sharpness,
            self.gold,
            sft,
        )
        return (yield from self.store.make("pairs", settings, lambda state: stage()))

    def reward(
        self, pairs: Any, unseen: Any
    ) -> Generator[StageProgress, None, tuple[RewardModel, Mapping[str, float]]]:
        """A reward model of each seed, with mean 0 and deviation 1 on the texts of its held-out pairs."""
        p = self.pipeline

        def stage(state: RunState | None) -> Stage[Rewards]:
            model, tested = self.base.load(), read_pairs(unseen)
            fitted = yield from fit_rewards(model, read_pairs(pairs), self.seeds, p.reward, tested, state=state)
            every = Texts(*(torch.cat(sides, 1) for sides in zip(tested.chosen, tested.rejected, strict=True)))
            return fitted.normalised(model, every, self.seeds)

        yield _title(f"fitting {p.seeds} reward models")
        settings = self._made(self.seeds, p.reward, pairs.digest, unseen.digest)
        made = yield from self.store.make(
            "reward", settings, lambda state: rewards_product(stage(state), self.seeds, self.base)
        )
        return read_rewards(made, self.base), made.measures

    def samples(self, sft: AdapterFile, openings: tuple[Any, ...]) -> Generator[StageProgress, None, ReferenceSamples]:
        """Texts of SFT on the task's prompts."""
        p, task = self.pipeline, self._review(sft, openings)
        yield _title(f"writing {p.samples} texts of SFT on each of {len(openings)} prompts, for each seed")
        made = yield from self.store.make(
            "samples",
            self._made(self.seeds, p.samples, task),
            lambda state: samples_product(draw_samples(task, self.seeds, p.samples)),
        )
        return read_samples(made)

    def openings(self) -> tuple[tuple[int, ...], ...]:
        """The prompts of the task; no pair has one of them."""
        return tuple(tuple(row) for row in self._prompts().test.tolist())

    def _prompts(self) -> Any:
        corpus = self.source.texts().select("held_out")
        return draw_prompts(corpus, self.words, self.pipeline.pool, self.pipeline.prompts, PROMPTS_SEED)

    def _review(self, sft: AdapterFile, openings: tuple[Any, ...]) -> Review:
        return Review(
            model=self.base, gold_judge=self.gold, openings=openings, judge="gold", longest=self.pipeline.longest,
            reference_adapters=sft,
        )  # fmt: skip

    def _made(self, *settings: object) -> Made:
        return Made(self.source.corpus, settings, (self.base.digest,))


def _title(text: str) -> StageProgress:
    return StageProgress(0, 0, notice=text)
