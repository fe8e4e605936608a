"""Transcripts in the tokens of a language model."""

from __future__ import annotations

from dataclasses import dataclass

from envs.api import Transcript
from envs.language.models.base import BaseModel


@dataclass(frozen=True)
class ModelTranscript(Transcript):
    """A transcript whose token i + 1 is token `tokens[i]` of the model, or token i if `tokens` is None; 0 is padding.

    A prompt that is shorter than others is padded on the left. Actions are the first tokens: action a is token a + 1.
    """

    model: BaseModel
    tokens: tuple[int, ...] | None = None
