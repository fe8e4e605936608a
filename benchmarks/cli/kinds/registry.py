"""The class that runs and reports each class of experiments. A new one is a row here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.cli.kinds.api import ExperimentRun
from benchmarks.cli.kinds.comparison import ComparisonRun
from benchmarks.cli.kinds.gradients import GradientRun
from benchmarks.cli.kinds.studies import StudyRun
from benchmarks.design.experiment import ComparisonExperiment, Experiment
from benchmarks.design.gradient_experiment import GradientExperiment
from benchmarks.design.tuning_experiment import TuningExperiment

KINDS: dict[type, Callable[[Any], ExperimentRun]] = {
    ComparisonExperiment: ComparisonRun,
    GradientExperiment: GradientRun,
    TuningExperiment: StudyRun,
}


def experiment_run(experiment: Experiment) -> ExperimentRun:
    """What runs and reports this experiment."""
    return KINDS[type(experiment)](experiment)
