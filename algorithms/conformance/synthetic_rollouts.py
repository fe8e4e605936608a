"""Synthetic rollouts for the conformance kit: episodes of unequal length, rewards without symmetry, two members."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from algorithms.estimators.rollout import Rollout

STEPS, MEMBERS, ENVS, GROUP = 5, 2, 12, 4
WINDOW, LONGEST_FIRST = 9, 4  # rows of a window, and the largest number of rows of its first episode
GAMMA = 0.9
WEIGHTS = (1.0, 0.5)  # of the two parts of the reward


def with_tensors(rollout: Rollout, tensors: dict[str, Tensor]) -> Rollout:
    """The rollout with these fields replaced."""
    return replace(rollout, **tensors)  # type: ignore[arg-type]


def _tensor(x: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(x, np.float64))


def synthetic_rollout(seed: int = 0, group: int = GROUP, gamma: float = 1.0) -> tuple[Rollout, Tensor]:
    """(a rollout in float64, critic values [T+1, P, N]). Episodes terminate after 1 to T rows.

    Rewards are dense and have both signs; the last reward is the largest.
    """
    rng = np.random.default_rng(seed)
    shape = (STEPS, MEMBERS, ENVS)
    length = 1 + rng.permuted(np.tile(np.arange(ENVS) % STEPS, (MEMBERS, 1)), axis=1)  # [P, N]
    t = np.arange(STEPS)[:, None, None]
    valid, last = (t < length).astype(np.float64), (t == length - 1).astype(np.float64)
    reward = rng.uniform(-1, 1, shape) * valid + 3 * last * rng.random(shape)
    values = rng.uniform(-1, 1, (STEPS + 1, MEMBERS, ENVS))

    on = valid * (1 - last)
    greedy = rng.uniform(-1, 1, (1, MEMBERS, ENVS // group)).repeat(group, 2)
    rollout = Rollout(
        obs=torch.zeros(STEPS + 1, MEMBERS, ENVS, 1, dtype=torch.float64),
        action=torch.zeros(shape, dtype=torch.long),
        logp=_tensor(-rng.random(shape)),
        reward=_tensor(reward),
        discount=_tensor(gamma * on),
        continues=_tensor(on),
        valid=_tensor(valid),
        action_mask=None,
        group=group,
        score_norm_sq=_tensor(rng.random(shape)),
        greedy_return=_tensor(greedy.repeat(STEPS, 0)),
        expected_return=_tensor(rng.uniform(-1, 1, shape)),
        prefix=_prefixes(group),
        parts=_parts(reward, valid),
        part_weights=_tensor(np.broadcast_to(WEIGHTS, (*shape, 2))),
    )
    return rollout, _tensor(values)


def _parts(reward: np.ndarray, valid: np.ndarray) -> Tensor:
    """Two parts [T, P, N, 2] whose weighted sum is the reward."""
    second = np.random.default_rng(6).uniform(-1, 1, reward.shape) * valid
    return _tensor(np.stack([(reward - WEIGHTS[1] * second) / WEIGHTS[0], second], -1))


def _prefixes(group: int) -> Tensor:
    """Numbers of texts [T, P, N]: a group shares its prompt, pairs share a text for a while, then all differ."""
    env = torch.arange(ENVS)
    parts = [env // group, *[env // group * ENVS + env % group // 2] * (STEPS - 3), *[ENVS * ENVS + env] * 2]
    rows = torch.stack([part + 1_000 * t for t, part in enumerate(parts)])
    return rows[:, None].expand(STEPS, MEMBERS, ENVS).clone()


def windows(members: int = MEMBERS, envs: int = ENVS, seed: int = 1) -> tuple[Rollout, Tensor]:
    """(windows of auto-resetting environments in float64, critic values [T+1, P, N]): two episodes in every column.

    The first ends after 1 to 4 rows, alternately terminated and truncated. The row after it only delivers the reset and
    is not valid. The second is still running at the end of the window.
    """
    rng = np.random.default_rng(seed)
    shape = (WINDOW, members, envs)
    turns = np.tile(np.arange(envs), (members, 1))
    length, over = 1 + turns % LONGEST_FIRST, turns // LONGEST_FIRST % 2  # [P, N]
    t = np.arange(WINDOW)[:, None, None]
    valid, last = (t != length).astype(np.float64), (t == length - 1).astype(np.float64)
    rollout = Rollout(
        obs=_tensor(rng.uniform(-1, 1, (WINDOW + 1, members, envs, 2))),
        action=torch.from_numpy(rng.integers(0, 2, shape)),
        logp=_tensor(-rng.random(shape)),
        reward=_tensor(rng.uniform(-1, 1, shape) * valid),
        discount=_tensor(GAMMA * valid * (1 - last * over)),
        continues=_tensor(valid * (1 - last)),
        valid=_tensor(valid),
        action_mask=None,
        group=1,
        score_norm_sq=_tensor(rng.random(shape)),
    )
    return rollout, _tensor(rng.uniform(-1, 1, (WINDOW + 1, members, envs)))


def equal_returns(steps: int = 3, amount: float = 2.0) -> tuple[Rollout, Tensor]:
    """(episodes of equal length with the reward `amount` at the end and 0 before; V = amount, undiscounted).

    Everything that a baseline may read (other episodes, the past, V, the greedy return) equals each episode's return.
    """
    rollout, _ = synthetic_rollout()
    shape = (steps, MEMBERS, ENVS)
    last = torch.zeros(shape, dtype=torch.float64)
    last[-1] = 1
    square = torch.from_numpy(np.random.default_rng(4).uniform(0.5, 1, shape))
    flat = replace(
        with_tensors(rollout, {name: value[:steps] for name, value in rollout.tensors().items()}),
        obs=torch.zeros(steps + 1, MEMBERS, ENVS, 1, dtype=torch.float64),
        reward=amount * last,
        parts=torch.stack([amount * last, 0 * last], -1),
        discount=1 - last,
        continues=1 - last,
        valid=torch.ones(shape, dtype=torch.float64),
        score_norm_sq=square,
        greedy_return=torch.full(shape, amount, dtype=torch.float64),
        expected_return=torch.full(shape, amount, dtype=torch.float64),
    )
    return flat, torch.full((steps + 1, MEMBERS, ENVS), amount, dtype=torch.float64)


def with_returns(rollout: Rollout, factor: float = 1.0, more: float = 0.0) -> Rollout:
    """The rollout with greedy and expected returns times `factor`, plus `more`, and parts of its reward times `factor`."""
    assert rollout.greedy_return is not None
    assert rollout.expected_return is not None
    greedy, expected = (factor * x + more for x in (rollout.greedy_return, rollout.expected_return))
    parts = None if rollout.parts is None else factor * rollout.parts
    return replace(rollout, greedy_return=greedy, expected_return=expected, parts=parts)


def with_truncations(rollout: Rollout, gamma: float) -> Rollout:
    """The rollout with every other episode truncated at its end: the last discount is gamma, the last continues 0."""
    last = rollout.valid * (1 - rollout.continues)
    cut = torch.arange(rollout.valid.shape[2]) % 2
    return replace(rollout, discount=rollout.discount + gamma * last * cut)


def make_off_policy(rollout: Rollout, size: float = 1.0, seed: int = 5) -> Rollout:
    """The rollout with a changed current policy: log pi - log mu is uniform in [-size, size] on valid rows."""
    away = torch.from_numpy(np.random.default_rng(seed).uniform(-size, size, tuple(rollout.valid.shape)))
    return replace(rollout, current_logp=rollout.logp + away * rollout.valid)


def corrupted(rollout: Rollout, *names: str) -> Rollout:
    """The rollout with 7 in these fields of the rows that are not valid."""
    dead = rollout.valid == 0
    fields = {name: getattr(rollout, name) for name in names}
    filled = {n: torch.where(dead.reshape(*dead.shape, *[1] * (x.dim() - 3)), 7.0, x) for n, x in fields.items()}
    return with_tensors(rollout, filled)
