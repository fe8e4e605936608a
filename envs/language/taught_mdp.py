"""The base class of listed tasks that can also be learned from labelled texts, and their teachers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from envs.api import Bools, Doubles, Factory, Ints, Task
from envs.language import listed_texts as listed
from envs.language.env import LanguageMDP
from envs.language.listed_mdp import ListedMDP
from envs.language.models.base import BaseModel
from envs.validation import UsageError


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


def check_judge(judge: BaseModel | None, model: BaseModel) -> None:
    """UsageError if they are one: what a model writes is likely to it by construction."""
    if judge == model:
        raise UsageError(
            "the base cannot be its own judge: what it writes is likely to it by construction, so nothing would hold "
            "fluency; give a model that was trained on other texts"
        )


def language_task(
    name: str,
    mdp: LanguageMDP,
    floor: float,
    ceiling: float,
    views: Sequence[tuple[str, Factory]] = (),
    source: str = "all texts of the frozen model, listed",
) -> Task:
    """The Task from J of the reference to J*. UsageError if prompts do not fit the model, or there is nothing to learn."""
    mdp.check_context()
    if not ceiling - floor > 1e-9:
        raise UsageError(f"{name}: the reference policy is optimal, so there is nothing to learn")
    return Task(
        name=name,
        factory=mdp,
        floor=floor,
        ceiling=ceiling,
        threshold=floor + 0.95 * (ceiling - floor),
        field="language",
        source=source,
        beta=mdp.beta,
        views=tuple(views),
    )


def taught_task(name: str, mdp: TaughtMDP, views: Sequence[tuple[str, Factory]]) -> Task:
    """The Task of a listed MDP, with other judges of the same texts."""
    _ = mdp.action_tokens  # words that are no tokens of the model are named before anything is computed
    return language_task(name, mdp, mdp.reference_return(), mdp.optimal_return(), views)
