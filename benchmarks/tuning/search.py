"""The trials of one study on the tuning seeds: batches that Optuna draws, whole or seed by seed, raced or pruned."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial

import numpy as np
from optuna.exceptions import ExperimentalWarning, UpdateFinishedTrialError
from optuna.pruners import NopPruner, WilcoxonPruner
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from benchmarks.tuning import imputation
from benchmarks.tuning.cells import StudyScores
from benchmarks.tuning.imputation import Scores
from benchmarks.tuning.racing import Race
from benchmarks.tuning.result import TrialResult, Values
from benchmarks.tuning.samplers import sampler
from benchmarks.tuning.stages import Cells, Stages
from benchmarks.tuning.storage.slots import unfinished
from benchmarks.tuning.storage.trials import claim, finish, release, return_unfinished
from benchmarks.tuning.storage.workers import Worker
from envs.api import Doubles

WILCOXON_P, WILCOXON_SEEDS = 0.1, 4  # the pruner's level, and the seeds before its first look


class Search:
    """Yields the cells of its trials from `work`; afterwards `results` are all trials of the study, of any process."""

    def __init__(self, stages: Stages, study: Study, worker: Worker) -> None:
        self.plan, self.stages, self.study, self.worker = stages.plan, stages, study, worker

    def work(self) -> Cells:
        """Batch after batch, until the study has its trials and none is held by a process."""
        rules, study = self.plan.protocol, self.study
        seed_by_seed = rules.pruner == "wilcoxon"
        study.pruner = _wilcoxon() if seed_by_seed else NopPruner()
        draw = partial(sampler, rules.sampler, rules.seed)
        while True:
            release(study, self.worker)
            batch = claim(study, rules.batch, self.plan.space.distributions, rules.trials, self.worker, draw)
            if batch:
                try:
                    yield from self._seed_by_seed(batch) if seed_by_seed else self._all_seeds(batch)
                finally:  # what an interrupted batch leaves is tried again
                    return_unfinished(study, batch)
            elif unfinished(study):
                yield []  # held by another process, which may die over it
            else:
                return

    def results(self) -> list[TrialResult]:
        """The trials that count, the default first, numbered anew: some numbers went to trials that were lost."""
        counted = [
            t for t in self.study.get_trials(deepcopy=False) if t.state in (TrialState.COMPLETE, TrialState.PRUNED)
        ]
        counted.sort(key=lambda t: ("default" not in t.user_attrs, t.number))
        worst = imputation.worst_finite_scores(
            t.user_attrs["scores"] for t in counted if t.state == TrialState.COMPLETE
        )
        return [self._result(number, trial, worst) for number, trial in enumerate(counted)]

    def _result(self, number: int, trial: FrozenTrial, worst: Mapping[str, float]) -> TrialResult:
        """The trial with its value among all others, some of which came after the sampler had read its value."""
        scores = {task: tuple(by_seed) for task, by_seed in trial.user_attrs["scores"].items()}
        pruned = "diverged" if "diverged" in trial.user_attrs else "pruned"
        state = "complete" if trial.state == TrialState.COMPLETE else pruned
        value = imputation.mean_value(scores, worst, self.plan.scales)
        return TrialResult(number, state, self._values(trial), scores, value)

    def _values(self, trial: Trial | FrozenTrial) -> Values:
        return self.plan.space.values(trial.params)

    # all seeds of all configurations of a batch

    def _all_seeds(self, batch: Sequence[Trial]) -> Cells:
        configurations = [self._values(t) for t in batch]
        by_task = yield from self.stages.run(configurations, "tuning", self._race(batch))
        batch_scores = [
            {task: _floats(scores.scores[i]) for task, scores in by_task.items() if scores.finished[i]}
            for i in range(len(batch))
        ]
        for i, trial in enumerate(batch):
            with suppress(UpdateFinishedTrialError):  # another host took this process for dead, and has the trial now
                self._record(trial, by_task, i, batch_scores)

    def _record(self, trial: Trial, by_task: Mapping[str, StudyScores], i: int, batch_scores: Sequence[Scores]) -> None:
        """Report to Optuna the scores of configuration `i` of the batch, at the end and at the rungs that it reached."""
        reached = [f for f in self.plan.protocol.rungs if all(scores.arrived[f][i] for scores in by_task.values())]
        rungs = [{task: _floats(scores.rungs[f][i]) for task, scores in by_task.items()} for f in reached]
        for k, at_rung in enumerate(rungs):
            worst = imputation.worst_finite_scores([at_rung])
            if math.isfinite(mean := imputation.mean_value(at_rung, worst, self.plan.scales)):
                trial.report(mean, k)
        stopped = not all(scores.finished[i] for scores in by_task.values())
        kept = rungs[-1] if stopped else {task: _floats(scores.scores[i]) for task, scores in by_task.items()}
        trial.set_user_attr("scores", kept)
        trial.set_user_attr("rungs", [_means_over_tasks(at_rung) for at_rung in rungs])
        if stopped:
            finish(self.study, trial, None, TrialState.PRUNED)
        else:
            self._complete(trial, kept, batch_scores)

    def _complete(self, trial: Trial, scores: Scores, others: Sequence[Scores]) -> None:
        """Report to Optuna the value of a whole trial among all that are known; a trial without a mean has no value.

        Optuna's samplers take a pruned trial without a value for the worst that there is.
        """
        worst = imputation.worst_finite_scores(
            [scores, *others, *(t.user_attrs["scores"] for t in self._complete_trials())]
        )
        value = imputation.mean_value(scores, worst, self.plan.scales)
        if math.isfinite(value):
            finish(self.study, trial, value)
        else:
            trial.set_user_attr("diverged", True)
            finish(self.study, trial, None, TrialState.PRUNED)

    def _complete_trials(self) -> list[FrozenTrial]:
        return [t for t in self.study.get_trials(deepcopy=False) if t.state == TrialState.COMPLETE]

    def _race(self, batch: Sequence[Trial]) -> Race | None:
        rules = self.plan.protocol
        if rules.pruner != "racing":
            return None
        (task,) = self.plan.tasks
        complete = self._complete_trials()
        best = imputation.best_index([t.user_attrs["scores"] for t in complete], self.plan.scales) if complete else None
        bar = () if best is None else tuple(tuple(scores) for scores in complete[best].user_attrs["rungs"])
        spared = tuple(i for i, t in enumerate(batch) if "default" in t.user_attrs)
        at = tuple(rules.evaluation.fractions.index(f) for f in rules.rungs)
        return Race(at, rules.tuning_seeds, task.scale, bar, spared)

    # one seed of all configurations that are still in, then the next

    def _seed_by_seed(self, batch: Sequence[Trial]) -> Cells:
        active = {trial.number: trial for trial in batch}
        scores: dict[int, dict[str, list[float]]] = {
            t.number: {task.name: [] for task in self.plan.tasks} for t in batch
        }
        seeds = self.plan.protocol.streams["tuning"].seeds
        for seed in seeds:
            if not active:
                return
            trials = list(active.values())
            configurations = [self._values(t) for t in trials]
            by_task = yield from self.stages.run(configurations, "tuning", seeds=(seed,))
            for i, trial in enumerate(trials):
                for task, of_task in by_task.items():
                    scores[trial.number][task].append(float(of_task.scores[i, 0]))
                try:
                    ended = self._after_seed(trial, seed, seeds[-1], scores)
                except UpdateFinishedTrialError:  # another host has the trial now
                    ended = True
                if ended:
                    del active[trial.number]

    def _after_seed(self, trial: Trial, seed: int, last: int, scores: Mapping[int, Mapping[str, list[float]]]) -> bool:
        """Report a trial's newest seed. Returns whether the trial has ended: completed, or pruned."""
        own = scores[trial.number]
        if math.isfinite(mean := self._mean_of_last_seed(own, scores.values())):
            trial.report(mean, seed)
        trial.set_user_attr("scores", own)
        if seed == last:
            self._complete(trial, own, list(scores.values()))
            return True
        enough = len(own[self.plan.tasks[0].name]) >= WILCOXON_SEEDS
        if enough and "default" not in trial.user_attrs and trial.should_prune():
            finish(self.study, trial, None, TrialState.PRUNED)
            return True
        return False

    def _mean_of_last_seed(self, own: Mapping[str, list[float]], others: Iterable[Scores]) -> float:
        """Mean over tasks of the newest seed's scores; a lost run counts as the worst that is known. NaN: nothing is."""
        worst = imputation.worst_finite_scores([*others, *(t.user_attrs["scores"] for t in self._complete_trials())])
        imputed = [
            imputation.imputed_score(by_seed[-1], worst.get(task), self.plan.scales[task])
            for task, by_seed in own.items()
        ]
        return float(np.mean(imputed))


def _floats(scores: Doubles) -> list[float]:
    return [float(x) for x in scores]


def _means_over_tasks(scores: Mapping[str, list[float]]) -> list[float]:
    """Of each seed."""
    return _floats(np.mean(list(scores.values()), axis=0))


def _wilcoxon() -> WilcoxonPruner:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return WilcoxonPruner(p_threshold=WILCOXON_P, n_startup_steps=2)
