"""Hogwild: workers that share parameters and optimiser statistics, and update them without a lock.

Each worker copies the parameters, plays a rollout with them, computes the gradient at this copy and applies it to
the shared parameters, even if other workers have changed them since (Recht et al. 2011, Hogwild!; Mnih et al. 2016,
algorithm S3). The age of a step is the number of updates by others since the copy; it has no bound.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from typing import NamedTuple

import numpy as np
import torch

from algorithms.asynchronous.actor import ActorJob
from algorithms.asynchronous.child_process import begin_child
from algorithms.asynchronous.shared_memory import ParameterBoard, SharedArray
from algorithms.asynchronous.workers import Failed, Ready, Workers, start_context
from algorithms.composition import Processes
from algorithms.training.build import minibatch_generators
from algorithms.training.learner import Learner
from algorithms.training.observation_normaliser import Moments
from algorithms.training.records import Progress
from algorithms.training.run import Run


class WorkerStep(NamedTuple):
    """A step of a worker: its age, the environment steps [P] of its rollout, and the moments for the normaliser."""

    lag: int
    spent: np.ndarray
    new_moments: Moments


@dataclass(frozen=True)
class SharedRun:
    """The memory that all workers share.

    values   parameters [P, D]               statistics  state of the optimiser
    healthy  members not diverged [P]        done        updates of each worker
    spent    spent share of the budget [P]   board       moments and playing members, written only by the run's process
    """

    values: SharedArray
    statistics: dict[str, SharedArray]
    healthy: SharedArray
    spent: SharedArray
    done: SharedArray
    board: ParameterBoard

    @classmethod
    def of(cls, run: Run, context: SpawnContext, workers: int) -> SharedRun:
        """Move the run's parameters and statistics to shared memory."""
        values, statistics, members = run.policy.flat.values, run.learner.optimiser, len(run.members.seeds)
        shared = cls(
            SharedArray(context, tuple(values.shape), np.float32),
            {name: SharedArray(context, tuple(x.shape), x.numpy().dtype) for name, x in statistics.items()},
            SharedArray(context, (members,), np.bool_),
            SharedArray(context, (members,), np.float64),
            SharedArray(context, (workers,), np.int64),
            ParameterBoard(context, values.new_zeros(members, 0), run.normaliser.snapshot()),
        )
        shared.values.tensor.copy_(values)
        run.policy.flat.move(shared.values.tensor)
        for name, array in shared.statistics.items():
            array.tensor.copy_(statistics[name])
        shared.healthy.tensor.copy_(run.learner.healthy)
        run.learner.share(shared.optimiser(), shared.healthy.tensor)
        shared.publish(run)
        return shared

    def optimiser(self) -> dict[str, torch.Tensor]:
        """The optimiser's state."""
        return {name: array.tensor for name, array in self.statistics.items()}

    def publish(self, run: Run) -> None:
        """Publish the moments, the spent budget and the playing members."""
        self.spent.array[:] = run.env_steps / run.budget
        self.board.publish(run.update, run.policy.flat.values[:, :0], run.normaliser.snapshot(), run.playing)


def step_until_done(pipe: Connection, job: ActorJob, shared: SharedRun, rates: torch.Tensor, worker: int) -> None:
    """Make steps until no member plays, None arrives or the run's process has ended."""
    begin_child()
    try:
        policy, own, normaliser = job.policy(), job.policy(), job.normaliser()
        policy.flat.move(shared.values.tensor)
        collector = job.collector(worker, own, normaliser)
        estimator, schedule = job.variant.estimator, job.variant.schedule
        learner = Learner(
            policy, estimator, schedule, job.training, rates, job.task, job.variant.update, gradient_policy=own
        )
        learner.share(shared.optimiser())
        shuffles = minibatch_generators(job.members, job.position(worker))
        done, healthy = shared.done.array, shared.healthy.tensor
        pipe.send(Ready())
        pipe.recv()
        while (version := shared.board.read()).playing.any() and not pipe.poll():
            before = int(done.sum())
            own.flat.values.copy_(policy.flat.values)
            normaliser.restore(version.moments)
            rollout, spent = collector.collect(version.playing)
            learner.freeze_diverged(healthy)
            learner.learn(rollout, shuffles, shared.spent.tensor.to(rates))
            healthy &= learner.healthy
            lag = int(done.sum()) - before
            done[worker] += 1
            pipe.send(WorkerStep(lag, spent.long().numpy(), normaliser.new_moments))
    except (EOFError, BrokenPipeError):
        return
    except BaseException as error:  # includes sys.exit in an environment
        pipe.send(Failed.of(error))


def train_hogwild(run: Run, processes: Processes) -> Iterator[Progress]:
    """Start the workers, count their steps, and publish the playing members."""
    context = start_context()
    shared = SharedRun.of(run, context, processes.actors)
    job, rates = ActorJob(run.task, *run.configured, run.members, run.update), torch.tensor(run.members.rates)
    jobs = [(step_until_done, (job, shared, rates, worker)) for worker in range(processes.actors)]
    with Workers(context, jobs, processes.patience_s) as workers:
        for worker in list(workers.alive):
            workers.send(worker, "begin")
        start = time.perf_counter()
        while run.playing.any():
            message = workers.next()
            assert message is not None  # a live worker always makes another step
            worker, made = message
            workers.expect(worker)
            run.normaliser.merge(made.new_moments)
            run.count_update(made.spent, made.lag)
            shared.publish(run)
            now = time.perf_counter()
            run.take_checkpoints(now - start)
            start = now
            yield run.progress("; ".join(workers.notices))
            workers.notices.clear()
