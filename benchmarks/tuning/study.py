"""One study, from its first trial to the test, as a generator: it yields the cells that it needs and goes on when they
are done, so that many studies share one pool of processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from optuna.storages import BaseStorage
from optuna.trial import TrialState

from benchmarks.tuning import imputation
from benchmarks.tuning.protocol import StudyPlan
from benchmarks.tuning.result import StageResult, StudyResult, TrialResult
from benchmarks.tuning.search import Search
from benchmarks.tuning.stages import Cells, Stages
from benchmarks.tuning.storage.studies import open_study
from benchmarks.tuning.storage.workers import Worker, heartbeat
from envs.control.limits import declared_limits


class StudyInProgress:
    """Yields cells from `work`; when it has ended, `result` is there, or a `failure` says why not."""

    def __init__(self, plan: StudyPlan, store: BaseStorage, folder: Path, provenance: Mapping[str, object]) -> None:
        self.plan, self.stages, self.provenance = plan, Stages(plan, folder), provenance
        self.worker = Worker.here()
        self.study = open_study(store, plan.study_name, plan.stored_protocol, plan.space.default)
        self.search = Search(self.stages, self.study, self.worker)
        self.result: StudyResult | None = None
        self.failure = ""  # why there is no result

    def work(self) -> Cells:
        """Tuning, selection and test."""
        yield from self.search.work()
        trials = self.search.results()
        candidates = [trials[i] for i in selection_candidates(trials, self.plan.protocol.top)]
        selection = yield from self.stages.run_again(candidates, "selection")
        # of equals the default, which is first, unless it lost more runs
        best = imputation.best_index([stage.scores for stage in selection], self.plan.scales)
        if best is None:
            self.failure = "every configuration, the default too, diverged on all selection seeds: none can be chosen"
            return
        self.study.set_user_attr("tested", True)
        chosen = candidates[best]
        tested = yield from self.stages.run_again([trials[0], chosen] if best else [trials[0]], "test")
        self.result = self._result(trials, selection, chosen, {"default": tested[0], "tuned": tested[-1]})

    def heartbeat(self) -> None:
        """Tell other machines that this one is at work."""
        heartbeat(self.study, self.worker)

    def progress(self) -> str:
        """How far the study is, in words."""
        done = [t for t in self.study.get_trials(deepcopy=False) if t.state == TrialState.COMPLETE]
        words = f"{self.plan.label}: {len(done)} of {self.plan.protocol.trials} trials"
        if not done:
            return words
        default = next((t.value for t in done if "default" in t.user_attrs), None)
        best = max(t.value for t in done if t.value is not None)
        return words + f", best {best:.3f}" + ("" if default is None else f", default {default:.3f}")

    def _result(
        self,
        trials: Sequence[TrialResult],
        selection: Sequence[StageResult],
        chosen: TrialResult,
        test: Mapping[str, StageResult],
    ) -> StudyResult:
        plan = self.plan
        scales = {n: (s.floor, s.ceiling, s.threshold if s.solvable else None) for n, s in plan.scales.items()}
        declared = [(task.name, declared_limits(task.factory)) for task in plan.tasks]
        return StudyResult(
            study=plan.study,
            variant=plan.variant.name,
            tasks=tuple(task.name for task in plan.tasks),
            chosen=chosen.number,
            configuration=chosen.values,
            default=trials[0].values,
            protocol=plan.protocol.as_json(),
            space=plan.space.as_json(),
            trials=tuple(trials),
            selection=tuple(selection),
            test=test,
            provenance=self.provenance,
            scales=scales,
            return_ranges={name: limits.as_json() for name, limits in declared if limits.known},
        )


def selection_candidates(trials: Sequence[TrialResult], top: int) -> list[int]:
    """Numbers of the default and of the `top` best complete trials with other configurations, each configuration once."""
    complete = (t for t in trials if t.state == "complete")
    order = sorted(complete, key=lambda t: (-t.value, imputation.count_lost(t.scores), t.number))
    chosen, configurations = [0], [dict(trials[0].values)]
    for trial in order:
        if len(chosen) <= top and dict(trial.values) not in configurations:
            chosen.append(trial.number)
            configurations.append(dict(trial.values))
    return chosen
