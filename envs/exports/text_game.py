"""A text MDP as a conversation in words, with what is known of it: J*, J0 and the normalised score.

    rules      what the task is, its words, and how to answer        opening    the words of the prompt
    answer     a task whose environment replies: one word a turn; another task: all words at once

The rewards of an episode sum to its return sum_t gamma^t r_t, so their mean under a policy is J, and

    score = (return - J0) / (J* - J0)

An answer that cannot be read ends the episode, which then has the lowest return of any episode of the task. No action of
the MDP has a lower value, so J* stays the optimum. A word that is not legal is paid as the MDP pays it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from envs.api import Ints
from envs.enumeration import TooManyEpisodes, enumerate_episodes
from envs.gymnasium_env import TextMDPEnv
from envs.tasks import PRESETS, TASKS
from envs.text_mdp import PAD, Rows, TextMDP
from envs.validation import UsageError, look_up

NOTHING = "(begin)"  # the opening of a task whose prompt says nothing
BEGIN = "<bos>"


class Turn(NamedTuple):
    """What an answer brings: the environment's words, its reward, and whether the episode has ended."""

    text: str
    reward: float
    ended: bool


@dataclass(frozen=True)
class TextGame:
    """A text task by name. `lowest` is the return of an answer that cannot be read; None: computed from all episodes."""

    name: str
    lowest: float | None = None

    def __post_init__(self) -> None:
        if self.mdp.beta:
            raise UsageError(
                f"J of {self.name} holds a KL to its reference policy, which only the trainer knows: "
                "it cannot be exported"
            )
        _ = self.lowest_return

    @property
    def mdp(self) -> TextMDP:
        return look_up(PRESETS, self.name, "text task").mdp

    @cached_property
    def random_return(self) -> float:
        """J0, of the uniform policy over legal words."""
        return self.mdp.random_return()

    @cached_property
    def optimal_return(self) -> float:
        """J*."""
        ceiling = TASKS[self.name].ceiling
        return self.mdp.optimal_return() if ceiling is None else ceiling

    @cached_property
    def lowest_return(self) -> float:
        """The lowest expected return of an episode. UsageError where there are too many to list, and it is not given."""
        if self.lowest is not None:
            return self.lowest
        try:
            episodes = enumerate_episodes(self.mdp)
        except TooManyEpisodes:
            raise UsageError(
                f"{self.name} has too many episodes to find its lowest return, which an answer that cannot be read "
                "is paid: give lowest=NUMBER"
            ) from None
        returns = self.mdp.gamma ** np.arange(len(episodes.reward)) @ episodes.reward
        illegal = [self.mdp.worst_reward + self.mdp.reward_shift] if episodes.action_mask is not None else []
        return float(min([returns.min(), *illegal]))

    def score(self, total: float) -> float:
        """A return on the task's scale, as in reports: 0 at its floor J0, 1 at J*. NaN where these are equal."""
        low, high = self._ends
        return (total - low) / (high - low) if high > low else float("nan")

    @cached_property
    def _ends(self) -> tuple[float, float]:
        floor = TASKS[self.name].floor  # not J0 where masks make every policy optimal
        return self.random_return if floor is None else floor, self.optimal_return

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words that can be written, in the order of the actions."""
        first = self.mdp.first_action
        return self.mdp.tokens[first : first + self.mdp.actions]

    @property
    def replies(self) -> bool:
        """Whether the environment replies, so that an answer is one word."""
        return self.mdp.reply_length > 0

    @cached_property
    def rules(self) -> str:
        """What an agent is told before an episode."""
        card = sys.modules[type(self.mdp).__module__].__doc__ or ""
        what = " ".join(card.partition("\n\n")[0].split())
        turns = self.mdp.horizon
        how = (
            f"Answer with one word and nothing else. There are at most {turns} turns."
            if self.replies
            else f"Answer with at most {turns} of these words, separated by spaces, and nothing else."
        )
        return f"{what}\nWords: {' '.join(self.words)}\n{how}"

    @cached_property
    def metadata(self) -> dict[str, float | str]:
        """What is known of the task."""
        return {
            "task": self.name,
            "optimal_return": self.optimal_return,
            "random_return": self.random_return,
            "lowest_return": self.lowest_return,
        }

    def begin(self, seed: int, start: int | None = None) -> Episode:
        """The episode of a seed: that of the task's Gymnasium environment. `start` is the index of a prompt."""
        return Episode(self, seed, start)

    def prompts(self, count: int, first_seed: int = 0) -> list[dict[str, Any]]:
        """The first messages of `count` episodes with their seeds, as rows of a data set."""
        seeds = range(first_seed, first_seed + count)
        return [{"prompt": f"{self.rules}\n\n{self.begin(seed).opening}", "seed": seed} for seed in seeds]

    def rewards(self, completions: Sequence[Any], seed: Sequence[int], **_: Any) -> list[float]:
        """The return of each text, as a reward function of TRL; of tasks without replies. A text may be a conversation."""
        if self.replies:
            raise UsageError(f"{self.name} replies to each word: its return is no function of one text")
        texts = [text if isinstance(text, str) else text[-1]["content"] for text in completions]
        return [self.begin(one).answer(text).reward for text, one in zip(texts, seed, strict=True)]


class Episode:
    """An episode in progress. `illegal` and `unreadable` count the answers that were no word, or no legal one."""

    def __init__(self, game: TextGame, seed: int, start: int | None = None) -> None:
        self.game = game
        self._env = TextMDPEnv(game.mdp)
        self._seen, self._info = self._env.reset(seed=seed, options=None if start is None else {"start": start})
        self.steps, self.ended = 0, False
        self.total = 0.0  # the discounted return so far
        self.illegal = self.unreadable = 0

    @property
    def opening(self) -> str:
        """The words of the prompt."""
        words = self._text(self._seen[: self.game.mdp.prompt_length])
        return words or NOTHING

    @property
    def rows(self) -> Rows:
        """The transcript [1, L], from which the optimal policy reads its next action; hidden states are not in it."""
        return Rows(self._seen[None], np.zeros((1, 0), np.int64))

    @property
    def score(self) -> float:
        """The normalised score of what has been paid."""
        return self.game.score(self.total)

    def answer(self, text: str) -> Turn:
        """Play an answer. RuntimeError after the end."""
        if self.ended:
            raise RuntimeError("the episode has ended: begin another")
        before, at = self.total, self.steps
        words = text.split()
        if self.game.replies and len(words) != 1:
            words = []
        for word in words:
            if self.ended:  # words after the end are not read
                break
            if word not in self.game.words:
                self._end_unread()
            else:
                self._step(self.game.words.index(word))
        if not self.ended and (not self.game.replies or not words):
            self._end_unread()
        return Turn(self._reply(at), self.total - before, self.ended)

    def _step(self, action: int) -> None:
        mask = self._info.get("action_mask")
        self.illegal += mask is not None and not mask[action]
        self._seen, reward, self.ended, _, self._info = self._env.step(action)
        self.total += self.game.mdp.gamma**self.steps * reward
        self.steps += 1

    def _end_unread(self) -> None:
        self.unreadable += 1
        self.total, self.ended = self.game.lowest_return, True

    def _reply(self, step: int) -> str:
        """The environment's words after the action of a step."""
        place = self.game.mdp.position(step)
        return self._text(self._seen[place + 1 : place + self.game.mdp.stride])

    def _text(self, tokens: Ints) -> str:
        texts = [self.game.mdp.tokens[int(i)] for i in tokens if i != PAD]
        return " ".join(word for word in texts if word != BEGIN)
