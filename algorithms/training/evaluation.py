"""The evaluation protocol: fresh environments and streams, the first episode of each; J, and what else is read beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from algorithms.policies.api import Acting
from algorithms.training.actor import Actor, Tape
from algorithms.training.observation_normaliser import Normaliser
from envs.api import Task
from envs.faults import Checked
from envs.streams import Purpose, Role, generator, stream
from envs.transcript import TextMDP

SAMPLES = 3  # texts that a cell keeps
SAMPLES_AT = 1_000_000  # their place among the checkpoints' streams: before and after training they start alike


@dataclass(frozen=True)
class Evaluation:
    """episodes a member at each of `checkpoints` + 1 evenly spaced fractions of the budget (0 and 1 among them).

    Sampled actions at every checkpoint; greedy ones, where `greedy`, at the last too.
    at  the fractions themselves, instead of evenly spaced ones
    """

    checkpoints: int = 10
    episodes: int = 20
    at: tuple[float, ...] = ()
    greedy: bool = True

    @property
    def fractions(self) -> tuple[float, ...]:
        return self.at or tuple(i / self.checkpoints for i in range(self.checkpoints + 1))


class Scores(NamedTuple):
    """What an evaluation read, one number a member.

    measures: entropy (nats an episode), length (actions an episode), kl (to the reference policy, nats an episode, where
    the task has one), and the return under each of the task's views.
    """

    value: NDArray[np.float64]  # [P] J
    measures: dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Examination:
    """Who is evaluated, and where in the streams: the same (seed, checkpoint) always meets the same starts."""

    policy: Acting
    normaliser: Normaliser
    seeds: tuple[int, ...]
    purpose: Purpose
    checkpoint: int
    device: str = "cpu"
    lean: bool = False  # as in Actor

    def play(self, task: Task, episodes: int, greedy: bool) -> Tape:
        """The first episode of each of `episodes` environments a member."""
        seeds = [stream(s, Role.EVALUATION_ENVIRONMENT, self.checkpoint, purpose=self.purpose) for s in self.seeds]
        acting = [generator(s, Role.EVALUATION_ACTION, self.checkpoint, purpose=self.purpose) for s in self.seeds]
        env = Checked(task.factory.make(seeds, episodes), task.name, seeds, episodes)
        draws = None if greedy else acting
        actor = Actor(env, self.policy, self.normaliser, draws, self.device, lean=self.lean, learns=False)
        tape = actor.play(np.ones(len(self.seeds), np.bool_))
        env.close()
        return tape

    def scores(self, task: Task, episodes: int, greedy: bool) -> Scores:
        """J = E[sum_t gamma^t (r_t - beta log(pi / reference))] from played episodes, and the measures."""
        tape = self.play(task, episodes, greedy)
        valid = np.stack(tape.valid).astype(np.float64)  # [T, P, N]
        paid = np.stack(tape.reward, dtype=np.float64)
        action = torch.from_numpy(np.stack(tape.action)).to(self.device)
        logp, entropy = (
            x.double().cpu().numpy() for x in self.policy.head.log_prob_entropy(torch.stack(tape.out), action)
        )
        measures = {"entropy": (entropy * valid).sum(0).mean(1), "length": valid.sum(0).mean(1)}
        if tape.reference:
            kl = logp - np.stack(tape.reference)
            measures["kl"] = (kl * valid).sum(0).mean(1)
            paid = paid - task.beta * kl
        powers = task.gamma ** np.arange(len(paid))[:, None, None]
        value: NDArray[np.float64] = (powers * paid * valid).sum(0).mean(1)
        for name, view in () if greedy else task.viewed():  # greedy scores are read for J alone
            measures[name] = self.scores(view, episodes, greedy).value
        return Scores(value, measures)

    def texts(self, task: Task) -> tuple[str, ...]:
        """What the first member writes, decoded, the prompt before the bar."""
        mdp = task.factory
        if not isinstance(mdp, TextMDP):
            return ()
        written = self.play(task, SAMPLES, greedy=False).obs[-1][0]
        return tuple(show(mdp, transcript) for transcript in written)


def show(mdp: TextMDP, transcript: NDArray) -> str:
    """A transcript [L] as text: prompt | what followed."""
    k = mdp.prompt_length
    return f"{mdp.decode(transcript[:k])} | {mdp.decode(transcript[k:])}"
