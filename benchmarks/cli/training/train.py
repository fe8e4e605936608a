"""Train a variant on a task and watch it learn, or two to four side by side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import tyro

from algorithms.algorithm import Algorithm
from algorithms.composition import Processes
from benchmarks.cli.engine_flags import check_device
from benchmarks.cli.lookup import split
from benchmarks.cli.options import (
    LOGS,
    RESULTS,
    check_outputs,
    check_positive,
    live_logs,
    policies_folder,
    say_normalised,
)
from benchmarks.cli.training.learning_curve import train_and_show
from benchmarks.cli.training.side_by_side import MOST, train_side_by_side
from benchmarks.design.cell import Cell
from benchmarks.design.cells import single_cells
from benchmarks.design.lookup import find_task, find_variants
from benchmarks.design.own.arguments import parse_env_kwargs
from benchmarks.design.scales import ScaleFlags
from benchmarks.execution.floors import with_floors
from benchmarks.execution.rehearsal import rehearse
from benchmarks.validation.usage import user_errors
from envs.api import Task
from envs.validation import UsageError


@dataclass(frozen=True)
class Train:
    """The flags of `train`."""

    task: str  # a name, module:CLASS, module:TASK or gymnasium:ID
    variant: str | None = None  # one variant
    variants: str | None = None  # x,y: two to four on the same seeds, side by side; the first is the one to beat
    seeds: int = 10  # members of the population
    env_steps: int | None = None  # budget of one member; the task's own where it is not given
    set: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()  # estimator.credit.lam=.9, training.discount=1
    actors: int | None = None  # so many processes act while this one learns: faster, but no two runs are the same
    hogwild: bool = False  # with --actors: they share parameters instead, and there is no learner
    results: Path = RESULTS  # holds the folder train
    device: str = "cpu"  # cpu or cuda
    log: str | None = None  # tensorboard, trackio or wandb, or several as a,b: each member's curve while it is trained
    log_folder: Path = LOGS  # where --log writes
    save_policies: bool = False  # keep what the members have learned, a file each under results/train/policies
    # your environment: an argument of its constructor, as size=5; max_episode_steps=500 sets the time limit
    env_kwargs: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    floor: float | None = None  # your task: the return with score 0; measured where it is not given
    ceiling: float | None = None  # your task: the return with score 1; without it scores are returns
    threshold: float | None = None  # your task: the return that counts as solved

    def __call__(self) -> int:
        for name in ("seeds", "env_steps", "actors"):
            check_positive(name.replace("_", "-"), getattr(self, name))
        if (self.variant is None) == (self.variants is None):
            raise UsageError("train takes --variant NAME or --variants A,B, one of the two")
        names = [self.variant] if self.variant is not None else split(str(self.variants))
        if len(names) > MOST:
            raise UsageError(f"train shows {MOST} variants at most, not {len(names)}; run compares more")
        task = find_task(self.task, parse_env_kwargs(self.env_kwargs))
        (task,) = ScaleFlags(self.floor, self.ceiling, self.threshold).apply([task])
        if self.hogwild and self.actors is None:
            raise UsageError("--hogwild takes --actors N, the number of its workers")
        by_variant = [self._cells(task, variant) for variant in find_variants((), names)]
        cells = [cell for of_variant in by_variant for cell in of_variant]
        check_device(self.device)
        folder = self.results / "train"
        check_outputs(
            self.results, folder, ("cells",), self.save_policies, None if self.log is None else self.log_folder
        )
        logs = live_logs(self.log, self.log_folder, "train")
        say_normalised((cell.task, cell.training) for cell in cells if cell.algorithm.learns)
        rehearse([task])
        (task,) = with_floors([task], self.results)
        by_variant = [[replace(cell, task=task) for cell in of_variant] for of_variant in by_variant]
        cells = [cell for of_variant in by_variant for cell in of_variant]
        policies = policies_folder(folder, cells) if self.save_policies else None
        with logs as live:
            if len(by_variant) == 1:
                return train_and_show(cells, folder, self.device, live, policies)
            return train_side_by_side(by_variant, folder, self.device, live, policies)

    def _cells(self, task: Task, variant: Algorithm) -> list[Cell]:
        """The cells of a variant; UsageError for what it cannot be or do."""
        with user_errors():
            if self.actors is not None:
                variant = variant.with_processes(Processes(self.actors, hogwild=self.hogwild))
            cells = single_cells(task, variant, self.seeds, self.env_steps, self.set)
        if self.save_policies and (reason := variant.unsaved):
            raise UsageError(f"--save-policies: {variant.name} {reason}")
        return cells
