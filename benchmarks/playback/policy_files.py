"""Policies on disk: one safetensors file a member, its parameters by name and, as JSON, all that rebuilds it.

    actor...., critic...., log_std    parameters, without the population axis     normaliser....    moments of observations
    metadata["pg_ladder_policy"]      {format, digest, cell, scale, member, scores, provenance}, and where a policy
                                      changes a frozen model, files: the paths of the model and its adapters by digest

`load_policy` reads one. Nothing in a file is executed: see benchmarks.design.rebuild.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from algorithms.algorithm import Algorithm
from algorithms.training.build import build_normaliser
from algorithms.training.records import Members, Record, Trained
from algorithms.training_config import TrainingConfig
from benchmarks.design.cell import RESULTS_VERSION, Cell, run_name
from benchmarks.design.identity import canonical
from benchmarks.design.rebuild import CannotRebuild, rebuild
from benchmarks.playback.saved_policy import SavedPolicy
from benchmarks.store import pooling, tensor_files
from benchmarks.store.descriptions import digest
from benchmarks.store.sources import readable
from envs.api import Task
from envs.control.factory import control_of
from envs.control.from_gymnasium import identity
from envs.custom.sources import SOURCE
from envs.files.writing import replace_bytes
from envs.seeding import Purpose
from envs.validation import UsageError

META = "pg_ladder_policy"
FORMAT = 2
MOMENTS = "normaliser."
SCALE = ("floor", "ceiling", "threshold", "field", "source")  # of a Task, which no number depends on
PARTS = {"format", "digest", "cell", "scale", "member", "scores", "provenance"}
SCORES = ("eval_return", "eval_return_greedy", "env_steps", "updates", "measures")  # of a Record
MAX_LISTED = 5  # cells that a line names
HOW_TO_SAVE = "policies are saved by `train` and `run` with --save-policies"


class NoPolicy(UsageError):
    """A file that is not there or holds no policy that can be rebuilt."""


def policy_path(folder: Path, cell: Cell, member: int) -> Path:
    """Where the policy of the member at this place is saved."""
    name = run_name(cell, cell.members.seeds[member], cell.members.rates[member])
    return folder / f"{name}__{cell.digest}.safetensors"


def save_policies(
    folder: Path, cell: Cell, trained: Trained, records: Sequence[Record], provenance: Mapping[str, object]
) -> None:
    """A file for each member that has not diverged; `records` holds their scores at the last checkpoint."""
    if cell.members.varied:
        raise ValueError("the policies of members that differ in more than a seed and a rate are not saved")
    last = max(record.checkpoint for record in records)
    final = {record.member: record for record in records if record.checkpoint == last}
    task, members = cell.task, cell.members
    common = {
        "format": FORMAT,
        "digest": cell.digest,
        "cell": canonical(cell),
        "scale": {name: getattr(task, name) for name in SCALE},
        "provenance": dict(provenance),
    }
    if paths := file_paths((cell.task, cell.training)):
        common["files"] = paths
    moments = {MOMENTS + name: torch.from_numpy(value) for name, value in trained.moments.items()}
    for index, seed in enumerate(members.seeds):
        if trained.lost[index]:
            continue
        tensors = {n: x[index].contiguous().clone() for n, x in {**trained.parameters, **moments}.items()}
        member = {"seed": seed, "learning_rate": members.rates[index], "purpose": int(members.purpose), "place": index}
        text = json.dumps(common | {"member": member, "scores": _scores(final[index])})
        # save_file would make files that only their owner can read
        replace_bytes(policy_path(folder, cell, index), safetensors.torch.save(tensors, {META: text}))


def file_paths(value: Any) -> dict[str, str]:
    """The path of each file on which a configuration depends, such as a frozen model, by its digest."""
    if isinstance(value, tuple):
        return {digest: path for part in value for digest, path in file_paths(part).items()}
    if not is_dataclass(value) or isinstance(value, type):
        return {}
    parts = {field.name: getattr(value, field.name) for field in fields(value)}
    own = {parts["digest"]: str(parts["path"])} if {"digest", "path"} <= parts.keys() else {}
    return own | file_paths(tuple(parts.values()))


def _scores(record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in SCORES}


def load_policy(path: Path | str, device: str = "cpu", trust: Sequence[str] = ()) -> SavedPolicy:
    """The policy in a file; `trust` names other packages whose classes it may contain.

    NoPolicy (a ValueError) where the file is missing, damaged, no policy, or of classes that are foreign or gone.
    """
    path = Path(path)
    tensors, meta = _read_file(path)
    try:
        member, cell = meta["member"], meta["cell"]
        paths = meta.get("files", {})
        task: Task = rebuild(cell["task"], trust, paths, **meta["scale"])
        algorithm: Algorithm = rebuild(cell["algorithm"], trust, summary="")
        training: TrainingConfig = rebuild(cell["training"], trust, paths)
        members = Members((member["seed"],), (member["learning_rate"],), Purpose(member["purpose"]))
        policy = algorithm.policy(task, training, members, device)
        normaliser = build_normaliser(task, training, members)
        parameters = dict(policy.named_parameters())
        moments = {MOMENTS + n: torch.from_numpy(x) for n, x in normaliser.snapshot().items()}
        _check_shapes(tensors, {**parameters, **moments})
        if why := _file_error(path.stem, tensors, meta):
            raise NoPolicy(f"{path.name} is damaged: {why}")
    except NoPolicy:
        raise
    except UsageError as error:  # another model than the one whose adapters these are, say
        raise NoPolicy(f"{path.name} cannot be loaded: {error}") from error
    except CannotRebuild as error:
        raise NoPolicy(f"{path.name} cannot be rebuilt: {error}") from error
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise NoPolicy(f"{path.name} does not hold what a policy does: {type(error).__name__}: {error}") from error
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(tensors[name][None])
    normaliser.restore({name.removeprefix(MOMENTS): tensors[name].numpy()[None] for name in moments})
    return SavedPolicy(task, algorithm, training, policy, normaliser, member["seed"], meta["scores"], meta)


def changed_since(saved: SavedPolicy) -> list[str]:
    """What is no longer as it was when a policy was trained: sources of the user's, and what makes the environment.

    Makes the environment, which loading a policy does not: a file that is only read runs no code of the user's.
    """
    parts = {"task": saved.task, "algorithm": saved.algorithm, "training": saved.training}
    lines = [
        line
        for name, part in parts.items()
        for line in pooling.differing(saved.meta["cell"][name], canonical(part), name)
        if f"{SOURCE}:" in line
    ]
    factory = control_of(saved.task.factory)
    if factory is not None and factory.identity is not None:
        try:
            lines += identity(factory.env_id, factory.arguments).differences(factory.identity)
        except ValueError as error:
            lines.append(str(error))
    return lines


def _read_file(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    if path.is_dir():
        policies = sorted(p.name for p in path.glob("*.safetensors"))
        raise NoPolicy(
            f"{path} is a folder; " + (f"name one of its policies: {policies[0]}, say" if policies else HOW_TO_SAVE)
        )
    if not path.exists():
        near = get_close_matches(path.name, [p.name for p in path.parent.glob("*.safetensors")], 1, 0.0)
        raise NoPolicy(f"{path} is not there; {f'the nearest is {near[0]}' if near else HOW_TO_SAVE}")
    try:
        tensors, metadata = tensor_files.load(path)
        text = metadata.get(META)
        meta = None if text is None else json.loads(text)
    except (OSError, ValueError) as error:
        raise NoPolicy(f"{path.name} is damaged or no safetensors file: {error}") from error
    if not isinstance(meta, dict) or PARTS - meta.keys():
        raise NoPolicy(f"{path.name} is a safetensors file and no policy of ours; {HOW_TO_SAVE}")
    if meta["format"] != FORMAT:
        raise NoPolicy(f"{path.name} is of format {meta['format']}, and this code reads {FORMAT}")
    return tensors, meta


def _file_error(stem: str, tensors: Mapping[str, Tensor], meta: Mapping[str, Any]) -> str | None:
    """What does not fit together in a policy's file: digest, configuration, name, scores, tensors."""
    parts = dict.fromkeys(("cell", "scale", "member", "scores", "provenance"), dict) | {"digest": str}
    if wrong := [name for name, kind in parts.items() if not isinstance(meta[name], kind)]:
        return f"its {wrong[0]} is of the wrong type"
    version_in_file = meta["provenance"].get("results_version")
    versions = [version_in_file] if isinstance(version_in_file, int) else range(1, RESULTS_VERSION + 1)
    if meta["digest"] not in {digest(meta["cell"], results_version=version) for version in versions}:
        return "the configuration inside is not the one that its digest is of"
    named = re.search(r"__([0-9a-f]{16})$", stem)  # a file may have been renamed by who shares it
    if named and named[1] != meta["digest"]:
        return "the configuration inside is not the one that its name says"
    if lacking := [name for name in SCORES if name not in meta["scores"]]:
        return f"its scores lack {lacking[0]}"
    if wrong := [name for name, x in sorted(tensors.items()) if not bool(torch.isfinite(x).all())]:
        return f"its {wrong[0]} holds numbers that are not finite"
    return None


