"""Numbers of parts that follow the training: one a member, saved, resumed and selected with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from algorithms import VARIANTS
from algorithms.estimators.surrogates.penalties import AdaptiveKL
from algorithms.training.adaptive_parts import AdaptiveParts
from algorithms.training.run import Run, train
from envs import TASKS
from tests.builders import brief, make_run, records_of, resumed, short_run, small_training, without_clock

TASK = TASKS["lock/small"]
NUMBERS = {"ppo_penalty": "surrogate.beta", "vmpo": "scale.eta", "single_stream": "baseline.value"}


def run_of(name: str, seeds: tuple[int, ...] = (3, 5, 8), env_steps: int = 900, rate: float = 0.1) -> Run:
    variant = brief(VARIANTS[name])
    training = replace(small_training(TASK, variant), segment=4)
    return make_run(TASK, variant, training, env_steps, seeds, rate=rate)


def numbers(run: Run, name: str) -> torch.Tensor:
    return run.state().tensors[NUMBERS[name]]


@pytest.mark.parametrize("name", NUMBERS)
def test_they_move_and_every_member_has_its_own(name: str) -> None:
    run = run_of(name)
    before = numbers(run, name)
    list(run.segment())
    after = numbers(run, name)
    assert not torch.equal(before, after)
    members = after.T if after.dim() > 1 else after
    assert len({str(x.tolist()) for x in members}) == 3 or name == "ppo_penalty"  # prices are powers of two
    for index, seed in enumerate((3, 5, 8)):
        alone = run_of(name, (seed,))
        list(alone.segment())
        torch.testing.assert_close(
            numbers(alone, name), after.T[index : index + 1].T if after.dim() > 1 else after[[index]]
        )


@pytest.mark.parametrize("name", NUMBERS)
def test_a_killed_run_goes_on_bit_for_bit(name: str, tmp_path: Path) -> None:
    state, records = resumed(lambda: run_of(name), tmp_path / "state")
    assert NUMBERS[name] in state.tensors
    assert [without_clock(r) for r in records] == [without_clock(r) for r in records_of(train(run_of(name)))]
    assert len(records) == 9


@pytest.mark.parametrize("name", NUMBERS)
def test_a_selected_member_takes_its_numbers_along(name: str) -> None:
    run = run_of(name)
    list(run.segment())
    chosen = run.select_members([2])
    kept = numbers(run, name)
    assert torch.equal(numbers(chosen, name), kept[:, [2]] if kept.dim() > 1 else kept[[2]])


def test_what_adapts_nothing_has_no_state() -> None:
    estimator = VARIANTS["ppo"].estimator
    parts = AdaptiveParts(estimator, 3, torch.zeros(3, 1))
    assert parts.estimator is estimator
    assert parts.tensors() == {}


def test_the_price_in_use_is_that_of_the_state() -> None:
    """Prices of 4 and 1: the objective at ratio 2 differs by 3 (2 - 1 - log 2)."""
    estimator = VARIANTS["ppo_penalty"].estimator
    parts = AdaptiveParts(estimator, 2, torch.zeros(2, 1, dtype=torch.float64))
    parts.restore({"surrogate": {"beta": torch.tensor([4.0, 1.0], dtype=torch.float64)}})
    surrogate = parts.estimator.surrogate
    assert isinstance(surrogate, AdaptiveKL)
    one = torch.ones(1, 2, 1, dtype=torch.float64)
    made = surrogate(one * 2.0, one * 2.0 - torch.tensor(2.0).double().log(), one, one).flatten()
    assert float(made[1] - made[0]) == pytest.approx(3 * (1 - 0.693147), abs=1e-5)


def test_members_with_targets_of_their_own_adapt_to_them() -> None:
    """A study gives each member a target: the smallest is passed first, so its price rises most."""
    variant = brief(VARIANTS["ppo_penalty"])
    training = replace(small_training(TASK, variant), segment=6)
    values = (("estimator.surrogate.target", (1e-9, 1e9)),)
    run = make_run(TASK, variant, training, 2_000, (3, 3), rate=0.1)
    members = replace(run.members, varied=values)
    varied = Run(TASK, variant, training, members, 2_000, run.evaluation)
    list(varied.segment())
    prices = varied.state().tensors["surrogate.beta"]
    assert float(prices[0]) > 1 > float(prices[1])


def test_short_runs_of_all_repeat() -> None:
    for name in NUMBERS:
        a, b = (short_run("lock/small", name, env_steps=300) for _ in range(2))
        assert [without_clock(r) for r in a] == [without_clock(r) for r in b]
