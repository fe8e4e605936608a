"""Pretrain a small model of the Llama family on film reviews or a corpus of your own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from algorithms.language.pretraining import Pretraining
from benchmarks.cli.language.options import StageFlags, done
from benchmarks.cli.options import check_positive
from benchmarks.language.bases import OwnModel, make_base
from benchmarks.validation.usage import DONE
from envs.language.models.decoder import DecoderConfig
from envs.validation import UsageError

HEAD = 4  # the least width of a head, whose coordinates are turned in pairs


@dataclass(frozen=True)
class Pretrain(StageFlags):
    """The flags of `language pretrain`; the defaults are those of the suite's own model, as numbers: help needs no torch."""

    corpus: Path | None = None  # a text file, or a .jsonl file with {"text"} lines; without it the film reviews
    vocabulary: int = 1024  # the commonest words and signs, and three special tokens
    width: int = 128  # units of a layer
    layers: int = 4  # layers of the transformer
    heads: int = 4  # attention heads of a layer
    passes: float = 0.45  # over the corpus
    batch: int = 1024  # tokens of a step, about
    rate: float = 0.004  # the largest learning rate
    seed: int = 0  # of the initial weights and the order of the texts

    def __call__(self) -> int:
        for name in ("vocabulary", "width", "layers", "heads", "batch"):
            check_positive(name, getattr(self, name))
        if self.device != "cpu":
            raise UsageError(f"a base is pretrained on the CPU: --device must be cpu, not {self.device!r}")
        if self.seed < 0:
            raise UsageError(f"--seed must be 0 or more, not {self.seed}")
        model = self.model()
        done(
            "pretraining the base model",
            make_base(self.store(), model),
            "language sft --base HERE" + ("" if self.corpus is None else f" --corpus {self.corpus}"),
            "language sft --base HERE --data FILE.jsonl",
        )
        return DONE

    def model(self) -> OwnModel:
        """What the base is made of; without flags it is the suite's own. UsageError for a shape that cannot be."""
        plain = OwnModel.of("base", self.corpus)
        training = Pretraining(self.passes, self.batch, self.rate, seed=self.seed)
        return replace(plain, shape=self._shape(plain.shape), training=training)

    def _shape(self, plain: DecoderConfig) -> DecoderConfig:
        if self.width % self.heads or self.width // self.heads % 2 or self.width // self.heads < HEAD:
            raise UsageError(
                f"--width must be a multiple of 2 x --heads, and a head at least {HEAD} wide, not {self.width} for "
                f"{self.heads} heads"
            )
        inner = round(self.width * plain.inner / plain.width)
        head = self.width // self.heads
        return replace(
            plain, vocabulary=self.vocabulary, width=self.width, layers=self.layers, heads=self.heads,
            key_value_heads=self.heads, head_width=head, inner=inner,
        )  # fmt: skip
