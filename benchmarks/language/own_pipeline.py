"""The pipeline on a user's own model and data: what is not given is the suite's own."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from algorithms.language.preferences import sample_pairs
from algorithms.language.stage import Stage, StageProgress, Stream, streams
from benchmarks.language.artefacts import ArtefactStore, Product
from benchmarks.language.bases import Models, OwnModel
from benchmarks.language.own_data import (
    CorpusPart,
    OwnFile,
    Prompts,
    drawn_places,
    read_demonstrations,
    read_preferences,
    read_prompts,
)
from benchmarks.language.own_stages import FineTuning, RewardFitting, judge_of
from benchmarks.language.pipeline_plan import Pipeline
from benchmarks.language.pipeline_stages import Made, Maker
from benchmarks.language.products import pairs_product, read_adapters, read_rewards
from envs.language.data.jsonl import PREFERENCES, PROMPTS, read_lines
from envs.language.data.naive_bayes import HeldOutJudge
from envs.language.data.rewards import OwnJudge, OwnReward
from envs.language.models.adapter_file import AdapterFile
from envs.language.models.base import BaseModel
from envs.language.models.reward_model import RewardModel
from envs.seeding import Purpose

# files that a user may bring, and their columns; demonstrations have one of several formats
FILES: dict[str, tuple[str, ...]] = {"prompts": PROMPTS, "demonstrations": (), "preferences": PREFERENCES}
HELD_OUT = 0.1  # share of a user's lines that nothing is fitted to


@dataclass(frozen=True)
class OwnData:
    """What a user brings; None: the suite's own.

    base            the model                              prompts         of the task
    demonstrations  of supervised fine-tuning, the same for all seeds
    preferences     of the reward models, the same for all seeds; without them each seed's own texts are labelled
    reward          the judge in gold's place: it chooses demonstrations, labels pairs, and is what is measured as gold
    """

    base: BaseModel | None = None
    prompts: OwnFile | None = None
    demonstrations: OwnFile | None = None
    preferences: OwnFile | None = None
    reward: OwnReward | None = None

    def check(self, longest: int) -> None:
        """UsageError for files that the base cannot read, where it is the user's; it is not loaded. longest: of answers."""
        if self.base is None:  # the suite's may not have been made yet
            for name, columns in FILES.items():
                if columns and (file := getattr(self, name)) is not None:
                    read_lines(file.path, columns)
            return
        _ = self.base.tokenizer().writable
        if self.prompts is not None:
            read_prompts(self.prompts, self.base, longest)
        if self.demonstrations is not None:
            read_demonstrations(self.demonstrations, self.base)
        if self.preferences is not None:
            read_preferences(self.preferences, self.base)


class OwnMaker(Maker):
    """Makes the artefacts of a pipeline on a user's own model and data."""

    def __init__(
        self, pipeline: Pipeline, store: ArtefactStore, models: Models, source: OwnModel, data: OwnData
    ) -> None:
        super().__init__(pipeline, store, models, source)
        self.data = data
        if data.reward is not None:
            self.gold = OwnJudge(data.reward)

    def held_out(self) -> Generator[StageProgress, None, HeldOutJudge | None]:
        """None where the user has a judge: naive Bayes knows film reviews."""
        return None if self.data.reward is not None else (yield from super().held_out())

    def sft(self) -> Generator[StageProgress, None, AdapterFile]:
        """Adapters that imitate the user's demonstrations, or each seed's own from the corpus."""
        p, file = self.pipeline, self.data.demonstrations
        rows = None if file is None else read_demonstrations(file, self.base)
        data = file or CorpusPart(self.source.corpus, p.demonstrations, self.source, self.gold, p.candidates)
        yield StageProgress(0, 0, notice=f"supervised fine-tuning of {p.seeds} seeds")
        made = FineTuning(self.base, data, self.seeds, p.sft, HELD_OUT)
        return read_adapters((yield from made.make(self.store, rows, "cpu")))

    def pairs(self, sft: AdapterFile, purpose: Purpose, count: int) -> Generator[StageProgress, None, Any]:
        """Pairs of SFT's texts, labelled by gold; None where the user brings preferences."""
        if self.data.preferences is not None:
            return None
        p = self.pipeline

        def stage() -> Stage[Product]:
            pool = self._own_prompts if self.data.prompts is not None else self._corpus_prompts(p.pool)
            places = drawn_places(len(pool.tokens), streams(self.seeds, Stream.PAIRS, purpose=purpose), count)
            drawn = sample_pairs(
                self.base.load(), sft.load(self.seeds, self.base), *pool.padded(places), self.seeds,
                judge_of(self.gold, self.base, "cpu"), p.longest, p.judges.sharpness, purpose=purpose,
                tokens=torch.tensor(self.base.tokenizer().writable),
            )  # fmt: skip
            return (yield from pairs_product(drawn, self.seeds))

        yield StageProgress(0, 0, notice=f"labelling {count} pairs of texts a seed")
        settings = self._own(self.seeds, count, purpose.name, p.pool, p.longest, p.judges.sharpness, self.gold, sft)
        return (yield from self.store.make("pairs", settings, lambda state: stage()))

    def reward(self, pairs: Any, unseen: Any) -> Generator[StageProgress, None, tuple[RewardModel, Any]]:
        """A reward model of each seed, fitted to the user's preferences or to the seed's own pairs."""
        file = self.data.preferences
        if file is None:
            return (yield from super().reward(pairs, unseen))
        yield StageProgress(0, 0, notice=f"fitting {self.pipeline.seeds} reward models to {file.path.name}")
        made = RewardFitting(self.base, file, None, self.seeds, self.pipeline.reward, HELD_OUT)
        artefact = yield from made.make(self.store, read_preferences(file, self.base), "cpu")
        return read_rewards(artefact, self.base), artefact.measures

    def openings(self) -> tuple[tuple[int, ...], ...]:
        """The user's prompts, or the suite's."""
        return tuple(self._own_prompts.tokens)

    @cached_property
    def _own_prompts(self) -> Prompts:
        file = self.data.prompts
        if file is None:
            return self._corpus_prompts(self.pipeline.prompts)
        return read_prompts(file, self.base, self.pipeline.longest)

    def _corpus_prompts(self, count: int) -> Prompts:
        return CorpusPart(self.source.corpus, count, self.source).prompts(self.base)

    def _own(self, *settings: object) -> Made:
        """What an artefact depends on: the digests of the user's files too."""
        return self._made(*settings, self.data.prompts)
