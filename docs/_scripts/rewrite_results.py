"""Released results under the identity that the code gives them now, packed: run once after a change of names or fields.

    python -m docs._scripts.rewrite_results results/reference NEW [EXPERIMENT ...]

Each old cell is matched with one that the code builds, by task, variant, members and budget. The two configurations must be
the same choice field by field: what was renamed is declared below, and a field that the old one lacks must be at its
default. Anything else is refused and named, and nothing is written. Rows, texts and provenance stay as they are; the script
reads them back and compares. It takes a folder of cells in a file each, or packed ones.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from algorithms import VARIANTS
from algorithms.references.q_learning import QLearning
from algorithms.references.sb3 import Sb3
from algorithms.references.scripted import Random
from algorithms.variant import Variant
from benchmarks.design.cell import Cell
from benchmarks.design.cells import build_cells
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.gradient_experiment import LABORATORY_VERSION, GradientExperiment, Measurement
from benchmarks.design.identity import canonical
from benchmarks.design.lookup import find_tasks, find_variants
from benchmarks.design.resolve import with_segment
from benchmarks.experiments import EXPERIMENTS
from benchmarks.store import packed
from benchmarks.store.cells import META, SCHEMA
from benchmarks.store.descriptions import DEFAULTS, digest
from benchmarks.store.sources import read_cell, read_measurement, stored_cells
from benchmarks.store.studies import pack_studies, stored_studies

RELEASED_VERSION = 2  # the results version that the released cells were trained under, and keep
RENAMED_CLASSES: Mapping[str, str] = {  # old name -> new name
    "Training": "TrainingConfig", "Exact": "ExactGradient", "Tilted": "GaussianParameters", "Ascended": "ExactAscent",
    "Slowed": "Delayed",
}  # fmt: skip
# (new class, old field) -> new field
RENAMED_FIELDS: Mapping[tuple[str, str], str] = {("Cell", "variant"): "algorithm"}
# (new class, old field) -> values that the field may have had; published settings that were taken are in the file
DROPPED: Mapping[tuple[str, str], tuple[Any, ...]] = {("Peer", "published"): (False, True)}
# the variants that stable-baselines3's algorithms were written as, with an update that ignored the rest
LIKE: Mapping[str, Variant] = {
    "a2c": VARIANTS["like_sb3_a2c"],
    "ppo": VARIANTS["like_sb3_ppo"],
    "dqn": VARIANTS["reinforce"],
}

Old = tuple[pa.Table | None, dict[str, Any]]  # rows (None: a measurement), and the file's metadata


class Refused(ValueError):
    """An old result that is not shown to be one that the code builds."""


def translated(old: Any) -> Any:
    """An old description in today's names; fields keep their values."""
    if isinstance(old, list):
        return [translated(part) for part in old]
    if not isinstance(old, dict):
        return old
    if "class" not in old:
        return {name: translated(part) for name, part in old.items()}
    short = str(old["class"]).rpartition(".")[2]
    kind = RENAMED_CLASSES.get(short, short)
    made: dict[str, Any] = {"class": kind}
    for name, part in old.items():
        if name in ("class", DEFAULTS) or ((kind, name) in DROPPED and part in DROPPED[kind, name]):
            continue
        made[RENAMED_FIELDS.get((kind, name), name)] = translated(part)
    return made


def as_it_was(cell: Cell | Measurement) -> dict[str, Any]:
    """What an old description of this cell says, in today's names.

    References were variants: REINFORCE, or what is like stable-baselines3's own, with an update that ignored the rest.
    """
    described: dict[str, Any] = _json(canonical(cell))
    if isinstance(cell, Measurement) or isinstance(cell.algorithm, Variant):
        return described
    algorithm, training, like = cell.algorithm, cell.training, VARIANTS["reinforce"]
    update, fixed = {k: v for k, v in described["algorithm"].items() if k not in ("name", DEFAULTS)}, {}
    if isinstance(algorithm, Random):
        update["class"] = "Uniform"
    elif isinstance(algorithm, QLearning):
        fixed = {name: getattr(training, name) for name in ("learning_rate", "reward_scale", "collection", "network")}
    elif isinstance(algorithm, Sb3):
        like, rate = LIKE[algorithm.model_class], training.learning_rate
        training = with_segment(replace(like.configure(training, cell.task), learning_rate=rate), cell.task)
        fixed = {**dict(like.fixed), "learning_rate": rate}
        update |= {"class": "Peer", "algorithm": update.pop("model_class")}
        del update["learning_rate"]  # of the constructor, which the rate above may replace
    variant = _json(canonical(replace(like, name=algorithm.name, fixed=tuple(fixed.items()))))
    return {**described, "algorithm": {**variant, "update": update}, "training": _json(canonical(training))}


