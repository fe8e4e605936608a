"""The base class of listed tasks that can also be learned from labelled texts, and their teachers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from envs.api import Bools, Doubles, Factory, Ints, Task
from envs.delayed import undelayed
from envs.language import listed_texts as listed
from envs.language.listed_mdp import ListedMDP, language_task


class Demonstrations(NamedTuple):
    """n labelled texts.

    transcripts [n, L]     kept [n] those to imitate; the others cost their label and are thrown away
    """

    transcripts: Ints
    kept: Bools


@runtime_checkable
class Taught(Protocol):
    """A task from whose labelled texts a policy can be learned without a reward."""

    def demonstrate(self, labels: int, rng: np.random.Generator) -> Demonstrations:
        """So many labelled texts."""


def taught(task: Task) -> Taught | None:
    """The task's MDP if it has labelled texts."""
    mdp = undelayed(task.factory)
    return mdp if isinstance(mdp, Taught) else None


@dataclass(frozen=True, kw_only=True)
class TaughtMDP(ListedMDP):
    """Texts of a listed task, labelled."""

    @property
    @abstractmethod
    def teacher(self) -> Doubles:
        """[X, S] probabilities of the texts that are kept, given their prompt: the limit of a twin with many labels."""

    def demonstrate(self, labels: int, rng: np.random.Generator) -> Demonstrations:
        """Texts of the teacher, all of which are kept."""
        prompt, text = draw(self.teacher, labels, rng)
        return Demonstrations(self.transcripts[prompt, text], np.ones(labels, np.bool_))

    def value_of(self, policy: Doubles, reward: Doubles | None = None) -> float:
        """J of the policy with these probabilities [X, S] of texts, or its mean of another reward [X, S], without a KL."""
        paid = self.paid if reward is None else reward
        point = listed.measure(policy, self.log_reference, paid, paid)
        return point.proxy - (self.beta * point.kl if reward is None else 0.0) + self.reward_shift * (reward is None)

    def teacher_return(self) -> float:
        """J of the teacher."""
        return self.value_of(self.teacher)


def draw(policy: Doubles, count: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """(prompt [count], text [count]): prompts uniform, texts with probabilities [X, S]."""
    prompt = rng.integers(len(policy), size=count)
    cumulative = policy.cumsum(1)
    place = rng.random(count) * cumulative[prompt, -1]
    return prompt, (place[:, None] >= cumulative[prompt]).sum(1)


def taught_task(name: str, mdp: TaughtMDP, views: Sequence[tuple[str, Factory]]) -> Task:
    """The Task of a listed MDP, with other judges of the same texts."""
    _ = mdp.action_tokens  # words that are no tokens of the model are named before anything is computed
    return language_task(name, mdp, mdp.reference_return(), mdp.optimal_return(), views)
