"""Import learning curves into an experiment: monitor, evaluations (stable-baselines3), rlox, wandb or csv."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from benchmarks.cli.lookup import find_results
from benchmarks.cli.options import RESULTS
from benchmarks.imports.importer import import_runs
from benchmarks.store.sources import read_meta
from benchmarks.validation.usage import DONE, check_folder
from envs.validation import UsageError


@dataclass(frozen=True)
class Import:
    """The flags of `import`."""

    kind: Annotated[str, tyro.conf.Positional]  # monitor, evaluations, rlox, wandb or csv
    paths: Annotated[tuple[Path, ...], tyro.conf.Positional]  # a run each (a folder or a file), in the order of seeds
    experiment: str  # the experiment whose report compares the runs
    task: str | None = None  # the task of the runs; where the files name tasks, only this one is imported
    variant: str | None = None  # a name for the source of the runs, as zoo:ppo; where the files name it: only this one
    first_seed: int = 0  # seed of the first path; the others follow
    checkpoints: int | None = None  # points of a curve, each the mean of an interval; monitor: 20 where it is not given
    metric: str | None = None  # wandb: the column that is the return, where it is none of the usual ones
    steps: str | None = None  # wandb: the column of environment steps
    floor: float | None = None  # a task that is not ours: the return with score 0
    ceiling: float | None = None  # a task that is not ours: the return with score 1
    threshold: float | None = None  # a task that is not ours: the return that counts as solved; by default the ceiling
    results: Path = RESULTS  # holds one folder an experiment

    def __call__(self) -> int:
        experiment = find_results(self.experiment, self.results)
        if "import" in experiment.unsupported():
            raise UsageError(f"{experiment.name} compares no learning curves; import into another experiment")
        check_folder(self.results / experiment.name / "imported", "--results")
        written = import_runs(
            self.kind,
            self.paths,
            folder=self.results / experiment.name,
            experiment=experiment,
            task=self.task,
            variant=self.variant,
            first_seed=self.first_seed,
            checkpoints=self.checkpoints,
            metric=self.metric,
            steps=self.steps,
            floor=self.floor,
            ceiling=self.ceiling,
            threshold=self.threshold,
        )
        for path in written:
            print(path)
            for notice in read_meta(path).get("notices", ()):
                print(f"{path.name}: {notice}", file=sys.stderr)
        return DONE
