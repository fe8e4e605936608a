"""From words on a command line to experiments and lists of names."""

from __future__ import annotations

from pathlib import Path

from benchmarks.design.experiment import Experiment
from benchmarks.design.own import comparison
from benchmarks.experiments import EXPERIMENTS
from envs.validation import UnknownName, UsageError, look_up


def find_experiment(name: str, results: Path) -> Experiment:
    """A registered experiment. UsageError that names the command, where it is a comparison of one's own."""
    if name not in EXPERIMENTS and (own := comparison.load(name, results, EXPERIMENTS)):
        raise UsageError(f"{name} is a comparison of your own, which is run by: {own[1]}")
    return look_up(EXPERIMENTS, name, "experiment")


def find_results(name: str, results: Path, *more: Path) -> Experiment:
    """A registered experiment, or the comparison of one's own whose folder lies under one of these."""
    for place in (results, *more) if name not in EXPERIMENTS else ():
        if own := comparison.load(name, place, EXPERIMENTS):
            return own[0]
    if name not in EXPERIMENTS:
        own_names = [own_name for place in (results, *more) for own_name in comparison.names(place)]
        raise UnknownName("experiment", name, (*EXPERIMENTS, *own_names))
    return EXPERIMENTS[name]


def split(names: str) -> list[str]:
    """`a,b` as a list; UsageError where it is empty."""
    parts = [name.strip() for name in names.split(",") if name.strip()]
    if not parts:
        raise UsageError(f"{names!r} names nothing")
    return list(dict.fromkeys(parts))
