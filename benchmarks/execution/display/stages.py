"""Shows the progress of a stage of a language model, in a terminal on one line, else as plain lines."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator
from typing import TextIO, TypeVar

from algorithms.language.stage import StageProgress
from benchmarks.execution.display.progress import PLAIN_EVERY_S, duration
from benchmarks.execution.display.time_left import rough
from benchmarks.validation.terminal import columns

T = TypeVar("T")
TERMINAL_EVERY_S = 0.5


def watch(title: str, stage: Generator[StageProgress, None, T], out: TextIO | None = None) -> T:
    """Run a stage to its end, showing how far it is and about how long it will take; returns what it makes."""
    out = sys.stderr if out is None else out
    live = out.isatty()
    begun = last = time.monotonic()
    first: int | None = None
    shown, before, start = False, 0, begun
    while True:
        try:
            progress = next(stage)
        except StopIteration as stop:
            if shown and live:
                out.write("\n")
            if first is not None:
                print(f"{title}: done in {duration(time.monotonic() - begun)}", file=out)
            return stop.value
        if progress.notice:
            print(progress.notice, file=out)
        if not progress.total:
            continue
        if first is None or progress.done <= before:  # the first stage, or a new one
            if first is None:
                print(title, file=out)
            first, start = progress.done, time.monotonic()  # not before: a stage may be resumed, or begin slowly
        before = progress.done
        now = time.monotonic()
        if now - last < (TERMINAL_EVERY_S if live else PLAIN_EVERY_S):
            continue
        last, shown = now, True
        parts = [f"{duration(now - begun)}  {progress.done / progress.total:4.0%}"]
        parts += [f"{name} {value:.3g}" for name, value in progress.measures.items()]
        if progress.done > first:
            speed = (progress.done - first) / max(now - start, 1e-9)
            parts.append(f"about {rough((progress.total - progress.done) / speed)} left")
        line = "  ".join(parts)
        out.write(f"\r\x1b[K{line[: columns(out) - 1]}" if live else f"{line}\n")  # the next one is to cover it
        out.flush()
