"""Experiments whose tasks are made from models on disk: a base, and a judge of fluency."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass

from algorithms.language.stage import StageProgress
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.own.model_flags import OWN_MODEL
from benchmarks.language.artefacts import ArtefactStore
from benchmarks.language.bases import KINDS, Models, OwnModel
from benchmarks.language.own_pipeline import OwnData
from envs.api import Task

MakeTasks = Callable[[ArtefactStore, Models, int, OwnData], Generator[StageProgress, None, tuple[Task, ...]]]
TEXT_MEASURES = (
    "reward", "gold", "kl", "win_rate", "held_out", "sentiment", "nll", "flagged", "gap", "answered", "true", "ood",
    "gold elsewhere", "length", "length_right", "length_wrong", "cut", "entropy", "distinct_2", "equal_groups",
)  # fmt: skip


@dataclass(frozen=True)
class LanguageExperiment(ComparisonExperiment):
    """A comparison on language models.

    tasks       their names, which are known without any model
    build_tasks makes them from the models, in the order of the names
    plain       those of the tasks that no model is part of
    models      what the base and the judge's model are made of
    pipeline    makes the tasks instead, with what is trained before them for so many seeds on what a user brings; yields
                progress
    """

    plain: tuple[Task, ...] = ()
    build_tasks: Callable[[Models], tuple[Task, ...]] = lambda models: ()
    models: tuple[OwnModel, ...] = tuple(OwnModel(kind) for kind in KINDS)
    text_measures: tuple[str, ...] = TEXT_MEASURES
    pipeline: MakeTasks | None = None

    def unsupported(self) -> Mapping[str, str]:
        taken = OWN_MODEL if self.pipeline is not None else ("base",)
        own = dict.fromkeys(OWN_MODEL, "whose texts and labels are its own; rlhf takes it")
        reasons = {**super().unsupported(), **own}
        return {flag: reason for flag, reason in reasons.items() if flag not in taken}
