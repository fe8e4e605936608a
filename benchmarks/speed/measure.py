"""All rows of `speed`: ours and others, alternating in one call, medians of several runs."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from algorithms import VARIANTS
from algorithms.asynchronous.learner import train_asynchronously
from algorithms.estimators.optimisers import RMSprop
from algorithms.policies.networks.mlp import MLP
from algorithms.training.evaluation import Evaluation
from algorithms.training.records import Members
from algorithms.training.run import Run, train
from algorithms.training_config import TrainingConfig, Unroll
from benchmarks.design.resolve import resolve
from benchmarks.execution.engines.pool import available_processors
from benchmarks.experiments.async_throughput import COMPUTED, SYNCHRONOUS, TWO
from benchmarks.experiments.async_throughput import VARIANTS as BY_PROCESSES
from benchmarks.speed import jax_a2c, language, trl_process
from benchmarks.speed.cells import CELLS, SEEDS, SHARES, SpeedCell
from benchmarks.speed.libraries import jax_a2c_seconds, sb3_a2c
from benchmarks.speed.processes import cpu_seconds, worker_memory
from benchmarks.speed.stepping import measure_tokens_per_s, text_tasks, what_stepped
from envs import TASKS
from envs.text_mdp import TextMDP

TASK = "CartPole-v1"
JAX_STEPS = 250_000  # a seed, where we are compared with JAX


@dataclass(frozen=True)
class SpeedComparison:
    """Ours against another library: each callable runs once and returns environment steps per second."""

    what: str
    ours: Callable[[], float]
    theirs: Callable[[], float]
    name: str


def _ours(training: TrainingConfig, steps: int) -> Callable[[], float]:
    """Training speed of 10 seeds of a2c, all seeds together, evaluation not counted."""

    def once() -> float:
        members = Members(tuple(range(SEEDS)), (training.learning_rate,) * SEEDS)
        run = Run(TASKS[TASK], VARIANTS["a2c"], training, members, steps, Evaluation(1, 1))
        start = time.perf_counter()
        while run.playing.any():
            for _ in run.segment():
                pass
        return float(run.env_steps.sum() / (time.perf_counter() - start))

    return once


def comparisons() -> list[SpeedComparison]:
    """What is measured."""
    like_sb3 = TrainingConfig(
        network=MLP((64, 64)),
        optimiser=RMSprop(),
        learning_rate=7e-4,
        max_grad_norm=0.5,
        discount=0.99,
        collection=Unroll(steps=5, envs=8),
        segment=2_000,
    )
    default = resolve(TASKS[TASK], VARIANTS["a2c"]).training
    name = "stable-baselines3 A2C (8 environments x 5 steps)"
    shape = default.collection
    assert isinstance(shape, Unroll)
    return [
        SpeedComparison(
            "10 seeds of a2c, CartPole-v1, 8 environments x 5 steps",
            _ours(like_sb3, 20_000),
            partial(sb3_a2c, TASK, 20_000),
            name,
        ),
        SpeedComparison(
            f"10 seeds of a2c, CartPole-v1, our default {shape.envs} environments x {shape.steps} steps",
            _ours(default, 60_000),
            partial(sb3_a2c, TASK, 20_000),
            name,
        ),
    ]


def actors_comparison(steps: int = 1_000) -> SpeedComparison:
    """Actors and a learner against one process that does both, where a step of the environment computes for 1 ms."""
    return SpeedComparison(
        f"{TWO} and a learner, {COMPUTED.name} a step, on {available_processors()} processors",
        _trained(TWO, steps),
        _trained(SYNCHRONOUS, steps),
        "one process that plays and learns in turn",
    )


def _trained(name: str, steps: int) -> Callable[[], float]:
    """Training speed of one seed of a configuration of `async_throughput`, as its clock reads."""

    def once() -> float:
        (variant,) = (v for v in BY_PROCESSES if v.name == name)
        training = resolve(COMPUTED, variant).training
        run = Run(COMPUTED, variant, training, Members((0,), (training.learning_rate,)), steps, Evaluation(1, 1))
        for _ in train(run) if variant.schedule.processes is None else train_asynchronously(run):
            pass
        return float(run.env_steps.sum() / run.wall_s)

    return once


def use_one_core() -> None:
    """Keep this process and the threads it will start (EnvPool has one) on one core, where the system allows it."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def compare(pair: SpeedComparison, repeats: int) -> dict[str, Any]:
    """The two sides alternate, and the ratio is the median of the ratios of neighbours, so drift of the machine cancels."""
    pair.ours()  # the first run of each also imports and warms up
    pair.theirs()
    pairs = [(pair.ours(), pair.theirs()) for _ in range(repeats)]
    return {
        "what": pair.what,
        "ours": round(statistics.median(a for a, _ in pairs)),
        "peer": round(statistics.median(b for _, b in pairs)),
        "peer_name": pair.name,
        "ratio": round(statistics.median(a / b for a, b in pairs), 2),
    }


