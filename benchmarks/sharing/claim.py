"""What one claim says, and what it means for whoever reads it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from benchmarks.sharing.claim_files import Contents
from benchmarks.sharing.processes import Process
from benchmarks.validation.usage import printable

SUFFIX = ".claim"
BEATS = '{"beat": "'  # a claim begins so; the number of beats follows, in DIGITS digits
DIGITS = 12


class Verdict(Enum):
    """What a driver may do with a piece of work."""

    OURS = "it is claimed for this process"
    HELD = "another process has it"
    FAILED = "it has failed in another process"
    DONE = "its result is there"


@dataclass(frozen=True)
class Standing:
    """A verdict, and in words who has the work, or how it failed."""

    verdict: Verdict
    who: str = ""
    error: str = ""


@dataclass(frozen=True)
class Claim:
    """What a claim says. Nothing in it is a path, and only `token` and `process` are used for more than messages."""

    token: str
    process: Process | None  # None: the file is damaged or empty
    command: str = ""
    error: str = ""  # how the work failed

    @staticmethod
    def read(contents: Contents) -> Claim:
        """The claim that a file holds; a damaged one is known by its bytes."""
        try:
            said: Any = json.loads(contents.data)
            token, command, error = said["token"], said["command"], said["error"]
            process = Process.read(said["process"])
        except (ValueError, KeyError, TypeError):
            process = None
        if process is None or not all(isinstance(text, str) for text in (token, command, error)):
            return Claim(f"{contents.inode} {contents.data!r}", None)
        return Claim(token, process, command, error)

    def written(self) -> bytes:
        """The bytes of a new claim."""
        said = {"token": self.token, "process": asdict(self.process or Process.here()), "command": self.command}
        return f'{BEATS}{0:0{DIGITS}}", {json.dumps({**said, "error": self.error})[1:]}\n'.encode()

    @property
    def who(self) -> str:
        """Whose it is, for a person."""
        if self.process is None:
            return "a process whose claim is damaged"
        return f"process {self.process.pid} on {printable(self.process.host)[:60]}"


def claim_path(result: Path, number: int) -> Path:
    """The claim of this number on a result."""
    return result.with_name(f"{result.name}{SUFFIX}{f'-{number}' if number > 1 else ''}")
