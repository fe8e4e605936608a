"""TRL in the Python that an environment variable names: it is no part of this package's environment."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.speed import trl_trainer
from benchmarks.speed.trl_trainer import PACKAGES, VARIABLE


def missing() -> str:
    """Why there is no comparison with TRL, and how to have one; empty where there can be one."""
    python = os.environ.get(VARIABLE)
    advice = f"pip install {PACKAGES} into an environment of its own, and let {VARIABLE} be the path of its python"
    if python is None:
        return f"{VARIABLE} is not set: {advice}"
    tried = subprocess.run([python, "-c", "import trl, peft"], capture_output=True) if Path(python).is_file() else None
    return "" if tried is not None and tried.returncode == 0 else f"{python} has no TRL: {advice}"


def run_trl(jobs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The answers to jobs of `trl_trainer`, done one after another in one process on one thread."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "jobs.json"
        file.write_text(json.dumps(jobs))
        one_thread = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        environment = {name: x for name, x in os.environ.items() if name != "PYTHONPATH"} | one_thread
        done = subprocess.run(
            [os.environ[VARIABLE], str(trl_trainer.__file__), str(file)],
            capture_output=True,
            text=True,
            env=environment,
            cwd=folder,
        )
    if done.returncode:
        raise RuntimeError(f"TRL failed:\n{done.stderr[-4000:]}")
    answers: list[dict[str, Any]] = json.loads(done.stdout.strip().splitlines()[-1])
    return answers
