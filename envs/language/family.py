"""What language tasks are made of: a judge of texts, and families of named tasks that a model completes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from envs.api import Bools, Doubles, Ints, Task
from envs.language.models.base import BaseModel, find_base
from envs.text_mdp import Prompts
from envs.validation import UsageError


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


def single_words(model: BaseModel, count: int, among: Sequence[str]) -> tuple[str, ...]:
    """The first `count` of these words that are one token of the model each; UsageError naming the others if too few are."""
    tokenizer, found, others = model.tokenizer(), list[str](), list[str]()
    for word in among:
        try:
            tokenizer.single_tokens([word])
            found.append(word)
        except UsageError:
            others.append(word)
    if len(found) < count:
        raise UsageError(
            f"the model has {len(found)} of this task's words as one token each, and {count} are needed: not "
            f"{', '.join(others) or 'one more'}; give --words of its own"
        )
    return tuple(found[:count])


def chosen_words(model: BaseModel, words: int | Sequence[str], among: Sequence[str]) -> tuple[str, ...]:
    """These words; of a number, the first so many of those that are one token of the model each."""
    return single_words(model, words, among) if isinstance(words, int) else tuple(words)


def check_judge(judge: BaseModel | None, model: BaseModel) -> None:
    """UsageError if they are one: what a model writes is likely to it by construction."""
    if judge == model:
        raise UsageError(
            "the base cannot be its own judge: what it writes is likely to it by construction, so nothing would hold "
            "fluency; give a model that was trained on other texts"
        )


Build = Callable[[str, BaseModel, BaseModel], Task]


def sized(build: Callable[..., Task], sizes: Mapping[str, Mapping[str, Any]], judged: bool = True) -> Build:
    """What builds the task of a name `<name>/<size>`: build(name, base, judge, **knobs of the size), without judge if not
    `judged`.
    """
    return lambda name, *models: build(name, *models[: 1 + judged], **sizes[name.partition("/")[2]])


class Family:
    """Named tasks `<name>/<size>`, which any base and the model of a judge complete.

    Names are read from a module's source (`envs.registry.declarations`), so they are known without importing it.
    """

    def __init__(self, name: str, *sizes: str, build: Build) -> None:
        """build: the Task of a name `<name>/<size>`, of the base and of the judge's model."""
        self.name, self.sizes, self._build = name, sizes, build

    def task(self, name: str, base: Path, judge: Path) -> Task:
        """The named task with the models in these folders."""
        return self._build(name, find_base(base), find_base(judge))
