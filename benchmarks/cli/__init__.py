"""The command line. The table of commands is here, so that `--help` imports nothing else."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from benchmarks.validation.program import program
from benchmarks.validation.terminal import broken, columns

# command -> the module that holds it, and its class; a module is imported when its command is given, for most of them import
# torch
COMMANDS = {
    "list": ("benchmarks.cli.list", "List"),
    "train": ("benchmarks.cli.training.train", "Train"),
    "run": ("benchmarks.cli.run", "Run"),
    "report": ("benchmarks.cli.report", "Report"),
    "pack": ("benchmarks.cli.pooling.pack", "Pack"),
    "compare": ("benchmarks.cli.compare", "Compare"),
    "import": ("benchmarks.cli.import_runs", "Import"),
    "guide": ("benchmarks.cli.guide", "Guide"),
    "speed": ("benchmarks.cli.speed", "Speed"),
    "tune": ("benchmarks.cli.tune", "Tune"),
    "play": ("benchmarks.cli.play", "Play"),
    "language": ("benchmarks.cli.language", ""),  # its stages are commands
    "examine": ("benchmarks.cli.own.examine", "Examine"),
    "judge": ("benchmarks.cli.own.judge", "Judge"),
}
STAGES = {
    "pretrain": ("benchmarks.cli.language.pretrain", "Pretrain"),
    "sft": ("benchmarks.cli.language.sft", "Sft"),
    "prefer": ("benchmarks.cli.language.prefer", "Prefer"),
    "reward": ("benchmarks.cli.language.reward", "Reward"),
    "train": ("benchmarks.cli.language.train", "Train"),
}
GROUPS = {"language": STAGES}
HELP = ("-h", "--help")


def overview(group: str = "") -> str:
    """All commands, or those of a group, each with the first line of its module's docstring; none is imported for it."""
    lines = [f"usage: {program()} {group + ' ' * bool(group)}{'STAGE' if group else 'COMMAND'} [--help]", ""]
    for name, (module, _) in (GROUPS[group] if group else COMMANDS).items():
        place = Path(__file__).parents[2].joinpath(*module.split("."))
        path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        lines.append(f"  {name:8}  {text.splitlines()[0]}")
    return "\n".join(broken(line, columns(sys.stdout)) for line in lines)
