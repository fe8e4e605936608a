"""Judge a variant of yours against the best known ones of its family, on tasks and seeds that you have not seen.

The file is run, with all rights that you have: judge only what you would run. verdict.json and a page lie in a folder of
`--results`. Rates are selected on open tasks, equally for all; the hidden tasks and seeds come from a hash of the file.

Exit status 0: better than every rival. 1: not shown, worse, or broken; the verdict says which. 2: no such file or variant.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from algorithms import VARIANTS
from benchmarks.cli.engine_flags import EngineFlags
from benchmarks.cli.lookup import split
from benchmarks.cli.options import RESULTS, check_positive
from benchmarks.design.cell import Cell
from benchmarks.design.resolve import reason_unsupported
from benchmarks.execution import cost
from benchmarks.execution.display.time_left import rough
from benchmarks.execution.done import seems_done
from benchmarks.execution.jobs import CellJob
from benchmarks.judging import page, verdict
from benchmarks.judging.candidate import check_tasks, read_candidate
from benchmarks.judging.cells import hidden_cells, open_cells
from benchmarks.judging.hidden import hide, knobs
from benchmarks.judging.judge import Case, jobs_of, judge, to_train
from benchmarks.judging.protocol import Protocol, reason_not_judged, rivals_of
from benchmarks.statistics.wording.phrases import count_noun
from benchmarks.store.curves import BLOCK
from benchmarks.validation.usage import DONE, FAILED, check_folder
from envs import TASKS
from envs.validation import UsageError, look_up

MOST_S, PROCESSES = 900.0, 2  # what a judgement is meant to take, and on how many processors


@dataclass(frozen=True)
class Judge(EngineFlags):
    """The flags of `judge`."""

    # FILE or FILE:CONSTANT, or module:CONSTANT; a file with one variant needs no constant
    candidate: Annotated[str, tyro.conf.Positional]
    against: str | None = None  # a,b: registered variants, in the place of the strongest of the family
    salt: str = ""  # a word that only the judge knows: hidden tasks and seeds are drawn from it and the file
    env_steps: int = Protocol.env_steps  # tokens of one run
    max_seeds: int = Protocol.max_seeds  # seeds on hidden tasks, in blocks of 10
    jobs: int | None = None  # processes at once; the number of processors where it is not given
    results: Path = RESULTS  # holds the folder judge
    dry_run: bool = False  # say what would run, and stop
    json: bool = False  # the verdict as one JSON object on standard output

    def __call__(self) -> int:
        check_positive("jobs", self.jobs)
        self.check_engine("cpu", self.dry_run)
        case = self._case()
        at_once = self.processors(self.jobs, self.dry_run)
        self._announce(case, at_once)
        if self.dry_run:
            return DONE
        for folder in (case.pool / "cells", case.folder):
            check_folder(folder, "--results")
        found = judge(case, self.execution(at_once, "cpu", self.jobs))
        path = verdict.save(case, found)
        document = page.document(case, found)
        written = document.write(case.folder)
        print(json.dumps(verdict.verdict(case, found)) if self.json else verdict.answer(case, found), flush=True)
        print(f"{path}; open {written.with_suffix('.html')} in a browser", file=sys.stderr)
        return DONE if verdict.outcome(found) == "better" else FAILED

    def _case(self) -> Case:
        """What is to be judged. UsageError for whatever cannot be, before anything is computed."""
        protocol = Protocol(env_steps=self.env_steps, max_seeds=self.max_seeds)
        candidate = read_candidate(self.candidate)
        hidden = hide(candidate.source, self.salt)
        open_tasks = tuple(TASKS[name] for name in protocol.open_tasks)
        tasks = (*open_tasks, *hidden.tasks)
        check_tasks(candidate.variant, tasks)
        if self.against is None:
            found = (VARIANTS[name] for name in rivals_of(candidate.variant))
            rivals = [v for v in found if not any(reason_unsupported(task, v) for task in tasks)]
        else:
            rivals = [look_up(VARIANTS, name, "variant") for name in split(self.against)]
            for rival in rivals:
                if reason := reason_not_judged(rival):
                    raise UsageError(f"{rival.name} {reason}")
                check_tasks(rival, tasks)
        return Case(candidate, tuple(rivals), open_tasks, hidden, protocol, self.results)

    def _announce(self, case: Case, at_once: int) -> None:
        """Say against whom, and how much there is to do at least and at most; a dry run names the hidden tasks, too."""
        rates = {variant.name: 1.0 for variant in case.contestants}
        selected = to_train(case, open_cells(case.open_tasks, case.contestants, case.protocol))
        looks = [
            hidden_cells(case.hidden, case.contestants, rates, look, case.protocol)
            for look in range(1, case.protocol.looks + 1)
        ]
        met = (case.name, *case.stages[0])
        least = self._pending(case, [c for c in (*selected, *looks[0]) if c.algorithm.name in met])
        most = self._pending(case, [*selected, *(cell for look in looks for cell in look)])
        after = cost.report_seconds(0)
        said = [f"against {', '.join(stage)}" for stage in case.stages]
        print(f"{case.name} {'; where it beats them, '.join(said)}", file=sys.stderr)
        few = rough(cost.run_seconds(least, at_once, after))
        print(f"at least {cost.counted_cells(len(least))}, one look of {BLOCK} seeds: about {few}", file=sys.stderr)
        much = cost.summary(most, at_once, after)
        times = f"{count_noun(case.protocol.looks, 'look')} of {BLOCK} seeds"
        print(f"at most {cost.counted_cells(len(most))}, {times}: {much}", file=sys.stderr)
        if (seconds := cost.run_seconds(most, PROCESSES, after)) > MOST_S:
            fewer = max(1_000, int(case.protocol.env_steps * MOST_S / seconds) // 1_000 * 1_000)
            print(
                f"on {PROCESSES} processors this may take longer than {rough(MOST_S)}: its runs cost more than most; "
                f"--env-steps {fewer} takes less, of every contestant",
                file=sys.stderr,
            )
        for task in case.hidden.tasks if self.dry_run else ():
            print(f"{task.name}: {knobs(task)}")

    @staticmethod
    def _pending(case: Case, cells: Sequence[Cell]) -> list[CellJob]:
        """Jobs that have no result yet. The rates of hidden cells are not known yet, nor is whether they have one."""
        return [job for job in jobs_of(cells, case.pool) if not seems_done(job.path)]
