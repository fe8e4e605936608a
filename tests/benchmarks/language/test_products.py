"""Artefacts of real stages: read back as they were made, and the same files whenever the process was killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from algorithms.language.adapters import Fitting
from algorithms.language.dpo import dpo
from algorithms.language.maximum_likelihood import finetune
from algorithms.language.preferences import Labelled, Pairs
from algorithms.language.pretraining import Pretraining, pretrain
from algorithms.language.reward_model import fit_rewards
from algorithms.language.stage import Stage, StageProgress, finish
from benchmarks.language import products
from benchmarks.language.artefacts import ArtefactStore
from envs.language.data.judge import token_nll
from envs.language.data.words import END, build_words
from envs.language.models.base import BaseModel
from envs.language.models.decoder import DecoderConfig
from tests.language_models import tiny_base, tiny_decoder
from tests.language_stages import tiny_texts

SEEDS = (3, 4)
QUICK = Fitting(rank=1, passes=2, batch=2, rate=1e-2)
PAIRS = Pairs(tiny_texts(2, 4), tiny_texts(2, 4, seed=1))


def pipeline(results: Path, base: BaseModel, kill_at: tuple[str, int] | None = None) -> list[bytes]:
    """Supervised fine-tuning, and DPO that begins with it; the process is killed after a step of one of them."""
    store, model = ArtefactStore(results), base.load()

    def make(kind: str, configuration: object, work: products.Stage) -> products.Artefact:
        making, steps = store.make(kind, configuration, work), 0
        while True:
            try:
                event = next(making)
            except StopIteration as stop:
                return stop.value
            steps += not event.notice
            if kill_at == (kind, steps):
                os.kill(os.getpid(), signal.SIGKILL)

    sft = make(
        "sft",
        (QUICK, base),
        lambda state: products.adapters_product(
            finetune(model, tiny_texts(2, 5), SEEDS, QUICK, state=state, state_every=2), SEEDS, base
        ),
    )
    file = products.read_adapters(sft)
    start = file.load(SEEDS, base)
    found = make(
        "dpo",
        (QUICK, base, file),
        lambda state: products.dpo_product(
            dpo(model, PAIRS, start, SEEDS, QUICK, state=state, state_every=1), SEEDS, base
        ),
    )
    assert found.measures.keys() == {f"{name}/{seed}" for name in ("loss", "accuracy") for seed in SEEDS}
    return [(one.path / products.ADAPTERS).read_bytes() for one in (sft, found)]


@pytest.mark.parametrize("kill_at", [("sft", 3), ("dpo", 1), ("dpo", 4)])
def test_a_kill_within_or_between_stages_changes_nothing(tmp_path: Path, kill_at: tuple[str, int]) -> None:
    base = tiny_base(tmp_path / "base")
    process = multiprocessing.get_context("fork").Process(target=pipeline, args=(tmp_path / "one", base, kill_at))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    left = sorted(p.name.partition("-")[0] + p.suffix for p in (tmp_path / "one" / "models").iterdir())
    before = ["dpo.claim", "dpo.state", "sft"] if kill_at[1] > 1 else ["dpo.claim", "sft"]
    assert left == {"sft": ["sft.claim", "sft.state"], "dpo": before}[kill_at[0]]  # the claim of a process that is dead
    assert pipeline(tmp_path / "one", base) == pipeline(tmp_path / "two", base)
    assert not list((tmp_path / "one" / "models").glob("*.claim"))


def test_reward_models_score_as_when_they_were_made(tmp_path: Path) -> None:
    base, texts = tiny_base(tmp_path / "base"), tiny_texts(2, 6)
    model = tiny_decoder()
    made = []

    def work(state: object) -> Stage[products.Product]:
        def scaled() -> Stage[products.Rewards]:
            fitted = yield from fit_rewards(model, PAIRS, SEEDS, QUICK, PAIRS)
            made.append(fitted.normalised(model, texts, SEEDS))
            return made[0]

        return products.rewards_product(scaled(), SEEDS, base)

    artefact = finish(ArtefactStore(tmp_path).make("reward", (QUICK, base), work))
    found = products.read_rewards(artefact, base).scores(SEEDS, texts.tokens, texts.valid)
    torch.testing.assert_close(found, made[0].of(model, texts))
    torch.testing.assert_close(found.mean(1), torch.zeros(2), atol=1e-5, rtol=0)
    assert artefact.measures.keys() == {"accuracy/3", "accuracy/4"}


def test_pairs_are_read_as_they_were_made(tmp_path: Path) -> None:
    def work(state: object) -> Stage[products.Product]:
        def labelled() -> Stage[Labelled]:
            yield StageProgress(1, 1)
            return Labelled(PAIRS, torch.tensor([[1.0, -1, 1, 1], [1, 1, 0, 1]]), torch.tensor([0, 1]))

        return products.pairs_product(labelled(), SEEDS)

    artefact = finish(ArtefactStore(tmp_path).make("pairs", (1,), work))
    for one, other in zip(products.read_pairs(artefact), PAIRS, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    assert artefact.measures == {"equal/3": 0, "equal/4": 0.25, "better_chosen/3": 0.75, "better_chosen/4": 0.875}


def test_a_base_is_read_with_its_words(tmp_path: Path) -> None:
    texts: Sequence[str] = ("the film was good .", "the film was very dull .") * 4
    words = build_words(texts, 12)
    shape = DecoderConfig(
        vocabulary=len(words), width=8, layers=1, heads=2, key_value_heads=2, head_width=4, inner=12, end=END
    )
    rows = words.encode_all(texts)
    artefact = finish(
        ArtefactStore(tmp_path).make(
            "base",
            (shape, Pretraining()),
            lambda state: products.base_product(pretrain(shape, rows, rows[:2], Pretraining(), state), words),
        )
    )
    base = products.read_base(artefact)
    assert base.load().end == END
    ended = [[*row, END] for row in rows[:2]]
    counts = [len(row) - 1 for row in ended]
    nll = sum(n * c for n, c in zip(token_nll(base, ended), counts, strict=True)) / sum(counts)
    assert artefact.measures["perplexity"] == pytest.approx(float(torch.tensor(nll).exp()), rel=1e-4)
