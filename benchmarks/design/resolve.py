"""The settings of an algorithm on a task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

from algorithms.algorithm import Algorithm
from algorithms.training_config import TrainingConfig, Unroll
from benchmarks.design import settings
from benchmarks.design.overrides import apply_overrides
from benchmarks.published import sb3_settings
from envs.api import Task

# steps of an environment between two cuts of an unrolled run: an episode's, within these bounds
SEGMENT_STEPS, LONGEST_SEGMENT = 1_000, 4_000
SEGMENT = "training.segment"


class Resolved(NamedTuple):
    """What a cell trains, and in which settings."""

    algorithm: Algorithm
    training: TrainingConfig


def reason_unsupported(task: Task, algorithm: Algorithm) -> str | None:
    """Why an algorithm cannot run on a task, as a sentence; None where it can."""
    reason = algorithm.reason_unsupported(task)
    return None if reason is None else f"{algorithm.name} {reason} ({task.name})"


def resolve(
    task: Task,
    algorithm: Algorithm,
    overrides: Mapping[str, Any] = MappingProxyType({}),
    protocol: str = "ladder",
    shared_rate_variant: str | None = None,
) -> Resolved:
    """The task's settings, and on top of them in this order: what a source publishes for stable-baselines3, the algorithm's
    own, the rate of `shared_rate_variant`, the overrides, and segments that fit the window.

    overrides  values by path (benchmarks.design.overrides)
    protocol   under which learning rates were chosen (benchmarks.design.settings)
    shared_rate_variant   the variant whose learning rate is used; None: the algorithm's own
    """
    published = sb3_settings.CONFIGURATIONS.get((task.name, algorithm.name), {})
    training = settings.training_config(task, algorithm.name, protocol)
    algorithm, training = apply_overrides(algorithm, training, published)
    training = algorithm.configure(training, task)
    if shared_rate_variant is not None:
        training = replace(training, learning_rate=settings.learning_rate(task, shared_rate_variant, protocol))
    algorithm, training = apply_overrides(algorithm, training, overrides)
    return Resolved(algorithm, training if SEGMENT in overrides else with_segment(training, task))


def with_segment(training: TrainingConfig, task: Task) -> TrainingConfig:
    """With segments of as many steps whatever the window: a segment's end truncates episodes, so it should be rare.

    As long as an episode, or its late steps would never be learned from; within bounds, for a killed run repeats a segment.
    """
    if not isinstance(training.collection, Unroll):
        return training
    window = training.collection.steps
    episode = -(-min(task.spec.horizon, LONGEST_SEGMENT) // window)  # windows that hold one
    return replace(training, segment=max(SEGMENT_STEPS // window, episode))
