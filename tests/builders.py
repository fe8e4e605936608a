"""Settings, policies, learners and runs that several test files build, in small."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from pathlib import Path

import torch
from torch import Tensor

from algorithms import VARIANTS
from algorithms.composition import Composition, Schedule
from algorithms.conformance.learner import RecordingOptimiser
from algorithms.estimators.rollout import Rollout
from algorithms.policies.actor_critic import ActorCritic
from algorithms.policies.population import Flat
from algorithms.training.build import build_policy
from algorithms.training.evaluation import Evaluation
from algorithms.training.learner import Learner
from algorithms.training.records import Members, Record
from algorithms.training.run import Run, train
from algorithms.training.state import RunState
from algorithms.training_config import Episodes, TrainingConfig, Unroll
from algorithms.tunable import replace_unchecked
from algorithms.variant import Variant
from benchmarks.design.resolve import resolve
from benchmarks.store import states
from envs import TASKS
from envs.api import Task

SHORT = Evaluation(checkpoints=2, episodes=3)
LEARNING = [v for v in VARIANTS.values() if v.learns and not v.exact]


def small_training(task: Task, variant: Variant, envs: int = 16) -> TrainingConfig:
    """The settings of (task, variant) with few environments, short windows and short segments."""
    training = resolve(task, variant).training
    collection = training.collection
    if collection == Unroll(1, 1):  # a stream of single steps has no smaller size
        return replace(training, segment=50)
    smaller = Unroll(5, envs) if isinstance(collection, Unroll) else Episodes(envs, min(collection.group, 4))
    return replace(training, collection=smaller, segment=5)


def brief(variant: Variant) -> Variant:
    """The variant with at most 2 passes of 4 minibatches: 320 steps a rollout take minutes and show nothing more."""
    schedule = variant.schedule
    shorter = replace(schedule, epochs=min(schedule.epochs, 2), minibatches=min(schedule.minibatches, 4))
    return replace(variant, schedule=shorter)


def members_of(seeds: tuple[int, ...], rate: float) -> Members:
    """One member a seed, all with the same learning rate."""
    return Members(seeds, (rate,) * len(seeds))


def make_policy(
    task: Task, variant: Composition, training: TrainingConfig, seeds: tuple[int, ...] = (0,)
) -> ActorCritic:
    """A freshly initialised population."""
    return build_policy(task, variant, training, members_of(seeds, training.learning_rate))


def make_learner(
    policy: ActorCritic,
    variant: Variant,
    training: TrainingConfig,
    task: Task,
    rate: float = 1e-3,
    schedule: Schedule | None = None,
    learner: type[Learner] = Learner,
) -> Learner:
    """A learner of the whole population."""
    rates = torch.full((len(policy.flat.values),), rate)
    return learner(policy, variant.estimator, schedule or variant.schedule, training, rates, task, variant.update)


def make_run(
    task: Task,
    variant: Variant,
    training: TrainingConfig,
    env_steps: int,
    seeds: tuple[int, ...] = (0, 1),
    rate: float | None = None,
    evaluation: Evaluation = SHORT,
    learner: type[Learner] = Learner,
) -> Run:
    """A run that has not begun; rate: that of the training, unless given."""
    members = members_of(seeds, training.learning_rate if rate is None else rate)
    return Run(task, variant, training, members, env_steps, evaluation, make_learner=learner)


def records_of(events: Iterable[object]) -> list[Record]:
    """What training has recorded."""
    return [event for event in events if isinstance(event, Record)]


def short_run(
    task: str, variant: str, seeds: tuple[int, ...] = (0, 1, 2), env_steps: int = 600, **changes: object
) -> list[Record]:
    """All records of a small run of the variant, made brief."""
    training = replace(small_training(TASKS[task], VARIANTS[variant]), **changes)  # type: ignore[arg-type]
    return records_of(train(make_run(TASKS[task], brief(VARIANTS[variant]), training, env_steps, seeds)))


def resumed(make: Callable[[], Run], path: Path) -> tuple[RunState, list[Record]]:
    """A run that is stopped after its first segment, saved to disk and loaded into new objects: (its state, all records)."""
    records: list[Record] = []
    for event in train(make()):
        if isinstance(event, Record):
            records.append(event)
        if isinstance(event, RunState):
            states.save_state(path, event, records)
            break
    else:
        raise AssertionError("the run ended within one segment: nothing was resumed")
    state, records = states.load_state(path)
    run = make()
    assert run.reason_unusable(state) is None
    return state, records + records_of(train(run, state))


def without_clock(record: Record) -> tuple[str, ...]:
    """A record without its seconds; NaN compares equal as text."""
    return tuple(repr(getattr(record, f.name)) for f in fields(record) if f.name != "wall_s")


def double_copy(policy: ActorCritic, members: slice = slice(None)) -> ActorCritic:
    """A deep copy, in float64, of some members, with a flat matrix of its own."""
    twin = copy.deepcopy(policy)
    for parameter in twin.parameters():
        parameter.data = parameter.data[members].double().clone()
        parameter.grad = None
    twin.flat = Flat(twin)
    return twin


def gradient_of(
    task: Task,
    variant: Variant,
    training: TrainingConfig,
    rollout: Rollout,
    policy: ActorCritic,
    compact: bool = False,
    progress: float | None = None,
) -> Tensor:
    """Of one full-batch loss as it is handed to the optimiser [P, D], from a fresh learner, in float64."""
    policy, recorder = double_copy(policy), RecordingOptimiser()
    rates = torch.full((len(policy.flat.values),), 1e-3)
    schedule = replace(variant.schedule, epochs=1, minibatches=1)
    training = replace_unchecked(training, optimiser=recorder)  # its numbers may be columns, one a member
    learner = Learner(policy, variant.estimator, schedule, training, rates, task, compact=compact)
    learner.learn(rollout, [], None if progress is None else torch.full_like(learner.rate[:, 0], progress))
    return recorder.gradients[0]
