"""P x N texts over a frozen model, and the base class of language tasks: the model's softmax is the reference policy."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from envs.api import Array, Bools, Discrete, Doubles, Floats, Ints, Spec, Transcript
from envs.language.models.adapter_file import AdapterFile
from envs.language.models.base import BaseModel
from envs.language.models.transcript import ModelTranscript
from envs.language.reference import NO_MEMBER, FrozenReference, frozen_reference
from envs.text_env import TextEnv, TextFactory
from envs.text_mdp import PAD, Prompts, Rows, uniform
from envs.validation import UsageError

LARGEST = 2**63 - 1  # that a hidden state can hold


@dataclass(frozen=True, kw_only=True)
class LanguageMDP(TextFactory):
    """Continue a prompt with tokens of a model.

    model               the base; what a policy learns is added to it
    reference_adapters  adapters of each seed: the reference policy is the model with those of the row's member, which do
                        not change. None: the model itself

    The last column of the hidden state is the seed of the member that a row belongs to, NO_MEMBER if it belongs to none.
    """

    has_reference: ClassVar[bool] = True

    model: BaseModel
    reference_adapters: AdapterFile | None = None

    # ---- what a task defines

    @property
    @abstractmethod
    def beginnings(self) -> tuple[tuple[int, ...], ...]:
        """The model's tokens of each prompt."""

    @property
    @abstractmethod
    def action_tokens(self) -> tuple[int, ...] | None:
        """The model's token of each action; None: action a is token a of the model."""

    # ---- what follows

    @cached_property
    def table(self) -> tuple[int, ...] | None:
        """The model's token of each token of the task but PAD: the actions', then those that only prompts have.

        None: token i + 1 is the model's token i.
        """
        if self.action_tokens is None:
            return None
        others = {token for prompt in self.beginnings for token in prompt} - set(self.action_tokens)
        return (*self.action_tokens, *sorted(others))

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        """The text of each token as the tokenizer writes it."""
        words = self.model.tokenizer().words
        if self.table is not None:
            return ("", *(words[token] for token in self.table))
        unused = range(len(words), self.model.load().vocabulary)  # a model may have more tokens than its tokenizer
        return ("", *words, *(f"<{token}>" for token in unused))

    @property
    def actions(self) -> int:
        return len(self.tokens) - 1 if self.action_tokens is None else len(self.action_tokens)

    @cached_property
    def prompt_length(self) -> int:
        """K, of the longest prompt."""
        return max(len(prompt) for prompt in self.beginnings)

    def prompts(self) -> Prompts:
        """All prompts, equally probable; shorter ones are padded on the left."""
        tokens = np.full((len(self.beginnings), self.prompt_length), PAD, np.int64)
        place = None if self.table is None else {token: i + 1 for i, token in enumerate(self.table)}
        for row, prompt in zip(tokens, self.beginnings, strict=True):
            row[self.prompt_length - len(prompt) :] = [i + 1 if place is None else place[i] for i in prompt]
        return Prompts(tokens, uniform(len(tokens)), np.full((len(tokens), 1), NO_MEMBER, np.int64))

    @cached_property
    def spec(self) -> Spec:
        places = super().spec.observation
        assert isinstance(places, Transcript)
        return Spec(
            ModelTranscript(
                places.vocabulary, places.length, places.action_position, model=self.model, tokens=self.table
            ),
            Discrete(self.actions),
            self.horizon,
        )

    def check_context(self) -> None:
        """UsageError if the model cannot read the longest prompt with the longest answer."""
        if not all(self.beginnings):
            raise UsageError("a prompt has no tokens: a model needs at least one to continue")
        context = self.model.load().context
        if self.transcript_length > context:
            raise UsageError(
                f"the longest prompt has {self.prompt_length} tokens and an answer {self.horizon}, but the model reads at "
                f"most {context}"
            )

    def seeds(self, rows: Rows) -> Ints:
        """[M] the seed of the member that each row belongs to."""
        return rows.hidden[:, -1]

    @property
    def _frozen(self) -> FrozenReference:
        table = tuple(range(self.actions)) if self.table is None else self.table
        return frozen_reference(self.model, self.reference_adapters, (0, *table), self.actions)

    def reason_unlisted(self) -> str | None:
        own = self.reference_adapters is not None and len(self.reference_adapters.seeds) > 1
        return "each member of this task has a reference policy of its own" if own else None

    def reference(self, rows: Rows, t: int) -> Doubles:
        return self._frozen.after(rows.transcript[:, : self.position(t)], self.seeds(rows))

    def reference_of(self, rows: Rows, device: str = "cpu") -> Doubles:
        """[M, T] log-probabilities of all actions of whole transcripts under the reference policy, 0 where there is none."""
        positions = [self.position(t) for t in range(self.horizon)]
        return self._frozen.of_actions(rows.transcript, positions, self.seeds(rows), device)

    def model_tokens(self, transcript: Ints) -> list[int]:
        """The model's tokens of one transcript, without PAD."""
        written = [int(i) - 1 for i in transcript if i != PAD]
        return written if self.table is None else [self.table[i] for i in written]

    def decode(self, transcript: Ints) -> str:
        """One transcript as the tokenizer writes it, with its spaces and signs."""
        return self.model.tokenizer().decode(self.model_tokens(transcript))

    def make(self, seeds: Sequence[np.random.SeedSequence], envs: int, group: int = 1) -> TextEnv:
        return LanguageEnv(self, seeds, envs, group)


class LanguageEnv(TextEnv):
    """A TextEnv whose rows know their member. `Step.reference` is None: the reference reads whole texts, once."""

    def __init__(self, mdp: LanguageMDP, seeds: Sequence[np.random.SeedSequence], envs: int, group: int) -> None:
        super().__init__(mdp, seeds, envs, group)
        self._task = mdp
        numbers = [seed.entropy for seed in seeds]
        for number in numbers:
            if not isinstance(number, int) or not 0 <= number <= LARGEST:
                raise UsageError(f"a member's seed must be a number from 0 to {LARGEST}, not {number}")
        self._members: Ints = np.repeat(np.array(numbers, np.int64), envs)

    def reset(self) -> tuple[Array, Bools | None]:
        super().reset()
        self._hidden[:, -1] = self._members
        return self._observation(), self._mask()

    def reference_of(self, transcripts: Ints, device: str) -> Floats | None:
        """[T, P, N] log-probabilities of the actions in transcripts [P, N, L], each under its member's reference policy."""
        rows = Rows(transcripts.reshape(len(self._members), -1), self._members[:, None])
        logp = self._task.reference_of(rows, device)
        return np.ascontiguousarray(logp.T, np.float32).reshape(-1, *self.shape)

    def _reference_logp(self, rows: Rows, t: int) -> None:
        return None
