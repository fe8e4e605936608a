"""From words on a command line to experiments, lists and variants with real actors."""

from __future__ import annotations

from dataclasses import replace

from algorithms.asynchronous.learner import reason_unsupported
from algorithms.composition import Processes
from algorithms.variant import Variant
from benchmarks.design.experiment import Experiment
from benchmarks.experiments import EXPERIMENTS
from envs.validation import UsageError, look_up


def experiment_named(name: str) -> Experiment:
    """A registered experiment."""
    return look_up(EXPERIMENTS, name, "experiment")


def with_processes(variant: Variant, actors: int, hogwild: bool) -> Variant:
    """The variant with real actors in place of its lag or its simulated ones; UsageError where it cannot have them."""
    processes = Processes(actors, hogwild=hogwild)
    schedule = replace(variant.schedule, lag=0, actors=None, gradient="newest", processes=processes)
    workers = f"{actors} Hogwild workers" if hogwild else f"{actors} actors"
    made = replace(variant, name=f"{variant.name} ({workers})", schedule=schedule)
    if reason := reason_unsupported(made):
        raise UsageError(f"{variant.name} {reason}")
    return made


def split(names: str) -> list[str]:
    """`a,b` as a list; UsageError where it is empty."""
    found = [name.strip() for name in names.split(",") if name.strip()]
    if not found:
        raise UsageError(f"{names!r} names nothing")
    return list(dict.fromkeys(found))
