"""Workers that step on parameters which they share."""

from __future__ import annotations

import os
import signal

import pytest
import torch

from algorithms.asynchronous.learner import train_asynchronously
from algorithms.composition import Processes
from algorithms.training.records import Progress, Record
from algorithms.training.run import Run
from envs import TASKS
from tests.algorithms.asynchronous.runs import children, of, run_of


def hogwild(workers: int, env_steps: int = 6_000) -> Run:
    return run_of(Processes(workers, hogwild=True), TASKS["bandit/small"], "async", env_steps)


def test_workers_step_on_parameters_that_they_share() -> None:
    run = hogwild(2)
    begun = run.policy.flat.values.clone()
    records = of(train_asynchronously(run), Record)
    first, last = records[0], records[-1]
    assert last.fraction == 1.0
    assert last.eval_return > first.eval_return + 0.1  # it learns
    assert not torch.equal(run.policy.flat.values, begun)
    assert last.updates == run.update
    assert not children()


@pytest.mark.usefixtures("forked")
def test_a_worker_is_killed_and_the_others_go_on() -> None:
    notices, killed = [], False
    for event in train_asynchronously(hogwild(2)):
        if isinstance(event, Progress):
            notices.append(event.notice)
            if not killed:
                os.kill(min(children()), signal.SIGKILL)
                killed = True
    assert "actor 0 is lost (it was killed by signal 9); the run goes on with 1" in notices
    assert not children()
