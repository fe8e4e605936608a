"""Work that one process does at a time, while the others wait for it: a report, a cell trained in this process."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.sharing import heartbeat
from benchmarks.sharing.claim import Verdict
from benchmarks.sharing.claims import Claims

LOOK_EVERY_S = 1.0


@contextmanager
def turn(place: Path, what: str) -> Iterator[bool]:
    """Within it no other process does the work that `place` names. False where another has done it while this one waited.

    what  the work, for the line that says who is waited for
    """
    claims = Claims(lambda _: False, warn=lambda line: print(line, file=sys.stderr))
    waited = False
    with heartbeat.kept_alive(claims):
        while (standing := claims.take(place)).verdict is Verdict.HELD:
            if not waited:
                print(f"{what}: {standing.who} is at it; waiting", file=sys.stderr)
            waited = True
            time.sleep(LOOK_EVERY_S)
        yield not waited or claims.took_over(place)
