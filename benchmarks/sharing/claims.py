"""Claims: which driver works on which result, where several share a folder.

    <name of the result>.claim       held by a process, or says that the work has failed
    <name of the result>.claim-2     of the process that took it over, and so on

A claim is created exclusively and says who made it. While its process works, a number in it goes up. It is stale where the
process ran on this machine and is dead, or where the number has not changed for STALE_S of the clock of whoever looks: no
clock of another machine is read. A stale claim is taken over by making the next one of its name, which exactly one process
can. No claim of another is renamed or overwritten, so a process that was thought dead and wakes up does no damage: it may
train a cell that another trains too, and both write the same rows.

A claim is only a hint of who works. The result file alone says what is done, and it is looked for again after each claim.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.sharing.claim import BEATS, DIGITS, SUFFIX, Claim, Standing, Verdict, claim_path
from benchmarks.sharing.claim_files import ClaimFiles, Contents
from benchmarks.sharing.observer import Observer
from benchmarks.sharing.processes import Process

# without a sign of life for this long a process is dead: an NFS client may show a file as it was a minute ago (acregmax)
STALE_S = 180.0
MOST_TAKEOVERS = 99  # of one result
TRIES = 5  # at a claim that is removed while it is looked at


@dataclass
class Held:
    """A claim of ours."""

    path: Path
    token: str
    number: int  # 1, or 1 and how often the work was taken over
    beats: int = 0


@dataclass
class Claims:
    """The claims of one process. `beat` is to be called every few seconds while any is held, from any thread.

    done     whether a result is there      warn  is called once where claims cannot be written
    stale_s  without a sign of life for this long, another process is dead
    """

    done: Callable[[Path], bool]
    command: str = ""
    warn: Callable[[str], object] = print
    files: ClaimFiles = field(default_factory=ClaimFiles)
    observer: Observer = field(default_factory=Observer)
    here: Process = field(default_factory=Process.here)
    stale_s: float = STALE_S
    _held: dict[Path, Held] = field(default_factory=dict)
    _earlier: set[str] = field(default_factory=set)  # failures of before this run, which are tried again
    _warned: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note_failures(self, folder: Path) -> None:
        """Work of this folder that has failed by now may be tried again; what fails later has been tried in this run."""
        for path in folder.glob(f"*{SUFFIX}*"):
            contents = self.files.read(path)
            if contents is not None and (claim := Claim.read(contents)).error:
                self._earlier.add(claim.token)

    def take(self, result: Path) -> Standing:
        """Claim a result for this process, if no other has it and it is not there yet.

        Where claims cannot be written, all work is ours: it may be done twice, and is not lost.
        """
        if self.done(result):
            return Standing(Verdict.DONE)
        if result in self._held:
            return Standing(Verdict.OURS)
        try:
            standing = self._take(result)
        except OSError as error:
            self._warn(f"{result.parent} takes no claims ({error.strerror or error}): another run may repeat cells")
            return Standing(Verdict.OURS)
        if standing.verdict is Verdict.OURS and self.done(result):  # its process ended after our first look
            self.release(result)
            return Standing(Verdict.DONE)
        return standing

    def _take(self, result: Path) -> Standing:
        """Walk to the last claim, and make the next one where that is stale."""
        other = Standing(Verdict.HELD, "another process")
        number, stale, tries = 1, "", 0  # stale: the token of the claim before, which was judged so
        while number <= MOST_TAKEOVERS and tries < TRIES:
            path, following = claim_path(result, number), claim_path(result, number + 1)
            contents = self.files.read(path)
            if self.files.read(following) is not None:
                number, stale = number + 1, ""
            elif contents is None:
                if number > 1 and not stale:  # claims are being removed
                    return other
                if (standing := self._make(result, number, stale)) is not None:
                    return standing
                tries += 1
            elif (standing := self._judge(path, contents)) is not None:
                return standing
            else:
                number, stale = number + 1, Claim.read(contents).token
        return other

    def _make(self, result: Path, number: int, stale: str) -> Standing | None:
        """Make the claim of this number, which takes over from the one before; None where another was faster."""
        path, own = claim_path(result, number), Claim(secrets.token_hex(8), self.here, self.command)
        if not self.files.create(path, own.written()):
            return None
        later = self.files.read(claim_path(result, number + 1)) is not None  # ours fills the place of a removed one
        if later or (number > 1 and self._token(claim_path(result, number - 1)) != stale):
            self.files.remove(path)
            return Standing(Verdict.HELD, "another process")
        with self._lock:
            self._held[result] = Held(path, own.token, number)
        return Standing(Verdict.OURS)

    def _judge(self, path: Path, contents: Contents) -> Standing | None:
        """What a claim means for this process; None where it is stale."""
        claim = Claim.read(contents)
        if claim.error:
            return None if claim.token in self._earlier else Standing(Verdict.FAILED, claim.who, claim.error)
        if claim.process is not None and claim.process.dead(self.here):
            return None
        stale = self.observer.unchanged_s(path, contents) >= self.stale_s
        return None if stale else Standing(Verdict.HELD, claim.who)

    def _token(self, path: Path) -> str | None:
        contents = self.files.read(path)
        return None if contents is None else Claim.read(contents).token

    def took_over(self, result: Path) -> bool:
        """Whether a result that this process holds was another's, which died."""
        held = self._held.get(result)
        return held is not None and held.number > 1

    def release(self, result: Path, error: str = "") -> None:
        """Give a claim up: the result is there, or somebody else may make it. With an error, nobody of this run does."""
        with self._lock:
            held = self._held.pop(result, None)
        if held is None:
            return
        with contextlib.suppress(OSError):  # what cannot be removed does no harm
            if self._token(held.path) != held.token or self.files.read(claim_path(result, held.number + 1)) is not None:
                return  # this process was taken for dead, and whoever did so removes all claims
            if error:
                self.files.replace(held.path, Claim(held.token, self.here, self.command, error).written())
                return
            for number in range(1, held.number + 1):  # ours is the last: until then all are seen to be held
                self.files.remove(claim_path(result, number))

    def release_all(self) -> None:
        """Give up what is still held, at the end of a run."""
        for result in list(self._held):
            self.release(result)

    def beat(self) -> None:
        """A sign of life on every claim that is held."""
        with self._lock:
            held = list(self._held.items())
        for result, claim in held:
            claim.beats += 1
            try:
                if self._token(claim.path) == claim.token:
                    self._sign(claim)
                    continue
            except OSError as error:
                if self._held.get(result) is not claim:  # it was given up meanwhile, and its file is gone
                    continue
                self._warn(f"claims cannot be renewed ({error.strerror or error}): another run may repeat their cells")
                continue
            with self._lock:  # it was taken over; or it has been released meanwhile
                self._held.pop(result, None)

    def _sign(self, claim: Held) -> None:
        try:
            self.files.overwrite(claim.path, len(BEATS), f"{claim.beats:0{DIGITS}}".encode())
        except OSError:  # no room on a disk that copies what it writes
            self.files.touch(claim.path)

    def _warn(self, text: str) -> None:
        if not self._warned:
            self._warned = True
            self.warn(text)


def remove_useless_claims(folder: Path, done: Callable[[Path], bool]) -> int:
    """Remove the claims on results that are there: their processes died before they could; returns how many."""
    removed = 0
    for path in folder.glob(f"*{SUFFIX}*"):
        if done(path.with_name(path.name.rpartition(SUFFIX)[0])):
            with contextlib.suppress(OSError):
                path.unlink()
                removed += 1
    return removed
