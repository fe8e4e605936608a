"""What races language models, on tiny ones: rates are those of what was done, and what is missing is named."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.speed import language, trl_process
from benchmarks.speed.free_text import FreeText
from envs.text_mdp import Rows
from tests.language_models import TINY, tiny_base, tiny_decoder


def test_trl_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PG_LADDER_TRL", raising=False)
    advice = "pip install trl peft accelerate datasets transformers into an environment of its own"
    assert trl_process.missing().startswith(f"PG_LADDER_TRL is not set: {advice}")
    monkeypatch.setenv("PG_LADDER_TRL", str(tmp_path / "python"))
    assert "python has no TRL: pip install trl" in trl_process.missing()
    monkeypatch.setattr(trl_process.trl_trainer, "__file__", str(tmp_path / "no.py"))
    monkeypatch.setenv("PG_LADDER_TRL", sys.executable)
    with pytest.raises(RuntimeError, match=r"(?s)TRL failed:.*no\.py"):
        trl_process.run_trl([])


def test_a_population_races_in_trls_shape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = tiny_base(tmp_path, TINY)
    jobs: list[dict[str, object]] = []

    def answer(given: list[dict[str, object]]) -> list[dict[str, float]]:
        jobs.extend(given)
        return [{"tokens": 30, "seconds": 1.0}, {"tokens": 10, "seconds": 1.0}]

    monkeypatch.setattr(language, "run_trl", answer)
    assert language.trl_rate(base, 2, 2) == 20  # 40 tokens in 2 seconds
    assert [job["seed"] for job in jobs] == [0, 1]
    assert len(jobs[0]["prompts"]) * language.GROUP == language.TEXTS  # type: ignore[arg-type]
    assert language.population_rate(base, 2, 2) > 0


def test_a_row_has_medians_of_runs_that_alternate() -> None:
    ours, theirs = iter([9.0, 8.0, 6.0, 7.0]), iter([2.0, 1.0, 1.0])
    row = language._row("race", lambda: next(ours), lambda: next(theirs), "peer", 3)
    assert row == {
        "what": "race", "ours": 7, "peer": 1, "peer_name": "peer", "ratio": 6.0, "unit": "tokens per processor second",
    }  # fmt: skip


def test_steps_of_fine_tuning_learn() -> None:
    """The same texts again and again: both ways of fine-tuning take steps that change what they are to change."""
    model = tiny_decoder()
    before = {name: x.clone() for name, x in model.tensors.items()}
    assert language.adapters_step(model, 2)() > 0
    assert language.full_step(model)() > 0
    assert all(bool((x == before[name]).all()) for name, x in model.tensors.items())  # the base is frozen


def test_free_text_pays_for_the_first_half_of_the_vocabulary(tmp_path: Path) -> None:
    mdp = FreeText(model=tiny_base(tmp_path, TINY), openings=((2, 3), (4,)), longest=3)
    texts = np.array([[3, 4, 1 + 5, 1 + 9, 1 + 7], [0, 5, 1 + 8, 1, 0]])  # the second ends with its second token
    rows = Rows(texts, np.zeros((2, 1), np.int64))
    last = mdp.respond(rows, 2, np.zeros(2, np.int64))
    assert last.reward[0] == pytest.approx(2 / 3)
    second = mdp.respond(rows, 1, np.zeros(2, np.int64))
    assert second.ended.tolist() == [False, True]
    assert second.reward.tolist() == [0.0, 0.5]
