"""Evaluation of checkpoints: J and other measures over the first episodes of new environments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from algorithms.policies.actor_critic import ActorCritic
from algorithms.policies.api import Acting
from algorithms.training.checkpoints import PROGRESS, Checkpoints
from algorithms.training.observation_normaliser import Normaliser
from algorithms.training.records import Members, Record, Trained
from algorithms.training.returns.sampled_return import SAMPLES_AT, PolicyEvaluation, Scores, TextSamples
from envs.api import Task

TOGETHER = 4  # checkpoints in one evaluation, where its parameters are not too many
NUMBERS_TOGETHER = 2**24  # the largest number of parameters in one evaluation of several checkpoints


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


class ExactScores(Protocol):
    """Scores without sampling, on an enumerable task."""

    def scores(self, policy: Acting) -> Scores: ...


class Evaluator:
    """Evaluates the checkpoints of a population, all members of several checkpoints at once.

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

    def records(self, checkpoints: Checkpoints, healthy: np.ndarray, rest: bool = False) -> Iterator[Record]:
        """Evaluate the checkpoints that all members have passed, several at once.

        rest  Fewer of them are evaluated too. Otherwise they wait for more, or for the last one.
        """
        together = max(1, min(TOGETHER, NUMBERS_TOGETHER // checkpoints.values[0].numel()))
        while waiting := checkpoints.complete()[:together]:
            last = len(checkpoints.passed) - 1
            if len(waiting) < together and waiting[-1] != last and not rest:
                return
            records = [record for part in self._evaluate(checkpoints, waiting, healthy) for record in part]
            checkpoints.mark_evaluated(len(waiting))
            yield from records

    def _evaluate(self, checkpoints: Checkpoints, ks: Sequence[int], healthy: np.ndarray) -> Iterator[list[Record]]:
        sampled = self._scores(checkpoints, ks)
        count = len(self.members.seeds)
        for i, k in enumerate(ks):
            yield self._records(checkpoints, k, sampled.select_members(slice(i * count, (i + 1) * count)), healthy)

    def _records(self, checkpoints: Checkpoints, k: int, sampled: Scores, healthy: np.ndarray) -> list[Record]:
        self.shadow.flat.values.copy_(checkpoints.values[k])
        normaliser, last = checkpoints.normalisers[k], k == len(checkpoints.passed) - 1
        greedy = np.full_like(sampled.value, np.nan)
        if last and self.evaluation.greedy:
            evaluation = self._policy_evaluation(self.shadow, normaliser, (k,))
            greedy = evaluation.scores(self.task, self.evaluation.episodes, greedy=True).value
        shown = (last or k == 0) and not self.members.varied
        samples = self._policy_evaluation(self.shadow, normaliser, (SAMPLES_AT,))
        written = samples.sample_texts(self.task) if shown else TextSamples()
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
                texts=written.texts if p == 0 else (),
                text_scores=written.scores if p == 0 else (),
            )
            for p, (seed, rate) in enumerate(zip(self.members.seeds, self.members.rates, strict=True))
        ]

    def returns(self, checkpoints: Checkpoints, k: int, healthy: np.ndarray) -> np.ndarray:
        """J [P] at checkpoint k, which all members have passed; NaN for those that diverged before."""
        value = self._scores(checkpoints, (k,)).value
        return np.where(checkpoints.diverged_before(k, healthy), np.nan, value)

    def trained(self, checkpoints: Checkpoints, healthy: np.ndarray) -> Trained:
        """The policies of the last checkpoint, once all members have passed it."""
        self.shadow.flat.values.copy_(checkpoints.values[-1])
        parameters = {name: x.detach().cpu().clone() for name, x in self.shadow.named_parameters()}
        lost = checkpoints.diverged_before(len(checkpoints.passed) - 1, healthy)
        return Trained(parameters, checkpoints.normalisers[-1].snapshot(), lost)

    def _scores(self, checkpoints: Checkpoints, ks: Sequence[int]) -> Scores:
        """Scores of sampled actions, of all members at the first of these checkpoints, then at the second, ..."""
        count = len(self.members.seeds)
        policy = self.shadow.select_members(np.tile(np.arange(count), len(ks)))
        policy.flat.values.copy_(checkpoints.values[list(ks)].reshape(len(ks) * count, -1))
        if self.exact is not None:
            return self.exact.scores(policy)
        evaluation = self._policy_evaluation(policy, checkpoints.joined_normaliser(ks), ks)
        return evaluation.scores(self.task, self.evaluation.episodes, greedy=False)

    def _policy_evaluation(self, policy: Acting, normaliser: Normaliser, positions: Sequence[int]) -> PolicyEvaluation:
        """The evaluation of all members at the first of these positions of the random streams, then at the second, ..."""
        members = self.members.seeds
        at = tuple(position for position in positions for _ in members)
        return PolicyEvaluation(policy, normaliser, members * len(positions), self.members.purpose, at, self._device)
