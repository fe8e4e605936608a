"""Train one variant on one task and watch it learn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import tyro

from algorithms.composition import Processes
from benchmarks.cli.engine_flags import check_device
from benchmarks.cli.learning_curve import train_and_show
from benchmarks.cli.options import (
    RESULTS,
    check_outputs,
    check_positive,
    live_logs,
    policies_folder,
    say_normalised,
)
from benchmarks.design.cells import single_cells
from benchmarks.design.lookup import find_task, find_variant
from benchmarks.design.own.arguments import parse_env_kwargs
from benchmarks.design.scales import ScaleFlags
from benchmarks.execution.floors import with_floors
from benchmarks.validation.usage import user_errors
from envs.validation import UsageError


@dataclass(frozen=True)
class Train:
    """The flags of `train`."""

    task: str
    variant: str
    seeds: int = 10
    env_steps: int | None = None  # budget of one member; the task's own where it is not given
    set: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()  # estimator.credit.lam=.9, training.discount=1
    actors: int | None = None  # so many processes act while this one learns: fast, and never twice the same
    hogwild: bool = False  # with --actors: they share parameters instead, and there is no learner
    results: Path = RESULTS
    device: str = "cpu"
    tensorboard: Path | None = None  # a folder for live logs (needs the package tensorboard)
    save_policies: bool = False  # what the members have learned, a file each under results/train/policies
    # of the constructor of the environment that is yours, as size=5; max_episode_steps=500 sets its time limit
    env_kwargs: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    floor: float | None = None  # of the task that is yours: the return that counts 0; measured where it is not given
    ceiling: float | None = None  # of that task: the return that counts 1; without it scores are returns
    threshold: float | None = None  # of that task: the return that counts as solved

    def __call__(self) -> int:
        for name in ("seeds", "env_steps", "actors"):
            check_positive(name.replace("_", "-"), getattr(self, name))
        task, variant = find_task(self.task, parse_env_kwargs(self.env_kwargs)), find_variant(self.variant)
        (task,) = ScaleFlags(self.floor, self.ceiling, self.threshold).apply([task])
        if self.hogwild and self.actors is None:
            raise UsageError("--hogwild takes --actors N, the number of its workers")
        with user_errors():
            if self.actors is not None:
                variant = variant.with_processes(Processes(self.actors, hogwild=self.hogwild))
            cells = single_cells(task, variant, self.seeds, self.env_steps, self.set)
        if self.save_policies and (reason := variant.unsaved):
            raise UsageError(f"--save-policies: {variant.name} {reason}")
        check_device(self.device)
        folder = self.results / "train"
        check_outputs(self.results, folder, ("cells",), self.save_policies, self.tensorboard)
        say_normalised((cell.task, cell.training) for cell in cells if cell.algorithm.learns)
        (task,) = with_floors([task], self.results)
        cells = [replace(cell, task=task) for cell in cells]
        policies = policies_folder(folder, cells) if self.save_policies else None
        with live_logs(self.tensorboard, "train") as live:
            return train_and_show(cells, folder, self.device, live, policies)
