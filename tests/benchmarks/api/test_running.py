"""`run` and `load`: what is trained, what is read again, and what is refused before any work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import benchmarks
from algorithms import VARIANTS
from benchmarks import compare, load, run
from benchmarks.store.sources import read_meta
from benchmarks.validation.usage import WorkFailed
from envs import TASKS
from envs.validation import UsageError

ROOT = Path(__file__).resolve().parents[3]
BANDIT = "bandit/small"


def test_names_and_objects_train_once_and_are_read_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = replace(VARIANTS["gae"], name="mine")
    first = run([TASKS[BANDIT]], ["reward_to_go", mine], seeds=2, env_steps=5e2, results=tmp_path, jobs=1)
    assert (first.tasks, first.variants) == ([BANDIT], ["reward_to_go", "mine"])
    assert "2 cells" in capsys.readouterr().err
    again = run(BANDIT, "reward_to_go, gae", seeds=2, env_steps=500, results=tmp_path, jobs=1)
    assert "1 cell to run (1 done before)" in capsys.readouterr().err  # reward_to_go is there
    assert again.variants == ["reward_to_go", "gae"]
    ours = [frame[frame["variant"] == "reward_to_go"] for frame in (first.curves, again.curves)]
    pd.testing.assert_frame_equal(*ours)
    assert load(tmp_path / "notebook").variants == ["gae", "mine", "reward_to_go"]


def test_progress_may_be_silent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(BANDIT, "random", seeds=1, results=tmp_path, progress=False)
    assert capsys.readouterr() == ("", "")


def test_values_of_a_field_are_variants(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = run(
        BANDIT,
        "gae,reinforce",
        sets={"estimator.credit.lam": [0.9, 1]},
        seeds=1,
        env_steps=200,
        results=tmp_path,
        jobs=1,
    )
    assert result.variants == ["gae lam=0.9", "gae lam=1", "reinforce"]
    lams = {read_meta(path)["cell"]["algorithm"]["name"]: read_meta(path)["cell"]["algorithm"] for path in result.paths}
    assert [lams[f"gae lam={lam}"]["estimator"]["credit"]["lam"] for lam in ("0.9", "1")] == [0.9, 1.0]
    assert "--" not in capsys.readouterr().err


def test_a_rate_is_selected_for_a_variant_without_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = replace(VARIANTS["gae"], name="mine")
    small = {"seeds": 1, "env_steps": 200, "results": tmp_path, "jobs": 1}
    task = "bandit/medium"  # on which rates of ours were selected
    run(task, [mine, "gae"], **small)  # type: ignore[arg-type]
    assert "To select it:\n  run(..., select_rates=True)" in capsys.readouterr().err
    result = run(task, [mine, "gae"], select_rates=True, **small)  # type: ignore[arg-type]
    assert "selected for bandit/medium x mine: learning rate " in capsys.readouterr().err
    chosen = json.loads((tmp_path / "notebook/rates.json").read_text())[task]["mine"]
    rates = {read_meta(p)["cell"]["algorithm"]["name"]: read_meta(p)["cell"]["members"]["rates"] for p in result.paths}
    assert rates["mine"] == [chosen]


def test_seeds_are_added_until_all_is_decided(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The uniform policy against one that learns; one look of ten seeds is the cap."""
    result = run(
        BANDIT, "reinforce,gae", adaptive=True, baseline="gae", max_seeds=10, margin=0.5, env_steps=300, results=tmp_path,
        jobs=1,
    )  # fmt: skip
    assert "look 1 of 1, 10 seeds: " in capsys.readouterr().err
    assert result.suite.seeds == 10
    decided = json.loads((tmp_path / "notebook/adaptive.json").read_text())
    assert decided["baseline"] == "gae"
    (row,) = compare(result, "gae").to_dict("records")
    assert row["p_holm"] == max(
        decided["decisions"][0]["p_corrected"], decided["alpha"]
    )  # that of the look, not a new one


