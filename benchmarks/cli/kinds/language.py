"""Experiments on language models: the models that they need are made first, once."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.cli.kinds.comparison import ComparisonRun
from benchmarks.cli.lookup import split
from benchmarks.cli.options import RunFlags
from benchmarks.design.experiment import Outcome
from benchmarks.execution.provenance import provenance
from benchmarks.execution.stages import watch
from benchmarks.language.artefacts import ArtefactStore
from benchmarks.language.bases import MINUTES, Models, OwnModel, make_model, missing
from benchmarks.language.experiment import LanguageExperiment
from envs.api import Task
from envs.validation import look_up


class LanguageRun(ComparisonRun):
    """See cli.kinds.api.ExperimentRun."""

    def __init__(self, experiment: LanguageExperiment) -> None:
        super().__init__(experiment)
        self.language = experiment
        self.unmade: list[OwnModel] = []  # what a dry run would make first

    def select(self, flags: RunFlags) -> None:
        for name in () if flags.tasks is None else split(flags.tasks):
            look_up(dict.fromkeys(self.language.task_names), name, "task")
        # small models are not to be taken for the suite's own
        store = ArtefactStore(flags.results / "smoke" if flags.smoke else flags.results, provenance())
        models = self.language.models
        self.unmade = missing(store, models) if flags.dry_run else []
        if self.unmade:
            return
        made = Models(*(watch(_title(model), make_model(store, model)) for model in models))
        # the models are known, so the experiment is a comparison of tasks like any other
        self.declared = replace(self.language, tasks=self._tasks(store, made, flags.seeds or self.language.seeds))
        super().select(flags)

    def _tasks(self, store: ArtefactStore, made: Models, seeds: int) -> tuple[Task, ...]:
        if self.language.pipeline is None:
            return self.language.build_tasks(made)
        return watch("stages before the policy gradient, once", self.language.pipeline(store, made, seeds))

    def run(self, flags: RunFlags, folder: Path) -> Outcome | None:
        for model in self.unmade:
            print(f"would make first: {_title(model)}", file=sys.stderr)
        return None if self.unmade else super().run(flags, folder)


def _title(model: OwnModel) -> str:
    what = {"base": "pretraining the base model", "judge": "pretraining the judge's model"}[model.part]
    return f"{what}, once: about {MINUTES[model.part]} minutes"
