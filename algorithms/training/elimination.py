"""Training of members that differ: whoever is done leaves, and the others go on in a smaller population.

Configurations finish at very different updates (good policies play long episodes and use up their budget in few), and a
population is as slow as its slowest member. What a member does depends on its own seed, its own configuration and the
number of the update alone, so leaving moves nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from algorithms.training.records import Progress, TrainingEvent
from algorithms.training.run import Run
from algorithms.training.state import RunState

CheckpointReturns = Mapping[int, Mapping[int, float]]  # checkpoint -> place -> return there (NaN: diverged)


class Judge(Protocol):
    """Who need not go on, from the returns at some checkpoints."""

    @property
    def checkpoints(self) -> tuple[int, ...]:
        """At which it looks."""

    def dropped(self, seen: CheckpointReturns) -> list[tuple[int, ...]]:
        """Places, group by group, of those that stop now; whoever has been named before may be named again."""


def train_apart(run: Run, state: RunState | None = None, judge: Judge | None = None) -> Iterator[TrainingEvent]:
    """Train to the end of the budget, yielding Progress after each update, the Records of members as they leave, and a
    RunState at the end of every segment. With `state`, goes on from there, bit for bit."""
    members = len(run.places)
    seen: dict[int, dict[int, float]] = {k: {} for k in judge.checkpoints} if judge else {}
    gone = 0  # environment steps of those that have left
    if state is not None:
        run = run.select_members(state.meta["places"])
        run.restore(state)
        seen = {int(k): {int(p): r for p, r in of.items()} for k, of in state.meta["seen"].items()}
        gone = state.meta["gone"]
    run.take_checkpoints()
    while True:
        for progress in run.segment():
            yield Progress(gone + progress.env_steps, run.budget * members)
        run.take_checkpoints()
        playing = run.playing
        over = [tuple(i for i, on in enumerate(playing) if not on)]
        if judge is not None:
            _look(run, seen)
            where = {place: i for i, place in enumerate(run.places)}
            staying = (tuple(where[p] for p in group if p in where) for group in judge.dropped(seen))
            over += [tuple(i for i in group if playing[i]) for group in staying]
        for group in filter(None, over):
            leaving = run.select_members(group)
            gone += int(leaving.env_steps.sum())
            yield from leaving.records()
        left = sorted(set(range(len(run.places))) - {i for group in over for i in group})
        if not left:
            return
        if len(left) < len(run.places):
            run = run.select_members(left)
        now = run.state()
        yield RunState(now.tensors, now.meta | {"places": list(run.places), "seen": seen, "gone": gone})


def _look(run: Run, seen: dict[int, dict[int, float]]) -> None:
    """Evaluate who has come to a checkpoint at which there is a judge."""
    for k, of in seen.items():
        new = [i for i, place in enumerate(run.places) if run.checkpoints.taken[k, i] and place not in of]
        if new:
            values = run.select_members(new).returns(k)
            of.update({run.places[i]: float(v) for i, v in zip(new, values, strict=True)})
