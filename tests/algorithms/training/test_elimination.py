"""Members that differ: who is done leaves, and nobody else notices."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from algorithms import VARIANTS
from algorithms.training.elimination import CheckpointReturns, train_with_elimination
from algorithms.training.evaluation import Evaluation
from algorithms.training.records import Members, Progress, Record, TrainingEvent
from algorithms.training.run import Run, train
from algorithms.training.state import RunState
from algorithms.variant import Variant
from envs import TASKS
from tests.builders import LEARNING, brief, make_run, records_of, small_training, without_clock

RATE = "training.learning_rate"
LAM = ("estimator.credit.lam", (0.5, 0.5, 0.75, 0.75, 1.0, 1.0))
RATES = (0.03, 0.03, 0.01, 0.01, 0.001, 0.001)


def run_of(variant: str = "gae", task: str = "CartPole-v1", members: Members | None = None, steps: int = 2_000) -> Run:
    """Three configurations of two seeds each."""
    made = VARIANTS[variant]
    members = members or Members((0, 1) * 3, RATES, varied=((RATE, RATES), LAM))
    training = small_training(TASKS[task], made, envs=4)
    return Run(TASKS[task], made, training, members, steps, Evaluation(2, 3, greedy=False))


def scores(records: list[Record]) -> dict[tuple[int, int], float]:
    return {(r.member, r.checkpoint): r.eval_return for r in records}


def records(run: Run, judge: object = None, state: RunState | None = None) -> list[Record]:
    return records_of(train_with_elimination(run, state, judge))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def events() -> list[TrainingEvent]:
    """Of the run whose members leave it as they are done."""
    return list(train_with_elimination(run_of()))


def test_members_that_leave_score_what_they_score_where_nobody_leaves(events: list[TrainingEvent]) -> None:
    apart = scores(records_of(events))
    together = scores(records_of(train(run_of())))
    assert apart.keys() == together.keys()
    assert len(apart) == 6 * 3
    # padded rows are summed in another order, and training amplifies the difference
    np.testing.assert_allclose([apart[k] for k in sorted(apart)], [together[k] for k in sorted(apart)], rtol=0.1)
    assert len(set(apart.values())) > 6


def test_a_configuration_in_a_batch_scores_what_it_scores_alone() -> None:
    task = "lock/small"  # its J is exact: no sampled evaluation hides a difference
    batch = scores(records(run_of(task=task)))
    for c in range(3):
        pair = slice(2 * c, 2 * c + 2)
        own = Members((0, 1), RATES[pair], varied=((RATE, RATES[pair]), (LAM[0], LAM[1][pair])))
        alone = scores(records(run_of(task=task, members=own)))
        for (place, checkpoint), value in alone.items():
            assert batch[2 * c + place, checkpoint] == pytest.approx(value, rel=1e-3)
    assert len({round(value, 3) for value in batch.values()}) >= 6


def test_whoever_is_done_leaves_at_the_end_of_a_segment(events: list[TrainingEvent]) -> None:
    sizes = [len(event.meta["members"]) for event in events if isinstance(event, RunState)]
    assert sizes[0] == 6
    assert sorted(sizes, reverse=True) == sizes
    assert len(set(sizes)) > 2


def test_a_run_goes_on_from_any_state_bit_for_bit(events: list[TrainingEvent]) -> None:
    """From the first one with each number of members that are left."""
    states: dict[int, int] = {}  # members -> where their first state stands
    for at, event in enumerate(events):
        if isinstance(event, RunState):
            states.setdefault(len(event.meta["members"]), at)
    assert min(states) < 6
    for at in states.values():
        state = events[at]
        assert isinstance(state, RunState)
        rest = records(run_of(), state=state)
        assert [without_clock(r) for r in records_of(events[at:])] == [without_clock(r) for r in rest]


@dataclass(frozen=True)
class Second:
    """Drops the second configuration once it has come to a checkpoint."""

    checkpoints: tuple[int, ...] = (1,)

    def stopped(self, returns: CheckpointReturns) -> list[tuple[int, ...]]:
        return [(2, 3)] if {2, 3} <= returns[1].keys() else []


def test_who_is_dropped_stops_and_the_others_go_on(events: list[TrainingEvent]) -> None:
    whole, raced = scores(records_of(events)), scores(records(run_of(), Second()))
    assert {k for k in raced if k[0] in (2, 3)} == {(p, k) for p in (2, 3) for k in (0, 1)}
    assert all(raced[key] == pytest.approx(whole[key], rel=0.1) for key in raced)
    assert raced.keys() < whole.keys()


@dataclass(frozen=True)
class Once:
    """Drops whoever comes to the last checkpoint after somebody else has."""

    checkpoints: tuple[int, ...] = (2,)

    def stopped(self, returns: CheckpointReturns) -> list[tuple[int, ...]]:
        return [(p,) for p in range(6) if p not in returns[2]] if returns[2] else []


def test_what_a_judge_has_seen_survives_a_resume() -> None:
    """Who came first may have left when the run goes on: only the RunState knows of it."""
    first = next(e for e in train_with_elimination(run_of(), None, Once()) if isinstance(e, RunState))
    assert len(first.meta["members"]) == 6
    told_of_5 = RunState(
        first.tensors, {**first.meta, "checkpoint_returns": {"2": {"5": 9.0}}}
    )  # as JSON gives it back
    rest = scores(records(run_of(), Once(), told_of_5))
    assert {place for place, checkpoint in rest if checkpoint == 2} == {5}
    assert {place for place, _ in rest} == set(range(6))


def test_progress_counts_who_has_left(events: list[TrainingEvent]) -> None:
    steps = [e.env_steps for e in events if isinstance(e, Progress)]
    assert sorted(steps) == steps
    assert steps[-1] >= 6 * 2_000


@pytest.mark.parametrize(
    ("task", "variant"),
    [
        pytest.param(task, variant, id=f"{task}-{variant.name}")
        for task in ("lock/small", "CartPole-v1")
        for variant in LEARNING
        if not variant.reason_unsupported(TASKS[task])
    ],
)
def test_a_part_of_a_run_goes_on_as_the_whole_does(task: str, variant: Variant) -> None:
    """Every tensor of a state is cut at its members' axis: lag queue, nucleus, baseline, entropy, normaliser, optimiser."""
    variant = brief(variant)
    training = replace(small_training(TASKS[task], variant, envs=8), normalise_observations=True, segment=3)
    run = make_run(TASKS[task], variant, training, 100_000, (0, 1, 2), rate=0.01)
    list(run.segment())
    before = run.policy.flat.values[[2, 0]].clone()
    part = run.select_members([2, 0])
    assert (part.members.seeds, part.member_indices) == ((2, 0), (2, 0))
    for each in (run, part):
        list(each.segment())
    moved, own_move = run.policy.flat.values[[2, 0]] - before, part.policy.flat.values - before
    assert moved.norm() > 0 or variant.name == "dapo"
    assert torch.linalg.vector_norm(own_move - moved) <= 0.02 * torch.linalg.vector_norm(moved)  # rounding, amplified
    whole, own = run.state().tensors, part.state().tensors
    assert whole.keys() == own.keys()
    for name, value in run.state().select_members([2, 0]).tensors.items():
        cut = slice(1 if name.startswith("queue") else 0, None)  # a rollout is as long as its longest episode
        assert own[name].shape[cut] == value.shape[cut], name
