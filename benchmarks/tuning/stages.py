"""The runs of a study's stages: configurations on the seeds of a stage, as generators of the cells that they need."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.design.cell import Cell
from benchmarks.execution.runner import cell_path
from benchmarks.tuning.cells import Group, StudyScores, groups, read_scores
from benchmarks.tuning.protocol import Stream, StudyPlan
from benchmarks.tuning.racing import Race
from benchmarks.tuning.result import StageResult, TrialResult, Values

Cells = Generator[list[Cell], None, None]  # an empty list: other processes hold what is left, come again later


class Stages:
    """The stages of one study, whose cells lie in `folder`."""

    def __init__(self, plan: StudyPlan, folder: Path) -> None:
        self.plan, self.folder = plan, folder

    def run(
        self,
        configurations: Sequence[Values],
        stage: str,
        race: Race | None = None,
        seeds: tuple[int, ...] | None = None,
    ) -> Generator[list[Cell], None, dict[str, StudyScores]]:
        """Scores by task [C, S] of configurations on the seeds of a stage, or on some of them."""
        stream = self.plan.protocol.streams[stage]
        if seeds is not None:
            stream = Stream(stream.purpose, seeds)
        by_task = {t.name: groups(self.plan, t, configurations, stream, race) for t in self.plan.tasks}
        yield [group.cell for of_task in by_task.values() for group in of_task]
        return {task: self._joined(of_task, len(configurations)) for task, of_task in by_task.items()}

    def run_again(self, trials: Sequence[TrialResult], stage: str) -> Generator[list[Cell], None, list[StageResult]]:
        """The configurations of these trials on the seeds of a stage."""
        by_task = yield from self.run([t.values for t in trials], stage)
        return [StageResult(trial.number, _configuration_scores(by_task, i)) for i, trial in enumerate(trials)]

    def _joined(self, cells: Sequence[Group], count: int) -> StudyScores:
        """The scores of all cells, in the order of the configurations."""
        protocol = self.plan.protocol
        rows: dict[int, tuple[StudyScores, int]] = {}
        for group in cells:
            group_scores = read_scores(cell_path(self.folder, group.cell), group.cell, protocol)
            rows |= {configuration: (group_scores, i) for i, configuration in enumerate(group.indices)}
        ordered = [rows[configuration] for configuration in range(count)]
        return StudyScores(
            scores=np.stack([group_scores.scores[i] for group_scores, i in ordered]),
            finished=np.array([group_scores.finished[i] for group_scores, i in ordered]),
            rungs={f: np.stack([group_scores.rungs[f][i] for group_scores, i in ordered]) for f in protocol.rungs},
            arrived={f: np.array([group_scores.arrived[f][i] for group_scores, i in ordered]) for f in protocol.rungs},
        )


def _configuration_scores(by_task: Mapping[str, StudyScores], configuration: int) -> dict[str, tuple[float, ...]]:
    return {task: tuple(float(x) for x in of_task.scores[configuration]) for task, of_task in by_task.items()}
