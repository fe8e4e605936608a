"""A test whether an environment repeats: the same seed and actions must give the same episodes.

Environments that ignore their seed or draw from a global generator (random, numpy.random) do not repeat. Then runs
cannot be reproduced, and members are not independent of each other.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from envs.api import Array, Factory, Step
from envs.control.factory import control_of
from envs.custom.sources import is_own_module
from envs.delayed import undelayed
from envs.random_policy import draw_actions

SEED, ENVS, RESETS, STEPS = 20, 2, 4, 50
NOTICE = (
    "the environment does not repeat: one seed gave two different episodes, so the same command gives other numbers"
)


def is_user_environment(factory: Factory) -> bool:
    """Whether the user defined the environment. Tests check that those of this project repeat."""
    if (control := control_of(factory)) is not None:
        return control.identity is not None
    return not is_own_module(type(undelayed(factory)).__module__)


def repeats(factory: Factory) -> bool:
    """Whether two batches with the same seed are equal for some steps of uniform actions.

    During the second, numbers are drawn from the global generators. True for an environment that raises an error.
    """
    try:
        with _globals_kept():
            first, second = list(_trace(factory, disturbed=False)), list(_trace(factory, disturbed=True))
    except (Exception, SystemExit):  # it will fail again in training, which reports it
        return True
    return len(first) == len(second) and all(_same(a, b) for a, b in zip(first, second, strict=True))


def _trace(factory: Factory, disturbed: bool) -> Iterator[Array]:
    """All outputs of ENVS environments in RESETS episodes of at most STEPS steps."""
    env = factory.make([np.random.SeedSequence(SEED)], ENVS)
    rng = np.random.default_rng(SEED)
    try:
        for _ in range(RESETS):
            if disturbed:
                _disturb()
            obs, mask = env.reset()
            yield from _kept(obs, mask)
            active = np.ones((1, ENVS), np.bool_)
            for _ in range(min(STEPS, factory.spec.horizon)):
                if disturbed:
                    _disturb()
                step = env.step(draw_actions([rng], factory.spec, ENVS, mask), active)
                yield np.packbits(active)
                yield from (np.where(_wide(active, part), part, 0) for part in _parts(step))
                active, mask = active & ~(step.terminated | step.truncated), step.action_mask
                if not active.any():
                    break
    finally:
        env.close()


def _kept(*parts: Array | None) -> Iterator[Array]:
    yield from (part.copy() for part in parts if part is not None)


def _parts(step: Step) -> list[Array]:
    return [part for part in step if part is not None]


def _wide(active: Array, part: Array) -> Array:
    return active.reshape(*active.shape, *(1 for _ in part.shape[2:]))


def _same(a: Array, b: Array) -> bool:
    return a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def _disturb() -> None:
    random.random()
    np.random.random()  # noqa: NPY002


@contextmanager
def _globals_kept() -> Iterator[None]:
    """A context that restores the global generators at its end."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
