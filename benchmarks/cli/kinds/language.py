"""Experiments on language models: the models that they need are made first, once."""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path

from algorithms.algorithm import Algorithm
from algorithms.cost import language_seconds
from algorithms.language.stage import StageProgress
from benchmarks.cli.engine_flags import check_device
from benchmarks.cli.kinds.comparison import ComparisonRun
from benchmarks.cli.kinds.jobs import jobs_at_once
from benchmarks.cli.lookup import split
from benchmarks.cli.options import RunFlags
from benchmarks.design.cells import blocks, build_cells, reads_rates
from benchmarks.design.experiment import Outcome
from benchmarks.design.identity import canonical
from benchmarks.design.lookup import find_variants
from benchmarks.design.settings import BUDGET
from benchmarks.execution.cost import CELL_S
from benchmarks.execution.display.stages import watch
from benchmarks.execution.display.time_left import rough
from benchmarks.execution.jobs import CellJob
from benchmarks.execution.provenance import provenance
from benchmarks.language.artefacts import ArtefactStore, NotMade, only_reading
from benchmarks.language.bases import MINUTES, Models, OwnModel, make_model, missing
from benchmarks.language.experiment import LanguageExperiment
from benchmarks.language.own_data import OwnFile
from benchmarks.language.own_pipeline import FILES, OwnData
from benchmarks.store.descriptions import digest
from envs.api import Task
from envs.language.data.prompts import LONGEST
from envs.language.data.rewards import OwnReward
from envs.language.judged_mdp import JudgedMDP
from envs.language.models.base import find_base
from envs.validation import look_up


