"""The command line. The table of commands is here, so that `--help` imports nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

from benchmarks.validation.program import program

# command -> the module that holds it, and its class; a module is imported when its command is given, for most of them import
# torch
COMMANDS = {
    "list": ("benchmarks.cli.list", "List"),
    "train": ("benchmarks.cli.train", "Train"),
    "run": ("benchmarks.cli.run", "Run"),
    "report": ("benchmarks.cli.report", "Report"),
    "compare": ("benchmarks.cli.compare", "Compare"),
    "import": ("benchmarks.cli.import_runs", "Import"),
    "guide": ("benchmarks.cli.guide", "Guide"),
    "speed": ("benchmarks.cli.speed", "Speed"),
    "tune": ("benchmarks.cli.tune", "Tune"),
    "play": ("benchmarks.cli.play", "Play"),
}
HELP = ("-h", "--help")


def overview() -> str:
    """All commands, each with the first line of its module's docstring; no module is imported for it."""
    lines = [f"usage: {program()} COMMAND [--help]", ""]
    for name, (module, _) in COMMANDS.items():
        source = (Path(__file__).parent / f"{module.rpartition('.')[2]}.py").read_text(encoding="utf-8")
        lines.append(f"  {name:8} {(ast.get_docstring(ast.parse(source)) or '').splitlines()[0]}")
    return "\n".join(lines)
