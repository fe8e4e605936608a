"""Opens the storage of `--storage`: a journal, SQLite, or a database server."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import optuna
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock, JournalFileSymlinkLock

from benchmarks.tuning.storage.database import open_database
from envs.validation import UsageError

JOURNAL = "studies.journal"
JOURNAL_STARTS = b'{"op_code":'


def open_storage(url: str | None, folder: Path) -> BaseStorage:
    """The storage of `--storage`: a journal (a path, by default one in `folder`), SQLite, or a database server.

    UsageError where it cannot be opened, in one line that never holds a password.
    """
    if optuna.logging.get_verbosity() == optuna.logging.INFO:  # Optuna's default; another level is kept
        optuna.logging.set_verbosity(optuna.logging.WARNING)
    if url is None:
        return _journal(folder / JOURNAL)
    if "://" in url:
        return open_database(url)
    if Path(url).suffix in (".journal", ".log"):
        return _journal(Path(url))
    raise UsageError(
        "a storage is a path that ends in .journal or .log, sqlite:///FILE, or postgresql://USER@HOST/NAME"
    )


def _journal(path: Path) -> JournalStorage:
    path = path.absolute()  # Optuna's lock is a link to it, and waits forever for one that points nowhere
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            with path.open("rb") as file:
                head = file.read(len(JOURNAL_STARTS))
            if head != JOURNAL_STARTS[: len(head)]:
                raise UsageError("it is no journal of Optuna's")
        return JournalStorage(JournalFileBackend(str(path), lock_obj=_JournalLock(path)))  # type: ignore[arg-type]
    except (OSError, ValueError, LookupError, TypeError, AssertionError) as error:  # the last four: a damaged line
        raise UsageError(f"the journal {path} cannot be read: {error}") from None


class _JournalLock:
    """Optuna's lock of a journal, which removes a partial line before the next is written.

    A writer that is killed, or whose disk is full, leaves a line without its end. Optuna skips it when it reads, but appends
    to that very line, and then the journal cannot be opened any more.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        windows = sys.platform == "win32"  # there, links are for administrators
        self._lock = JournalFileOpenLock(str(path)) if windows else JournalFileSymlinkLock(str(path))

    def acquire(self) -> bool:
        self._lock.acquire()
        try:
            self._drop_partial_line()
        except BaseException:
            self._lock.release()
            raise
        return True

    def release(self) -> None:
        self._lock.release()

    def _drop_partial_line(self) -> None:
        with self._path.open("rb+") as file:
            if not file.seek(0, os.SEEK_END):
                return
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.seek(0)
                file.truncate(file.read().rfind(b"\n") + 1)
