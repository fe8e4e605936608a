"""Users' environments are tried for a few steps, each in a process of its own, before anything is measured or trained."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from benchmarks.validation.isolation import ChildFailed, run_in_child
from benchmarks.validation.usage import WorkFailed
from envs.api import Task
from envs.custom import rehearsal
from envs.custom.repeats import is_user_environment


def rehearse(tasks: Iterable[Task], timeout: float | None = None) -> None:
    """Say once what Gymnasium warns of. WorkFailed names all tasks whose environment fails, with what it did.

    timeout  seconds after which an environment that does not answer has failed; None: it is waited for
    """
    failures: list[str] = []
    for task in {task.name: task for task in tasks if is_user_environment(task.factory)}.values():
        waiting = f"still trying {task.name}: its environment has not answered yet"
        try:
            heard = run_in_child(lambda task=task: rehearsal.rehearse(task), waiting, timeout)  # type: ignore[misc]
        except ChildFailed as error:
            failures.append(f"{task.name} fails in its first steps: {str(error).removeprefix(f'{task.name}: ')}")
            continue
        for words in heard:
            print(f"{task.name}: Gymnasium warns: {words}", file=sys.stderr)
    if failures:
        raise WorkFailed("\n".join(failures))
