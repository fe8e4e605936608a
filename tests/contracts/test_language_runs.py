"""Runs of adapters: they repeat and resume bit for bit, learn, and their members do not depend on their order."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from algorithms import VARIANTS
from algorithms.training.run import Run, train
from algorithms.training.state import RunState
from tests.builders import brief, make_run, records_of, resumed, without_clock
from tests.contracts.language_task import PRAISE, TRAINING

STEPS = 250


def run_of(name: str, seeds: tuple[int, ...] = (0, 1)) -> Run:
    return make_run(PRAISE, brief(VARIANTS[name]), TRAINING, STEPS, seeds)


@pytest.mark.parametrize("name", ["gae", "async_is", "nlpo", "npg", "exact_pg"])
def test_runs_repeat_and_resume_bit_for_bit(name: str, tmp_path: Path) -> None:
    first = [without_clock(r) for r in records_of(train(run_of(name)))]
    state, again = resumed(lambda: run_of(name), tmp_path / "state")
    assert [without_clock(r) for r in again] == first
    assert len(set(first)) > 2
    # the state holds adapters and no weight of the base
    run = run_of(name)
    assert state.tensors["values"].shape == run.policy.flat.values.shape
    assert isinstance(state, RunState)


def test_adapters_learn() -> None:
    run = make_run(PRAISE, VARIANTS["rloo"], TRAINING, 3_000)
    records = records_of(train(run))
    start = [r.eval_return for r in records if r.checkpoint == 0]
    end = [r.eval_return for r in records if r.checkpoint == 2]
    assert min(b - a for a, b in zip(start, end, strict=True)) > 0.3


def test_permuting_members_permutes_results() -> None:
    ahead, back = run_of("gae", (3, 5, 8)), run_of("gae", (8, 3, 5))
    for run in (ahead, back):
        list(train(run))
    torch.testing.assert_close(ahead.policy.flat.values[[2, 0, 1]], back.policy.flat.values, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(ahead.policy.flat.values[0], ahead.policy.flat.values[1], atol=1e-2)