class LanguageRun(ComparisonRun):
    """See cli.kinds.api.ExperimentRun."""

    def __init__(self, experiment: LanguageExperiment) -> None:
        super().__init__(experiment)
        self.language = experiment
        # of a dry run before the models are made: what would be made first, the cells after it, and their time
        self.unmade: list[str] = []
        self.listed: list[str] = []
        self.seconds = 0.0

    def select(self, flags: RunFlags) -> None:
        for name in () if flags.tasks is None else split(flags.tasks):
            look_up(dict.fromkeys(self.language.task_names), name, "task")
        check_device(flags.device)
        own = self._own_data(flags)
        # small models are not to be taken for the suite's own
        store = ArtefactStore(flags.results / "smoke" if flags.smoke else flags.results, provenance(flags.device))
        making = self._making(store, own, flags.seeds or self.language.seeds)
        # results on a user's model or data have a folder of their own
        name = self.language.name + (f"-own-{digest(canonical(own))[:8]}" if own != OwnData() else "")
        self.declared = self.experiment = replace(self.language, name=name)
        if flags.dry_run:
            tasks = self._read(making, missing(store, self._models(own)))
        else:
            tasks = watch("models and stages before the policy gradient, once", making)
        if tasks is None:
            self._list_unmade(own, flags)
            return
        # the models are known, so the experiment is a comparison of tasks like any other
        self.declared = replace(self.declared, tasks=tuple(_on(task, flags.device) for task in tasks))
        super().select(flags)

    def run(self, flags: RunFlags, folder: Path) -> Outcome | None:
        if not self.unmade:
            return super().run(flags, folder)
        print("\n".join(self.listed))
        for what in self.unmade:
            print(f"would make first: {what}", file=sys.stderr)
        time = rough(self.seconds / jobs_at_once(flags, self.experiment.name, self.experiment.one_at_a_time))
        print(
            f"{self.experiment.name}: at most {len(self.listed)} cells after that, about {time}",
            file=sys.stderr,
        )
        return None

    def _own_data(self, flags: RunFlags) -> OwnData:
        """What the user brings; UsageError for what cannot be read."""
        given = {name: value for name, value in flags.own_data.items() if value is not None}
        base = find_base(given["base"]) if "base" in given else None
        reward = OwnReward.of(given["reward"]) if "reward" in given else None
        files = {name: OwnFile.of(Path(given[name])) for name in FILES if name in given}
        own = OwnData(base, reward=reward, **files)
        own.check(LONGEST)
        return own

    def _models(self, own: OwnData) -> tuple[OwnModel, ...]:
        """The suite's models that are needed: a user's base needs no other, and a user's judge no model."""
        brought = {"base": own.base is not None, "judge": own.reward is not None}
        return tuple(model for model in self.language.models if not brought[model.part])

    def _making(
        self, store: ArtefactStore, own: OwnData, seeds: int
    ) -> Generator[StageProgress, None, tuple[Task, ...]]:
        """The tasks, after the models and stages that they need."""
        found = {}
        for model in self._models(own):
            if not store.path(model.part, model).exists():
                yield StageProgress(0, 0, notice=_title(model))
            found[model.part] = yield from make_model(store, model)
        base = own.base or found["base"]
        models = Models(base, found.get("judge", base))  # whoever has a judge of their own is not asked for its model
        if self.language.pipeline is None:
            return self.language.build_tasks(models)
        return (yield from self.language.pipeline(store, models, seeds, own))

    def _read(
        self, making: Generator[StageProgress, None, tuple[Task, ...]], models: Sequence[OwnModel]
    ) -> tuple[Task, ...] | None:
        """The tasks where everything that they need has been made; else None, and what would be made first."""
        last = ""
        with only_reading():
            while True:
                try:
                    last = next(making).notice or last
                except StopIteration as stop:
                    tasks: tuple[Task, ...] = stop.value
                    return tasks
                except NotMade as error:
                    self.unmade = [_title(model) for model in models] or [last or f"the artefact {error}"]
                    self.unmade += ["the stages that follow"] if self.language.pipeline is not None else []
                    return None

    def _list_unmade(self, own: OwnData, flags: RunFlags) -> None:
        """A line for each cell. Tasks of models are not yet known, nor which variants cannot run on them."""
        experiment = self.language
        if flags.seeds is not None:
            experiment = replace(experiment, seeds=flags.seeds, seeds_by_variant={})
        plain = {task.name: task for task in experiment.plain}
        variants = find_variants(experiment.variants, None if flags.variants is None else split(flags.variants))
        for name in experiment.task_names if flags.tasks is None else split(flags.tasks):
            if name in plain:
                for cell in build_cells(experiment, [plain[name]], variants, flags.env_steps):
                    job = CellJob(cell, Path())
                    self._list(job.label, len(job.seeds), job.member_steps, job.expected_seconds)
            else:
                self._list_of_models(experiment, name, variants, own, flags.env_steps)

    def _list_of_models(
        self,
        experiment: LanguageExperiment,
        name: str,
        variants: Sequence[Algorithm],
        own: OwnData,
        env_steps: int | None,
    ) -> None:
        """The cells of one task whose models have not been made; each step of the optimiser is one pass over the tokens."""
        shape = next(model.shape for model in experiment.models if model.part == "base")
        matrices = tuple(shape.linear.values()) if own.base is None else own.base.matrices
        for variant in variants:
            steps = (env_steps or experiment.env_steps.get(name) or BUDGET) if variant.learns else 0
            rates = len(experiment.rates) if experiment.rates and reads_rates(variant) else 1
            for block in blocks(experiment.seeds, experiment.block):
                members, passes = len(block) * rates, variant.methods.steps_per_update or 1
                seconds = CELL_S + language_seconds(matrices, steps * members, passes)
                self._list(f"{name} x {variant.name}", members, steps, seconds)

    def _list(self, label: str, members: int, steps: int, seconds: float) -> None:
        """One cell that would follow."""
        self.listed.append(f"{label}: {members} members x {f'{steps:,} steps' if steps else 'no training'}")
        self.seconds += seconds


def _on(task: Task, device: str) -> Task:
    """The task with judges that compute on this device."""
    if not isinstance(task.factory, JudgedMDP):
        return task
    views = tuple((n, replace(f, device=device) if isinstance(f, JudgedMDP) else f) for n, f in task.views)
    return replace(task, factory=replace(task.factory, device=device), views=views)


def _title(model: OwnModel) -> str:
    what = {"base": "pretraining the base model", "judge": "pretraining the judge's model"}[model.part]
    return f"{what}, once: about {MINUTES[model.part]} minutes"
