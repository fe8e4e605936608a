"""The base class of language tasks with so few texts that all are listed: everything about them is exact."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from envs.api import Doubles, Factory, Ints, Task
from envs.language import listed_texts as listed
from envs.language.env import LanguageMDP
from envs.text_mdp import Response, Rows
from envs.validation import UsageError, check_between

LIMIT = 5_000  # texts that are listed
LONGEST = 4  # words


@dataclass(frozen=True, kw_only=True)
class ListedMDP(LanguageMDP):
    """Continue one of X prompts with H of V words; what is paid for a text is a table [X, S], S = V^H.

    openings  the prompts     words  the actions, each one token of the model     length  H
    """

    openings: tuple[str, ...]
    words: tuple[str, ...]
    length: int = 3

    def check(self) -> None:
        check_between(length=(self.length, 1, LONGEST))
        if self.gamma != 1:
            raise ValueError(f"gamma must be 1, not {self.gamma}: the optimum is that of whole texts")
        for knob, texts in (("openings", self.openings), ("words", self.words)):
            if len(set(texts)) < max(len(texts), 1):
                raise UsageError(f"{knob} must differ, and there must be some, not {', '.join(texts) or 'none'}")
        if len(self.words) < 2:
            raise UsageError(f"a policy needs two words to choose from, not {self.words[0]!r} alone")
        if (texts := len(self.openings) * len(self.words) ** self.length) > LIMIT:
            largest = int(math.log(LIMIT / len(self.openings), len(self.words)) + 1e-9)
            raise UsageError(
                f"{len(self.openings)} prompts x {len(self.words)}^{self.length} are {texts:,} texts, and at most {LIMIT:,} "
                f"are listed: length must be at most {largest}"
            )

    @property
    @abstractmethod
    def paid(self) -> Doubles:
        """[X, S] the reward of each text."""

    @cached_property
    def action_tokens(self) -> tuple[int, ...]:
        """UsageError if a word is not one token of the model."""
        found = self.model.tokenizer().single_tokens(self.words)
        if len(set(found)) < len(found):
            same = [w for w, token in zip(self.words, found, strict=True) if found.count(token) > 1]
            raise UsageError(f"these words are the same token of the model: {', '.join(same)}")
        return found

    @cached_property
    def beginnings(self) -> tuple[tuple[int, ...], ...]:
        """UsageError if two openings are the same tokens of the model."""
        tokenizer, found = self.model.tokenizer(), dict[tuple[int, ...], str]()
        for opening in self.openings:
            tokens = (*tokenizer.start, *tokenizer.encode(opening))
            if tokens in found:
                raise UsageError(f"the prompts {found[tokens]!r} and {opening!r} are the same tokens of the model")
            found[tokens] = opening
        return tuple(found)

    @property
    def horizon(self) -> int:
        return self.length

    # ---- all texts

    @cached_property
    def choices(self) -> Ints:
        """The actions [S, H] of each text."""
        texts = np.indices((self.actions,) * self.length).reshape(self.length, -1).T
        return np.ascontiguousarray(texts, np.int64)

    @cached_property
    def transcripts(self) -> Ints:
        """[X, S, L]"""
        prompts, texts = self.prompts().tokens, self.choices + self.first_action
        shape = (len(prompts), len(texts))
        left = np.broadcast_to(prompts[:, None], (*shape, prompts.shape[1]))
        return np.concatenate([left, np.broadcast_to(texts, (*shape, self.length))], axis=2)

    def judged(self, judge: Callable[[tuple[str, ...]], Doubles]) -> Doubles:
        """[X, S] what a judge says of each text, prompt and all."""
        texts = [self.decode(transcript) for transcript in self.transcripts.reshape(-1, self.transcript_length)]
        return judge(tuple(texts)).reshape(self.transcripts.shape[:2])

    @cached_property
    def reference_levels(self) -> listed.Levels:
        """Log-probabilities of each word under the reference, by prompt and words before it: [X, V^t, V]."""
        x, v, levels = len(self.openings), self.actions, []
        hidden = self.prompts().hidden
        assert hidden is not None
        for t in range(self.length):
            first = self.transcripts[:, :: v ** (self.length - t)]  # a text of each prefix
            rows = Rows(first.reshape(-1, self.transcript_length), hidden.repeat(v**t, axis=0))
            levels.append(self.reference(rows, t).reshape(x, v**t, v))
        return levels

    @cached_property
    def log_reference(self) -> Doubles:
        """[X, S] log-probabilities of the texts under the reference."""
        return listed.join_levels(self.reference_levels)

    def _prompt(self, rows: Rows) -> Ints:
        """The index [M] of each row's prompt."""
        own = rows.transcript[:, None, : self.prompt_length] == self._starts[0].tokens
        return own.all(2).argmax(1)

    def _prefix(self, rows: Rows, t: int) -> Ints:
        """The number [M] whose digits to base V are the first t words."""
        words = np.maximum(self.actions_so_far(rows, t), 0)
        return words @ (self.actions ** np.arange(t)[::-1])

    def reference_of(self, rows: Rows, device: str = "cpu") -> Doubles:
        if self.reference_adapters is not None:  # each member has a reference of its own
            return super().reference_of(rows, device)
        prompt, found = self._prompt(rows), np.zeros((len(rows.transcript), self.length))
        actions = self.actions_so_far(rows, self.length)
        for t, level in enumerate(self.reference_levels):
            logp = level[prompt, self._prefix(rows, t), np.maximum(actions[:, t], 0)]
            found[:, t] = np.where(actions[:, t] >= 0, logp, 0.0)
        return found

    def respond(self, rows: Rows, t: int, outcome: Ints) -> Response:
        last = t == self.length - 1
        reward = self.paid[self._prompt(rows), self._prefix(rows, self.length)] if last else np.zeros(len(rows.hidden))
        return Response(reward, np.full(len(reward), last))

    def text_scores(self, transcripts: Ints, seed: int, device: str = "cpu") -> Mapping[str, Doubles]:
        """What is paid for whole transcripts, of any seed."""
        rows = Rows(transcripts, np.zeros((len(transcripts), 0), np.int64))
        paid = self.paid[self._prompt(rows), self._prefix(rows, self.length)]
        return {"reward": self.final_reward(paid)}

    # ---- what is known

    @cached_property
    def optimal_levels(self) -> listed.Levels:
        """Probabilities of each word under the optimal policy, as `reference_levels`."""
        return listed.optimal_levels(self.reference_levels, self.paid, self.beta)

    def optimal_policy(self, rows: Rows, t: int) -> Doubles:
        return self.optimal_levels[t][self._prompt(rows), self._prefix(rows, t)]

    def optimal_return(self) -> float:
        return listed.optimal_value(self.log_reference, self.paid, self.beta) + self.reward_shift

    def random_return(self) -> float:
        logp = -self.length * math.log(self.actions)
        return float((self.paid - self.beta * (logp - self.log_reference)).mean()) + self.reward_shift

    def reference_return(self) -> float:
        """J of the reference policy, whose KL is 0."""
        return float((np.exp(self.log_reference) * self.paid).sum(1).mean()) + self.reward_shift


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
        raise UsageError(
            f"{name}: no text is worth more than those of the reference policy, so there is nothing to learn"
        )
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
