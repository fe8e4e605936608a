"""python -m benchmarks COMMAND"""

from __future__ import annotations

import importlib
import os
import sys
import threading

from benchmarks.cli import HELP, overview


def leave(status: int) -> None:
    """End the process, also where an environment has left a thread that would keep it for ever."""
    waiting = [t for t in threading.enumerate() if t is not threading.main_thread() and not t.daemon]
    for thread in waiting:
        thread.join(1.0)
    if any(thread.is_alive() for thread in waiting):
        print("a thread of the environment still runs; the process ends without it", file=sys.stderr)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in HELP:  # at once: everything else imports the packages that its work needs
        print(overview())
    else:
        leave(importlib.import_module("benchmarks.cli.main").main(sys.argv[1:]))
