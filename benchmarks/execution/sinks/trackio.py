"""trackio: an SQLite file a project, <folder>/trackio/<experiment>.db.

Its own variables come first: TRACKIO_DIR moves the folder; TRACKIO_SPACE_ID or TRACKIO_SERVER_URL send the runs elsewhere.
Without the last two nothing leaves the machine.
"""

from __future__ import annotations

import contextlib
import contextvars
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.execution.sinks.sink import LoggedRun, package


class Trackio:
    """See execution.sinks.sink.Sink."""

    name = "trackio"

    def __init__(self, folder: Path) -> None:
        # read when the package is imported
        self._folder = os.environ.setdefault("TRACKIO_DIR", str((folder / "trackio").absolute()))
        self._package = package("trackio", self.name, "trackio")
        self._remote = any(os.environ.get(name) for name in ("TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL"))
        self._names: dict[str, set[str]] = {}  # of the runs of each project

    @property
    def hint(self) -> str:
        return f"TRACKIO_DIR={self._folder} trackio show"

    def open(self, run: LoggedRun) -> _Run:
        names = self._names.setdefault(run.project, set() if self._remote else self._present(run.project))
        if run.name in names and not self._remote:
            self._delete(run)
        names.add(run.name)
        with _quiet():
            # in a context of its own: trackio ends the run that is current in the caller's
            opened = contextvars.Context().run(
                self._package.init,
                project=run.project,
                name=run.name,
                group=run.group,
                config=dict(run.config),
                embed=False,
                auto_log_cpu=False,
                auto_log_gpu=False,
            )
        return _Run(opened)

    def _present(self, project: str) -> set[str]:
        """The names of the runs that the project has; none where there is no such project."""
        if not (Path(self._folder) / f"{project}.db").exists():
            return set()
        return {run.name for run in self._package.Api().runs(project)}

    def _delete(self, run: LoggedRun) -> None:
        for present in self._package.Api().runs(run.project):
            if present.name == run.name:
                present.delete()


class _Run:
    def __init__(self, opened: Any) -> None:
        self._run = opened

    def write(self, step: int, values: Mapping[str, float]) -> None:
        self._run.log(dict(values), step=step)

    def close(self) -> None:
        with _quiet():
            self._run.finish()


def _quiet() -> contextlib.redirect_stdout[io.StringIO]:
    """Without the lines that trackio prints for each run."""
    return contextlib.redirect_stdout(io.StringIO())
