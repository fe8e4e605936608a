"""The training loop of one cell: a population collects, learns, is snapshotted at checkpoints and evaluated.

Every random number comes from (seed, role, segment), so a State saved at a segment's end is all that a resume needs.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from algorithms.collection import Collector
from algorithms.composition import Composition
from algorithms.estimators.rollout import Rollout
from algorithms.evaluation import SAMPLES_AT, Evaluation, Examination, Scores
from algorithms.exact import ExactReturn, enumerable
from algorithms.learner import Learner
from algorithms.normaliser import Identity, Normaliser, RunningMoments, Snapshot
from algorithms.nucleus import Nucleus
from algorithms.policies.actor_critic import ActorCritic
from algorithms.population import torch_generators
from algorithms.returns import WithReturns
from algorithms.setting import Training
from algorithms.snapshots import MARKS, Snapshots
from algorithms.stale import Stale
from algorithms.tunable import per_member
from envs.api import Features, Task
from envs.streams import Purpose, Role, generator, stream


@dataclass(frozen=True)
class Members:
    """Who trains: one seed and one learning rate a member; seeds may repeat (several configurations on the same seeds).

    varied  other fields in which members differ: a path (algorithms.tunable) and one number a member
    """

    seeds: tuple[int, ...]
    rates: tuple[float, ...]
    purpose: Purpose = Purpose.TRAIN
    varied: tuple[tuple[str, tuple[float, ...]], ...] = ()

    def only(self, places: Sequence[int]) -> Members:
        """Those at these places."""

        def at(of: tuple[Any, ...]) -> tuple[Any, ...]:
            return tuple(of[i] for i in places)

        return replace(
            self, seeds=at(self.seeds), rates=at(self.rates), varied=tuple((path, at(of)) for path, of in self.varied)
        )


@dataclass(frozen=True)
class Record:
    """One member at one checkpoint.

    measures  what an evaluation reads beside J (algorithms.evaluation.Scores)
    texts     what it writes, for the first member of a text task before and after training
    place     of the member in its cell
    """

    seed: int
    learning_rate: float
    checkpoint: int
    fraction: float
    env_steps: int
    updates: int
    wall_s: float
    eval_return: float
    eval_return_greedy: float
    diverged: bool
    measures: dict[str, float] = field(default_factory=dict)
    texts: tuple[str, ...] = ()
    place: int = 0


@dataclass(frozen=True)
class Progress:
    """Where a cell stands: environment steps of all its members, and of how many; `notice`: what a reader must know."""

    env_steps: int
    budget: int
    notice: str = ""


@dataclass
class State:
    """All that a run is, at the end of a segment: tensors by name, and numbers that fit JSON."""

    tensors: dict[str, Tensor]
    meta: dict[str, Any] = field(default_factory=dict)

    def only(self, places: Sequence[int]) -> State:
        """Of the members at these places."""
        index = torch.tensor(places, dtype=torch.long)
        axes = {name: _members_axis(name) for name in self.tensors}
        return State(
            {
                name: value if (axis := axes[name]) is None else value.index_select(axis, index)
                for name, value in self.tensors.items()
            },
            self.meta,
        )


def _members_axis(name: str) -> int | None:
    """Which axis of a State's tensor is the population; None where all members share it."""
    if name == "optimiser.steps":
        return None
    if name in ("snapshots.marks", "snapshots.notes", "diagnostics.table"):
        return 2
    part = name.partition(".")[0]
    ones = ("snapshots.values", "snapshots.taken", "diagnostics.squares", "stale.history")
    if part in ("baseline", "queue") or name in ones:
        return 1  # a baseline's state is [horizon, P], a rollout [T, P, N]
    return 0


WATCH_EVERY = 8  # updates of a control task between two whose diagnostics are read: reading costs a few per cent


def build_policy(
    task: Task, variant: Composition, training: Training, members: Members, device: str = "cpu"
) -> ActorCritic:
    """The population's freshly initialised policies, each from its own seed. ValueError for what no setting fits."""
    if reason := training.unfit(task.spec):
        raise ValueError(f"the training of {task.name} {reason}")
    seeds = [stream(s, Role.INITIALISATION, purpose=members.purpose) for s in members.seeds]
    critic = variant.estimator.baseline.critic
    return ActorCritic(
        task.spec,
        training.network,
        critic,
        torch_generators(seeds),
        training.initial_log_std,
        device,
        training.exploration,
        training.actions,
    )


