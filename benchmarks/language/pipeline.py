"""From a base to reward models, for several seeds at once: each seed is a pipeline of its own, and only the base is shared.

demonstrations -> supervised fine-tuning (SFT) -> pairs of SFT's texts, labelled by gold -> reward model -> samples of SFT
(Ouyang et al. 2022, figure 2). Each stage is an artefact whose digest names everything that made it.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, NamedTuple

from algorithms.language.stage import StageProgress
from benchmarks.language.artefacts import ArtefactStore
from benchmarks.language.bases import Models, OwnModel
from benchmarks.language.own_pipeline import OwnData, OwnMaker
from benchmarks.language.pipeline_plan import Pipeline
from benchmarks.language.pipeline_stages import Maker
from envs.language.data.naive_bayes import HeldOutJudge
from envs.language.family import TextJudge
from envs.language.models.adapter_file import AdapterFile
from envs.language.models.reward_model import RewardModel
from envs.language.samples import ReferenceSamples
from envs.seeding import Purpose

NOTHING = OwnData()


class Prepared(NamedTuple):
    """What a pipeline has made: parts of a Review, and the accuracy of each seed's reward model on held-out pairs."""

    gold: TextJudge
    openings: tuple[tuple[int, ...], ...]
    sft: AdapterFile
    reward: RewardModel
    held_out: HeldOutJudge | None
    samples: ReferenceSamples
    accuracy: Mapping[str, float]

    def knobs(self) -> dict[str, Any]:
        """The knobs of a review_task that are files."""
        return {
            "reference_adapters": self.sft, "reward_model": self.reward, "held_out": self.held_out, "samples": self.samples,
            "accuracy": tuple((int(name.rpartition("/")[2]), value) for name, value in self.accuracy.items()),
        }  # fmt: skip


def prepare(
    pipeline: Pipeline, store: ArtefactStore, models: Models, source: OwnModel, own: OwnData = NOTHING
) -> Generator[StageProgress, None, Prepared]:
    """Make what is missing, and yield progress. source: of the suite's base, and so its corpus; own: a user's in its place.

    A second process may do the same; a killed one goes on where it was.
    """
    made = Maker(pipeline, store, models, source) if own == NOTHING else OwnMaker(pipeline, store, models, source, own)
    held_out = yield from made.held_out()
    sft = yield from made.sft()
    pairs = yield from made.pairs(sft, Purpose.TRAIN, pipeline.pairs)
    unseen = yield from made.pairs(sft, Purpose.TEST, pipeline.held_out)
    reward, accuracy = yield from made.reward(pairs, unseen)
    openings = made.openings()
    samples = yield from made.samples(sft, openings)
    return Prepared(made.gold, openings, sft, reward, held_out, samples, accuracy)
