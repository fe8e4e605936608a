"""Evaluation of checkpoints: J and other measures over the first episodes of new environments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from algorithms.policies.actor_critic import ActorCritic
from algorithms.policies.api import Acting
from algorithms.training.actor import Actor, Tape
from algorithms.training.checkpoints import PROGRESS, Checkpoints
from algorithms.training.observation_normaliser import Normaliser
from algorithms.training.records import Members, Record, Trained
from envs.api import Task
from envs.custom.faults import CheckedVecEnv
from envs.seeding import Purpose, Role, generator, stream
from envs.text_mdp import TextMDP

SAMPLES = 3  # texts that a cell saves
SAMPLES_AT = 1_000_000  # their position among the streams of checkpoints, the same before and after training


@dataclass(frozen=True)
class Evaluation:
    """`episodes` per member at each of `checkpoints` + 1 evenly spaced fractions of the budget, from 0 to 1.

    Actions are sampled at every checkpoint. With `greedy`, greedy actions are evaluated at the last one too.
    at  the fractions, if they are not evenly spaced
    """

    checkpoints: int = 10
    episodes: int = 20
    at: tuple[float, ...] = ()
    greedy: bool = True

    @property
    def fractions(self) -> tuple[float, ...]:
        return self.at or tuple(i / self.checkpoints for i in range(self.checkpoints + 1))


class Scores(NamedTuple):
    """Results of an evaluation, one number per member.

    measures: entropy (nats per episode), length (actions per episode), kl (to the task's reference policy if it has
    one, nats per episode), and the return under each of the task's views.
    """

    value: NDArray[np.float64]  # [P] J
    measures: dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class PolicyEvaluation:
    """Policies to evaluate and their random streams. The same (seed, checkpoint) always has the same starts."""

    policy: Acting
    normaliser: Normaliser
    seeds: tuple[int, ...]
    purpose: Purpose
    checkpoint: int
    device: str = "cpu"
    compact: bool = False  # as in Actor

    def play(self, task: Task, episodes: int, greedy: bool) -> Tape:
        """The first episode of each of `episodes` environments per member."""
        seeds = [stream(s, Role.EVALUATION_ENVIRONMENT, self.checkpoint, purpose=self.purpose) for s in self.seeds]
        acting = [generator(s, Role.EVALUATION_ACTION, self.checkpoint, purpose=self.purpose) for s in self.seeds]
        env = CheckedVecEnv(task.factory.make(seeds, episodes), task.name, seeds, episodes)
        draws = None if greedy else acting
        actor = Actor(env, self.policy, self.normaliser, draws, self.device, compact=self.compact, learns=False)
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
        for name, view in () if greedy else task.view_tasks():  # greedy scores are used for J only
            measures[name] = self.scores(view, episodes, greedy).value
        return Scores(value, measures)

    def sample_texts(self, task: Task) -> tuple[str, ...]:
        """Texts of the first member, decoded, as prompt | answer."""
        mdp = task.factory
        if not isinstance(mdp, TextMDP):
            return ()
        transcripts = self.play(task, SAMPLES, greedy=False).obs[-1][0]
        return tuple(transcript_text(mdp, transcript) for transcript in transcripts)


class ExactScores(Protocol):
    """Scores without sampling, on an enumerable task."""

    def scores(self, policy: Acting) -> Scores: ...


class Evaluator:
    """Evaluates the checkpoints of a population, all members at once.

    member_indices  indices of the members in their cell
    shadow          a policy of the population's shape for the parameters of the evaluated checkpoint
    exact           exact scores that replace played episodes, if the task allows them
    stale           names in MARKS that are measures, if rollouts are stale
    """

    def __init__(
        self,
        task: Task,
        evaluation: Evaluation,
        members: Members,
        member_indices: tuple[int, ...],
        shadow: ActorCritic,
        exact: ExactScores | None,
        stale: tuple[str, ...] = (),
        device: str = "cpu",
    ) -> None:
        self.task, self.evaluation, self.members, self.member_indices = task, evaluation, members, member_indices
        self.shadow, self.exact, self._stale, self._device = shadow, exact, stale, device

    def records(self, checkpoints: Checkpoints, healthy: np.ndarray) -> Iterator[Record]:
        """Evaluate every checkpoint that all members have passed and that has not been evaluated."""
        while (k := checkpoints.next_complete()) is not None:
            records = self._evaluate(checkpoints, k, healthy)
            checkpoints.mark_evaluated()
            yield from records

    def _evaluate(self, checkpoints: Checkpoints, k: int, healthy: np.ndarray) -> list[Record]:
        self.shadow.flat.values.copy_(checkpoints.values[k])
        normaliser, last = checkpoints.normalisers[k], k == len(checkpoints.passed) - 1
        sampled = self._scores(normaliser, k)
        greedy = np.full_like(sampled.value, np.nan)
        if last and self.evaluation.greedy:
            evaluation = self._policy_evaluation(normaliser, k)
            greedy = evaluation.scores(self.task, self.evaluation.episodes, greedy=True).value
        shown = (last or k == 0) and not self.members.varied
        texts = self._policy_evaluation(normaliser, SAMPLES_AT).sample_texts(self.task) if shown else ()
        marks = dict(zip(PROGRESS, checkpoints.progress[:, k], strict=True))
        measures = sampled.measures | checkpoints.diagnostics_at(k) | {name: marks[name] for name in self._stale}
        lost = checkpoints.diverged_before(k, healthy)
        return [
            Record(
                seed=seed,
                learning_rate=rate,
                checkpoint=k,
                fraction=self.evaluation.fractions[k],
                env_steps=int(marks["env_steps"][p]),
                updates=int(marks["updates"][p]),
                wall_s=float(marks["wall_s"][p]),
                eval_return=float("nan") if lost[p] else float(sampled.value[p]),
                eval_return_greedy=float("nan") if lost[p] else float(greedy[p]),
                diverged=bool(lost[p]),
                measures={} if lost[p] else {name: float(x[p]) for name, x in measures.items() if np.isfinite(x[p])},
                member=self.member_indices[p],
                texts=texts if p == 0 else (),
            )
            for p, (seed, rate) in enumerate(zip(self.members.seeds, self.members.rates, strict=True))
        ]

    def returns(self, checkpoints: Checkpoints, k: int, healthy: np.ndarray) -> np.ndarray:
        """J [P] at checkpoint k, which all members have passed; NaN for those that diverged before."""
        self.shadow.flat.values.copy_(checkpoints.values[k])
        value = self._scores(checkpoints.normalisers[k], k).value
        return np.where(checkpoints.diverged_before(k, healthy), np.nan, value)

    def trained(self, checkpoints: Checkpoints, healthy: np.ndarray) -> Trained:
        """The policies of the last checkpoint, once all members have passed it."""
        self.shadow.flat.values.copy_(checkpoints.values[-1])
        parameters = {name: x.detach().cpu().clone() for name, x in self.shadow.named_parameters()}
        lost = checkpoints.diverged_before(len(checkpoints.passed) - 1, healthy)
        return Trained(parameters, checkpoints.normalisers[-1].snapshot(), lost)

    def _scores(self, normaliser: Normaliser, k: int) -> Scores:
        """Scores of sampled actions."""
        if self.exact is not None:
            return self.exact.scores(self.shadow)
        return self._policy_evaluation(normaliser, k).scores(self.task, self.evaluation.episodes, greedy=False)

    def _policy_evaluation(self, normaliser: Normaliser, position: int) -> PolicyEvaluation:
        """The evaluation of `shadow` at this position of the random streams."""
        seeds, purpose, compact = self.members.seeds, self.members.purpose, bool(self.members.varied)
        return PolicyEvaluation(self.shadow, normaliser, seeds, purpose, position, self._device, compact)


def transcript_text(mdp: TextMDP, transcript: NDArray) -> str:
    """A transcript [L] as text: prompt | answer."""
    k = mdp.prompt_length
    return f"{mdp.decode(transcript[:k])} | {mdp.decode(transcript[k:])}"
