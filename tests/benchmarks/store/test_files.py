"""What is set aside, and who writes files."""

from __future__ import annotations

import ast
from pathlib import Path

from benchmarks.store.files import set_aside

ROOT = Path(__file__).resolve().parents[3]


def test_what_is_set_aside_twice_is_kept_twice(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    for content in ("one", "two"):
        path.write_text(content)
        set_aside(path)
    assert [(tmp_path / f"x.parquet.damaged-{i}").read_text() for i in (0, 1)] == ["one", "two"]
    set_aside(path)  # another run has done it already


def test_everything_is_written_by_one_function() -> None:
    """No other module writes to a file's own place: the target is called `part`."""
    writers = ("write_text", "write_bytes", "savefig", "write_table", "save_file")
    # in a temporary folder, whose reader waits until the writer has ended
    exchanged = ("trl_process.py", "trl_trainer.py")
    direct = []
    for path in sorted(p for top in ("envs", "algorithms", "benchmarks") for p in (ROOT / top).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())) if path.name not in exchanged else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in writers:
                text = ast.unparse(node)
                if "part" not in text:
                    direct.append((path.name, text))
    assert direct == []