def _json(value: Any) -> Any:
    return json.loads(json.dumps(value))


def differences(old: Any, new: Any, path: str = "cell") -> list[str]:
    """Where a translated old description is not the same choice as a new one."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
            return [x for i, (a, b) in enumerate(zip(old, new, strict=True)) for x in differences(a, b, f"{path}[{i}]")]
        return [] if type(old) is type(new) and old == new else [f"{path}: {old!r} is not {new!r}"]
    lines = [f"{path}.{name}: {old[name]!r} has no field today" for name in old if name not in new]
    for name, part in new.items():
        if name == DEFAULTS:
            continue
        if name in old:
            lines += differences(old[name], part, f"{path}.{name}")
        elif name not in new.get(DEFAULTS, ()):
            lines.append(f"{path}.{name}: the old one lacks it, and {part!r} is not its default")
    return lines


def key(described: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a cell is matched by."""
    members = described["members"]
    parts = described["task"]["name"], described["algorithm"]["name"], described["env_steps"]
    return (*parts, tuple(members["seeds"]), tuple(members["rates"]))


def built(experiment: ComparisonExperiment | GradientExperiment) -> list[Cell | Measurement]:
    """Every cell that the code builds for an experiment."""
    if isinstance(experiment, GradientExperiment):
        return list(experiment.measurements)
    return list(build_cells(experiment, find_tasks(experiment.tasks), find_variants(experiment.variants), None))


def old_cells(folder: Path) -> Iterator[tuple[str, Old]]:
    """(file name, contents) of every cell of an experiment, in whichever form it lies there; nothing is checked."""
    held = packed.packed(folder)
    if held is not None:
        for name in held.names:
            yield name, (None if name.endswith(".json") else held.rows(name), held.meta(name))
    for path in sorted((folder / "cells").glob("*.json")):
        yield path.name, (None, json.loads(path.read_text()))
    for path in sorted((folder / "cells").glob("*.parquet")):
        table = pq.read_table(path, partitioning=None, page_checksum_verification=True)
        yield path.name, (table, json.loads(table.schema.metadata[META]))


def with_members(table: pa.Table, described: Mapping[str, Any]) -> pa.Table:
    """The rows with the column `member`, which earlier files lack: seed and learning rate say which one it is."""
    if "member" in table.column_names:
        return table
    seeds, rates = described["members"]["seeds"], described["members"]["rates"]
    pairs = {(seed, rate): i for i, (seed, rate) in enumerate(zip(seeds, rates, strict=True))}
    if len(pairs) != len(seeds):
        raise Refused("its members share seed and learning rate, and its rows do not say which is which")
    columns = (table.column(name).to_pylist() for name in ("seed", "learning_rate"))
    reference = set(table.column("learning_rate").to_pylist()) == {0.0}  # their rows have no learning rate
    found = [seeds.index(s) if reference else pairs[s, r] for s, r in zip(*columns, strict=True)]
    place = table.column_names.index("seed") + 1
    return table.add_column(place, "member", pa.array(found, pa.int64()))


def rewritten(name: str, old: Old, candidates: list[Cell | Measurement]) -> tuple[str, Old]:
    """The new file name and contents. Raises Refused where it is none of the candidates."""
    table, meta = old
    before = translated(meta["cell"])
    lines = [differences(before, as_it_was(cell)) for cell in candidates]
    same = [cell for cell, different in zip(candidates, lines, strict=True) if not different]
    if len(same) != 1:
        why = "; ".join(min(lines, key=len)[:3]) if lines else "no cell of its task, variant, members and budget"
        raise Refused(f"{name}: {len(same)} cells of the code are the same choice ({why})")
    cell, described = same[0], _json(canonical(same[0]))
    if isinstance(cell, Measurement):
        own = digest(described, laboratory_version=LABORATORY_VERSION)
        return cell.file_name.replace(cell.digest, own), (None, {**meta, "cell": described})
    assert table is not None
    version = meta["provenance"].get("results_version", RELEASED_VERSION)
    own = digest(described, results_version=version)
    said = {**meta, "cell": described, "provenance": {**meta["provenance"], "results_version": version}}
    return cell.file_name.replace(cell.digest, own), (with_members(table, described), said)


