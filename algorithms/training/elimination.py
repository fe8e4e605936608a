"""Training of members whose configurations differ: finished members leave, and the others continue.

Configurations finish after very different numbers of updates, because good policies may play long episodes and use up
their budget in few updates. A population is as slow as its slowest member. A member's results depend only on its seed,
its configuration and the number of the update, so they do not change when another member leaves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from algorithms.training.records import Progress, TrainingEvent
from algorithms.training.run import Run
from algorithms.training.state import RunState

CheckpointReturns = Mapping[int, Mapping[int, float]]  # checkpoint -> member -> return (NaN where it diverged)


class StoppingRule(Protocol):
    """A rule that decides from the returns at some checkpoints which members stop early."""

    @property
    def checkpoints(self) -> tuple[int, ...]:
        """The checkpoints whose returns it reads."""

    def stopped(self, returns: CheckpointReturns) -> list[tuple[int, ...]]:
        """The members that stop now, in groups. Members that have already stopped may be included."""


def train_with_elimination(
    run: Run, state: RunState | None = None, rule: StoppingRule | None = None
) -> Iterator[TrainingEvent]:
    """Train to the end of the budget. Finished members leave the population.

    Yields Progress after each update, the Records of members as they leave, and a RunState at the end of every segment.
    With `state`, training continues from it bit for bit.
    """
    members = len(run.member_indices)
    returns: dict[int, dict[int, float]] = {k: {} for k in rule.checkpoints} if rule else {}
    steps_of_stopped = 0  # environment steps of the members that have left
    if state is not None:
        run = run.select_members(state.meta["members"])
        run.restore(state)
        returns = {int(k): {int(p): r for p, r in of.items()} for k, of in state.meta["checkpoint_returns"].items()}
        steps_of_stopped = state.meta["steps_of_stopped"]
    run.take_checkpoints()
    while True:
        for progress in run.segment():
            yield Progress(steps_of_stopped + progress.env_steps, run.budget * members)
        run.take_checkpoints()
        playing = run.playing
        finished = [tuple(i for i, on in enumerate(playing) if not on)]
        if rule is not None:
            _evaluate_new_checkpoints(run, returns)
            position = {member: i for i, member in enumerate(run.member_indices)}
            present = (tuple(position[m] for m in group if m in position) for group in rule.stopped(returns))
            finished += [tuple(i for i in group if playing[i]) for group in present]
        for group in filter(None, finished):
            leaving = run.select_members(group)
            steps_of_stopped += int(leaving.env_steps.sum())
            yield from leaving.records(rest=True)
        remaining = sorted(set(range(len(run.member_indices))) - {i for group in finished for i in group})
        if not remaining:
            return
        if len(remaining) < len(run.member_indices):
            run = run.select_members(remaining)
        snapshot = run.state()
        meta = {
            "members": list(run.member_indices),
            "checkpoint_returns": returns,
            "steps_of_stopped": steps_of_stopped,
        }
        yield RunState(snapshot.tensors, snapshot.meta | meta)


def _evaluate_new_checkpoints(run: Run, returns: dict[int, dict[int, float]]) -> None:
    """Evaluate the members that have reached a checkpoint of the stopping rule since the last call."""
    for k, known in returns.items():
        new = [i for i, m in enumerate(run.member_indices) if run.checkpoints.passed[k, i] and m not in known]
        if new:
            values = run.select_members(new).returns(k)
            known.update({run.member_indices[i]: float(v) for i, v in zip(new, values, strict=True)})
