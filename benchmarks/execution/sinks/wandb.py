"""Weights & Biases: a folder a run, <folder>/wandb/offline-run-<time>-<id>, which `wandb sync` uploads when you want it.

Nothing is sent unless WANDB_MODE says so (WANDB_MODE=online). An id is a hash of experiment and name, so that a run that
is uploaded again takes the place of the earlier upload.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.execution.sinks.sink import LoggedRun, package

STEP = "env_steps"  # the axis of all charts
OFFLINE = "offline"


class WeightsAndBiases:
    """See execution.sinks.sink.Sink."""

    name = "wandb"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mode = os.environ.get("WANDB_MODE", OFFLINE)
        if self._mode == OFFLINE:
            os.environ.setdefault(
                "WANDB_ERROR_REPORTING", "false"
            )  # its reports of its own faults go through the network
        self._package = package("wandb", self.name, "wandb")

    @property
    def hint(self) -> str:
        folder = self._folder / "wandb"
        return f"wandb sync --sync-all {folder}" if self._mode == OFFLINE else f"WANDB_MODE={self._mode}"

    def open(self, run: LoggedRun) -> _Run:
        key = hashlib.sha256(f"{run.project}/{run.name}".encode()).hexdigest()[:12]
        for earlier in (self._folder / "wandb").glob(f"offline-run-*-{key}"):
            shutil.rmtree(earlier)
        self._folder.mkdir(parents=True, exist_ok=True)
        opened = self._package.init(
            project=run.project,
            name=run.name,
            group=run.group,
            id=key,
            config=dict(run.config),
            dir=str(self._folder),
            mode=self._mode,
            reinit="create_new",  # beside the runs that are open
            save_code=False,
            settings=self._package.Settings(silent=True, console="off", disable_git=True, x_disable_stats=True),
        )
        opened.define_metric("*", step_metric=STEP)
        return _Run(opened)


class _Run:
    def __init__(self, opened: Any) -> None:
        self._run = opened

    def write(self, step: int, values: Mapping[str, float]) -> None:
        self._run.log({STEP: step, **values})

    def close(self) -> None:
        self._run.finish()