def rewrite(experiment: ComparisonExperiment | GradientExperiment, old: Path, new: Path) -> str:
    """Rewrite one experiment's cells; what was done, in a line."""
    cells = built(experiment)
    by_key: dict[tuple[Any, ...], list[Cell | Measurement]] = {}
    for cell in cells:
        by_key.setdefault(_cell_key(canonical(cell)), []).append(cell)
    made: dict[str, Old] = {}
    before = dict(old_cells(old))
    for name, contents in before.items():
        changed, value = rewritten(name, contents, by_key.get(_cell_key(translated(contents[1]["cell"])), []))
        if changed in made:
            raise Refused(f"{name}: another file is {changed} too")
        made[changed] = value
    packed.pack(new, {name: (_rows(table, meta), meta) for name, (table, meta) in made.items()})
    compare(new, made, list(before.values()))
    return f"{old.name}: {len(made)} cells the same, {len(cells) - len(made)} of the code's not released"


def _cell_key(described: Mapping[str, Any]) -> tuple[Any, ...]:
    if "members" in described:
        return key(described)
    return described["task"]["name"], described["variant"]["name"], described["replicates"]


def _rows(table: pa.Table | None, meta: Mapping[str, Any]) -> pa.Table:
    """Rows of a cell, or the numbers of a measurement as one row."""
    return pa.Table.from_pylist([meta["found"]]) if table is None else table.select(SCHEMA.names)


def compare(new: Path, made: Mapping[str, Old], before: list[Old]) -> None:
    """Refused where what is read back is not what was there: rows, measures, and all that is said but the identity."""
    suffix = next(iter(made)).rpartition(".")[2]
    assert [path.name for path in stored_cells(new, f".{suffix}")] == sorted(made)
    for (name, (table, meta)), (old_table, old_meta) in zip(made.items(), before, strict=True):
        path = new / "cells" / name
        if table is None:
            value = read_measurement(path)
            if value != meta or value["found"] != old_meta["found"] or value["provenance"] != old_meta["provenance"]:
                raise Refused(f"{name}: read back, it is another measurement")
            continue
        rows, said = read_cell(path)
        assert old_table is not None
        plain = old_table.replace_schema_metadata().select([c for c in SCHEMA.names if c in old_table.column_names])
        same = rows.replace_schema_metadata().select(plain.column_names)
        if not _equal(same, plain) or said != _json(meta):
            raise Refused(f"{name}: read back, its rows are others")
        if any(said[k] != old_meta[k] for k in old_meta if k not in ("cell", "provenance")):
            raise Refused(f"{name}: read back, it says something else of itself")


def _equal(a: pa.Table, b: pa.Table) -> bool:
    """Bit for bit: NaN equals NaN."""
    for name in b.column_names:
        x, y = (t.column(name).combine_chunks() for t in (a, b))
        if pa.types.is_floating(x.type):
            if not np.array_equal(x.to_numpy().view(np.int64), y.to_numpy().view(np.int64)):
                return False
        elif x.to_pylist() != y.to_pylist() and repr(x.to_pylist()) != repr(y.to_pylist()):
            return False
    return True


def main(old: Path, new: Path, names: Sequence[str]) -> int:
    """Rewrite the named experiments, or every one that has results under `old`."""
    for name, experiment in EXPERIMENTS.items():
        if names and name not in names:
            continue
        if (
            isinstance(experiment, ComparisonExperiment | GradientExperiment)
            and next(old_cells(old / name), None) is not None
        ):
            print(rewrite(experiment, old / name, new / name))
        elif studies := dict(stored_studies(old / name)):
            pack_studies(new / name, studies)
            if (read := dict(stored_studies(new / name))) != studies:
                raise Refused(
                    f"{name}: read back, the studies are others: {[n for n in read if read[n] != studies[n]]}"
                )
            print(f"{name}: {len(studies)} studies")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]))
