"""Processes that work on a study, and whether they are alive.

A worker on another machine is judged by its heartbeats in the storage: it is dead when they have not changed for GRACE_S of
the clock of whoever looks. The clocks of several hosts, and that of a database, are never compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from optuna.study import Study

from benchmarks.sharing.observer import Observer
from benchmarks.sharing.processes import Process

STEP_S = 10.0  # between two writes that follow each other; after that, the process that wrote the first is dead
HEARTBEAT_S = 30.0
GRACE_S = 600.0  # without a heartbeat for this long, a worker on another host is dead

_observers: WeakKeyDictionary[Study, Observer] = WeakKeyDictionary()


def observer(study: Study) -> Observer:
    """What this process has seen in the study's storage, and when."""
    return _observers.setdefault(study, Observer())


class Worker(Process):
    """A process that works on a study."""

    @property
    def key(self) -> str:
        """The user attribute of the study that holds its number of heartbeats."""
        return f"beat {self.host} {self.pid} {self.started}"

    def alive(self, here: Process, attributes: Mapping[str, Any], seen: Observer) -> bool:
        """As `here` can tell: of its own machine exactly, of others by the heartbeats among the study's attributes."""
        if self.on_machine_of(here):
            return not self.dead(here)
        return seen.unchanged_s(self, attributes.get(self.key)) < GRACE_S


def heartbeat(study: Study, worker: Worker) -> None:
    """Tell other hosts that the worker lives. It writes at most every HEARTBEAT_S."""
    seen, last = observer(study), study.user_attrs.get(worker.key, 0)
    if not last or seen.unchanged_s(worker.key, last) >= HEARTBEAT_S:
        study.set_user_attr(worker.key, last + 1)
        seen.unchanged_s(worker.key, last + 1)
