"""Actors: a population plays whole episodes or fixed windows, which are recorded on a tape and become a Rollout."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from algorithms.estimators.rollout import Rollout
from algorithms.policies.api import Acting
from algorithms.policies.behaviour import Behaviour, DenseBehaviour, SelectedRows, TorchBehaviour
from algorithms.policies.distributions import Head
from algorithms.policies.exploration import ActingNoise
from algorithms.policies.many_actions import Density
from algorithms.policies.nucleus import Nucleus
from algorithms.training.observation_normaliser import Normaliser, RewardWindow
from algorithms.tunable import Number
from envs.api import Array, Bools, Doubles, Floats, Transcript, VecEnv, measures_of, reference_of

BeforeStep = Callable[[float], bool]  # called before each step with the played share; True: the parameters changed


def _float32(value: Number) -> Any:
    """The number, or one per member [P, 1], as numpy float32."""
    return value.float().cpu().numpy() if isinstance(value, Tensor) else np.float32(value)


class Row(NamedTuple):
    """One step of P x N environments."""

    obs: Array  # as the environment returned it, before the step
    inputs: Array  # as the policy read it
    out: Floats  # the head's input, [P, N, 0] where `density` is kept instead
    action: Array
    reward: Floats
    terminated: Bools
    ended: Bools
    valid: Bools
    mask: Bools | None  # legal actions before the step
    reference: Floats | None  # log-probability of the action under the task's reference policy, if any
    density: Density | None = None  # of many actions
    parts: Floats | None = None  # the reward by part [P, N, K], if it has several


class Tape(NamedTuple):
    """The rows of a rollout, and the observations after the last one."""

    rows: list[Row]
    last: Array

    @property
    def obs(self) -> list[Array]:
        """Observations [P, N, ...] of all rows, and those after the last one."""
        return [*(row.obs for row in self.rows), self.last]

    def stack(self, name: str) -> Array:
        """A field of all rows: [T, P, N, ...]."""
        return np.stack([getattr(row, name) for row in self.rows])

    def density(self, head: Head, device: str, score_norms: bool = False) -> tuple[Tensor, Tensor | None]:
        """log pi(a) and, if asked for, the squared norms of the scores, [T, P, N]."""
        if self.rows[0].density is not None:
            logp = torch.from_numpy(stack_density(self.rows, "logp")).to(device)
            norms = torch.from_numpy(stack_density(self.rows, "score_norm_sq")).to(device) if score_norms else None
            return logp, norms
        out, action = (torch.from_numpy(self.stack(name)).to(device) for name in ("out", "action"))
        return head.log_prob(out, action), head.score_norm_sq(out, action) if score_norms else None

    def stack_any(self, name: str) -> Array | None:
        """A field that rows of this task may not have."""
        return None if getattr(self.rows[0], name) is None else self.stack(name)


def stack_density(rows: Sequence[Row], name: str) -> Floats:
    """A field of the density of each row: [T, P, N]."""
    return np.stack([getattr(row.density, name) for row in rows])


class Actor:
    """A population acting in its environments. `play` runs whole episodes; `unroll` continues where it stopped."""

    def __init__(
        self,
        env: VecEnv,
        policy: Acting,
        normaliser: Normaliser,
        generators: list[np.random.Generator] | None,
        device: str = "cpu",
        nucleus: Nucleus | None = None,
    ) -> None:
        """`generators` None: act greedily. With a nucleus, only actions in it are sampled."""
        self.env, self.policy, self.normaliser, self.device = env, policy, normaliser, device
        self._nucleus, self._generators = nucleus, generators
        self._noise: ActingNoise | None = None
        observation = env.spec.observation
        self._positions = observation.action_position if isinstance(observation, Transcript) else None
        self._now: tuple[Array, Bools | None] = np.zeros(0), None  # observation and legal actions of the next step
        self._resetting: Bools | None = None  # environments whose next row only delivers a reset; None before a window
        self._running_return: Doubles | None = None  # of the episodes that continue in the next window, if it is needed

    def play(self, playing: Bools, before_step: BeforeStep | None = None) -> Tape:
        """Play one episode in each environment of the members `playing` [P]; rows after an end are not valid."""
        rows = list(self.episodes(playing, before_step))
        return Tape(self.with_reference(rows), self._now[0])

    def with_reference(self, rows: list[Row], start: int = 0) -> list[Row]:
        """Rows from step `start` to the newest, with the reference's log-probabilities if these come after the steps."""
        found = reference_of(self.env, self._now[0], self.device)
        if found is None:
            return rows
        later = found[start : start + len(rows)]
        return [row._replace(reference=logp) for row, logp in zip(rows, later, strict=True)]

    def measures(self) -> dict[str, Doubles]:
        """The mean [P] of each measure that the environment has of the episodes that were played last."""
        found = measures_of(self.env, self._now[0], self.device)
        return {name: np.asarray(x, np.float64).mean(1) for name, x in found.items()}

    def episodes(self, playing: Bools, before_step: BeforeStep | None = None) -> Iterator[Row]:
        """The rows of `play`, one by one."""
        self._now = self.env.reset()
        self._running_return = None
        alive = np.repeat(playing[:, None], self._now[0].shape[1], axis=1)  # [P, N]
        behaviour = self._begin(alive)
        for t in range(self.env.spec.horizon):
            if before_step is not None and before_step(t / self.env.spec.horizon):
                behaviour.refresh()
            row = self._advance(behaviour, t, alive, alive)
            yield row
            if row.ended.any():
                alive = alive & ~row.ended
                if not alive.any():
                    break
                behaviour.keep(alive)

    def unroll(self, playing: Bools, steps: int, before_step: BeforeStep | None = None) -> Tape:
        """Play `steps` rows in every auto-resetting environment; the row after an end is not valid."""
        if self._resetting is None:
            self._now = self.env.reset()
            self._resetting = np.zeros(self._now[0].shape[:2], np.bool_)
        resetting, everywhere, rows = self._resetting, np.ones_like(self._resetting), []
        behaviour = self._begin(everywhere)
        for t in range(steps):
            if before_step is not None and before_step(t / steps):
                behaviour.refresh()
            rows.append(self._advance(behaviour, t, everywhere, playing[:, None] & ~resetting))
            resetting = rows[-1].ended
        self._resetting = resetting
        return Tape(rows, self._now[0])

    def _begin(self, alive: Bools) -> SelectedRows:
        if self._generators is not None and self._noise is None:
            self._noise = ActingNoise(self.policy, self._generators, alive.shape[1])
        if self._noise is not None:
            self._noise.start()
        dense = None if self._nucleus is not None else self.policy.dense_layers()
        behaviour: Behaviour
        if dense is None:
            behaviour = TorchBehaviour(self.policy, self._positions is not None, self.device, self._nucleus)
        else:
            behaviour = DenseBehaviour(*dense, self.policy.head)
        selected = SelectedRows(behaviour)
        selected.start(alive)
        return selected

    def _advance(self, behaviour: SelectedRows, t: int, active: Bools, valid: Bools) -> Row:
        obs, mask = self._now
        inputs = self._read(obs, t)
        noise = None if self._noise is None else self._noise.next(active)
        out, action, mask, density = behaviour.choose(inputs, mask, noise)
        step = self.env.step(self.policy.head.to_environment(action), active)
        self._now = step.obs, step.action_mask
        ended = step.terminated | step.truncated
        return Row(
            obs,
            inputs,
            out,
            action,
            step.reward,
            step.terminated,
            ended,
            valid,
            mask,
            step.reference,
            density,
            step.parts,
        )

    def _read(self, obs: Array, t: int) -> Array:
        """The policy's input before action t: all features, or the tokens written since the last action [K, P, N]."""
        if self._positions is None:
            return self.normaliser(obs)
        start = self._positions[t - 1] + 1 if t else 0
        new = obs[:, :, start : self._positions[t] + 1]
        return np.ascontiguousarray(new.transpose(2, 0, 1))

    def rollout(
        self, tape: Tape, discount: Number, reward_scale: float, group: int, score_norms: bool = False
    ) -> Rollout:
        """The tape as tensors. Then updates the normaliser with these rows, which keep their scaling.

        `score_norms`: whether to add the squared norms of the scores.
        """

        def tensor(array: Array) -> Tensor:
            return torch.from_numpy(array).to(self.device)

        valid = tape.stack("valid").view(np.bool_)  # [T, P, N]
        if self._positions is None:
            obs = tensor(np.stack([*(row.inputs for row in tape.rows), self._read(tape.last, 0)]))  # [T+1, P, N, F]
            self.normaliser.update([row.obs for row in tape.rows], valid)
        else:
            obs = tensor(np.ascontiguousarray(tape.last.transpose(2, 0, 1)))  # [L, P, N]
        live, ended = valid.astype(np.float32), tape.stack("ended").view(np.bool_)
        paid: Any = tape.stack("reward")
        on = live * (1 - ended.astype(np.float32))
        ahead = live * (1 - tape.stack("terminated").astype(np.float32)) * _float32(discount)

        window = RewardWindow(paid, valid, ended, self._running_return)
        reward, self._running_return = self.normaliser.rewards(window, discount)
        mask, reference = tape.stack_any("mask"), tape.stack_any("reference")
        action, weight = tensor(tape.stack("action")), tensor(live)
        logp, norms = tape.density(self.policy.head, self.device, score_norms)
        return Rollout(
            obs=obs,
            action=action,
            logp=logp,
            reward=tensor(reward) * weight * reward_scale,
            discount=tensor(ahead),
            continues=tensor(on),
            valid=weight,
            action_mask=None if mask is None else tensor(mask),
            group=group,
            reference=None if reference is None else tensor(reference),
            score_norm_sq=norms,
        )
