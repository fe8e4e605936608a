"""What the stages of a language model leave on disk, named by the digest of what made it.

<results>/models/<kind>-<digest>/description.json      configuration, provenance, measures, the hash of every file
<results>/models/<kind>-<digest>/...                   what the stage has written: safetensors, a base's folder
<results>/models/<kind>-<digest>.state                 where an unfinished stage goes on
<results>/models/<kind>-<digest>.damaged-<n>           one whose files are not those that were written
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from algorithms.language.stage import Stage, StageProgress
from algorithms.training.state import RunState
from benchmarks.design.identity import canonical
from benchmarks.sharing.claim import Verdict
from benchmarks.sharing.claims import Claims
from benchmarks.sharing.heartbeat import kept_alive
from benchmarks.sharing.turns import LOOK_EVERY_S
from benchmarks.store.descriptions import digest
from benchmarks.store.files import Damaged, read_document, save_json, set_aside
from benchmarks.store.states import Unusable, load_state, save_state
from envs.files.partial import remove_partial_files
from envs.files.writing import NotWritten, place_folder

LANGUAGE_VERSION = 1  # raise it when a change of code moves what a stage makes: every artefact is then made anew
DESCRIPTION = "description.json"
DIGITS = 12


_reading = ContextVar("reading", default=False)


class NotMade(Exception):
    """An artefact of this kind would have to be made, and only what is there may be read."""


@contextmanager
def only_reading() -> Iterator[None]:
    """Within it no store makes, renames or removes anything: what is not there, or is damaged, raises NotMade."""
    token = _reading.set(True)
    try:
        yield
    finally:
        _reading.reset(token)


class Product(NamedTuple):
    """What a stage has made: a function that writes its files into a folder, and what it measured."""

    write: Callable[[Path], object]
    measures: Mapping[str, float] = {}


Work = Callable[[RunState | None], Stage[Product]]  # starts a stage, or resumes it


@dataclass(frozen=True)
class Artefact:
    """A finished stage: its folder, and its description.json."""

    kind: str
    digest: str
    path: Path
    description: dict[str, Any] = field(compare=False)

    @property
    def measures(self) -> dict[str, float]:
        """What the stage measured."""
        return dict(self.description["measures"])


@dataclass(frozen=True)
class ArtefactStore:
    """The artefacts of a folder of results.

    provenance  what is written beside each: commit, packages, machine, command
    """

    results: Path
    provenance: Mapping[str, object] = field(default_factory=dict)

    def path(self, kind: str, configuration: object) -> Path:
        """The folder of what this configuration makes; it need not be there."""
        return self.results / "models" / f"{kind}-{artefact_digest(kind, configuration)}"

    def read(self, kind: str, configuration: object) -> Artefact | None:
        """The artefact, if it has been made. Raises Damaged where its files are not those that were written."""
        path = self.path(kind, configuration)
        if not path.exists():
            return None
        description = _checked(path)
        own = artefact_digest(kind, configuration)
        if description["digest"] != own:
            raise Damaged(f"{path.name}: it is of another configuration, {description['kind']}-{description['digest']}")
        return Artefact(kind, own, path, description)

    def make(self, kind: str, configuration: object, work: Work) -> Generator[StageProgress, None, Artefact]:
        """The artefact: what lies on disk, or what `work` makes; yields its progress.

        A second process that wants the same waits for it. What is damaged is renamed, what another process left unfinished
        is removed or resumed; a notice says so. Raises NotWritten, and NotMade within `only_reading`.
        """
        path = self.path(kind, configuration)
        try:
            if (found := self.read(kind, configuration)) is not None:
                return found
        except Damaged as damaged:
            if _reading.get():
                raise NotMade(kind) from damaged
            aside = set_aside(path)
            yield StageProgress(0, 0, notice=f"{damaged}; it is kept as {aside.name}, and made again")
        if _reading.get():
            raise NotMade(kind)
        claims = Claims(lambda folder: folder.exists())
        with kept_alive(claims):
            yield from _wait_for_others(claims, path)
            if (found := self.read(kind, configuration)) is not None:
                return found
            return (yield from self._make(kind, configuration, work, path))

    def _make(
        self, kind: str, configuration: object, work: Work, path: Path
    ) -> Generator[StageProgress, None, Artefact]:
        if removed := remove_partial_files(path.parent):
            yield StageProgress(0, 0, notice=f"{removed} unfinished of killed processes removed from {path.parent}")
        state, notice = _resumable(_state_path(path), artefact_digest(kind, configuration))
        if notice:
            yield StageProgress(0, 0, notice=notice)
        product = yield from self._work(work(state), path, artefact_digest(kind, configuration))
        place_folder(path, lambda folder: self._write(folder, kind, configuration, product))
        _state_path(path).unlink(missing_ok=True)
        made = self.read(kind, configuration)
        if made is None:
            raise NotWritten(path, "another process has removed it")
        return made

    def _work(self, stage: Stage[Product], path: Path, own: str) -> Generator[StageProgress, None, Product]:
        """Run a stage, saving its states."""
        while True:
            try:
                event = next(stage)
            except StopIteration as stop:
                return stop.value
            if isinstance(event, RunState):
                save_state(_state_path(path), event, (), own)
            else:
                yield event

    def _write(self, folder: Path, kind: str, configuration: object, product: Product) -> None:
        product.write(folder)
        description = {
            "kind": kind,
            "digest": artefact_digest(kind, configuration),
            "language_version": LANGUAGE_VERSION,
            "configuration": canonical(configuration),
            "provenance": dict(self.provenance),
            "measures": dict(product.measures),
            "files": _hashes(folder),
        }
        content = {**description, "checksum": _checksum(description)}
        save_json(folder / DESCRIPTION, content)


def _wait_for_others(claims: Claims, path: Path) -> Generator[StageProgress, None, None]:
    """Until no other process makes this artefact."""
    said = False
    while (standing := claims.take(path)).verdict is Verdict.HELD:
        if not said:
            yield StageProgress(0, 0, notice=f"{standing.who} makes {path.name}; waiting for it")
        said = True
        time.sleep(LOOK_EVERY_S)


def artefact_digest(kind: str, configuration: object) -> str:
    """Hash of everything that an artefact depends on."""
    return digest([kind, canonical(configuration)], language_version=LANGUAGE_VERSION)[:DIGITS]


def _state_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.state")


def _checked(path: Path) -> dict[str, Any]:
    """The description of a folder. Raises Damaged where a file is missing, changed or added."""
    description = read_document(path / DESCRIPTION)
    named = description.pop("checksum", None)
    if named != _checksum(description):
        raise Damaged(f"{path.name}: its description is not the one that was written")
    now, then = _hashes(path), description["files"]
    if wrong := sorted(name for name in now.keys() | then.keys() if now.get(name) != then.get(name)):
        raise Damaged(f"{path.name}: {', '.join(wrong)} missing, added or not as written")
    return description


def _checksum(description: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()


def _hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file but the description, by its path in the folder."""
    hashes = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path != folder / DESCRIPTION:
            with path.open("rb") as file:
                hashes[path.relative_to(folder).as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
    return hashes


def _resumable(path: Path, own: str) -> tuple[RunState | None, str]:
    """The state of an unfinished stage, and what to say of it."""
    try:
        state, _ = load_state(path, own)
    except FileNotFoundError:
        return None, ""
    except Unusable as unusable:
        return None, f"{path.name} cannot be resumed ({unusable}); it is kept as {set_aside(path).name}"
    return state, f"{path.stem} goes on where it was interrupted"
