"""The return of policies, and other measures, estimated from played episodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from algorithms.policies.api import Acting
from algorithms.policies.distributions import Head
from algorithms.training.actor import Actor, Row, Tape, stack_density
from algorithms.training.observation_normaliser import Normaliser
from envs.api import Task
from envs.custom.faults import CheckedVecEnv
from envs.language.family import scores_of
from envs.seeding import Purpose, Role, generator, stream
from envs.text_mdp import TextMDP

ROWS = 64  # steps of an evaluation that are kept before they are summed
SAMPLES = 3  # texts that a cell saves
SAMPLES_AT = 1_000_000  # their position among the streams of checkpoints, the same before and after training


class Scores(NamedTuple):
    """Results of an evaluation, one number per member.

    measures: entropy (nats per episode), length (actions per episode), kl (to the task's reference policy if it has
    one, nats per episode), what the environment measures of its episodes, and the return under each of the task's views.
    """

    value: NDArray[np.float64]  # [P] J
    measures: dict[str, NDArray[np.float64]]

    def select_members(self, part: slice) -> Scores:
        """The scores of some members."""
        return Scores(self.value[part], {name: x[part] for name, x in self.measures.items()})


class TextSamples(NamedTuple):
    """Texts as prompt | answer, and the scores of each by name: what is paid, what judges say, log pi / reference as kl."""

    texts: tuple[str, ...] = ()
    scores: tuple[dict[str, float], ...] = ()


@dataclass(frozen=True)
class PolicyEvaluation:
    """Policies to evaluate and their random streams. The same (seed, checkpoint) always has the same starts.

    seeds, checkpoints  one of each per member
    """

    policy: Acting
    normaliser: Normaliser
    seeds: tuple[int, ...]
    purpose: Purpose
    checkpoints: tuple[int, ...]
    device: str = "cpu"

    @contextmanager
    def _actor(self, task: Task, episodes: int, greedy: bool) -> Iterator[Actor]:
        """An actor in `episodes` new environments per member."""
        places = list(zip(self.seeds, self.checkpoints, strict=True))
        seeds = [stream(s, Role.EVALUATION_ENVIRONMENT, k, purpose=self.purpose) for s, k in places]
        acting = [generator(s, Role.EVALUATION_ACTION, k, purpose=self.purpose) for s, k in places]
        env = CheckedVecEnv(task.factory.make(seeds, episodes), task.name, seeds, episodes)
        yield Actor(env, self.policy, self.normaliser, None if greedy else acting, self.device)
        env.close()

    def play(self, task: Task, episodes: int, greedy: bool) -> Tape:
        """The first episode of each of `episodes` environments per member."""
        with self._actor(task, episodes, greedy) as actor:
            return actor.play(np.ones(len(self.seeds), np.bool_))

    def scores(self, task: Task, episodes: int, greedy: bool) -> Scores:
        """J = E[sum_t gamma^t (r_t - beta log(pi / reference))] from played episodes, and the measures."""
        totals, rows, start = EpisodeTotals(task, self.policy.head, len(self.seeds)), [], 0
        with self._actor(task, episodes, greedy) as actor:
            for row in actor.episodes(np.ones(len(self.seeds), np.bool_)):
                rows.append(row)
                if len(rows) == ROWS:
                    totals.add(actor.with_reference(rows, start), start)
                    rows, start = [], start + ROWS
            if rows:
                totals.add(actor.with_reference(rows, start), start)
            of_texts = {} if greedy else actor.measures()
        value, measures = totals.means(episodes)
        measures |= of_texts
        for name, view in () if greedy else task.view_tasks():  # greedy actions are used for J only
            measures[name] = self.scores(view, episodes, greedy).value
        return Scores(value, measures)

    def sample_texts(self, task: Task) -> TextSamples:
        """Texts of the first member; with their scores where the task has a reference policy."""
        mdp = task.factory
        if not isinstance(mdp, TextMDP):
            return TextSamples()
        tape = self.play(task, SAMPLES, greedy=False)
        transcripts = tape.last[0].astype(np.int64)
        reference = tape.stack_any("reference")
        found: dict[str, NDArray[np.float64]] = {}
        if reference is not None:
            valid = tape.stack("valid")[:, 0].astype(np.float64)
            logp = tape.density(self.policy.head, "cpu")[0][:, 0].double().numpy()
            found["reward"] = (tape.stack("reward")[:, 0].astype(np.float64) * valid).sum(0)
            found |= scores_of(task, transcripts, self.seeds[0], self.device)
            found["kl"] = ((logp - reference[:, 0]) * valid).sum(0)
        return text_samples(mdp, transcripts, found)


class EpisodeTotals:
    """Sums over the played rows of each member, in float64: the return with its KL, entropy, length, and KL."""

    def __init__(self, task: Task, head: Head, members: int) -> None:
        self._task, self._head, self._members = task, head, members
        self._sums: dict[str, NDArray[np.float64]] = {}

    def add(self, rows: Sequence[Row], start: int) -> None:
        """Add successive rows, of which the first is that of step `start`."""
        step, member, place = np.nonzero([row.valid for row in rows])

        def valid(name: str) -> Any:
            return np.stack([getattr(row, name) for row in rows])[step, member, place]

        if rows[0].density is not None:
            logp, entropy = (
                stack_density(rows, name)[step, member, place].astype(np.float64) for name in ("logp", "entropy")
            )
        else:
            logp, entropy = (
                x.double().numpy()
                for x in self._head.log_prob_entropy(torch.from_numpy(valid("out")), torch.from_numpy(valid("action")))
            )
        paid = valid("reward").astype(np.float64)
        summed = {"entropy": entropy, "length": np.ones_like(paid)}
        if rows[0].reference is not None:
            summed["kl"] = logp - valid("reference")
            paid -= self._task.beta * summed["kl"]
        summed["value"] = self._task.gamma ** (start + step) * paid
        for name, x in summed.items():
            total = np.bincount(member, x, self._members).astype(np.float64)
            self._sums[name] = self._sums[name] + total if name in self._sums else total

    def means(self, episodes: int) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
        """(J [P], the other measures [P]) of so many episodes per member."""
        means = {name: total / episodes for name, total in self._sums.items()}
        return means.pop("value"), means


def text_samples(mdp: TextMDP, transcripts: NDArray, scores: Mapping[str, NDArray[np.float64]]) -> TextSamples:
    """Transcripts [M, L] decoded, and their scores [M] by name."""
    rows = tuple({name: float(scores[name][i]) for name in reading_order(scores)} for i in range(len(transcripts)))
    return TextSamples(tuple(transcript_text(mdp, row) for row in transcripts), rows if scores else ())


def reading_order(names: Iterable[str]) -> list[str]:
    """Names of scores, those first that every reader asks for."""
    first = ("reward", "gold", "kl")
    return sorted(names, key=lambda name: first.index(name) if name in first else len(first))


def transcript_text(mdp: TextMDP, transcript: NDArray) -> str:
    """A transcript [L] as text: prompt | answer."""
    k = mdp.prompt_length
    return f"{mdp.decode(transcript[:k])} | {mdp.decode(transcript[k:])}"
