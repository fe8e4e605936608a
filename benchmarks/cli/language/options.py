"""What the stages of a language model have in common on the command line: flags, checks, and what is said at the end."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

from algorithms.language.adapters import Fitting
from algorithms.language.stage import StageProgress
from benchmarks.cli.engine_flags import check_device
from benchmarks.cli.options import RESULTS, check_positive
from benchmarks.execution.display.stages import watch
from benchmarks.execution.provenance import provenance
from benchmarks.language.artefacts import Artefact, ArtefactStore
from benchmarks.language.bases import OwnModel, make_model
from benchmarks.language.own_stages import adapters_in
from benchmarks.language.pipeline_plan import Judges
from benchmarks.validation.usage import check_folder
from envs.language.data.rewards import OwnJudge, OwnReward
from envs.language.family import TextJudge
from envs.language.models.adapter_file import AdapterFile, find_adapters
from envs.language.models.base import BaseModel, find_base
from envs.validation import UsageError


@dataclass(frozen=True)
class StageFlags:
    """Flags of every stage."""

    results: Path = RESULTS  # holds the folder models, where every stage leaves what it makes
    device: str = "cpu"  # cuda: on a GPU, where a base computes in bfloat16

    def store(self) -> ArtefactStore:
        """Where artefacts lie; UsageError for a device or a folder that cannot be used."""
        check_device(self.device)
        check_folder(self.results / "models", "--results")
        return ArtefactStore(self.results, provenance(self.device))


@dataclass(frozen=True)
class FittingFlags(StageFlags):
    """Flags of the stages that fit adapters: one member a seed, all at once."""

    seeds: int = 4  # members of the population, each with its own random numbers
    rank: int = 8  # rank of the adapters
    passes: int = 3  # over the texts
    batch: int = 16  # texts of a minibatch
    rate: float = 3e-3  # the largest learning rate
    held_out: float = 0.1  # share of the lines that nothing is fitted to: on them the result is measured

    def fitting(self) -> Fitting:
        """How adapters are fitted; UsageError for numbers that cannot be."""
        for name in ("seeds", "rank", "passes", "batch"):
            check_positive(name, getattr(self, name))
        if not self.rate > 0:
            raise UsageError(f"--rate must be greater than 0, not {self.rate}")
        if not 0 <= self.held_out <= 0.5:
            raise UsageError(f"--held-out must lie in [0, 0.5], not {self.held_out}")
        return Fitting(rank=self.rank, passes=self.passes, batch=self.batch, rate=self.rate)

    @property
    def members(self) -> tuple[int, ...]:
        """Their seeds."""
        return tuple(range(self.seeds))


def base_of(path: str) -> BaseModel:
    """The model of --base. UsageError, before it is loaded, if it is none, or its texts have no end."""
    base = find_base(path)
    _ = base.tokenizer().writable
    return base


def adapters_of(path: Path | None, flag: str, base: BaseModel, seeds: tuple[int, ...]) -> AdapterFile | None:
    """The adapters in a stage's folder. UsageError if they are of another base, or lack one of these seeds."""
    if path is None:
        return None
    found = find_adapters(adapters_in(path, flag))
    found.check(seeds, base)
    return found


def own_judge(reward: str | None) -> OwnJudge | None:
    """The judge of --reward module:FUNCTION; UsageError if it cannot be imported."""
    return None if reward is None else OwnJudge(OwnReward.of(reward))


def gold_judge(store: ArtefactStore, corpus: OwnModel) -> TextJudge:
    """The suite's judge, whose model is pretrained on its own part of the corpus if it has not been yet."""
    judge = OwnModel.of("judge", corpus.source)
    return Judges().gold(watch("pretraining the judge's model, once", make_model(store, judge)))


def done(title: str, making: Generator[StageProgress, None, Artefact], *following: str) -> Artefact:
    """Run a stage with its progress; print where the artefact lies, what it measured, and the commands that follow."""
    artefact = watch(title, making)
    print(artefact.path)
    for line in measured(artefact.measures):
        print(f"  {line}")
    folder = shlex.quote(str(artefact.path))
    for i, command in enumerate(following):
        print(f"{'or' if i else 'next'}: python -m benchmarks {command.replace('HERE', folder)}")
    sys.stdout.flush()
    return artefact


def measured(measures: Mapping[str, float]) -> list[str]:
    """A line a measure; those of several seeds, "name/seed", as their mean and range."""
    groups: dict[str, list[float]] = {}
    for name, value in measures.items():
        groups.setdefault(name.partition("/")[0], []).append(value)
    return [
        f"{name.replace('_', ' ')} {sum(values) / len(values):.4g}"
        + (f" ({min(values):.4g} to {max(values):.4g} over {len(values)} seeds)" if len(values) > 1 else "")
        for name, values in groups.items()
    ]
