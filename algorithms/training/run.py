"""The training loop of one cell: a population collects, learns, and is copied and evaluated at checkpoints.

Every random number comes from (seed, role, segment), so a resume needs only a RunState saved at the end of a segment.
"""

from __future__ import annotations

import functools
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch

from algorithms.composition import Composition
from algorithms.estimators.rollout import Rollout
from algorithms.policies.nucleus import Nucleus
from algorithms.staleness.parameter_history import ParameterHistory
from algorithms.training.build import build_normaliser, build_policy, minibatch_generators
from algorithms.training.checkpoints import Checkpoints
from algorithms.training.collector import Collector
from algorithms.training.evaluation import Evaluation, Evaluator
from algorithms.training.learner import Learner
from algorithms.training.records import Members, Progress, Record, Trained, TrainingEvent
from algorithms.training.returns.exact_return import ExactReturn, enumerable
from algorithms.training.state import Part, RunState, part_tensors
from algorithms.training_config import TrainingConfig
from algorithms.tunable import per_member
from envs.api import Task

DIAGNOSED_EVERY = 8  # updates between two readings of diagnostics on control tasks, which cost a few per cent
ROLLOUT_MEMBER_AXIS = 1  # in every tensor of a Rollout: [T, P, N]
COUNTERS = ("env_steps", "updates", "lag_max")


