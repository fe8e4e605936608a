"""The file operations that claims are made of, each of them safe on a folder that several machines share.

A claim is made by link(2) of a file that is written first. It appears whole or not at all, and exactly one of several links
of one name succeeds, also over NFS before version 3, where O_EXCL did not (open(2), under O_EXCL). A link whose answer was
lost is known by the file's number of links. On a file system without links O_CREAT | O_EXCL stands in.

Reading opens the file: an NFS client then asks the server for its attributes instead of trusting those that it holds.
"""

from __future__ import annotations

import contextlib
import errno
import os
from dataclasses import dataclass
from pathlib import Path

from envs.files.partial import part_path
from envs.files.writing import replace_bytes

NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}
LONGEST = 8192  # bytes of a claim that are read


@dataclass(frozen=True)
class Contents:
    """What lies in a file: its first bytes, its number in its file system, and the time of its last change there."""

    data: bytes
    inode: int
    changed_ns: int


class ClaimFiles:
    """The operations on a real folder."""

    def create(self, path: Path, data: bytes) -> bool:
        """Make the file, whole and on the disk. False where there is one already."""
        part = part_path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            _write(part, data, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            try:
                os.link(part, path)
            except FileExistsError:
                return (
                    part.stat().st_nlink == 2
                )  # ours: the answer to the first request was lost, and it was sent again
            except OSError as error:
                if error.errno not in NO_LINKS:
                    raise
                return self._create_exclusively(path, data)
            return True
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)

    def _create_exclusively(self, path: Path, data: bytes) -> bool:
        try:
            _write(path, data, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        except FileExistsError:
            return False
        except OSError:
            self.remove(path)  # half a claim would keep others away
            raise
        return True

    def read(self, path: Path) -> Contents | None:
        """What lies there; None where nothing does."""
        try:
            handle = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            status = os.fstat(handle)
            return Contents(os.read(handle, LONGEST), status.st_ino, status.st_mtime_ns)
        except OSError as error:
            if error.errno == errno.ESTALE:  # another machine has removed it since it was opened
                return None
            if error.errno == errno.EISDIR:
                return Contents(b"", 0, 0)
            raise
        finally:
            os.close(handle)

    def overwrite(self, path: Path, offset: int, data: bytes) -> None:
        """Replace bytes within the file that lies there, which needs no room on the disk."""
        handle = os.open(path, os.O_WRONLY)
        try:
            os.lseek(handle, offset, os.SEEK_SET)
            os.write(handle, data)
            os.fsync(handle)
        finally:
            os.close(handle)

    def touch(self, path: Path) -> None:
        """Change the time of the file's last change."""
        os.utime(path)

    def replace(self, path: Path, data: bytes) -> None:
        """Put other contents in the file's place."""
        replace_bytes(path, data)

    def remove(self, path: Path) -> None:
        """Remove the file, where it is there."""
        path.unlink(missing_ok=True)


def _write(path: Path, data: bytes, flags: int) -> None:
    handle = os.open(path, flags, 0o666)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]
        os.fsync(handle)
    finally:
        os.close(handle)
