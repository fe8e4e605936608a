"""Hogwild: workers that share parameters and optimiser statistics, and descend on them without a lock.

Each worker copies the parameters, plays a rollout with them, takes the gradient at this copy and steps along it on what is
shared, whatever the others have done since (Recht et al. 2011, Hogwild!; Mnih et al. 2016, algorithm S3). The age of a step
is the number of updates by others since the copy; nothing bounds it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from typing import NamedTuple

import numpy as np
import torch

from algorithms.actors import Plan
from algorithms.children import begin_child
from algorithms.composition import Processes
from algorithms.fleet import Failed, Fleet, Ready
from algorithms.learner import Learner
from algorithms.normaliser import Snapshot
from algorithms.returns import absorb, seen_by
from algorithms.shared import Board, Shared
from algorithms.training import Progress, Run
from envs.streams import Role, generator


class Stepped(NamedTuple):
    """A step that a worker has made: its age, the environment steps [P] of its rollout, and the moments it saw."""

    lag: int
    spent: np.ndarray
    seen: Snapshot


@dataclass(frozen=True)
class Common:
    """What all workers read and write.

    values   parameters [P, D]               statistics  of the optimiser
    healthy  who has not diverged [P]        done        updates of each worker
    spent    share of the budget [P]         board       moments and who plays, written by the run's process alone
    """

    values: Shared
    statistics: dict[str, Shared]
    healthy: Shared
    spent: Shared
    done: Shared
    board: Board


def share(run: Run, context: SpawnContext, workers: int) -> Common:
    """Moves the run's parameters and statistics to memory that others can hold."""
    values, members = run.policy.flat.values, len(run.members.seeds)
    common = Common(
        Shared(context, tuple(values.shape), np.float32),
        {name: Shared(context, tuple(x.shape), x.numpy().dtype) for name, x in run.learner.optimiser.items()},
        Shared(context, (members,), np.bool_),
        Shared(context, (members,), np.float64),
        Shared(context, (workers,), np.int64),
        Board(context, values.new_zeros(members, 0), run.normaliser.snapshot()),
    )
    common.values.tensor.copy_(values)
    run.policy.flat.move(common.values.tensor)
    for name, shared in common.statistics.items():
        shared.tensor.copy_(run.learner.optimiser[name])
        run.learner.optimiser[name] = shared.tensor
    common.healthy.tensor.copy_(run.learner.healthy)
    run.learner.healthy = common.healthy.tensor
    return common


def work(pipe: Connection, plan: Plan, common: Common, rates: torch.Tensor, worker: int) -> None:
    """Step after step until nobody plays, None comes or nobody is there any more."""
    begin_child()
    try:
        shared, own, normaliser = plan.policy(), plan.policy(), plan.normaliser()
        shared.flat.move(common.values.tensor)
        collector = plan.collector(worker, own, normaliser)
        variant = plan.variant
        learner = Learner(shared, variant.estimator, variant.schedule, plan.training, rates, plan.task, variant.update)
        learner.source, learner.optimiser = own, {name: x.tensor for name, x in common.statistics.items()}
        seeds, position = plan.members.seeds, plan.position(worker)
        shuffles = [generator(s, Role.MINIBATCH, *position, purpose=plan.members.purpose) for s in seeds]
        done, healthy = common.done.array, common.healthy.tensor
        pipe.send(Ready())
        pipe.recv()
        while (version := common.board.read()).playing.any() and not pipe.poll():
            before = int(done.sum())
            own.flat.values.copy_(shared.flat.values)
            normaliser.restore(version.moments)
            rollout, spent = collector.collect(version.playing)
            learner.healthy = healthy.clone()
            learner.learn(rollout, shuffles, common.spent.tensor.to(rates))
            healthy &= learner.healthy
            lag = int(done.sum()) - before
            done[worker] += 1
            pipe.send(Stepped(lag, spent.long().numpy(), seen_by(normaliser)))
    except (EOFError, BrokenPipeError):
        return
    except BaseException as error:  # sys.exit in an environment too
        pipe.send(Failed.of(error))


def descend(run: Run, processes: Processes) -> Iterator[Progress]:
    """Counts what the workers do, and tells them who still plays."""
    context = get_context("spawn")
    plan = Plan(run.task, *run.plan, run.members, run.update)
    common = share(run, context, processes.actors)
    rates = torch.tensor(run.members.rates)
    _tell(run, common)
    jobs = [(work, (plan, common, rates, worker)) for worker in range(processes.actors)]
    with Fleet(context, jobs, processes.patience_s) as fleet:
        for worker in list(fleet.hands):
            fleet.send(worker, "begin")
        start = time.perf_counter() - run.wall_s
        while run.playing.any():
            news = fleet.next()
            assert news is not None  # a worker that is there always owes a step
            worker, stepped = news
            if worker in fleet.hands:
                fleet.hands[worker].owed = 1  # it owes the next one without being asked
            playing = run.playing
            absorb(run.normaliser, stepped.seen)
            run.env_steps += stepped.spent * playing
            run.count(playing, stepped.lag)
            _tell(run, common)
            run.wall_s = time.perf_counter() - start
            run.snapshot()
            yield run.progress("; ".join(fleet.notices))
            fleet.notices.clear()


def _tell(run: Run, common: Common) -> None:
    common.spent.array[:] = run.env_steps / run.budget
    common.board.publish(run.update, run.policy.flat.values[:, :0], run.normaliser.snapshot(), run.playing)