def _check_shapes(loaded: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """CannotRebuild where names or shapes are not those of the rebuilt policy."""
    shapes = {name: list(x.shape) for name, x in loaded.items()}
    expected_shapes = {name: list(x.shape[1:]) for name, x in expected.items()}
    for name in sorted(shapes.keys() | expected_shapes.keys()):
        if shapes.get(name) != expected_shapes.get(name):
            raise CannotRebuild(
                f"tensor {name} is {shapes.get(name)}, and this network's is {expected_shapes.get(name)}"
            )


def missing_policies(cells: Sequence[Cell], cells_folder: Path, folder: Path) -> list[str]:
    """A line for each reason why some of these cells will have no policies in `folder` after a run."""
    algorithms = sorted({cell.algorithm.name: cell.algorithm for cell in cells}.items())
    lines = [f"{name} {algorithm.unsaved}" for name, algorithm in algorithms if algorithm.unsaved]
    trained = [
        f"{cell.label} (seeds {cell.members.seeds[0]}-{cell.members.seeds[-1]})"
        for cell in cells
        if not cell.algorithm.unsaved
        and not any(policy_path(folder, cell, place).exists() for place in range(len(cell.members.seeds)))
        and readable(cells_folder / cell.file_name)
    ]
    if trained:
        more = f" and {len(trained) - MAX_LISTED} more" if len(trained) > MAX_LISTED else ""
        lines.append(
            f"already trained, without policies: {', '.join(trained[:MAX_LISTED])}{more}; to get them, move their "
            f"files out of "
            f"{cells_folder} and give the same command again (it trains the same rows; real actors train others)"
        )
    return lines
