"""Curves of others: merged by time, counted in steps, read exactly; what does not fit is named with its line."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks.imports.sources import read_csv, read_evaluations, read_monitor
from benchmarks.store.cells import SCHEMA
from envs.validation import UsageError
from tests.benchmarks.imports.sb3_logs import CSV

# two environments; the second starts 5 s later. In order of the clock:
#   ended at    12  16  18  19
#   return       1   2   4   8
#   length       2   1   3   4   and so steps 2, 3, 6, 10
FIRST = '#{"t_start": 10.0, "env_id": "Toy-v0"}\nr,l,t\n1,2,2\n4,3,8\n'
SECOND = '#{"t_start": 15.0, "env_id": "Toy-v0"}\nr,l,t\n2,1,1\n8,4,4\n'


def run(folder: Path, *files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for i, text in enumerate(files):
        (folder / f"{i}.monitor.csv").write_text(text)
    return folder


def csv(folder: Path, text: str) -> Path:
    path = folder / "curves.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("checkpoints", "steps", "returns", "seconds"),
    [
        (1, [10], [15 / 4], [9]),
        (2, [5, 10], [(1 + 2) / 2, (4 + 8) / 2], [6, 9]),
        (5, [2, 4, 6, 8, 10], [1, 2, 4, 4, 8], [2, 6, 8, 8, 9]),  # none ended in (6, 8]: the one at 6
        (10, [*range(1, 11)], [1, 1, 2, 2, 2, 4, 4, 4, 4, 8], [2, 2, 6, 6, 6, 8, 8, 8, 8, 9]),  # none in (0, 1]
    ],
)
def test_monitor_files_merge_by_the_clock(
    checkpoints: int, steps: list[int], returns: list[float], seconds: list[float], tmp_path: Path
) -> None:
    for files in ((FIRST, SECOND), (SECOND, FIRST)):
        frame = read_monitor(run(tmp_path / "run", *files), checkpoints)
        assert frame.env_steps.tolist() == steps
        assert frame.eval_return.tolist() == returns
        assert frame.wall_s.tolist() == seconds
        assert frame.checkpoint.tolist() == [*range(checkpoints)]
        assert frame.fraction.tolist() == [(k + 1) / checkpoints for k in range(checkpoints)]


def test_an_empty_interval_takes_the_last_episode_and_not_the_last_mean(tmp_path: Path) -> None:
    one = run(tmp_path, '#{"t_start": 1}\nr,l,t\n1,1,1\n3,1,2\n9,4,3\n') / "0.monitor.csv"
    frame = read_monitor(one, 3)  # intervals (0, 2], (2, 4], (4, 6]
    assert frame.eval_return.tolist() == [2, 3, 9]
    assert len(read_monitor(one)) == 20


def test_a_file_without_episodes_still_starts_the_clock(tmp_path: Path) -> None:
    folder = run(tmp_path / "run", FIRST, '#{"t_start": 4.0}\nr,l,t\n')
    (folder / "monitor.csv").write_text('#{"t_start": 10.0}\nr,l,t,goal\n7,5,9,yes\n')  # Monitor's name for a folder
    (folder / "progress.csv").write_text("not,of,monitor\n")
    frame = read_monitor(folder, 1)
    assert (frame.wall_s[0], frame.env_steps[0], frame.eval_return[0]) == (15, 10, 4)


def test_columns_are_those_of_a_cell_and_say_what_is_unknown(tmp_path: Path) -> None:
    frame = read_monitor(run(tmp_path, FIRST), 2)
    assert [*frame.columns] == [name for name in SCHEMA.names if name not in ("member", "measures")]
    assert frame[["learning_rate", "eval_return_greedy"]].isna().all(axis=None)
    assert frame.updates.tolist() == [0, 0]
    assert not frame.diverged.any()


def test_a_return_that_is_no_number_counts_as_diverged(tmp_path: Path) -> None:
    frame = read_monitor(run(tmp_path, FIRST.replace("4,3,8", "nan,3,8")), 2)
    assert frame.diverged.tolist() == [False, True]
    table = csv(tmp_path, "variant,task,seed,env_steps,score\nx,t,0,1,\nx,t,0,2,inf\nx,t,0,3,5\n")
    assert read_csv(table).diverged.tolist() == [True, True, False]


def test_evaluations_are_means_over_episodes(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "evaluations", timesteps=[2, 5, 8], results=[[1, 2], [3, 5], [0, 9]], ep_lengths=np.ones((3, 2))
    )
    for path in (tmp_path, tmp_path / "evaluations.npz"):
        frame = read_evaluations(path)
        assert frame.env_steps.tolist() == [2, 5, 8]
        assert frame.eval_return.tolist() == [1.5, 4, 4.5]
        assert frame.fraction.tolist() == [2 / 8, 5 / 8, 1]
        assert frame.checkpoint.tolist() == [0, 1, 2]
        assert frame.wall_s.isna().all()


def test_csv_rows_come_in_order_of_steps_within_a_run(tmp_path: Path) -> None:
    text = "env_steps, score, seed, task, variant, wall_s, updates, diverged, note\n"
    text += "8,3,1,t,x,.5,4,true,a\n2,1,1,t,x,,,0,b\n4,2,1,t,x,.2,,,c\n1e1,7,0,t,NA,,,,d\n"
    frame = read_csv(csv(tmp_path, text))
    assert [*frame.columns] == [name for name in SCHEMA.names if name not in ("member", "measures")]
    assert frame.variant.tolist() == ["NA", "x", "x", "x"]
    assert frame.seed.tolist() == [0, 1, 1, 1]
    assert frame.env_steps.tolist() == [10, 2, 4, 8]
    assert frame.eval_return.tolist() == [7, 1, 2, 3]
    assert frame.checkpoint.tolist() == [0, 0, 1, 2]
    assert frame.fraction.tolist() == [1, 2 / 8, 4 / 8, 1]
    assert frame.updates.tolist() == [0, 0, 0, 4]
    assert frame.diverged.tolist() == [False, False, False, True]
    assert frame.wall_s.fillna(-1).tolist() == [-1, -1, 0.2, 0.5]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "variant,task,seed,timesteps,scores\n",
            "curves.csv: no column 'env_steps' (nearest: timesteps), 'score' (nearest: scores); "
            "its columns: variant, task, seed, timesteps, scores",
        ),
        ("", "its columns: none"),
        (CSV, "curves.csv has no rows"),
        (CSV + "x,t,0,1\n", "curves.csv, line 2: 4 fields under 5 columns"),
        (CSV + 'x,t,0,1,1\n"y\nz",t,0,2,1\nx,t,0,2,high\n', "curves.csv, line 5: score must be a number, not 'high'"),
        ("\n" + CSV + "x,t,0,1\n", "curves.csv, line 3: 4 fields under 5 columns"),
        (CSV + "x,t,0,1,1\n\nx,t,0,2,high\n", "curves.csv, line 4: score must be a number, not 'high'"),
        (CSV + "x,t,.5,1,1\n", "line 2: seed must be a whole number of at least 0, not '.5'"),
        (CSV + "x,t,-1,1,1\n", "seed must be a whole number of at least 0, not '-1'"),
        (CSV + "x,t,0,inf,1\n", "env_steps must be a whole number of at least 0, not 'inf'"),
        (CSV + "x,t,0,,1\n", "env_steps must be a whole number of at least 0, not ''"),
        (CSV + "x,,0,1,1\n", "task must be a name, not ''"),
        (CSV + "x,t,0,1,1\nx,t,0,1,2\n", "curves.csv: two rows of x on t, seed 0, env_steps 1"),
        (CSV + "x,t,0,0,1\n", "curves.csv: x on t, seed 0, ends at env_steps 0: give the steps it was trained"),
        (
            CSV.replace("\n", ",wall_s\n") + "x,t,0,1,1,5\nx,t,0,3,1,9\nx,t,0,2,1,7\nx,t,0,4,1,2\n",
            "curves.csv: x on t, seed 0: wall_s falls at env_steps 4; it holds more than one run",
        ),
        (CSV.replace("\n", ",diverged\n") + "x,t,0,1,1,maybe\n", "diverged must be true or false, not 'maybe'"),
        (CSV.replace("\n", ",seed\n"), "curves.csv: two columns are called 'seed'"),
    ],
)
def test_a_csv_that_does_not_fit_is_one_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        read_csv(csv(tmp_path, text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("r,l,t\n1,2,3\n", "0.monitor.csv: its first line must be #{\"t_start\": ...}, not 'r,l,t'"),
        ('#{"env_id": "Toy"}\nr,l,t\n1,2,3\n', "its first line must be"),
        ('#{"t_start": 0}\nr,len,t\n1,2,3\n', "no column 'l' (nearest: len); its columns: r, len, t"),
        ('#{"t_start": 0}\nr,l,t\n1,2,3\n4,5\n', "0.monitor.csv, line 4: 2 fields under 3 columns"),
        ('#{"t_start": 0}\nr,l,t\n1,0,3\n', "line 3: l must be a whole number of at least 1, not '0'"),
        ('#{"t_start": 0}\nr,l,t\n1,2,3\n1,2,4\n1,2,1\n', "line 5: t falls: another run was appended"),
        ('#{"t_start": 0}\nr,l,t\n', "holds no finished episode"),
    ],
)
def test_a_monitor_file_that_does_not_fit_is_one_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        read_monitor(run(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_evaluations_that_do_not_fit_are_one_line(tmp_path: Path) -> None:
    file = tmp_path / "evaluations.npz"
    file.write_text("no archive")
    with pytest.raises(ValueError, match=r"evaluations\.npz is not what EvalCallback writes"):
        read_evaluations(file)
    for arrays, message in (
        ({"timesteps": [1]}, "results is not a file"),
        ({"timesteps": [1, 2], "results": [[1.0]]}, r"timesteps \(2,\) and results \(1, 1\) must be \[K\], \[K, ep"),
        ({"timesteps": [3, 2], "results": [[1.0], [2.0]]}, "timesteps must rise, but 2 follows 3"),
        ({"timesteps": [1], "results": [["high"]]}, "could not convert"),
    ):
        np.savez(file, **arrays)
        with pytest.raises(ValueError, match=message):
            read_evaluations(file)


def test_a_folder_without_logs_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "model.zip").touch()
    with pytest.raises(ValueError, match=r"is a folder with no \*monitor\.csv; it holds: model\.zip"):
        read_monitor(tmp_path)
    with pytest.raises(ValueError, match=r"is a folder with no \*evaluations\.npz"):
        read_evaluations(tmp_path)
    with pytest.raises(ValueError, match="does not exist"):
        read_csv(tmp_path / "nothing.csv")
    with pytest.raises(ValueError, match="checkpoints must be at least 1, not 0"):
        read_monitor(tmp_path, 0)
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"x\.csv is no text"):
        read_csv(tmp_path / "x.csv")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (CSV.replace(",", ";") + "x;t;0;1;2,5\n", r"its separator seems to be ';'; save it with commas"),
        ("\ufeff" + CSV.replace(",", "\t") + "x\tt\t0\t1\t2.5\n", r"its separator seems to be '\\t'"),
        (CSV + 'x,t,0,1,"2,5"\n', "score must be a number, not '2,5'; decimals take a point, not a comma"),
        (CSV + "x,t,0,1,2,5\n", "6 fields under 5 columns; decimals take a point"),
        (CSV + "x,t,9223372036854775808,1,2\n", "not '9223372036854775808'; the largest is 9223372036854775807"),
    ],
)
def test_a_csv_of_another_kind_is_named(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "curves.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        read_csv(path)
