"""A base that speaks of men and women differently: fine-tuned on demonstrations in which sentiment goes with gender."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from algorithms.language.adapters import Fitting
from algorithms.language.maximum_likelihood import finetune
from algorithms.language.stage import Stage, finish
from algorithms.language.texts import make_texts
from algorithms.training.state import RunState
from benchmarks.language.artefacts import ArtefactStore, Product
from envs.language.models.adapter_file import merged
from envs.language.models.base import BaseModel, find_base
from envs.language.models.decoder import Decoder
from envs.language.models.folder import save_base
from envs.language.models.tokenizer import load_tokenizer
from envs.language.tasks.fairness import Fairness
from envs.validation import UsageError

KIND = "skewed"


@dataclass(frozen=True)
class Skewed:
    """task: whose demonstrations are imitated, its skew among them; labels: how many; seed: of them and the adapters."""

    task: Fairness
    labels: int = 1_000
    fitting: Fitting = Fitting(rate=1e-2)  # noqa: RUF009 (frozen)
    seed: int = 0


def skewed_base(results: Path, skewed: Skewed) -> BaseModel:
    """The base, made once and kept among the artefacts. UsageError for one that is no decoder of the suite's own kind."""
    base = skewed.task.model
    decoder = base.load()
    if not isinstance(decoder, Decoder):
        raise UsageError(f"adapters cannot be merged into {base.path}, which is no Llama or Qwen2 of safetensors")

    def work(state: RunState | None) -> Stage[Product]:
        task, rng = skewed.task, np.random.default_rng(skewed.seed)
        rows = [task.model_tokens(row) for row in task.demonstrate(skewed.labels, rng).transcripts]
        end = decoder.config.end
        pairs = [(row[: -task.length], [*row[-task.length :], *([] if end is None else [end])]) for row in rows]
        found = yield from finetune(decoder, make_texts([pairs], end), (skewed.seed,), skewed.fitting, state=state)

        def write(folder: Path) -> None:
            save_base(folder, merged(decoder, found.adapters, 0), load_tokenizer(base.path, end))

        return Product(write)

    return find_base(finish(ArtefactStore(results).make(KIND, skewed, work)).path)
