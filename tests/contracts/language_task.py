"""A text MDP in the tokens of a tiny language model that is made in memory: left padding, texts that end early, exact J."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np
import torch

from algorithms.policies.networks.adapters import Adapters
from algorithms.training_config import Episodes, TrainingConfig
from envs.api import Doubles, Spec, Task, Transcript
from envs.language.models.base import BaseModel
from envs.language.models.decoder import Decoder
from envs.language.models.transcript import ModelTranscript
from envs.text_env import TextFactory
from envs.text_mdp import PAD, Prompts, Response, Rows
from tests.language_models import TINY, WORDS, tiny_decoder

VOCABULARY = ("<end>", "good", "bad", ".", "the", "film", "was")
GOOD = 1


@dataclass(frozen=True)
class Base(BaseModel):
    """TINY, in double precision where the digest says so."""

    def load(self, device: str = "cpu") -> Decoder:
        return model_of(self.digest, device)

    @property
    def matrices(self) -> tuple[tuple[int, int], ...]:
        return tuple(TINY.linear.values())


@cache
def model_of(digest: str, device: str) -> Decoder:
    """The tiny decoder, one object a process."""
    made = tiny_decoder(TINY, seed=1)
    kind = torch.float64 if digest == "double" else torch.float32
    return Decoder(TINY, {name: x.to(device, kind) for name, x in made.tensors.items()})


@dataclass(frozen=True)
class Praise(TextFactory):
    """After "the film was" or "film was", up to 3 of the words <end>, good, bad, "."; pays 1 for each good after another.

    <end> ends the text. Observations are in a model's tokens.
    """

    digest: str = "single"
    base: BaseModel | None = None  # a model on disk

    @property
    def tokens(self) -> tuple[str, ...]:
        return ("", *VOCABULARY)

    @property
    def actions(self) -> int:
        return 4

    @property
    def prompt_length(self) -> int:
        return 3

    @property
    def horizon(self) -> int:
        return 3

    def prompts(self) -> Prompts:
        return Prompts(np.array([[5, 6, 7], [PAD, 6, 7]]), np.array([0.5, 0.5]))

    def respond(self, rows: Rows, t: int, outcome: np.ndarray) -> Response:
        so_far = self.actions_so_far(rows, t + 1)
        goods = (so_far == GOOD).sum(1).astype(np.float64)
        return Response(np.where(so_far[:, -1] == 0, goods, goods * 0.25), so_far[:, -1] == 0)

    def optimal_return(self) -> float:
        return 2.0

    def random_return(self) -> float:
        return 0.0

    def optimal_policy(self, rows: Rows, t: int) -> Doubles:
        raise NotImplementedError

    @cached_property
    def _observation(self) -> ModelTranscript:
        plain = super().spec.observation
        assert isinstance(plain, Transcript)
        tokens = tuple(WORDS.index(word) for word in VOCABULARY)
        return ModelTranscript(
            plain.vocabulary,
            plain.length,
            plain.action_position,
            self.base or Base(self.digest, None),
            tokens,  # type: ignore[arg-type]
        )

    @property
    def spec(self) -> Spec:
        return replace(super().spec, observation=self._observation)


PRAISE = Task("praise", Praise(), floor=0.0, ceiling=2.0)
PRECISE = Task("praise in double precision", Praise(digest="double"), floor=0.0, ceiling=2.0)
TRAINING = TrainingConfig(Adapters(rank=2), collection=Episodes(envs=16, group=4), learning_rate=1e-2, segment=3)
