"""One study, from its first trial to the test, as a generator: it yields the cells that it needs and goes on when they
are done, so that many studies share one pool of processes."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from optuna.exceptions import ExperimentalWarning, UpdateFinishedTrialError
from optuna.pruners import NopPruner, WilcoxonPruner
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, Trial, TrialState

from algorithms.types import Variant
from benchmarks.experiment import Cell
from benchmarks.foreign import sources
from benchmarks.run import cell_path
from benchmarks.stats import Doubles
from benchmarks.tuning import storage
from benchmarks.tuning.cells import Found, Group, groups, read
from benchmarks.tuning.protocol import Protocol, Stream
from benchmarks.tuning.racing import Race
from benchmarks.tuning.result import Attempt, Stage, Tuned, Values, mean_score
from benchmarks.tuning.samplers import sampler
from benchmarks.tuning.space import Space
from envs.api import Task

Cells = Generator[list[Cell], None, None]  # an empty list: others are at work, come again later
WILCOXON_P, WILCOXON_SEEDS = 0.1, 4  # the pruner's level, and the seeds before its first look


@dataclass(frozen=True)
class Plan:
    """What is to be tuned: `study` names the folder, and with variant and tasks the study in its storage."""

    study: str
    variant: Variant
    tasks: tuple[Task, ...]
    protocol: Protocol
    space: Space

    @property
    def label(self) -> str:
        return f"{self.variant.name} on {' + '.join(task.name for task in self.tasks)}"

    @property
    def study_name(self) -> str:
        return f"{self.study}/{self.variant.name}/{'+'.join(task.name for task in self.tasks)}"

    @property
    def env_steps(self) -> int:
        """Of the whole study, if nothing is pruned and the chosen configuration is not the default."""
        rules = self.protocol
        runs = rules.trials * rules.tuning_seeds + (rules.top + 1) * rules.selection_seeds + 2 * rules.test_seeds
        return runs * sum(rules.env_steps[task.name] for task in self.tasks)


class StudyInProgress:
    """Yields cells from `work`; `result` is there when it has ended."""

    def __init__(self, plan: Plan, store: BaseStorage, folder: Path, origin: Mapping[str, object]) -> None:
        self.plan, self.folder, self.origin = plan, folder, origin
        self.worker = storage.Worker.here()
        remembered = {**plan.protocol.as_json(), "parameters": list(plan.space.as_json())}
        if made_of := sources([plan.variant, *plan.tasks]):
            remembered["sources of your code"] = made_of
        self.study = storage.open_study(store, plan.study_name, remembered, plan.space.default)
        self.result: Tuned | None = None

    def work(self) -> Cells:
        yield from self._tune()
        trials = self._finished()
        candidates = _candidates(trials, self.plan.protocol.top)
        selection = yield from self._again("selection", [trials[i] for i in candidates])
        best = int(np.argmax([stage.value for stage in selection]))  # of equals the default, which is first
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
        for place, trial in enumerate(batch):
            scores = {task: of.scores[place] for task, of in found.items()}
            rungs = {f: [of.rungs[f][place] for of in found.values()] for f in self.plan.protocol.rungs}
            with suppress(UpdateFinishedTrialError):  # another host took this process for dead, and has the trial now
                self._tell(trial, scores, {f: np.mean(of, axis=0) for f, of in rungs.items()})

    def _tell(self, trial: Trial, scores: Mapping[str, Doubles], rungs: Mapping[float, Doubles]) -> None:
        """A trial's scores by task [S], NaN where it was stopped, and its means over tasks at the rungs."""
        came = [(k, f, of) for k, (f, of) in enumerate(rungs.items()) if not np.isnan(of).any()]
        for k, _, of in came:
            trial.report(float(of.mean()), k)
        stopped = any(np.isnan(of).any() for of in scores.values())
        if stopped:
            last = came[-1][2]
            scores = dict.fromkeys(scores, last)
        kept = {task: [float(x) for x in of] for task, of in scores.items()}
        trial.set_user_attr("scores", kept)
        trial.set_user_attr("rungs", [[float(x) for x in of] for _, _, of in came])
        if stopped:
            storage.finish(self.study, trial, None, TrialState.PRUNED)
        else:
            storage.finish(self.study, trial, mean_score({task: tuple(of) for task, of in kept.items()}))

    def _race(self, batch: Sequence[Trial]) -> Race | None:
        rules = self.plan.protocol
        if rules.pruner != "racing":
            return None
        (task,) = self.plan.tasks
        done = [t for t in self.study.get_trials(deepcopy=False) if t.state == TrialState.COMPLETE]
        best = max(done, key=lambda t: t.value or 0.0, default=None)
        bar = () if best is None else tuple(tuple(of) for of in best.user_attrs["rungs"])
        spared = tuple(i for i, t in enumerate(batch) if "default" in t.user_attrs)
        at = tuple(rules.evaluation.fractions.index(f) for f in rules.rungs)
        return Race(at, rules.tuning_seeds, task.floor, task.ceiling - task.floor, bar, spared)

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
                    trial.report(float(np.mean([of[-1] for of in own.values()])), seed)
                    trial.set_user_attr("scores", own)
                except UpdateFinishedTrialError:  # as above
                    del going[trial.number]
                    continue
                over, enough = seed == seeds[-1], len(own[self.plan.tasks[0].name]) >= WILCOXON_SEEDS
                if over:
                    storage.finish(self.study, trial, mean_score({t: tuple(of) for t, of in own.items()}))
                elif not ("default" in trial.user_attrs or not enough) and trial.should_prune():
                    storage.finish(self.study, trial, None, TrialState.PRUNED)
                else:
                    continue
                del going[trial.number]

    # stages

    def _finished(self) -> list[Attempt]:
        """The trials that count, the default first, numbered anew: some numbers went to trials that were lost."""
        kept = [t for t in self.study.get_trials(deepcopy=False) if t.state in (TrialState.COMPLETE, TrialState.PRUNED)]
        kept.sort(key=lambda t: ("default" not in t.user_attrs, t.number))
        return [self._attempt(number, trial) for number, trial in enumerate(kept)]

    def _attempt(self, number: int, trial: FrozenTrial) -> Attempt:
        scores = {task: tuple(of) for task, of in trial.user_attrs["scores"].items()}
        whole = trial.state == TrialState.COMPLETE
        value = trial.value if whole and trial.value is not None else mean_score(scores)
        return Attempt(number, "complete" if whole else "pruned", self.plan.space.values(trial.params), scores, value)

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
        return Found(np.stack([found.scores[i] for found, i in ordered]), rungs)


def _wilcoxon() -> WilcoxonPruner:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return WilcoxonPruner(p_threshold=WILCOXON_P, n_startup_steps=2)


def _candidates(trials: Sequence[Attempt], top: int) -> list[int]:
    """Places of the default and of the `top` best complete trials with other configurations, each configuration once."""
    order = sorted((t for t in trials if t.state == "complete"), key=lambda t: (-t.value, t.number))
    chosen, seen = [0], [dict(trials[0].values)]
    for trial in order:
        if len(chosen) <= top and dict(trial.values) not in seen:
            chosen.append(trial.number)
            seen.append(dict(trial.values))
    return chosen
