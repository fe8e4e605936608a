"""Write the cells of an experiment, of one results folder or several, as one file and a manifest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from benchmarks.cli.lookup import find_results
from benchmarks.cli.options import RESULTS, results_folder
from benchmarks.design.own import comparison, rates
from benchmarks.design.scales import SCALES_FILE
from benchmarks.sharing.turns import turn
from benchmarks.store.files import Damaged, read_document, save_json
from benchmarks.store.many.packing import pack_folders
from benchmarks.store.packed import cells_path, rows_path
from benchmarks.store.pooling import SETTINGS_FILE
from benchmarks.validation.program import run_line
from benchmarks.validation.usage import DONE, check_folder
from envs.validation import UsageError

REPORT_FILES = (
    comparison.FILE,
    SCALES_FILE,
    rates.FILE,
    SETTINGS_FILE,
)  # what a report reads of a folder besides its cells


@dataclass(frozen=True)
class Pack:
    """The flags of `pack`."""

    experiment: Annotated[str, tyro.conf.Positional]  # an experiment that `list` names, or a --name of your own
    results: Path = RESULTS  # the packed files are written there
    # another folder of results, for example of another shard, whose cells count too
    more: Annotated[tuple[Path, ...], tyro.conf.UseAppendAction] = ()
    smoke: bool = False  # the cells of the smoke run
    tuned: bool = False  # the cells of the run with --tuned

    def __call__(self) -> int:
        folder = pack_experiment(self.experiment, self.results, self.more, self.smoke, self.tuned)
        print(f"{rows_path(folder)}\n{cells_path(folder)}")
        return DONE


def join_documents(paths: Sequence[Path]) -> None:
    """Add to the first JSON file what the others hold under keys that those before do not have, one level down too."""
    joined: dict[str, Any] = {}
    for path in paths:
        try:
            document = read_document(path)
        except Damaged:  # or missing
            continue
        for key, value in document.items():
            if isinstance(value, dict):
                joined[key] = {**value, **joined.get(key, {})}
            else:
                joined.setdefault(key, value)
    if joined:
        save_json(paths[0], joined)


def pack_experiment(name: str, results: Path, more: tuple[Path, ...], smoke: bool, tuned: bool) -> Path:
    """Pack the cells of all folders into `results`; returns the experiment's folder there. UsageError where none has any."""
    for place in more:
        if not place.is_dir():
            raise UsageError(f"--more: there is no folder {place}")
    experiment = find_results(name, results, *more)
    folders = [results_folder(place, experiment, smoke, tuned) for place in (results, *more)]
    check_folder(results, "--results")
    with turn(folders[0].with_name(f"{folders[0].name}.pack"), f"packing {name}"):
        try:
            count = pack_folders(folders[0], folders)
        except Damaged as error:
            raise UsageError(f"damaged: {error}; run the experiment again to replace it") from error
        for file in REPORT_FILES:
            join_documents([folder / file for folder in folders])
    if not count:
        raise UsageError(f"{folders[0]} holds no results; run: {run_line(name, folders[0])}")
    return folders[0]