def measure(repeats: int) -> list[dict[str, Any]]:
    """Rows {what, ours, peer, peer_name, ratio} in environment steps per second, then {what, ours, unit}.

    The comparison of actors comes first and has all cores; the others have one. JAX, TRL and SmolLM2
    are left out where they are missing.
    """
    torch.set_num_threads(1)
    # on all processors, hence first: a process cannot return from one core to all
    rows = [compare(actors_comparison(), repeats)]
    use_one_core()
    rows += [compare(pair, repeats) for pair in comparisons()]
    rows += against_jax(repeats)
    rows += language.against_separate(repeats)
    rows += [] if trl_process.missing() else language.against_trl(repeats)
    rows += medians([(cell.what, rate_unit(cell), cell.rate) for cell in CELLS], repeats)
    rows += medians([(what_share(cell), "%", cell.share_of_evaluation) for cell in SHARES], repeats)
    rows += paid_before_training(repeats)
    stepped = [(what_stepped(name), "tokens/s", partial(measure_tokens_per_s, name)) for name in text_tasks()]
    return rows + medians(stepped, repeats)


def medians(measurements: Sequence[tuple[str, str, Callable[[], float]]], repeats: int) -> list[dict[str, Any]]:
    """A row for each (what, unit, measurement). All take turns, so that a slow minute of the machine meets each of them."""
    for _, _, once in measurements:
        once()  # imports and warms up
    found = [[once() for _, _, once in measurements] for _ in range(repeats)]
    columns = zip(*found, strict=True)
    return [
        {"what": what, "ours": round(statistics.median(column)), "unit": unit}
        for (what, unit, _), column in zip(measurements, columns, strict=True)
    ]


def rate_unit(cell: SpeedCell) -> str:
    """What a cell's rate counts."""
    return "tokens/s" if isinstance(TASKS[cell.task].factory, TextMDP) else "steps/s"


def what_share(cell: SpeedCell) -> str:
    """A row on the share of evaluation."""
    return f"evaluation's and diagnostics' share of {cell.what}"


def against_jax(repeats: int) -> list[dict[str, Any]]:
    """10 seeds of a2c against A2C in JAX: training alone, and all that a cell does against training and compilation."""
    if jax_a2c.missing():
        return []
    cell = SpeedCell(TASK, "a2c", JAX_STEPS)
    alone, everything = [], []  # pairs of seconds: ours, theirs
    for _ in range(repeats):
        compilation, training = jax_a2c_seconds(SEEDS, JAX_STEPS, cell.cell.training.learning_rate)
        alone.append((cell.seconds_of_training(), training))
        everything.append((cell.seconds()[0], compilation + training))
    what = f"{SEEDS} seeds of a2c, {TASK}, {JAX_STEPS:,} steps a seed"
    return [
        _jax_row(f"{what}, training alone", alone),
        _jax_row(f"{what}, evaluation included (JAX: compilation)", everything),
    ]


def _jax_row(what: str, seconds: list[tuple[float, float]]) -> dict[str, Any]:
    ours, theirs = (SEEDS * JAX_STEPS / statistics.median(column) for column in zip(*seconds, strict=True))
    ratio = statistics.median(b / a for a, b in seconds)
    name = "A2C in JAX, compiled as in PureJaxRL"
    return {"what": what, "ours": round(ours), "peer": round(theirs), "peer_name": name, "ratio": round(ratio, 2)}


def paid_before_training(repeats: int) -> Iterator[dict[str, Any]]:
    """Processor seconds of two commands, and the memory of a worker; nothing where the system does not count them."""
    for words in (("--help",), ("list",)):
        found = [cpu_seconds(*words) for _ in range(repeats)]
        known = [seconds for seconds in found if seconds is not None]
        if known:
            what = f"python -m benchmarks {' '.join(words)}"
            yield {"what": what, "ours": round(statistics.median(known), 2), "unit": "processor seconds"}
    cell = SpeedCell(TASK, "gae", 20_000, seeds=30)
    if (memory := worker_memory(cell)) is not None:
        yield {"what": f"a worker's memory: {cell.what}", "ours": round(memory), "unit": "MiB"}


def as_text(rows: list[dict[str, Any]]) -> str:
    """A line for each row."""
    lines = []
    for r in rows:
        against = f"; {r['peer_name']}: {r['peer']:,}; ratio {r['ratio']}" if "peer" in r else ""
        lines.append(f"{r['what']}: {r['ours']:,} {r.get('unit', 'steps/s')}{against}")
    return "\n".join(lines)
