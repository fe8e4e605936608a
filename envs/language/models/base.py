"""A frozen model on disk, by the hash of what is in its folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from envs.language.models.api import CausalModel


@dataclass(frozen=True)
class BaseModel:
    """A folder with config.json, model.safetensors and tokenizer.json, as Hugging Face writes them, or a GGUF file.

    digest  hash of these files     path  where they lie; no number depends on it
    """

    digest: str
    path: Path = field(metadata={"hashed": False}, compare=False)

    def load(self, device: str = "cpu") -> CausalModel:
        """The model, loaded once in each process. UsageError if the files' hash is another."""
        raise NotImplementedError
