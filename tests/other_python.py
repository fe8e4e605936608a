"""Code that runs in an environment of its own, for packages that the tests' environment does not have."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent


def run_there(variable: str, packages: str, code: str, folder: Path, *words: str, **environment: str) -> Any:
    """(the JSON of the last line of output, standard error) of code in the Python that `variable` names; skips without."""
    python = os.environ.get(variable)
    if python is None:
        pytest.skip(
            f"{variable} is not set: pip install {packages} into an environment with pg-ladder; name its python"
        )
    env = {k: v for k, v in os.environ.items() if not k.startswith(("WANDB", "TRACKIO", "PG_LADDER"))}
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    env |= {"PYTHONPATH": str(ROOT), "HOME": str(folder), **one_thread, **environment}
    done = subprocess.run(
        [python, "-c", code, *words], env=env, capture_output=True, text=True, cwd=folder, timeout=280
    )
    assert done.returncode == 0, done.stderr[-4000:]
    lines = done.stdout.strip().splitlines()
    return json.loads(lines[-1]) if lines else None, done.stderr
