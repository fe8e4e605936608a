"""How long a value has not changed, by one clock."""

from __future__ import annotations

from benchmarks.sharing.observer import Observer
from tests.benchmarks.sharing.shared_folder import Clock


def test_seconds_are_counted_from_the_first_look_at_a_value() -> None:
    clock = Clock()
    observer = Observer(clock)
    assert observer.unchanged_s("a", 1) == 0
    clock.now += 7
    assert observer.unchanged_s("a", 1) == 7
    assert observer.unchanged_s("b", 1) == 0
    clock.now += 2
    assert observer.unchanged_s("a", 2) == 0
    clock.now += 3
    assert (observer.unchanged_s("a", 2), observer.unchanged_s("b", 1)) == (3, 5)
    observer.forget("b")
    assert observer.unchanged_s("b", 1) == 0
