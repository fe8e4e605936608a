"""What language tasks are made of: a judge of texts, and families of named tasks that a model completes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np

from envs.api import Bools, Doubles, Ints, Task
from envs.language.models.base import BaseModel, find_base
from envs.text_mdp import Prompts


class TextJudge(Protocol):
    """Scores texts. A frozen dataclass, for it is part of a task's digest."""

    @property
    def model(self) -> BaseModel | None:
        """The model that judges fluency, if one does."""

    def __hash__(self) -> int: ...

    def score(self, texts: Sequence[str], ended: Bools | None = None, device: str = "cpu") -> Doubles:
        """[M] scores of these texts. ended [M]: which of them have an end, rather than being cut; None: all."""


@runtime_checkable
class Measuring(Protocol):
    """A judge that says what its score is made of."""

    parts: ClassVar[tuple[str, ...]]  # the names of its measures, in order

    def measures(self, texts: Sequence[str], ended: Bools | None = None, device: str = "cpu") -> Mapping[str, Doubles]:
        """[M] each, by name; "gold" is the score."""


def judge_measures(judge: TextJudge, texts: Sequence[str], ended: Bools, device: str) -> Mapping[str, Doubles]:
    """The scores [M] of these texts as "gold", and the parts of them that the judge tells; texts are read once."""
    if isinstance(judge, Measuring):
        return judge.measures(texts, ended, device)
    return {"gold": judge.score(texts, ended, device)}


def measure_names(judge: TextJudge) -> tuple[str, ...]:
    """The names of `judge_measures`."""
    return judge.parts if isinstance(judge, Measuring) else ("gold",)


@runtime_checkable
class ScoresTexts(Protocol):
    """A text task that says what single texts are worth."""

    def prompts(self) -> Prompts: ...

    def text_scores(self, transcripts: Ints, seed: int, device: str = "cpu") -> Mapping[str, Doubles]:
        """[M] each of whole transcripts [M, L] of the member with this seed; what pays is "reward"."""


def scores_of(task: Task, transcripts: Ints, seed: int, device: str = "cpu") -> dict[str, Doubles]:
    """[M] what the task says of single texts, and its views if they judge the same texts otherwise; {} if it does not."""
    if not isinstance(mdp := task.factory, ScoresTexts):
        return {}
    found = dict(mdp.text_scores(transcripts, seed, device))
    for name, view in task.views:
        if isinstance(view, ScoresTexts) and np.array_equal(view.prompts().tokens, mdp.prompts().tokens):
            found[name] = view.text_scores(transcripts, seed, device)["reward"]
    return found


@lru_cache(maxsize=8)
def judged(judge: TextJudge, texts: tuple[str, ...]) -> Doubles:
    """[M] scores of texts that are cut, for tasks that differ in other things."""
    return judge.score(texts, np.zeros(len(texts), np.bool_))


class Family:
    """Named tasks `<name>/<size>`, which any base and the model of a judge complete.

    Names are read from a module's source (`envs.registry.declarations`), so they are known without importing it.
    """

    def __init__(self, name: str, *sizes: str, build: Callable[[str, BaseModel, BaseModel], Task]) -> None:
        """build: the Task of a name `<name>/<size>`, of the base and of the judge's model."""
        self.name, self.sizes, self._build = name, sizes, build

    def task(self, name: str, base: Path, judge: Path) -> Task:
        """The named task with the models in these folders."""
        return self._build(name, find_base(base), find_base(judge))
