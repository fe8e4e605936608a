"""The reference policy in chunks: each text has the log-probabilities that it has alone, also where nothing was written."""

from __future__ import annotations

import numpy as np
import pytest

from envs.language import reference
from envs.language.reference import FrozenReference
from envs.text_mdp import PAD
from tests.envs.language.tiny_phrases import tiny
from tests.language_models import WORDS


def test_a_chunk_in_which_nothing_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of 2 tokens of prompt and up to 2 actions; one text a chunk, and the second has no action."""
    table = tuple(range(len(WORDS)))
    frozen = FrozenReference(tiny(), None, (0, *table), len(table))
    texts = np.array([[3, 4, 5, 6], [3, 4, PAD, PAD], [3, 4, 7, PAD]])
    seeds = np.zeros(3, np.int64)
    whole = frozen.of_actions(texts, (2, 3), seeds)
    assert (whole != 0).tolist() == [[True, True], [False, False], [True, False]]
    monkeypatch.setattr(reference, "TOKENS", 1)
    np.testing.assert_allclose(frozen.of_actions(texts, (2, 3), seeds), whole, atol=1e-5)
