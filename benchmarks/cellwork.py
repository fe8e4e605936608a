"""One cell from its State (or from nothing) to its Parquet; runs in a worker process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from algorithms.asynchronous import train_asynchronously
from algorithms.peer import Peer, train_peers
from algorithms.references import optimal_texts, reference_records
from algorithms.sweep import train_apart
from algorithms.training import Event, Progress, Record, Run, State, train
from benchmarks import store
from benchmarks.experiment import Cell, canonical
from benchmarks.policies import save_policies
from benchmarks.provenance import provenance
from envs.repeats import NOTICE, foreign, repeats

Tell = Callable[[Progress | Record], None]


def run_cell(
    cell: Cell,
    path: Path,
    device: str,
    tell: Tell,
    origin: dict[str, object] | None = None,
    policies: Path | None = None,
) -> None:
    """Train the cell and write it to `path`; a State beside it allows a killed run to go on, bit for bit (with real actors
    not bit for bit, and its file says so). With a folder for policies, its trained members' are written there first."""
    repeating = not foreign(cell.task.factory) or repeats(cell.task.factory)
    once = cell.variant.schedule.processes is not None or not repeating
    made = (origin or provenance(device)) | ({"reproducible": False} if once else {})
    if isinstance(cell.variant.update, Peer):  # its models stay on the processor
        made = made | {"device": "cpu"}
    records: list[Record] = []
    notices: list[str] = []
    if not repeating:
        notices.append(NOTICE)
        tell(Progress(0, len(cell.members.seeds) * cell.env_steps, NOTICE))
    waiting = store.state_path(path)
    if not cell.variant.update.trains:
        records.extend(reference_records(cell.task, cell.variant, cell.members, cell.evaluation))
    else:
        run = None if isinstance(cell.variant.update, Peer) else _run(cell, device)
        state, records, why = resumable(run, waiting)
        if why:
            notices.append(why)
            tell(Progress(0, len(cell.members.seeds) * cell.env_steps, why))
        for event in _events(cell, run, state):
            if isinstance(event, State):
                store.save_state(waiting, event, records)
                continue
            if isinstance(event, Record):
                if cell.members.varied:  # a seed and a rate do not tell them apart
                    event = replace(event, measures={**event.measures, "place": float(event.place)})
                records.append(event)
            elif event.notice:
                notices.append(event.notice)
            tell(event)
        if policies is not None and run is not None:
            save_policies(policies, cell, run.trained(), records, made)
    meta = {
        "cell": canonical(cell),
        "provenance": made,
        "reading": reading(cell),
        "texts": texts(cell, records),
        "notices": notices,
    }
    store.save_cell(path, cell.task.name, cell.variant.name, records, meta)
    waiting.unlink(missing_ok=True)


def _run(cell: Cell, device: str) -> Run:
    return Run(cell.task, cell.variant, cell.training, cell.members, cell.env_steps, cell.evaluation, device)


def resumable(run: Run | None, path: Path) -> tuple[State | None, list[Record], str]:
    """What a stopped run has left at `path`, and its records; where that is of no use, why the cell begins anew."""
    if not path.exists():
        return None, [], ""
    saved = store.load_state(path)
    if saved is not None and not (lacking := run.lacking(saved[0]) if run is not None else []):
        return *saved, ""
    why = "it is damaged" if saved is None else f"an earlier release wrote it, without {', '.join(lacking)}"
    return None, [], f"{path.name} cannot be gone on from ({why}); the cell begins anew"


def _events(cell: Cell, run: Run | None, state: State | None) -> Iterator[Event]:
    if run is None:
        assert isinstance(cell.variant.update, Peer)
        return train_peers(cell.task, cell.variant.update, cell.members, cell.env_steps, cell.evaluation, state)
    if cell.variant.schedule.processes is not None:
        return train_asynchronously(run, state)
    # members that differ leave as they finish
    return train_apart(run, state, cell.race) if cell.members.varied else train(run, state)


def texts(cell: Cell, records: list[Record]) -> dict[str, tuple[str, ...]]:
    """Samples of a trained text cell: before and after training, and of an optimal policy from the same starts."""
    written = [record.texts for record in records if record.texts]
    if not written:
        return {}
    return {"untrained": written[0], "trained": written[-1], "optimal": optimal_texts(cell.task, cell.members)}


def reading(cell: Cell) -> dict[str, object]:
    """What a report needs to know of a cell beside its numbers; no number depends on it."""
    task, variant = cell.task, cell.variant
    needs = f" (needs another {', '.join(variant.needs)})" if variant.needs else ""
    return {
        "scale": [task.scale.floor, task.scale.ceiling, task.scale.threshold],
        "parent": variant.parent,
        "change": variant.summary + needs,
        "optional": variant.update.needs_oracle,
    }
