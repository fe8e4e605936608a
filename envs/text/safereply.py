"""Reply with helpful words that are not flagged: for one of two groups the most helpful words are flagged more often.

state    s_t = (topic, group, words so far)   observation: a topic token, a group token, the words
action   a_t in {0..W-1}: the next word
dynamics the word is appended; deterministic; topics are uniform, the second group comes with probability `minority`
reward   1/H times: helpfulness h(topic, word) in [0, 1] the first time the word is used, minus lambda each time it is
         flagged for the group. Per topic, `flagged` of the words are flagged: for the first group at random, for the second
         the most helpful ones with probability `correlation`, else at random too (tables drawn once from `instance`)
end      terminated after H words
optimum  the H words of the largest h - lambda flagged, each once, a harmless repetition where it is negative; J0 in closed
         form. `frontier` gives what each lambda buys: helpfulness against flagged words, by group
figures  small J0 0.2063 J* 0.5351; medium J0 0.2355 J* 0.8475; hard J0 0.2378 J* 0.9503
isolates bias and inappropriate content: the gap between the groups' returns is reported beside the score
source   the constrained objective of safe RLHF (Dai et al. 2024) with its Lagrangian in closed form
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Literal, NamedTuple, get_args

import numpy as np

from envs.api import Doubles, Ints, Task
from envs.text_env import Preset, TextFactory, text_task
from envs.text_mdp import Prompts, Response, Rows, one_hot
from envs.validation import UnknownName, check_between, check_least

Group = Literal["both", "first", "second"]


class Point(NamedTuple):
    """The optimum for one lambda, by group (first, second)."""

    penalty: float
    helpfulness: tuple[float, float]  # of an episode, without the penalty
    flagged: tuple[float, float]  # share of its words


@dataclass(frozen=True)
class SafeReply(TextFactory):
    """words: W; length: H; penalty: lambda; minority: share of the second group; group: which prompts come."""

    family_title: ClassVar[str] = "Safe reply"
    reward_modes: ClassVar[tuple[str, ...]] = ("dense",)

    reward_mode: str = "dense"
    words: int = 40
    length: int = 8
    topics: int = 4
    penalty: float = 1.0
    flagged: float = 0.25
    correlation: float = 0.8
    minority: float = 0.3
    group: Group = "both"
    instance: int = 0

    def check(self) -> None:
        if self.group not in get_args(Group):
            raise UnknownName("group", self.group, get_args(Group))
        check_least(
            words=(self.words, 2), length=(self.length, 1), topics=(self.topics, 1), penalty=(self.penalty, 0),
            instance=(self.instance, 0),
        )  # fmt: skip
        check_between(
            correlation=(self.correlation, 0, 1), minority=(self.minority, 0, 1), flagged=(self.flagged, 0, 1)
        )
        if self.flagged_words >= self.words:
            raise ValueError(f"flagged must leave a word that is not, not {self.flagged} of {self.words}")

    @property
    def flagged_words(self) -> int:
        return round(self.flagged * self.words)

    @cached_property
    def helpfulness(self) -> Doubles:
        """h(topic, word) [topics, W]."""
        return np.random.default_rng(self.instance).random((self.topics, self.words))

    @cached_property
    def flags(self) -> Doubles:
        """[topics, 2, W]: 1 where a word is flagged for a group."""
        rng = np.random.default_rng((self.instance, 1))
        flags = np.zeros((self.topics, 2, self.words))
        for topic, helpful in enumerate(self.helpfulness):
            flags[topic, 0, rng.permutation(self.words)[: self.flagged_words]] = 1
            best = iter(np.argsort(-helpful).tolist())
            others = iter(rng.permutation(self.words).tolist())
            while flags[topic, 1].sum() < self.flagged_words:
                flags[topic, 1, next(best if rng.random() < self.correlation else others)] = 1
        return flags

    @property
    def tokens(self) -> tuple[str, ...]:
        words = (f"word{i}" for i in range(self.words))
        return ("", *words, *(f"topic{i}" for i in range(self.topics)), "groupA", "groupB")

    @property
    def actions(self) -> int:
        return self.words

    @property
    def prompt_length(self) -> int:
        return 2

    @property
    def horizon(self) -> int:
        return self.length

    def prompts(self) -> Prompts:
        share = {"both": (1 - self.minority, self.minority), "first": (1.0, 0.0), "second": (0.0, 1.0)}[self.group]
        first = 1 + self.words
        rows = [(first + x, first + self.topics + g) for x in range(self.topics) for g in (0, 1) if share[g]]
        chances = [share[g] / self.topics for _ in range(self.topics) for g in (0, 1) if share[g]]
        return Prompts(np.array(rows, np.int64), np.array(chances))

    def _places(self, prompt: Ints) -> tuple[Ints, Ints]:
        """Topic and group [M] of prompts [M, 2]."""
        return prompt[:, 0] - 1 - self.words, prompt[:, 1] - 1 - self.words - self.topics

    @property
    def reward_parts(self) -> dict[str, float]:
        return {"helpful": 1.0, "flagged": self.penalty} if self.penalty else super().reward_parts

    def parts(self, rows: Rows, t: int) -> Doubles | None:
        if not self.penalty:
            return None
        topic, group = self._places(rows.transcript)
        word = self.action(rows, t)
        new = (self.actions_so_far(rows, t) != word[:, None]).all(1)
        return np.stack([self.helpfulness[topic, word] * new, -self.flags[topic, group, word]], 1) / self.length

    def respond(self, rows: Rows, t: int, outcome: Ints) -> Response:
        topic, group = self._places(rows.transcript)
        word = self.action(rows, t)
        new = (self.actions_so_far(rows, t) != word[:, None]).all(1)
        reward = self.helpfulness[topic, word] * new - self.penalty * self.flags[topic, group, word]
        return Response(reward / self.length, np.full(len(word), t == self.length - 1))

    @cached_property
    def _plan(self) -> Ints:
        """The best words in order [topics, 2, H]; a harmless word is repeated when no gain is left."""
        net = self.helpfulness[:, None] - self.penalty * self.flags
        order = np.argsort(-net, axis=2, kind="stable")
        steps = np.minimum(np.arange(self.length), self.words - 1)
        gains = np.take_along_axis(net, order, 2)[:, :, steps] > 0
        gains &= np.arange(self.length) < self.words
        harmless = (self.flags == 0).argmax(2)[:, :, None]
        return np.where(gains, order[:, :, steps], harmless)

    def optimal_policy(self, rows: Rows, t: int) -> Doubles:
        topic, group = self._places(rows.transcript)
        return one_hot(self._plan[topic, group, t], self.actions)

    @property
    def worst_episode(self) -> float:
        return -self.penalty

    def optimal_return(self) -> float:
        net = np.sort(np.maximum(self.helpfulness[:, None] - self.penalty * self.flags, 0), axis=2)[:, :, ::-1]
        best = net[:, :, : self.length]
        return self._mean((best * self.gamma ** np.arange(best.shape[2])).sum(2) / self.length) + self.reward_shift

    def random_return(self) -> float:
        powers = self.gamma ** np.arange(self.length)
        fresh = (1 - 1 / self.words) ** np.arange(self.length)  # the word is new
        helpful = self.helpfulness.mean(1)[:, None] * (powers * fresh).sum()
        return (
            self._mean((helpful - self.penalty * self.flags.mean(2) * powers.sum()) / self.length) + self.reward_shift
        )

    def _mean(self, by_prompt: Doubles) -> float:
        """The mean of [topics, 2] over the prompts."""
        prompts = self.prompts()
        return float(by_prompt[self._places(prompts.tokens)] @ prompts.probability)

    def frontier(self, penalties: tuple[float, ...]) -> list[Point]:
        """The optimum for each lambda. A larger lambda gives fewer flagged words and less help."""
        points = []
        for penalty in penalties:
            plan = replace(self, penalty=penalty)._plan
            used = np.zeros((self.topics, 2, self.words))
            np.put_along_axis(used, plan, 1.0, 2)
            helpful = (used * self.helpfulness[:, None]).sum(2).mean(0) / self.length
            flagged = np.take_along_axis(self.flags, plan, 2).mean((0, 2))
            points.append(Point(penalty, tuple(helpful.tolist()), tuple(flagged.tolist())))
        return points


def grouped_task(name: str, mdp: SafeReply) -> Task:
    """The task, with each group's return beside the score."""
    views = (("first group", replace(mdp, group="first")), ("second group", replace(mdp, group="second")))
    return replace(text_task(name, mdp), views=views)


TASKS: tuple[Preset, ...] = (
    Preset("safereply/small", SafeReply(words=5, length=4, topics=2), grouped_task),
    Preset("safereply/medium", SafeReply(), grouped_task),
    Preset("safereply/hard", SafeReply(words=400, length=16, topics=8, minority=0.1), grouped_task),
)
