"""One study, from its first trial to the test, as a generator: it yields the cells that it needs and goes on when they
are done, so that many studies share one pool of processes."""

from __future__ import annotations

import math
import warnings
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
from optuna.exceptions import ExperimentalWarning, UpdateFinishedTrialError
from optuna.pruners import NopPruner, WilcoxonPruner
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, Trial, TrialState

from benchmarks.execution.runner import cell_path
from benchmarks.experiment import Cell
from benchmarks.stats import Doubles
from benchmarks.tuning import counting, storage
from benchmarks.tuning.cells import Found, Group, groups, read
from benchmarks.tuning.plan import Plan as Plan
from benchmarks.tuning.protocol import Stream
from benchmarks.tuning.racing import Race
from benchmarks.tuning.result import Attempt, Stage, Tuned, Values
from benchmarks.tuning.samplers import sampler

Cells = Generator[list[Cell], None, None]  # an empty list: others are at work, come again later
WILCOXON_P, WILCOXON_SEEDS = 0.1, 4  # the pruner's level, and the seeds before its first look


class StudyInProgress:
    """Yields cells from `work`; when it has ended, `result` is there, or a `failure` says why not."""

    def __init__(self, plan: Plan, store: BaseStorage, folder: Path, origin: Mapping[str, object]) -> None:
        self.plan, self.folder, self.origin = plan, folder, origin
        self.worker = storage.Worker.here()
        self.study = storage.open_study(store, plan.study_name, plan.remembered, plan.space.default)
        self.result: Tuned | None = None
        self.failure = ""  # why there is no result

    def work(self) -> Cells:
        yield from self._tune()
        trials = self._finished()
        candidates = _candidates(trials, self.plan.protocol.top)
        selection = yield from self._again("selection", [trials[i] for i in candidates])
        best = counting.best([stage.scores for stage in selection], self.plan.scales)
        if best is None:
            self.failure = "every configuration, the default too, diverged on all selection seeds: none can be chosen"
            return
        # of equals the default, which is first, unless it lost more runs
        self.study.set_user_attr("tested", True)
        chosen = trials[candidates[best]]
        tested = yield from self._again("test", [trials[0], chosen] if best else [trials[0]])
        self.result = Tuned(
            study=self.plan.study,
            variant=self.plan.variant.name,
            tasks=tuple(task.name for task in self.plan.tasks),
            chosen=chosen.number,
            configuration=chosen.values,
            default=trials[0].values,
            protocol=self.plan.protocol.as_json(),
            space=self.plan.space.as_json(),
            trials=tuple(trials),
            selection=tuple(selection),
            test={"default": tested[0], "tuned": tested[-1]},
            provenance=self.origin,
            scales={
                name: (s.floor, s.ceiling, s.threshold if s.solvable else None) for name, s in self.plan.scales.items()
            },
        )

    def beat(self) -> None:
        """Tell other machines that this one is at work."""
        storage.beat(self.study, self.worker)

    def progress(self) -> str:
        """How far the study is, in words."""
        done = [t for t in self.study.get_trials(deepcopy=False) if t.state == TrialState.COMPLETE]
        words = f"{self.plan.label}: {len(done)} of {self.plan.protocol.trials} trials"
        if not done:
            return words
        default = next((t.value for t in done if "default" in t.user_attrs), None)
        best = max(t.value for t in done if t.value is not None)
        return words + f", best {best:.3f}" + ("" if default is None else f", default {default:.3f}")

    # trials

    def _tune(self) -> Cells:
        rules, study = self.plan.protocol, self.study
        seed_by_seed = rules.pruner == "wilcoxon"
        study.pruner = _wilcoxon() if seed_by_seed else NopPruner()
        draw = partial(sampler, rules.sampler, rules.seed)
        while True:
            storage.release(study, self.worker)
            batch = storage.claim(study, rules.batch, self.plan.space.distributions, rules.trials, self.worker, draw)
            if batch:
                try:
                    yield from self._seed_by_seed(batch) if seed_by_seed else self._at_once(batch)
                finally:  # what an interrupted batch leaves is tried again
                    storage.give_back(study, batch)
            elif storage.unfinished(study):
                yield []  # held by another process, which may die over it
            else:
                return

    def _at_once(self, batch: Sequence[Trial]) -> Cells:
        """All seeds of all configurations."""
        found = yield from self._train([self._values(t) for t in batch], "tuning", self._race(batch))
        batch_scores = [
            {task: _listed(of.scores[place]) for task, of in found.items() if of.came[place]}
            for place in range(len(batch))
        ]
        for place, trial in enumerate(batch):
            scores = {task: _listed(of.scores[place]) for task, of in found.items()}
            came = [f for f in self.plan.protocol.rungs if all(of.arrived[f][place] for of in found.values())]
            rungs = [{task: _listed(of.rungs[f][place]) for task, of in found.items()} for f in came]
            stopped = not all(of.came[place] for of in found.values())
            with suppress(UpdateFinishedTrialError):  # another host took this process for dead, and has the trial now
                self._tell(trial, scores, rungs, stopped, batch_scores)

    def _tell(
        self,
        trial: Trial,
        scores: Mapping[str, list[float]],
        rungs: Sequence[Mapping[str, list[float]]],
        stopped: bool,
        others: Sequence[counting.Scores],
    ) -> None:
        """A trial's scores by task [S], at the end and at the rungs that it came to; `others` are of its batch."""
        for k, of in enumerate(rungs):
            if math.isfinite(mean := counting.value(of, counting.worst([of]), self.plan.scales)):
                trial.report(mean, k)
        kept = rungs[-1] if stopped else scores
        trial.set_user_attr("scores", dict(kept))
        trial.set_user_attr("rungs", [_mean_over_tasks(of) for of in rungs])
        if stopped:
            storage.finish(self.study, trial, None, TrialState.PRUNED)
        else:
            self._complete(trial, kept, others)

    def _complete(self, trial: Trial, scores: counting.Scores, others: Sequence[counting.Scores]) -> None:
        """Tell the value of a whole trial as it compares with all that are known; one without a mean has none to tell.

        Optuna's samplers take a pruned trial without a value for the worst that there is.
        """
        lowest = counting.worst([scores, *others, *(t.user_attrs["scores"] for t in self._whole())])
        value = counting.value(scores, lowest, self.plan.scales)
        if math.isfinite(value):
            storage.finish(self.study, trial, value)
        else:
            trial.set_user_attr("diverged", True)
            storage.finish(self.study, trial, None, TrialState.PRUNED)

    def _whole(self) -> list[FrozenTrial]:
        """Trials that came to the end and have a value."""
        return [t for t in self.study.get_trials(deepcopy=False) if t.state == TrialState.COMPLETE]

    def _race(self, batch: Sequence[Trial]) -> Race | None:
        rules = self.plan.protocol
        if rules.pruner != "racing":
            return None
        (task,) = self.plan.tasks
        done = self._whole()
        best = counting.best([t.user_attrs["scores"] for t in done], self.plan.scales) if done else None
        bar = () if best is None else tuple(tuple(of) for of in done[best].user_attrs["rungs"])
        spared = tuple(i for i, t in enumerate(batch) if "default" in t.user_attrs)
        at = tuple(rules.evaluation.fractions.index(f) for f in rules.rungs)
        return Race(at, rules.tuning_seeds, task.scale, bar, spared)

    def _seed_by_seed(self, batch: Sequence[Trial]) -> Cells:
        """One seed of all configurations that are still in, then the next."""
        going = {trial.number: trial for trial in batch}
        scores: dict[int, dict[str, list[float]]] = {
            t.number: {task.name: [] for task in self.plan.tasks} for t in batch
        }
        seeds = self.plan.protocol.streams["tuning"].seeds
        for seed in seeds:
            if not going:
                return
            trials = list(going.values())
            found = yield from self._train([self._values(t) for t in trials], "tuning", seeds=(seed,))
            for place, trial in enumerate(trials):
                own = scores[trial.number]
                for task, of in found.items():
                    own[task].append(float(of.scores[place, 0]))
                try:
                    if math.isfinite(mean := self._of_last_seed(own, scores.values())):
                        trial.report(mean, seed)
                    trial.set_user_attr("scores", own)
                except UpdateFinishedTrialError:  # as above
                    del going[trial.number]
                    continue
                over, enough = seed == seeds[-1], len(own[self.plan.tasks[0].name]) >= WILCOXON_SEEDS
                if over:
                    self._complete(trial, own, list(scores.values()))
                elif not ("default" in trial.user_attrs or not enough) and trial.should_prune():
                    storage.finish(self.study, trial, None, TrialState.PRUNED)
                else:
                    continue
                del going[trial.number]

    def _of_last_seed(self, own: Mapping[str, list[float]], others: Iterable[counting.Scores]) -> float:
        """Mean over tasks of the newest seed's scores; a lost run counts as the worst that is known. NaN: nothing is."""
        lowest = counting.worst([*others, *(t.user_attrs["scores"] for t in self._whole())])
        scales = self.plan.scales
        return float(np.mean([counting.alone(of[-1], lowest.get(task), scales[task]) for task, of in own.items()]))

    # stages

    def _finished(self) -> list[Attempt]:
        """The trials that count, the default first, numbered anew: some numbers went to trials that were lost."""
        kept = [t for t in self.study.get_trials(deepcopy=False) if t.state in (TrialState.COMPLETE, TrialState.PRUNED)]
        kept.sort(key=lambda t: ("default" not in t.user_attrs, t.number))
        lowest = counting.worst(t.user_attrs["scores"] for t in kept if t.state == TrialState.COMPLETE)
        return [self._attempt(number, trial, lowest) for number, trial in enumerate(kept)]

    def _attempt(self, number: int, trial: FrozenTrial, lowest: Mapping[str, float]) -> Attempt:
        """The trial with its value as it compares with all others, of which some came after the sampler was told of it."""
        scores = {task: tuple(of) for task, of in trial.user_attrs["scores"].items()}
        pruned = "diverged" if "diverged" in trial.user_attrs else "pruned"
        state = "complete" if trial.state == TrialState.COMPLETE else pruned
        value = counting.value(scores, lowest, self.plan.scales)
        return Attempt(number, state, self.plan.space.values(trial.params), scores, value)

    def _again(self, stage: str, trials: Sequence[Attempt]) -> Generator[list[Cell], None, list[Stage]]:
        """The configurations of these trials on the seeds of a stage."""
        found = yield from self._train([t.values for t in trials], stage)
        return [
            Stage(t.number, {task: tuple(float(x) for x in of.scores[i]) for task, of in found.items()})
            for i, t in enumerate(trials)
        ]

    def _values(self, trial: Trial) -> Values:
        return self.plan.space.values(trial.params)

    def _train(
        self,
        configurations: Sequence[Values],
        stage: str,
        race: Race | None = None,
        seeds: tuple[int, ...] | None = None,
    ) -> Generator[list[Cell], None, dict[str, Found]]:
        """Scores by task of configurations on the seeds of a stage, [C, S] in their order."""
        plan, stream = self.plan, self.plan.protocol.streams[stage]
        if seeds is not None:
            stream = Stream(stream.purpose, seeds)
        by_task = {
            task.name: groups(plan.variant, task, configurations, plan.space.varied, stream, plan.protocol, race)
            for task in plan.tasks
        }
        yield [group.cell for of in by_task.values() for group in of]
        return {task: self._gathered(of, len(configurations)) for task, of in by_task.items()}

    def _gathered(self, of: Sequence[Group], count: int) -> Found:
        rows: dict[int, tuple[Found, int]] = {}
        for group in of:
            found = read(cell_path(self.folder, group.cell), group.cell, self.plan.protocol)
            rows |= {place: (found, i) for i, place in enumerate(group.places)}
        ordered = [rows[place] for place in range(count)]
        rungs = {f: np.stack([found.rungs[f][i] for found, i in ordered]) for f in self.plan.protocol.rungs}
        arrived = {f: np.array([found.arrived[f][i] for found, i in ordered]) for f in self.plan.protocol.rungs}
        came = np.array([found.came[i] for found, i in ordered])
        return Found(np.stack([found.scores[i] for found, i in ordered]), came, rungs, arrived)


def _listed(scores: Doubles) -> list[float]:
    return [float(x) for x in scores]


def _mean_over_tasks(scores: Mapping[str, list[float]]) -> list[float]:
    """Of each seed."""
    return _listed(np.mean(list(scores.values()), axis=0))


def _wilcoxon() -> WilcoxonPruner:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return WilcoxonPruner(p_threshold=WILCOXON_P, n_startup_steps=2)


def _candidates(trials: Sequence[Attempt], top: int) -> list[int]:
    """Places of the default and of the `top` best complete trials with other configurations, each configuration once."""
    whole = (t for t in trials if t.state == "complete")
    order = sorted(whole, key=lambda t: (-t.value, counting.lost(t.scores), t.number))
    chosen, seen = [0], [dict(trials[0].values)]
    for trial in order:
        if len(chosen) <= top and dict(trial.values) not in seen:
            chosen.append(trial.number)
            seen.append(dict(trial.values))
    return chosen