def build_normaliser(
    task: Task, training: Training, members: Members, moments: Callable[[int, int], Normaliser] = RunningMoments
) -> Normaliser:
    """What stands between observations and the population's policies, before it has seen any; `moments`: who keeps theirs,
    made from (members, features)."""
    observation, count = task.spec.observation, len(members.seeds)
    made: Normaliser = Identity()
    if training.normalise_observations and isinstance(observation, Features):
        made = moments(count, observation.size)
    return WithReturns(made, count) if training.normalise_returns else made


class Trained(NamedTuple):
    """The policies of a population's last checkpoint: those that its final scores belong to."""

    parameters: dict[str, Tensor]  # [P, ...] by name
    moments: Snapshot  # of the normaliser, [P, ...] by name
    lost: np.ndarray  # [P] who diverged before


Event = Record | Progress | State | Trained


class Run:
    """One cell in progress. `train` drives it; its fields are what `state` saves.

    places  of its members among those that the cell began with
    """

    def __init__(
        self,
        task: Task,
        variant: Composition,
        training: Training,
        members: Members,
        env_steps: int,
        evaluation: Evaluation,
        device: str = "cpu",
        make_learner: Callable[..., Learner] = Learner,
    ) -> None:
        self.make_learner = make_learner
        self.plan = variant, training
        self.task, self.members, self.places = task, members, tuple(range(len(members.seeds)))
        self.variant, self.training = variant, training = per_member(variant, training, members.varied, device)
        self.budget, self.evaluation, self.device = env_steps, evaluation, device
        self.policy = build_policy(task, variant, training, members, device)
        self.shadow = build_policy(task, variant, training, members, device)  # holds snapshots while they are evaluated
        self.normaliser = self._normaliser()
        self.lean = bool(members.varied)  # members that differ have rollouts of very different lengths
        rate = torch.tensor(members.rates)
        self.learner = make_learner(
            self.policy, variant.estimator, variant.schedule, training, rate, task, variant.update, self.lean
        )
        self.nucleus = None
        if variant.nucleus is not None:
            self.nucleus = Nucleus(variant.nucleus, build_policy(task, variant, training, members, device))
        count = len(members.seeds)
        self.env_steps = np.zeros(count, np.int64)
        self.updates = np.zeros(count, np.int64)
        self.queue: deque[Rollout] = deque()
        self.update = 0
        self.wall_s = 0.0
        self.stale, self.acting = None, self.policy
        if variant.schedule.actors is not None:
            self.stale = Stale(variant.schedule.actors, members.seeds, members.purpose, self.policy)
            self.acting = build_policy(task, variant, training, members, device)
            if variant.schedule.gradient == "actor":
                self.learner.source = self.acting
        self.lag_max = np.zeros(count)  # in updates, of what real actors have sent
        self.snapshots = Snapshots(self.policy.flat.values, evaluation.fractions, env_steps, self._normaliser)
        self.exact = ExactReturn(task, device) if enumerable(task) else None

    def _normaliser(self) -> Normaliser:
        return build_normaliser(self.task, self.training, self.members)

    @property
    def playing(self) -> np.ndarray:
        """Members that still have budget and have not diverged [P]."""
        return (self.env_steps < self.budget) & self.learner.healthy.cpu().numpy()

    def segment(self) -> Iterator[Progress]:
        """Up to training.segment updates, with environments and generators made anew from (seed, segment)."""
        number = self.update // self.training.segment
        purpose, seeds = self.members.purpose, self.members.seeds
        shuffles = [generator(s, Role.MINIBATCH, number, purpose=purpose) for s in seeds]
        collector = Collector(
            self.task,
            self.acting,
            self.variant.estimator,
            self.training,
            self.normaliser,
            [stream(s, Role.ENVIRONMENT, number, purpose=purpose) for s in seeds],
            [generator(s, Role.ACTION, number, purpose=purpose) for s in seeds],
            self.device,
            self.variant.schedule.tries,
            self.nucleus,
            self.lean,
        )
        try:
            for _ in range(self.training.segment):
                if not self.playing.any():
                    return
                start = time.perf_counter()
                self._one_update(collector, shuffles)
                self.wall_s += time.perf_counter() - start
                self.snapshot()
                yield self.progress()
        finally:
            collector.close()

    def progress(self, notice: str = "") -> Progress:
        """Where it stands."""
        return Progress(int(self.env_steps.sum()), self.budget * len(self.members.seeds), notice)

    def _one_update(self, collector: Collector, shuffles: list[np.random.Generator]) -> None:
        playing = self.playing
        if self.variant.update.exact:
            self._exact_step(playing)
        else:
            if self.nucleus is not None:
                self.nucleus.sync(self.update, self.policy)
            if self.stale is not None:
                self.stale.next(playing, self.updates)
                collector.before_step = self.stale.refresh(self.acting)
            rollout, spent = collector.collect(playing)
            self.env_steps += spent.long().cpu().numpy() * (1 if self.stale is None else 1 + self.stale.discarded)
            self.queue.append(rollout)
            if len(self.queue) > self.variant.schedule.lag:
                self._learn(self.queue.popleft(), shuffles)
                self.updates += playing
                if self.stale is not None:
                    self.stale.publish(self.policy, self.updates, playing)
                    self.learner.diagnostics.add("lag", *self.stale.lag(playing))
        self.update += 1

    def learn_from(self, rollout: Rollout, spent: np.ndarray, lag: int, shuffles: list[np.random.Generator]) -> None:
        """One update from a rollout that was played elsewhere, with parameters `lag` updates old; `spent` [P]."""
        playing = self.playing  # who has used up its budget since then learns nothing from it
        on = torch.from_numpy(playing).to(rollout.valid)
        self.env_steps += spent * playing
        self._learn(replace(rollout, valid=rollout.valid * on[:, None]), shuffles)
        self.count(playing, lag)

    def count(self, playing: np.ndarray, lag: int) -> None:
        """One more update of the members `playing`, from a rollout that was `lag` updates old."""
        self.updates += playing
        self.update += 1
        self.lag_max = np.maximum(self.lag_max, lag * playing)
        counted = torch.from_numpy(playing.astype(np.float32)).to(self.device)
        self.learner.diagnostics.add("lag", torch.full_like(counted, lag), counted)

    def _learn(self, rollout: Rollout, shuffles: list[np.random.Generator]) -> None:
        learner, progress = self.learner, torch.from_numpy(self.env_steps / self.budget).to(self.learner.rate)
        due = self.snapshots.due(self.env_steps)
        # what members that differ are read for is their score
        learner.watching = not self.lean and (due or self.policy.reads_text or self.update % WATCH_EVERY == 0)
        if due and not self.lean and self.exact is not None and learner.diagnoses:
            learner.truth = self.exact.gradient(self.policy)
        learner.learn(rollout, shuffles, progress)

    def _exact_step(self, playing: np.ndarray) -> None:
        """One ascent step on grad J, charged as a whole rollout would be: it sees no environment, but takes its turn."""
        assert self.exact is not None
        self.exact.gradient(self.policy)
        self.policy.flat.gradient.neg_()
        self.learner.apply()
        self.env_steps += playing * self.training.collection.envs * self.task.spec.horizon
        self.updates += playing

    def snapshot(self) -> None:
        """Copy the members that have just passed a checkpoint's fraction of the budget."""
        healthy = self.learner.healthy.cpu().numpy()
        stale = (
            (np.zeros(len(healthy)), self.lag_max) if self.stale is None else (self.stale.seconds, self.stale.lag_max)
        )
        now = np.stack([self.env_steps, self.updates, np.full(len(healthy), self.wall_s), *stale])
        self.snapshots.take(self.policy.flat.values, self.normaliser, now, healthy, self.learner.diagnostics)

    def records(self) -> Iterator[Record]:
        """Evaluate, for the whole population at once, every checkpoint that all members have passed."""
        shots = self.snapshots
        while (k := shots.next_complete()) is not None:
            self.shadow.flat.values.copy_(shots.values[k])
            sampled = self._scores(k, greedy=False)
            last = k == len(shots.taken) - 1
            greedy = np.full_like(sampled.value, np.nan)
            if last and self.evaluation.greedy:
                greedy = self._scores(k, greedy=True).value
            shown = (last or k == 0) and not self.members.varied
            texts = self._examination(k, SAMPLES_AT).texts(self.task) if shown else ()
            read = sampled.measures | shots.noted(k) | self._of_stale(k)
            lost = shots.lost(k, self.learner.healthy.cpu().numpy())
            shots.evaluated += 1
            for p, (seed, rate) in enumerate(zip(self.members.seeds, self.members.rates, strict=True)):
                yield Record(
                    seed=seed,
                    learning_rate=rate,
                    checkpoint=k,
                    fraction=self.evaluation.fractions[k],
                    env_steps=int(shots.marks[0, k, p]),
                    updates=int(shots.marks[1, k, p]),
                    wall_s=float(shots.marks[2, k, p]),
                    eval_return=float("nan") if lost[p] else float(sampled.value[p]),
                    eval_return_greedy=float("nan") if lost[p] else float(greedy[p]),
                    diverged=bool(lost[p]),
                    measures={} if lost[p] else {name: float(x[p]) for name, x in read.items() if np.isfinite(x[p])},
                    place=self.places[p],
                    texts=texts if p == 0 else (),
                )

    def _of_stale(self, k: int) -> dict[str, np.ndarray]:
        """What checkpoint k marks of stale rollouts; nothing of runs on policy."""
        marks = dict(zip(MARKS, self.snapshots.marks[:, k], strict=True))
        schedule = self.variant.schedule
        names = ("simulated_s", "lag_max") if schedule.actors else ("lag_max",) if schedule.processes else ()
        return {name: marks[name] for name in names}

    def returns(self, k: int) -> np.ndarray:
        """Of the snapshots of checkpoint k, which all members have passed: J [P]; NaN of those that diverged before."""
        self.shadow.flat.values.copy_(self.snapshots.values[k])
        lost = self.snapshots.lost(k, self.learner.healthy.cpu().numpy())
        return np.where(lost, np.nan, self._scores(k, greedy=False).value)

    def trained(self) -> Trained:
        """What all members have come to, once they have passed the last checkpoint."""
        shots = self.snapshots
        self.shadow.flat.values.copy_(shots.values[-1])
        parameters = {name: x.detach().cpu().clone() for name, x in self.shadow.named_parameters()}
        lost = shots.lost(len(shots.taken) - 1, self.learner.healthy.cpu().numpy())
        return Trained(parameters, shots.normalisers[-1].snapshot(), lost)

    def _examination(self, k: int, place: int) -> Examination:
        """Of the snapshots of checkpoint k, at this place of the evaluation's streams."""
        normaliser = self.snapshots.normalisers[k]
        members = self.members
        return Examination(self.shadow, normaliser, members.seeds, members.purpose, place, self.device, self.lean)

    def _scores(self, k: int, greedy: bool) -> Scores:
        if self.exact is not None and not greedy:
            return self.exact.scores(self.shadow)
        return self._examination(k, k).scores(self.task, self.evaluation.episodes, greedy)

    def only(self, places: Sequence[int]) -> Run:
        """The same run of the members at these places, as it stands."""
        variant, training = self.plan
        members, make = self.members.only(places), self.make_learner
        part = Run(self.task, variant, training, members, self.budget, self.evaluation, self.device, make)
        part.restore(self.state().only(places))
        part.places = tuple(self.places[i] for i in places)
        return part

    def state(self) -> State:
        """Everything that the next segment depends on."""
        moments = {k: torch.from_numpy(v) for k, v in self.normaliser.snapshot().items()}
        counts = {"env_steps": self.env_steps, "updates": self.updates, "lag_max": self.lag_max}
        counters = {name: torch.from_numpy(value) for name, value in counts.items()}
        learner = {"healthy": self.learner.healthy, "rate": self.learner.rate}
        tensors = {"values": self.policy.flat.values, **learner, **counters}
        if self.nucleus is not None:
            tensors["nucleus"] = self.nucleus.policy.flat.values
        parts = {
            "normaliser": moments,
            "optimiser": self.learner.optimiser,
            "baseline": self.learner.baseline,
            "bonus": self.learner.bonus,
            "diagnostics": self.learner.diagnostics.tensors(),
            "snapshots": self.snapshots.tensors(),
            "stale": {} if self.stale is None else self.stale.tensors(),
            **{f"queue.{i}": rollout.tensors() for i, rollout in enumerate(self.queue)},
        }
        tensors |= {f"{part}.{name}": value for part, of in parts.items() for name, value in of.items()}
        meta = {
            "update": self.update,
            "wall_s": self.wall_s,
            "evaluated": self.snapshots.evaluated,
            "queue": [rollout.group for rollout in self.queue],
        }
        return State({k: v.detach().cpu().clone().contiguous() for k, v in tensors.items()}, meta)

    def unfit(self, state: State) -> str | None:
        """Why a State cannot be restored here: what it lacks, what has another shape or type, what is not finite."""
        own = self.state()
        if missing := sorted(own.tensors.keys() - state.tensors.keys() | own.meta.keys() - state.meta.keys()):
            return f"it lacks {', '.join(missing)}"
        for name, value in own.meta.items():
            if not isinstance(state.meta[name], type(value)):
                return f"its {name} is {state.meta[name]!r}"
        for name, wanted in own.tensors.items():
            if name.startswith("queue."):  # as long as what was played
                continue
            found = state.tensors[name]
            if (found.shape, found.dtype) != (wanted.shape, wanted.dtype):
                return f"its {name} is {list(found.shape)} {found.dtype}, not {list(wanted.shape)} {wanted.dtype}"
            # diverged members are frozen at 0, so these are finite in every State
            if name.startswith(("values", "rate", "optimiser.")) and not bool(torch.isfinite(found).all()):
                return f"its {name} holds numbers that are not finite"
        return None

    def restore(self, state: State) -> None:
        """Go on from a State as if nothing had happened."""

        def part(prefix: str) -> dict[str, Tensor]:
            cut = len(prefix) + 1
            return {k[cut:]: v.to(self.device) for k, v in state.tensors.items() if k.startswith(prefix + ".")}

        self.policy.flat.values.copy_(state.tensors["values"])
        if self.nucleus is not None:
            self.nucleus.policy.flat.values.copy_(state.tensors["nucleus"])
        self.learner.healthy = state.tensors["healthy"].to(self.device)
        self.learner.rate = state.tensors["rate"].to(self.device)
        names = ("env_steps", "updates", "lag_max")
        self.env_steps, self.updates, self.lag_max = (state.tensors[k].numpy().copy() for k in names)
        self.normaliser.restore({k: v.cpu().numpy() for k, v in part("normaliser").items()})
        self.learner.optimiser, self.learner.baseline = part("optimiser"), part("baseline")
        self.learner.bonus = part("bonus")
        self.learner.diagnostics.restore(part("diagnostics"))
        self.snapshots.restore(part("snapshots"), state.meta["evaluated"])
        self.queue = deque(
            Rollout(**{"action_mask": None, **part(f"queue.{i}")}, group=group)  # type: ignore[arg-type]
            for i, group in enumerate(state.meta["queue"])
        )
        self.update, self.wall_s = state.meta["update"], state.meta["wall_s"]
        if self.stale is not None:
            self.stale.restore(part("stale"), self.updates)


def train(run: Run, state: State | None = None) -> Iterator[Event]:
    """Train to the end of the budget, yielding Progress after each update, Records as checkpoints are passed by all
    members, and a State at the end of every segment. With `state`, goes on from there, bit for bit."""
    if state is not None:
        run.restore(state)
    else:
        run.snapshot()
        yield from run.records()
    while run.playing.any():
        for progress in run.segment():
            yield progress
            yield from run.records()
        run.snapshot()
        yield from run.records()
        if run.playing.any():
            yield run.state()
