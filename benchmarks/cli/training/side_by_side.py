"""Two to four variants on the same seeds: their learning curves beside each other, and what the seeds show of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from rich.console import Console
from rich.status import Status

from algorithms.training.records import Progress, Record
from benchmarks.cli.training.learning_curve import train_cells
from benchmarks.design.cell import Cell
from benchmarks.execution.display.progress import PLAIN_EVERY_S
from benchmarks.execution.engine import OnEvent
from benchmarks.execution.runner import cell_path
from benchmarks.execution.sinks.live import LiveLogs
from benchmarks.loading.limits import named_limits
from benchmarks.statistics.intervals import t_interval
from benchmarks.statistics.sign_flips import smallest_p
from benchmarks.statistics.tests import LEVEL, Comparison, compare_paired, holm
from benchmarks.statistics.wording import phrases
from benchmarks.store.sources import read_cells
from benchmarks.validation.program import program
from benchmarks.validation.usage import DONE
from envs.api import Doubles, Scale
from envs.control.limits import ANYTHING, Limits

MOST = 4  # variants that fit beside each other
FRACTION, NUMBERS, GAP = 5, 24, 2  # columns of the first one, of a mean with its interval, and between variants
LEGEND = "mean and 95 % t interval over seeds"
BARS = "; bars: \u2588 below the interval, \u2593 to the mean, \u2591 above it"


class Curve(NamedTuple):
    """A variant's learning curve: scores [checkpoints, seeds] at fractions of the budget, lost runs replaced."""

    name: str
    fraction: Doubles
    scores: Doubles

    @property
    def final(self) -> Doubles:
        """Scores at the end, one a seed."""
        return self.scores[-1]


def train_side_by_side(
    by_variant: Sequence[list[Cell]],
    folder: Path,
    device: str,
    live: LiveLogs | None = None,
    policies: Path | None = None,
) -> int:
    """Train the cells of each variant on one task that have no result yet, then print their curves and differences."""
    console = Console(file=sys.stderr)
    for cells in by_variant:
        with console.status("") as status:
            train_cells(cells, folder, device, console, lambda cell: shown_as(status, cell), live, policies)
    task = by_variant[0][0].task
    scale = task.scale
    curves, raw = read_curves(by_variant, folder, scale), not scale.normalised
    limits = Limits(*(float(x) for x in scale.read(named_limits(task.name, scale, task.factory))))
    table = curve_table(curves, Console().width, raw, limits)
    has_bars = bool({*"\u2588\u2593\u2591"} & {*table})
    print(f"{table}\n{scale.unit}: {LEGEND}{BARS if has_bars else ''}\n")
    print("\n".join(differences(curves, raw)), flush=True)
    print(f"rows in {folder}/cells", file=sys.stderr)
    if policies is not None and policies.exists():
        print(f"policies in {policies}; {program()} play FILE shows one")
    return DONE


def shown_as(status: Status, cell: Cell) -> OnEvent:
    """Shows in a status line how far a cell is; without a terminal in a line now and then. Notices stay."""
    last_line_s = time.monotonic()

    def on_event(event: Progress | Record) -> None:
        nonlocal last_line_s
        if isinstance(event, Record):
            status.update(f"{event.fraction:.0%}")
            if not status.console.is_terminal and time.monotonic() - last_line_s > PLAIN_EVERY_S:
                last_line_s = time.monotonic()
                status.console.print(f"{cell.label}: {event.fraction:.0%}", highlight=False, markup=False)
        elif event.notice:
            status.console.print(f"{cell.label}: {event.notice}", highlight=False, markup=False, soft_wrap=True)

    return on_event


def read_curves(by_variant: Sequence[list[Cell]], folder: Path, scale: Scale) -> list[Curve]:
    """The curves of the variants; a lost run counts as the worst return of all variants at its checkpoint."""
    frames = [read_cells([cell_path(folder, cell) for cell in cells]) for cells in by_variant]
    whole = [_grid(frame, "eval_return") for frame in frames]
    lost = [
        _grid(frame, "diverged").astype(bool) | ~np.isfinite(values)
        for frame, values in zip(frames, whole, strict=True)
    ]
    worst = np.min([np.where(gone, np.inf, v).min(axis=1) for v, gone in zip(whole, lost, strict=True)], axis=0)
    return [
        Curve(
            cells[0].algorithm.name,
            frame.groupby("checkpoint")["fraction"].first().to_numpy(float),
            scale.score(values, gone, worst[:, None]),
        )
        for cells, frame, values, gone in zip(by_variant, frames, whole, lost, strict=True)
    ]


def _grid(frame: pd.DataFrame, column: str) -> Doubles:
    """[checkpoints, seeds], in the order of seeds."""
    return frame.pivot(index="checkpoint", columns="seed", values=column).to_numpy(float)


