"""python -m benchmarks COMMAND, and the script `pg-ladder COMMAND`."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from pathlib import Path

from benchmarks.cli import HELP, overview
from benchmarks.validation.program import OURS, path_variables
from benchmarks.validation.terminal import fitted


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


def main() -> None:
    """Run the command of `sys.argv`, and end the process with its exit status."""
    sys.stdout, sys.stderr = fitted(sys.stdout), fitted(sys.stderr)
    if sys.argv[1:2] and sys.argv[1] in HELP:  # at once: everything else imports the packages that its work needs
        print(overview())
        status = 0
    else:
        status = importlib.import_module("benchmarks.cli.main").main(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has read enough; what is left must not be written again at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = status or 141
    leave(status)


def script() -> None:
    """The script `pg-ladder`, and `python -m benchmarks`: `main`, with the current folder last on the path.

    A user's own `envs` or `algorithms` in the current folder therefore do not take the place of ours, and her modules are
    found all the same. Workers take the path over, and programs that are started here go by the environment.
    """
    current = str(Path.cwd())
    os.environ.update(path_variables())
    sys.path = [*(p for p in sys.path if p and p != current), OURS, current]
    main()


if __name__ == "__main__":
    script()