def test_released_results_are_read() -> None:
    result = load(ROOT / "results" / "reference" / "reward_shift")
    assert len(result.variants) > 3
    assert result.suite.seeds >= 10


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("bandit/smal", "gae", {}), "unknown task 'bandit/smal'; nearest: bandit/small"),
        ((BANDIT, "gea", {}), "unknown variant 'gea'; nearest: gae"),
        ((BANDIT, "gae", {"seeds": 0}), "seeds must be at least 1, not 0"),
        ((BANDIT, "gae", {"env_steps": 1.5}), "env_steps takes a whole number"),
        ((BANDIT, "gae", {"jobs": 0}), "jobs must be at least 1"),
        ((BANDIT, "gae", {"name": "a/b"}), "name becomes the name of a folder: 'a-b', say, not 'a/b'"),
        ((BANDIT, "gae", {"ceiling": 2.0}), "^ceiling has no meaning for bandit/small"),
        (("CartPole-v1", "exact_pg", {}), "oracle"),
        ((BANDIT, [], {}), "variants names nothing"),
        ((BANDIT, ["gae", "gae"], {}), "two variants are called 'gae'"),
        ((BANDIT, "gae", {"tuned": True}), "holds no configuration of gae on bandit/small"),
        ((BANDIT, "gae", {"tuned": True, "select_rates": True}), "^select_rates has no meaning with tuned"),
        ((BANDIT, "gae", {"sets": {"estimator.credit.lamb": 1}}), "unknown field of LambdaReturn in sets"),
        ((BANDIT, "gae,ppo", {"adaptive": True, "margin": 0.0}), "^margin must be greater than 0"),
        ((BANDIT, "gae,ppo", {"adaptive": True, "max_seeds": 15}), "^max_seeds must be a multiple of 10"),
        ((BANDIT, "gae,ppo", {"baseline": "gae"}), "^baseline is that of adaptive=True"),
    ],
)
def test_mistakes_are_named_before_any_work(
    arguments: tuple[str, str, dict[str, float]], said: str, tmp_path: Path
) -> None:
    task, variant, more = arguments
    with pytest.raises(UsageError, match=said):
        run(task, variant, results=tmp_path / "results", **more)  # type: ignore[arg-type]
    assert not (tmp_path / "results").exists()


def test_a_folder_without_results_names_those_under_it(tmp_path: Path) -> None:
    run(BANDIT, "random", seeds=1, results=tmp_path, name="first", progress=False)
    with pytest.raises(UsageError, match=r"holds no results.*under it are first"):
        load(tmp_path)


def test_a_cell_that_fails_is_named_and_the_others_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def __reduce__(self) -> str:
            raise TypeError("this cannot be sent")

    variant = replace(VARIANTS["gae"], name="broken")
    object.__setattr__(variant, "summary", Broken())
    with pytest.raises(WorkFailed, match="bandit/small x broken: TypeError: this cannot be sent"):
        run(BANDIT, ["random", variant], seeds=1, results=tmp_path, progress=False)
    assert load(tmp_path / "notebook").variants == ["random"]


def test_the_package_imports_nothing_until_a_name_is_used() -> None:
    code = "import sys, benchmarks; print(*{m.split('.')[0] for m in sys.modules}); benchmarks.run"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"torch", "pandas", "numpy", "matplotlib", "envs", "algorithms"} & {*done.stdout.split()}
    assert {"run", "load", "compare", "Result"} <= {*dir(benchmarks)}
    with pytest.raises(AttributeError, match="no attribute 'rnu'"):
        _ = benchmarks.rnu


SCRIPT = """
from dataclasses import dataclass, replace

import torch

from algorithms.estimators.baseline import Zero
from algorithms.variants import reward_to_go
from benchmarks import run

LEVEL = 0.25


@dataclass(frozen=True)
class Level(Zero):
    def __call__(self, q, rollout, values, state):
        return torch.full_like(q, LEVEL), state


mine = reward_to_go.VARIANT.rung("level", "minus a constant", baseline=Level())
result = run("bandit/small", mine, seeds=1, env_steps=200, jobs=1)
print("first line of the result:", len(result.scores))
"""


@pytest.mark.slow
def test_a_script_without_a_guard_trains_its_own_classes(tmp_path: Path) -> None:
    """Workers are new processes here. An edit of what a class names trains it again; another edit does not."""
    script, environment = tmp_path / "mine.py", {**os.environ, "PYTHONPATH": str(ROOT)}

    def printed(text: str) -> tuple[str, str]:
        script.write_text(text)
        command = [sys.executable, str(script)]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout, done.stderr

    out, said = printed(SCRIPT)
    assert out == "first line of the result: 1\n"  # once: workers do not run the script
    assert "1 cell to run" in said
    assert "0 cells to run" in printed(SCRIPT.replace("first line", "another line"))[1]
    assert "1 cell to run" in printed(SCRIPT.replace("0.25", "0.75"))[1]
