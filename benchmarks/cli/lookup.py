"""From words on a command line to experiments and lists of names."""

from __future__ import annotations

from benchmarks.design.experiment import Experiment
from benchmarks.experiments import EXPERIMENTS
from envs.validation import UsageError, look_up


def find_experiment(name: str) -> Experiment:
    """A registered experiment."""
    return look_up(EXPERIMENTS, name, "experiment")


def split(names: str) -> list[str]:
    """`a,b` as a list; UsageError where it is empty."""
    parts = [name.strip() for name in names.split(",") if name.strip()]
    if not parts:
        raise UsageError(f"{names!r} names nothing")
    return list(dict.fromkeys(parts))