def axis(scores: Doubles, raw: bool) -> tuple[float, float]:
    """The ends of the axis: 0 and 1, or beyond them where scores are; of returns (`raw`), the lowest and the highest."""
    low, high = float(np.min(scores, initial=np.inf)), float(np.max(scores, initial=-np.inf))
    return (low, high) if raw and low < high else (min(0.0, low), max(1.0, high))


def curve_table(curves: Sequence[Curve], width: int, raw: bool, limits: Limits = ANYTHING) -> str:
    """A line a checkpoint: of each variant the mean, its interval and a bar, in so many columns.

    raw     whether scores are returns
    limits  what the expected score cannot leave
    """
    each = max(NUMBERS, (width - FRACTION) // len(curves) - GAP)
    low, high = axis(np.concatenate([curve.scores[np.isfinite(curve.scores)] for curve in curves]), raw)
    lines = [" " * FRACTION + "".join(" " * GAP + curve.name[:each].ljust(each) for curve in curves)]
    for k, fraction in enumerate(curves[0].fraction):
        cells = [_cell(curve.scores[k], low, high, limits, each - NUMBERS) for curve in curves]
        lines.append(f"{fraction:>{FRACTION}.0%}" + "".join(" " * GAP + cell.ljust(each) for cell in cells))
    return "\n".join(line.rstrip() for line in lines)


def _cell(scores: Doubles, low: float, high: float, limits: Limits, columns: int) -> str:
    """`0.512 [0.401, 0.623] \u2588\u2588\u2593\u2591`; the interval ends at the limits."""
    mean, interval = float(np.mean(scores)), t_interval(scores, limits=limits)
    if mean != mean:
        return "all diverged"
    if interval.low != interval.low:  # of one seed
        return _number(mean).ljust(NUMBERS) + bar(mean, mean, mean, low, high, columns - 1)
    numbers = f"{_number(mean)} [{_number(interval.low)}, {_number(interval.high)}]"
    return numbers.ljust(NUMBERS) + bar(mean, interval.low, interval.high, low, high, columns - 1)


def _number(value: float) -> str:
    return f"{round(value, 3) + 0.0:.3f}" if abs(value) < 10 else f"{value:.4g}"  # no minus before a zero


def bar(mean: float, inner: float, outer: float, low: float, high: float, columns: int) -> str:
    """A bar from `low` to `outer`, the upper end of an interval from `inner`, on an axis of so many columns up to `high`."""
    at = [low + (high - low) * (i + 0.5) / max(1, columns) for i in range(max(0, columns))]  # the middle of each column
    signs = ("\u2588" if x <= inner else "\u2593" if x <= mean else "\u2591" for x in at if x <= outer)
    return " " + "".join(signs)


def differences(curves: Sequence[Curve], raw: bool) -> list[str]:
    """Of each variant against the first: what the final scores show, paired by seed, or why they can show nothing.

    raw  whether scores are returns
    """
    first, *others = curves
    tested = {
        c.name: compare_paired(c.final, first.final) for c in others if not np.isnan([*c.final, *first.final]).any()
    }
    corrected = dict(zip(tested, holm(np.array([c.p for c in tested.values()])), strict=True))
    return [
        _difference(curve.name, first.name, tested[curve.name], corrected[curve.name], len(tested), raw)
        if curve.name in tested
        else f"{curve.name} and {first.name} are not compared, because all seeds of one diverged."
        for curve in others
    ]


def _difference(name: str, first: str, test: Comparison, p: float, comparisons: int, raw: bool) -> str:
    seeds, least = test.n, smallest_p(test.n) * comparisons
    change = phrases.signed(test.difference, *test.interval, raw)
    means = f"{phrases.amount(test.mean_b, 3, raw)} against {phrases.amount(test.mean_a, 3, raw)}"
    if test.difference == 0 and not test.error > 0:
        return f"{name} and {first} end with the same score on every seed."
    if least > LEVEL:
        enough = next(n for n in range(2, 64) if smallest_p(n) * comparisons <= LEVEL)
        why = phrases.cannot_show(seeds, comparisons, min(1.0, least))
        return f"{name} ends at {means} of {first}. {why} Give --seeds {enough} or more."
    shown = f"{change} (p {p:.2g}, {phrases.count_noun(seeds, 'seed')} in pairs)"
    if p < LEVEL:
        return f"{name} ends {'higher' if test.difference > 0 else 'lower'} than {first}: {means}, {shown}."
    detects = phrases.detection_sentence(seeds, test.detectable(comparisons), test.difference, raw)
    return f"It is not shown that {name} and {first} differ at the end: {means}, {shown}. {detects}".strip()
