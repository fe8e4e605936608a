"""Processes by name, and whether they are alive."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import asdict, replace

import pytest

from benchmarks.sharing.processes import Process, process_start, process_start_by_ps
from tests.benchmarks.sharing.shared_folder import DEAD, HERE, elsewhere


def test_a_process_is_known_by_more_than_its_pid() -> None:
    assert not HERE.dead(HERE)
    assert DEAD.dead(HERE)
    assert Process.read(json.loads(json.dumps(asdict(HERE)))) == HERE


def test_a_machine_is_known_by_its_boot_whatever_its_name() -> None:
    assert HERE.on_machine_of(replace(HERE, host="renamed"))
    assert not HERE.on_machine_of(replace(elsewhere(), host=HERE.host))
    assert not HERE.on_machine_of(replace(HERE, space="pid:[1]"))  # a container
    assert not HERE.on_machine_of(replace(HERE, started=""))
    without_proc = Process("mac", "", 7, "Mon Nov 30 10:41:02 2026")
    assert without_proc.on_machine_of(replace(without_proc, pid=8, started="Mon Nov 30 11:00:00 2026"))
    assert not without_proc.on_machine_of(replace(without_proc, host="another mac"))


@pytest.mark.parametrize(
    "wrong", [{"pid": "7"}, {"pid": True}, {"pid": -1}, {"host": None}, {"started": 3}, {"space": ["x"]}]
)
def test_values_of_other_types_are_no_process(wrong: dict[str, object]) -> None:
    assert Process.read({**asdict(HERE), **wrong}) is None
    assert Process.read({}) is None


@pytest.mark.parametrize("started", [process_start, process_start_by_ps])
def test_a_process_that_ended_and_was_not_waited_for_is_dead(started: Callable[[int], str]) -> None:
    if not shutil.which("ps"):
        pytest.skip("there is no ps")
    child = subprocess.Popen(["sleep", "60"])
    first = started(child.pid)
    assert first
    assert started(child.pid) == first
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert started(child.pid) == ""
    child.wait()
    assert started(child.pid) == ""
