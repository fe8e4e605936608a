"""Actors: a population plays whole episodes or fixed windows, which are recorded on a tape and become a Rollout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from algorithms.estimators.rollout import Rollout
from algorithms.policies.api import Acting
from algorithms.policies.exploration import ActingNoise
from algorithms.policies.nucleus import Nucleus
from algorithms.training.observation_normaliser import Normaliser, RewardWindow
from algorithms.tunable import Number
from envs.api import Array, Bools, Doubles, Floats, Transcript, VecEnv

CHUNK = 16  # steps between two checks for members that still play
BeforeStep = Callable[[float], None]  # called before each step with the played share of the rollout


def _float32(value: Number) -> Any:
    """The number, or one per member [P, 1], as numpy float32."""
    return value.float().cpu().numpy() if isinstance(value, Tensor) else np.float32(value)


@dataclass
class Tape:
    """The rows of a rollout as they are recorded, in numpy."""

    obs: list[Array]  # as the environment returned them
    inputs: list[Tensor]  # as the policy read them
    out: list[Tensor]
    action: list[Array]
    reward: list[Floats]
    terminated: list[Bools]
    ended: list[Bools]
    valid: list[Bools]
    mask: list[Bools]
    reference: list[Floats]  # log-probability of the action under the task's reference policy, if any

    @classmethod
    def empty(cls) -> Tape:
        return cls(*([] for _ in range(10)))


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
        compact: bool = False,
        learns: bool = True,
    ) -> None:
        """`generators` None: act greedily. With a nucleus, only actions in it are sampled.

        compact  compute only for members that still play; for members whose settings and so episode lengths differ
        learns   False: no rollout is made from the tapes, which keep only the last observation
        """
        self.env, self.policy, self.normaliser, self.device = env, policy, normaliser, device
        self._nucleus, self._learns = nucleus, learns
        self._compact = compact and nucleus is None and not isinstance(env.spec.observation, Transcript)
        self._acting, self._acting_places = policy, np.arange(0)  # the policies that act, and their indices (none: all)
        self._noise: ActingNoise | None = None
        self._generators = generators
        observation = env.spec.observation
        self._positions = observation.action_position if isinstance(observation, Transcript) else None
        self._next_window: tuple[Array, Bools | None] | None = None  # observation and mask where an unroll continues
        self._resetting: Bools | None = None  # environments whose next row only delivers a reset
        self._running_return: Doubles | None = None  # of the episodes that continue in the next window, if it is needed

    @torch.no_grad()
    def play(self, playing: Bools, before_step: BeforeStep | None = None) -> Tape:
        """Play one episode in each environment of the members `playing` [P]; rows after an end are not valid."""
        obs, mask = self.env.reset()
        alive = np.repeat(playing[:, None], obs.shape[1], axis=1)  # [P, N]
        tape, memory = Tape.empty(), None
        self._running_return = None
        self._begin(obs)
        self._acting, self._acting_places = self.policy, np.arange(0)
        for t in range(self.env.spec.horizon):
            if before_step is not None:
                before_step(t / self.env.spec.horizon)
            if self._compact and t % CHUNK == 0:
                self._compact_population(np.flatnonzero(alive.any(1)), len(alive))
            obs, mask, memory = self._advance(tape, t, obs, mask, memory, alive, alive)
            alive = alive & ~tape.ended[-1]
            if not alive.any():
                break
        tape.obs.append(obs)
        return tape

    @torch.no_grad()
    def unroll(self, playing: Bools, steps: int, before_step: BeforeStep | None = None) -> Tape:
        """Play `steps` rows in every auto-resetting environment; the row after an end is not valid."""
        if self._next_window is None or self._resetting is None:
            self._next_window = self.env.reset()
            self._resetting = np.zeros(self._next_window[0].shape[:2], np.bool_)
        (obs, mask), resetting = self._next_window, self._resetting
        everywhere = np.ones_like(resetting)
        tape = Tape.empty()
        self._begin(obs)
        for t in range(steps):
            if before_step is not None:
                before_step(t / steps)
            obs, mask, _ = self._advance(tape, t, obs, mask, None, everywhere, playing[:, None] & ~resetting)
            resetting = tape.ended[-1]
        tape.obs.append(obs)
        self._next_window, self._resetting = (obs, mask), resetting
        return tape

    def _begin(self, obs: Array) -> None:
        if self._generators is not None and self._noise is None:
            self._noise = ActingNoise(self.policy, self._generators, obs.shape[1])
        if self._noise is not None:
            self._noise.start()

    def _compact_population(self, playing: NDArray[np.int64], members: int) -> None:
        """Select the members that still play, once they are at most half of those selected so far."""
        if 2 * len(playing) <= (len(self._acting_places) or members):
            self._acting, self._acting_places = self.policy.select_members(playing), playing

    def _advance(
        self, tape: Tape, t: int, obs: Array, mask: Bools | None, memory: Any, active: Bools, valid: Bools
    ) -> tuple[Array, Bools | None, Any]:
        seen = self._read(obs, t)
        legal = None if mask is None else torch.from_numpy(mask).to(self.device)
        memory, lagged = (None, None) if memory is None else memory
        if self._nucleus is not None:
            legal, lagged = self._nucleus.mask(seen, lagged, legal)
            mask = legal.cpu().numpy()
        noise = None if self._noise is None else torch.from_numpy(self._noise.next(np.asarray(active.any(1))))
        if len(self._acting_places):
            out, chosen = self._act_compactly(seen, legal, noise)
        else:
            drawn = None if noise is None else noise.to(self.device)
            out, chosen, memory = self.policy.choose(seen, memory, legal, drawn)
        action = chosen.cpu().numpy()
        step = self.env.step(self.policy.head.to_environment(action), active)
        if self._learns:
            tape.obs.append(obs)
            tape.inputs.append(seen)
        tape.out.append(out)
        tape.action.append(action)
        tape.reward.append(step.reward)
        tape.terminated.append(step.terminated)
        tape.ended.append(step.terminated | step.truncated)
        tape.valid.append(valid)
        if mask is not None:
            tape.mask.append(mask)
        if step.reference is not None:
            tape.reference.append(step.reference)
        return step.obs, step.action_mask, (memory, lagged)

    def _act_compactly(self, seen: Tensor, legal: Tensor | None, noise: Tensor | None) -> tuple[Tensor, Tensor]:
        """Outputs and actions of the selected members, zeros for the others."""
        places = torch.from_numpy(self._acting_places).to(self.device)
        drawn = None if noise is None else noise.to(self.device)[places]
        out, chosen, _ = self._acting.choose(seen[places], None, None if legal is None else legal[places], drawn)

        def widened(x: Tensor) -> Tensor:
            return x.new_zeros(len(seen), *x.shape[1:]).index_copy_(0, places, x)

        return widened(out), widened(chosen)

    def _read(self, obs: Array, t: int) -> Tensor:
        """The policy's input before action t: all features, or the tokens written since the last action [K, P, N]."""
        if self._positions is None:
            return torch.from_numpy(self.normaliser(obs)).to(self.device)
        start = self._positions[t - 1] + 1 if t else 0
        new = obs[:, :, start : self._positions[t] + 1]
        return torch.from_numpy(np.ascontiguousarray(new.transpose(2, 0, 1))).to(self.device)

    def rollout(
        self, tape: Tape, discount: Number, reward_scale: float, group: int, score_norms: bool = False
    ) -> Rollout:
        """The tape as tensors. Then updates the normaliser with these rows, which keep their scaling.

        `score_norms`: whether to add the squared norms of the scores.
        """
        valid = np.stack(tape.valid)  # [T, P, N]
        if self._positions is None:
            obs = torch.stack([*tape.inputs, self._read(tape.obs[-1], 0)])  # [T+1, P, N, F]
            self.normaliser.update(tape.obs[:-1], valid)
        else:
            obs = torch.from_numpy(np.ascontiguousarray(tape.obs[-1].transpose(2, 0, 1))).to(self.device)  # [L, P, N]
        live, ended, reward = valid.astype(np.float32), np.stack(tape.ended), np.stack(tape.reward)
        on = live * (1 - ended.astype(np.float32))
        ahead = live * (1 - np.stack(tape.terminated).astype(np.float32)) * _float32(discount)

        window = RewardWindow(reward, valid, ended, self._running_return)
        reward, self._running_return = self.normaliser.rewards(window, discount)

        def tensor(array: Array) -> Tensor:
            return torch.from_numpy(array).to(self.device)

        action = tensor(np.stack(tape.action))
        out = torch.stack(tape.out)
        weight = tensor(live)
        return Rollout(
            obs=obs,
            action=action,
            logp=self.policy.head.log_prob(out, action),
            reward=tensor(reward) * weight * reward_scale,
            discount=tensor(ahead),
            continues=tensor(on),
            valid=weight,
            action_mask=tensor(np.stack(tape.mask)) if tape.mask else None,
            group=group,
            reference=tensor(np.stack(tape.reference)) if tape.reference else None,
            score_norm_sq=self.policy.head.score_norm_sq(out, action) if score_norms else None,
        )
