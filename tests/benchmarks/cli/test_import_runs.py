"""The command `import`: every mistake is one line and status 2, before any file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from benchmarks.cli import main as cli
from benchmarks.store.sources import read_cells
from tests.benchmarks.imports.sb3_logs import CSV, log

RUN = ["monitor", "run", "--experiment", "smoke"]
THEIRS = [*RUN, "--variant", "zoo:ppo"]
TABLE = ["csv", "curves.csv", "--experiment", "smoke"]

MISTAKES = [
    (["montor", "run", "--experiment", "smoke"], "unknown kind of import 'montor'; nearest: monitor"),
    ([*THEIRS, "--task", "CartPole-v2"], "gymnasium:module:Id; a task that is not ours needs --floor and --ceiling"),
    ([*THEIRS, "--task", "toy", "--floor", "1"], "needs --floor and --ceiling"),
    ([*THEIRS, "--task", "toy", "--floor", "-1", "--ceiling", "-2"], "--floor must be below --ceiling, not -1 and -2"),
    ([*THEIRS, "--task", "toy", "--floor", "0", "--ceiling", "inf"], "--floor must be below --ceiling, not 0 and inf"),
    (
        [*THEIRS, "--task", "toy", "--floor", "0", "--ceiling", "1", "--threshold", "nan"],
        "--threshold must be a number",
    ),
    ([*THEIRS, "--task", "CartPole-v1", "--threshold", "9"], "--threshold has no meaning for CartPole-v1"),
    ([*THEIRS, "--task", "no_module:TASK"], "'no_module:TASK' cannot be imported"),
    (
        [*RUN, "--task", "CartPole-v1", "--variant", "ppo"],
        "'ppo' would be pooled with ours; give it another name, as theirs:ppo",
    ),
    ([*RUN, "--task", "CartPole-v1"], "give both --task and --variant"),
    (
        [*THEIRS, "--task", "CartPole-v1", "--first-seed", "-1"],
        "--first-seed must be at least 0, not -1",
    ),
    ([*THEIRS, "--task", "CartPole-v1", "--checkpoints", "0"], "--checkpoints must be at least 1, not 0"),
    (
        ["evaluations", *THEIRS[1:], "--task", "toy", "--checkpoints", "5"],
        "--checkpoints has no meaning for evaluations",
    ),
    (["monitor", "run", "./run", *THEIRS[2:], "--task", "CartPole-v1"], "run is named twice, and would count as two"),
    (["monitor", "rnu", *THEIRS[2:], "--task", "CartPole-v1"], "rnu does not exist"),
    (["monitor", "--experiment", "smoke"], "no path is named"),
    (["monitor", "run", "--experiment", "smok"], "unknown experiment 'smok'; nearest: smoke"),
    (["monitor", "run", "--experiment", "learning_rates"], "learning_rates compares no learning curves"),
    (["monitor", "run", "--experiment", "gradient_quality"], "gradient_quality compares no learning curves"),
    ([*TABLE, "--first-seed", "3"], "--first-seed has no meaning for csv"),
    ([*TABLE, "--task", "ty"], "unknown imported task 'ty'; nearest: toy"),
    ([*TABLE, "--variant", "them"], "unknown imported variant 'them'; nearest: theirs"),
    ([*TABLE, "--variant", "ppo"], "'ppo' would be pooled with ours"),
    ([*TABLE, "--variant", "theirs", "--floor", "0", "--ceiling", "1"], "one scale cannot serve toy, toy2"),
    ([*TABLE, "--task", "a:B", "--variant", "z", "--floor", "0"], "'a:B' cannot be imported"),
    ([*TABLE, "--variant", "z"], "the CSV names 'a:B', whose code is loaded only if you say so: --task a:B"),
    ([*TABLE[:2], "copy.csv", *TABLE[2:], "--variant", "theirs"], "theirs on toy, seed 0, is in two of the files"),
]


@pytest.mark.parametrize(("words", "message"), MISTAKES, ids=lambda m: " ".join(m) if isinstance(m, list) else "")
def test_mistakes_are_one_line_and_write_nothing(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    log(tmp_path / "run", 1, 2)
    for name in ("curves.csv", "copy.csv"):
        (tmp_path / name).write_text(CSV + "theirs,toy,0,1,2\ntheirs,toy2,0,1,2\nppo,toy,0,1,2\nz,a:B,0,1,2\n")
    assert cli.main(["import", *words]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert len(said.strip().splitlines()) == 1
    assert not (tmp_path / "results").exists()


def test_the_command_writes_into_the_folder_of_the_experiment(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    runs = [str(log(tmp_path / name, *returns)) for name, returns in (("a", (1, 2)), ("b", (3, 5)))]
    where = ["--experiment", "smoke", "--results", str(tmp_path / "results"), "--task", "toy", "--variant", "zoo:ppo"]
    assert (
        cli.main(["import", "monitor", *runs, *where, "--floor", "-200", "--ceiling", "0", "--checkpoints", "1"]) == 0
    )
    path = Path(capsys.readouterr().out.strip())
    assert path.parent == tmp_path / "results" / "smoke" / "imported"
    frame = read_cells([path])
    expected = pd.DataFrame({"seed": [0, 1], "eval_return": [1.5, 4.0], "env_steps": [2, 2]})
    pd.testing.assert_frame_equal(frame[["seed", "eval_return", "env_steps"]], expected)
