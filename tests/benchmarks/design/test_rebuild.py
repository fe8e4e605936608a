"""From JSON back to tasks, variants and trainings: of every registered one, and of nothing that is not ours."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from algorithms import VARIANTS
from algorithms.policies.networks.transformer import Transformer
from benchmarks.design.identity import canonical
from benchmarks.design.rebuild import CannotRebuild, rebuild
from benchmarks.design.resolve import reason_unsupported, resolve
from benchmarks.playback.policy_files import SCALE
from envs import TASKS
from envs.delayed import delayed


def through_json(value: Any, **more: Any) -> Any:
    return rebuild(json.loads(json.dumps(canonical(value))), **more)


@pytest.mark.parametrize("name", TASKS)
def test_every_task_comes_back(name: str) -> None:
    task = TASKS[name]
    scale = {part: getattr(task, part) for part in SCALE}
    assert through_json(task, **scale) == task
    slow = delayed(task, 0.5, "waits")
    assert through_json(slow, **scale) == slow


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_and_its_training_come_back(name: str) -> None:
    variant = VARIANTS[name]
    back = through_json(variant, summary="")
    for part in ("name", "estimator", "update", "schedule", "collection", "nucleus", "fixed"):
        assert getattr(back, part) == getattr(variant, part), part
    for task in ("bandit/small", "Pendulum-v1"):
        if not reason_unsupported(TASKS[task], variant):
            training = resolve(TASKS[task], variant).training
            assert through_json(training) == training
            training = replace(training, network=Transformer(32, 1, 2))
            assert through_json(training) == training


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"class": "os.system"}, "class 'os.system' is of package 'os', which is not trusted"),
        ({"class": "builtins.dict"}, "package 'builtins'"),
        ({"class": "envsomething.Task"}, "package 'envsomething'"),
        ({"class": ["envs"]}, "no frozen dataclass"),
        ([{"deep": {"class": "subprocess.Popen", "args": ["true"]}}], "package 'subprocess'"),
        ({"class": "benchmarks.__main__.leave"}, "there is no class 'benchmarks.__main__.leave'"),
        ({"class": "envs.text.lock.Lock"}, "files call our classes by their names without the module"),
        ({"class": "Key"}, "no frozen dataclass 'Key'"),
        ({"class": "Lock(|"}, "no frozen dataclass"),
        ({"class": "ReportInput"}, "no frozen dataclass"),  # it is of benchmarks, which no policy is made of
        ({"class": "VecEnv"}, "no frozen dataclass"),
        ({"class": "State", "tensors": {}}, "no frozen dataclass"),
        ({"class": "Discrete", "n": 2, "m": 3}, "Discrete has no field 'm' (any more); it has n"),
        ({"class": "Discrete"}, "Discrete needs a field 'n'"),
        ({"class": "Bandit", "gamma": 2.0}, "Bandit: gamma must lie in [0, 1], not 2.0"),
    ],
    ids=str,
)
def test_what_is_not_ours_or_does_not_fit_is_refused(data: Any, said: str) -> None:
    with pytest.raises(CannotRebuild) as error:
        rebuild(data)
    assert said in str(error.value)


def test_a_package_is_imported_only_if_it_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "garden.py").write_text(
        "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass Rose:\n    thorns: tuple = ()\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    data = {"class": "garden.Rose", "thorns": [1, 2]}
    with pytest.raises(CannotRebuild, match="if it is your own, say so"):
        rebuild(data)
    assert "garden" not in sys.modules
    try:
        assert rebuild(data, ("garden",)).thorns == (1, 2)
    finally:
        sys.modules.pop("garden", None)
