"""Going on from the RunState of a killed run, or from nothing: a RunState that does not fit is set aside and named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from algorithms.peer import Peer
from algorithms.q_learning import QLearner, QLearning
from algorithms.training.learner import Learner
from algorithms.training.records import Record
from algorithms.training.run import Run
from algorithms.training.state import RunState
from benchmarks.experiment import Cell
from benchmarks.store import states
from benchmarks.store.files import set_aside


def new_run(cell: Cell, device: str) -> Run | None:
    """The cell's run before its first step; None where stable-baselines3 trains its models."""
    if isinstance(cell.variant.update, Peer):
        return None
    learner = QLearner if isinstance(cell.variant.update, QLearning) else Learner
    return Run(
        cell.task,
        cell.variant,
        cell.training,
        cell.members,
        cell.env_steps,
        cell.evaluation,
        device,
        make_learner=learner,
    )


def resumable(cell: Cell, path: Path, device: str) -> tuple[RunState | None, list[Record], str]:
    """What a stopped run of the cell has left at `path`, and its records; where it is of no use, why not."""
    try:
        state, records = states.load_state(path, cell.digest)
        _try(cell, state, records, device)
    except FileNotFoundError:  # there was none, or another run has finished the cell meanwhile
        return None, [], ""
    except Exception as error:  # whatever is wrong with a RunState, the cell can do without it
        why = str(error) if isinstance(error, states.Unusable) else f"{type(error).__name__}: {error}"
        aside = set_aside(path)
        line = " ".join(why.split())
        return (
            None,
            [],
            f"{path.name} cannot be gone on from ({line}); it is kept as {aside.name}, the cell begins anew",
        )
    return state, records, ""


def _try(cell: Cell, state: RunState, records: Sequence[Record], device: str) -> None:
    """Restore the RunState into a run that is thrown away. Raises Unusable, or whatever restoring raises."""
    run, members = new_run(cell, device), len(cell.members.seeds)
    if run is None:
        done = int(state.meta["done"])
        _agree(len(records), done * len(cell.evaluation.fractions))
        if not 0 < done < members:
            raise states.Unusable(f"it has finished {done} of {members} members")
        return
    varied = bool(cell.members.varied)
    if varied:
        if missing := sorted({"places", "seen", "gone"} - state.meta.keys()):
            raise states.Unusable(f"it lacks {', '.join(missing)}")
        run = run.select_members(state.meta["places"])
    if why := run.unfit(state):
        raise states.Unusable(why)
    run.restore(state)
    if not varied:
        _agree(len(records), run.checkpoints.evaluated * members)


def _agree(found: int, wanted: int) -> None:
    if found != wanted:
        raise states.Unusable(f"it holds {found} records, and its checkpoints have {wanted}")
