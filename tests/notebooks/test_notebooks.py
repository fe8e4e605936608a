"""The notebooks: valid, committed without outputs, and run to their end from a folder of their own."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def code(notebook: Any) -> list[str]:
    """The sources of the cells of code."""
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_the_two_that_the_documentation_names() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["own_estimator", "why_baselines"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_valid_and_holds_no_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
    for source in code(notebook):
        ast.parse(source)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_a_notebook_imports_exists(path: Path) -> None:
    imports = [
        ast.unparse(node)
        for source in code(nbformat.read(path, as_version=4))
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.Import, ast.ImportFrom)) and "matplotlib" not in ast.unparse(node)
    ]
    assert any("from benchmarks import" in line for line in imports)
    exec("\n".join(imports), {})


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_to_its_end(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a kernel of its own, whose workers are new processes: classes of the notebook are trained there."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "stream" and output.name == "stderr"]
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 1
    assert sum("finding" in output.get("data", {}).get("text/plain", "") for output in outputs) == 1
    assert list((tmp_path / "results" / path.stem / "cells").glob("*.parquet"))
