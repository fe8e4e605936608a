"""The class that runs and reports each class of experiments. A new one is a row here."""

from __future__ import annotations

import importlib

from benchmarks.cli.kinds.api import ExperimentRun
from benchmarks.design.experiment import ComparisonExperiment, Experiment
from benchmarks.design.gradient_experiment import GradientExperiment
from benchmarks.design.tuning_experiment import TuningExperiment
from benchmarks.language.experiment import LanguageExperiment

# class of experiments -> the module that holds its run, which is imported when there is one to run, and its class
KINDS: dict[type, tuple[str, str]] = {
    ComparisonExperiment: ("benchmarks.cli.kinds.comparison", "ComparisonRun"),
    GradientExperiment: ("benchmarks.cli.kinds.gradients", "GradientRun"),
    LanguageExperiment: ("benchmarks.cli.kinds.language", "LanguageRun"),
    TuningExperiment: ("benchmarks.cli.kinds.studies", "StudyRun"),
}


def experiment_run(experiment: Experiment) -> ExperimentRun:
    """What runs and reports this experiment."""
    module, name = KINDS[type(experiment)]
    run: ExperimentRun = getattr(importlib.import_module(module), name)(experiment)
    return run