class Run:
    """One cell in progress. `train` runs it, and `state` saves its fields.

    member_indices  indices of its members in the cell
    playing         members that still have budget and have not diverged [P]
    lag_max         largest lag in updates of the rollouts from real actors [P]
    """

    def __init__(
        self,
        task: Task,
        variant: Composition,
        training: TrainingConfig,
        members: Members,
        env_steps: int,
        evaluation: Evaluation,
        device: str = "cpu",
        make_learner: Callable[..., Learner] = Learner,
        member_indices: tuple[int, ...] | None = None,
    ) -> None:
        """env_steps: budget of each member. make_learner: a class or function with the arguments of Learner."""
        count = len(members.seeds)
        self.configured = variant, training  # before the numbers of individual members are set in them
        self.task, self.members, self.member_indices = task, members, member_indices or tuple(range(count))
        self.variant, self.training = variant, training = per_member(variant, training, members.varied, device)
        self.budget, self.evaluation, self.device, self.make_learner = env_steps, evaluation, device, make_learner
        blank_policy = functools.partial(build_policy, task, variant, training, members, device)
        blank_normaliser = functools.partial(build_normaliser, task, training, members)
        self.policy, self.normaliser = blank_policy(), blank_normaliser()
        schedule, self.history, self.acting = variant.schedule, None, self.policy
        if schedule.actors is not None:
            self.history = ParameterHistory(schedule.actors, members.seeds, members.purpose, self.policy)
            self.acting = blank_policy()
        self.nucleus = None if variant.nucleus is None else Nucleus(variant.nucleus, blank_policy())
        self.compact = bool(members.varied)  # different configurations have rollouts of very different lengths
        self.learner = make_learner(
            self.policy,
            variant.estimator,
            schedule,
            training,
            torch.tensor(members.rates),
            task,
            variant.update,
            self.compact,
            self.acting if schedule.gradient == "actor" else None,
        )
        self.env_steps, self.updates = np.zeros(count, np.int64), np.zeros(count, np.int64)
        self.lag_max = np.zeros(count)
        self.queue: deque[Rollout] = deque()
        self.update = 0
        self.wall_s = 0.0
        self.checkpoints = Checkpoints(self.policy.flat.values, evaluation.fractions, env_steps, blank_normaliser)
        self.exact = ExactReturn(task, device) if enumerable(task) else None
        stale = ("simulated_s", "lag_max") if schedule.actors else ("lag_max",) if schedule.processes else ()
        self.evaluator = Evaluator(
            task, evaluation, members, self.member_indices, blank_policy(), self.exact, stale, device
        )

    @property
    def playing(self) -> np.ndarray:
        return (self.env_steps < self.budget) & self._healthy

    @property
    def _healthy(self) -> np.ndarray:
        healthy: np.ndarray = self.learner.healthy.cpu().numpy()
        return healthy

    def segment(self) -> Iterator[Progress]:
        """Make up to training.segment updates, with new environments and generators from (seed, segment)."""
        position = (self.update // self.training.segment,)
        shuffles = minibatch_generators(self.members, position)
        collector = Collector(
            self.task,
            self.acting,
            self.variant.estimator,
            self.training,
            self.normaliser,
            self.members,
            position,
            self.device,
            self.variant.schedule.tries,
            self.nucleus,
            self.variant.schedule.rounds,
        )
        try:
            for _ in range(self.training.segment):
                if not self.playing.any():
                    return
                start = time.perf_counter()
                self._one_update(collector, shuffles)
                self.take_checkpoints(time.perf_counter() - start)
                yield self.progress()
        finally:
            collector.close()

    def progress(self, notice: str = "") -> Progress:
        """Environment steps of all members so far."""
        return Progress(int(self.env_steps.sum()), self.budget * len(self.members.seeds), notice)

    def _one_update(self, collector: Collector, shuffles: list[np.random.Generator]) -> None:
        playing = self.playing
        if self.variant.update.exact:
            self._exact_step(playing)
        else:
            self._collect(collector, playing)
            if len(self.queue) > self.variant.schedule.lag:
                self._learn(self.queue.popleft(), shuffles)
                self.updates += playing
                if self.history is not None:
                    self.history.publish(self.policy, self.updates, playing)
                    self.learner.diagnostics.add("lag", *self.history.lag(playing))
        self.update += 1

    def _collect(self, collector: Collector, playing: np.ndarray) -> None:
        """Add one rollout to the queue."""
        before_step, charged = None, np.ones_like(self.env_steps)  # number of rollouts that each member is charged for
        if self.nucleus is not None:
            self.nucleus.sync(self.update, self.policy)
        if self.history is not None:
            self.history.next(playing, self.updates)
            before_step, charged = self.history.refresh(self.acting), charged + self.history.discarded
        rollout, spent = collector.collect(playing, before_step)
        self.env_steps += spent.long().cpu().numpy() * charged
        self.queue.append(rollout)

    def learn_from(self, rollout: Rollout, spent: np.ndarray, lag: int, shuffles: list[np.random.Generator]) -> None:
        """Make one update from a rollout of another process, played with parameters `lag` updates old; `spent` [P]."""
        playing = self.playing  # members that have used up their budget since then do not learn from it
        on = torch.from_numpy(playing).to(rollout.valid)
        self.env_steps += spent * playing
        self._learn(replace(rollout, valid=rollout.valid * on[:, None]), shuffles)
        self._count(playing, lag)

    def count_update(self, spent: np.ndarray, lag: int) -> None:
        """Count an update of another process, from a rollout of `spent` [P] steps with parameters `lag` updates old."""
        playing = self.playing
        self.env_steps += spent * playing
        self._count(playing, lag)

    def _count(self, playing: np.ndarray, lag: int) -> None:
        self.updates += playing
        self.update += 1
        self.lag_max = np.maximum(self.lag_max, lag * playing)
        counted = torch.from_numpy(playing.astype(np.float32)).to(self.device)
        self.learner.diagnostics.add("lag", torch.full_like(counted, lag), counted)

    def _learn(self, rollout: Rollout, shuffles: list[np.random.Generator]) -> None:
        progress = torch.from_numpy(self.env_steps / self.budget).to(self.learner.rate)
        due = self.checkpoints.due(self.env_steps)
        read = due or self.policy.reads_text or self.update % DIAGNOSED_EVERY == 0
        # members with different configurations are compared by score only
        if self.compact or not self.learner.diagnoses or not read:
            self.learner.learn(rollout, shuffles, progress)
            return
        exact_gradient = self.exact.gradient(self.policy) if due and self.exact is not None else None
        self.learner.learn(rollout, shuffles, progress, diagnosing=True, exact_gradient=exact_gradient)

    def _exact_step(self, playing: np.ndarray) -> None:
        """Take one ascent step on grad J. It plays no environment, but is charged like a whole rollout."""
        assert self.exact is not None
        self.exact.gradient(self.policy)
        self.policy.flat.gradient.neg_()
        self.learner.apply()
        self.env_steps += playing * self.training.collection.envs * self.task.spec.horizon
        self.updates += playing

    def take_checkpoints(self, seconds: float = 0.0) -> None:
        """Add `seconds` to the clock, and copy the members that have just passed a checkpoint."""
        self.wall_s += seconds
        count = len(self.members.seeds)
        stale = (np.zeros(count), self.lag_max)
        if self.history is not None:
            stale = (self.history.seconds, self.history.lag_max)
        now = np.stack([self.env_steps, self.updates, np.full(count, self.wall_s), *stale])
        self.checkpoints.take(self.policy.flat.values, self.normaliser, now, self._healthy, self.learner.diagnostics)

    def records(self, rest: bool = False) -> Iterator[Record]:
        """Evaluate the checkpoints that all members have passed: several at once, or with `rest` all there are."""
        return self.evaluator.records(self.checkpoints, self._healthy, rest)

    def returns(self, k: int) -> np.ndarray:
        """J [P] at checkpoint k, which all members have passed; NaN for those that diverged before."""
        return self.evaluator.returns(self.checkpoints, k, self._healthy)

    def trained(self) -> Trained:
        """The policies of the last checkpoint, once all members have passed it."""
        return self.evaluator.trained(self.checkpoints, self._healthy)

    def select_members(self, indices: Sequence[int]) -> Run:
        """The run of the members at these indices alone, in its current state."""
        members, of_cell = self.members.select_members(indices), tuple(self.member_indices[i] for i in indices)
        variant, training = self.configured
        rest = self.budget, self.evaluation, self.device, self.make_learner, of_cell
        selected = Run(self.task, variant, training, members, *rest)
        selected.restore(self.state().select_members(indices))
        return selected

    def state(self) -> RunState:
        """The state on which the next segment depends."""
        own = {"values": self.policy.flat.values} | {name: torch.from_numpy(getattr(self, name)) for name in COUNTERS}
        if self.nucleus is not None:
            own["nucleus"] = self.nucleus.policy.flat.values
        moments = {name: torch.from_numpy(x) for name, x in self.normaliser.snapshot().items()}
        parts: list[Part] = [
            ("", own, 0),
            ("", self.learner.tensors(), self.learner.member_axes()),
            ("normaliser", moments, 0),
            ("snapshots", self.checkpoints.tensors(), self.checkpoints.member_axes()),
        ]
        if self.history is not None:
            parts.append(("stale", self.history.tensors(), self.history.MEMBER_AXES))
        parts += [(f"queue.{i}", rollout.tensors(), ROLLOUT_MEMBER_AXIS) for i, rollout in enumerate(self.queue)]
        meta = {
            "update": self.update,
            "wall_s": self.wall_s,
            "evaluated": self.checkpoints.evaluated,
            "queue": [rollout.group for rollout in self.queue],
        }
        return RunState.of(parts, meta)

    def reason_unusable(self, state: RunState) -> str | None:
        """Why a state cannot be restored here; None if it can."""
        return state.reason_unusable(self.state())

    def restore(self, state: RunState) -> None:
        """Continue from a state, bit for bit."""
        tensors = {name: x.to(self.device) for name, x in state.tensors.items()}
        self.policy.flat.values.copy_(tensors["values"])
        if self.nucleus is not None:
            self.nucleus.policy.flat.values.copy_(tensors["nucleus"])
        self.learner.restore(tensors)
        self.env_steps, self.updates, self.lag_max = (tensors[name].cpu().numpy().copy() for name in COUNTERS)
        self.normaliser.restore({k: v.cpu().numpy() for k, v in part_tensors("normaliser", tensors).items()})
        self.checkpoints.restore(part_tensors("snapshots", tensors), state.meta["evaluated"])
        self.queue = deque(
            Rollout(**{"action_mask": None, **part_tensors(f"queue.{i}", tensors)}, group=group)  # type: ignore[arg-type]
            for i, group in enumerate(state.meta["queue"])
        )
        self.update, self.wall_s = state.meta["update"], state.meta["wall_s"]
        if self.history is not None:
            self.history.restore(part_tensors("stale", tensors), self.updates)


def train(run: Run, state: RunState | None = None) -> Iterator[TrainingEvent]:
    """Train to the end of the budget, yielding Progress after each update, Records when all members have passed a
    checkpoint, and a RunState at the end of every segment. With `state`, training continues from it bit for bit."""
    if state is not None:
        run.restore(state)
    else:
        run.take_checkpoints()
        yield from run.records()
    while run.playing.any():
        for progress in run.segment():
            yield progress
            yield from run.records()
        run.take_checkpoints()
        yield from run.records()
        if run.playing.any():
            yield run.state()
