"""Users' environments are tried for a few steps, each in a process of its own, before anything is measured or trained."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from benchmarks.validation.isolation import ChildFailed, run_in_child
from benchmarks.validation.usage import WorkFailed
from envs.api import Task
from envs.custom import rehearsal
from envs.custom.repeats import is_user_environment


def rehearse(tasks: Iterable[Task], timeout: float | None = None, others: bool = False) -> None:
    """Say once what Gymnasium warns of, and which environments fail, with what they did. WorkFailed where all of them do.

    others   whether there are tasks besides these: then a failing one does not keep them from being trained
    timeout  seconds after which an environment that does not answer has failed; None: it is waited for
    """
    failures: list[str] = []
    tried = {task.name: task for task in tasks if is_user_environment(task.factory)}.values()
    for task in tried:
        waiting = f"still trying {task.name}: its environment has not answered yet"
        try:
            heard = run_in_child(lambda task=task: rehearsal.rehearse(task), waiting, timeout)  # type: ignore[misc]
        except ChildFailed as error:
            failures.append(f"{task.name} fails in its first steps: {str(error).removeprefix(f'{task.name}: ')}")
            continue
        for words in heard:
            print(f"{task.name}: Gymnasium warns: {words}", file=sys.stderr)
    if failures and not others and len(failures) == len(tried):
        raise WorkFailed("\n".join(failures))
    for failure in failures:
        print(f"warning: {failure}\nits cells will fail; the others are trained", file=sys.stderr)
