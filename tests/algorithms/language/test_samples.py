"""Samples of the reference: its distribution, each member's own, and their gold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from algorithms.language.samples import draw_samples
from algorithms.language.stage import finish
from benchmarks.language.artefacts import ArtefactStore
from benchmarks.language.products import read_samples, samples_product
from envs.language.models.adapter_file import merged
from envs.language.models.low_rank import LowRank
from envs.language.samples import ABSENT
from envs.validation import UsageError
from tests.envs.language.tiny_phrases import tiny
from tests.envs.language.tiny_reviews import OPENINGS, SEEDS, StubGold, adapters, decoder, ids, review
from tests.language_models import WORDS


def test_the_first_tokens_have_the_references_probabilities() -> None:
    mdp = review(reference_adapters=adapters(1), openings=(ids("it", "is"),), longest=1)
    found = finish(draw_samples(mdp, SEEDS, 3_000))
    assert found.completions.shape == (2, 1, 3_000, 1)
    low_rank = adapters(1).load(SEEDS, tiny())
    for p, tokens in enumerate(found.completions):
        own = merged(decoder(), LowRank(low_rank.down, low_rank.up, low_rank.scale), p)
        hidden, _ = own.hidden(torch.tensor([ids("it", "is")]), torch.ones(1, 2, dtype=torch.bool))
        offered = list(mdp.action_tokens)
        chance = own.logits(hidden)[0, -1, offered].softmax(-1).numpy()
        share = np.bincount(tokens.ravel(), minlength=len(WORDS))[offered] / 3_000
        np.testing.assert_allclose(share, chance, atol=4 * (0.25 / 3_000) ** 0.5)
    assert not (found.completions == WORDS.index("<unk>")).any()


def test_samples_end_once_are_judged_and_depend_on_their_seed_alone() -> None:
    mdp = review(reference_adapters=adapters(1))
    found = finish(draw_samples(mdp, SEEDS, 20))
    assert found.prompts.tolist() == [list(ids(*OPENINGS[0])), [ABSENT, *ids(*OPENINGS[1])]]
    ended = found.ended(0)
    assert 0 < ended.sum() < ended.size
    for rows, gold, end in zip(
        found.completions.reshape(-1, 4), found.gold.ravel(), ended.ravel().tolist(), strict=True
    ):
        real = rows[rows != ABSENT]
        assert end == (real[-1] == 0)
        assert (real[:-1] != 0).all()
        words = " ".join(WORDS[i] for i in real)
        expected = StubGold(tiny(1)).score([words], np.array([end]))
        np.testing.assert_allclose(gold, expected)
    alone = finish(draw_samples(mdp, SEEDS[1:], 20))
    np.testing.assert_array_equal(alone.completions[0], found.completions[1])
    assert (found.completions[0] != found.completions[1]).any()


def test_samples_are_an_artefact(tmp_path: Path) -> None:
    store, mdp = ArtefactStore(tmp_path), review(reference_adapters=adapters(1))
    made = finish(store.make("samples", {"times": 3}, lambda state: samples_product(draw_samples(mdp, SEEDS, 3))))
    file, drawn = read_samples(made), finish(draw_samples(mdp, SEEDS, 3))
    for name, x in drawn._asdict().items():
        np.testing.assert_array_equal(getattr(file.load(), name), x)
    assert made.measures["gold/4"] == pytest.approx(drawn.gold[0].mean())
    assert review(samples=file).reference_return() != 0
    with pytest.raises(UsageError, match="there is no file of samples"):
        read_samples(type(made)("samples", "0", tmp_path / "none", {}))
