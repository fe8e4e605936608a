"""python -m benchmarks COMMAND, and the script `pg-ladder COMMAND`."""

from __future__ import annotations

import importlib
import os
import site
import sys
import threading
from pathlib import Path

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


def main() -> None:
    """Run the command of `sys.argv`, and end the process with its exit status."""
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
    found all the same. Workers take the path over. The server that they are forked from starts before it has the path: it
    goes by PYTHONSAFEPATH, which keeps Python from putting the current folder first, and finds ours by PYTHONPATH.
    """
    ours, current = str(Path(__file__).resolve().parent.parent), str(Path.cwd())
    os.environ["PYTHONSAFEPATH"] = "1"
    if ours not in site.getsitepackages():
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [ours, os.environ.get("PYTHONPATH")]))
    sys.path = [*(p for p in sys.path if p and p != current), ours, current]
    main()


if __name__ == "__main__":
    script()
