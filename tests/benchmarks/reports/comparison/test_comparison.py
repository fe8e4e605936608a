"""Two folders of results: what is shown, what is refused, and the exit status of a gate."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats as sps

from benchmarks.cli import main as cli
from benchmarks.reports.comparison import comparison, gate, result_folders
from benchmarks.reports.comparison.result_folders import ResultFolder
from benchmarks.store import pooling
from benchmarks.store.cells import save_rows
from benchmarks.store.sources import read_cells, read_meta
from tests.benchmarks.synthetic_results import write_cell

SEEDS = tuple(range(10))


def curve(end: np.ndarray) -> np.ndarray:
    """Three checkpoints that rise to `end` [seeds]."""
    return np.linspace(0, 1, 3)[:, None] * end


def folders(tmp_path: Path, moved: float = 0.0, seeds: tuple[int, ...] = SEEDS) -> tuple[Path, Path]:
    """Two variants on two tasks; in b the variant `gae` is `moved` on task u."""
    rng = np.random.default_rng(0)
    a, b = tmp_path / "a", tmp_path / "b"
    for task in ("t", "u"):
        for variant in ("gae", "ppo"):
            end = rng.uniform(0.4, 0.6, 20)
            write_cell(a, task, variant, SEEDS, curve(end[list(SEEDS)]))
            shift = moved if (task, variant) == ("u", "gae") else 0.0
            write_cell(b, task, variant, seeds, curve(end[list(seeds)] + shift + rng.normal(0, 0.005, len(seeds))))
    return a, b


def test_a_loss_is_a_regression_and_its_place_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = folders(tmp_path, moved=-0.2)
    result = comparison.compare(result_folders.load(a), result_folders.load(b), 0.05)
    rows = result.by_variant.set_index("variant")
    assert rows.loc["gae", "difference"] == pytest.approx(-0.1, abs=0.01)
    assert rows["finding"].to_dict() == {"gae": "worse", "ppo": "the same within the margin"}
    assert result.regressions == ["`gae`", "`gae` on u"]
    assert cli.main(["compare", str(a), str(b), "--out", str(tmp_path / "out")]) == 1
    assert "worse in 2 places: `gae` and `gae` on u." in capsys.readouterr().out
    assert (tmp_path / "out" / "report.html").exists()
    assert (tmp_path / "out" / "figures" / "compare.svg").exists()
    assert cli.main(["compare", str(b), str(a)]) == 0  # the other way it is a gain
    assert "better with `gae`" in capsys.readouterr().out


def test_nothing_changed_is_said_as_such(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = folders(tmp_path)
    assert cli.main(["compare", str(a), str(a), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["finding"] for row in found["by_variant"]] == ["identical", "identical"]
    result = comparison.compare(result_folders.load(a), result_folders.load(b), 0.05)
    assert set(result.by_variant["finding"]) == {"the same within the margin"}
    narrow = comparison.compare(result_folders.load(a), result_folders.load(b), 1e-6)
    assert set(narrow.by_variant["finding"]) <= {"open", "worse", "better"}


def test_other_seeds_are_no_pairs(tmp_path: Path) -> None:
    a, b = folders(tmp_path, seeds=tuple(range(5, 17)))
    assert set(comparison.compare(result_folders.load(a), result_folders.load(b), 0.05).by_variant["test"]) == {"Welch"}
    paired = comparison.compare(result_folders.load(a), result_folders.load(a), 0.05).by_variant
    assert set(paired["test"]) == {"sign-flip"}


def test_a_gate_corrects_for_all_it_looks_at(tmp_path: Path) -> None:
    """Seven seeds, gae down by .2 on t and up by .2 on u: p 2/128 alone, times four rows .0625: no regression."""
    a, b = tmp_path / "a", tmp_path / "b"
    rng, seeds = np.random.default_rng(0), tuple(range(7))
    for task, shift in (("t", -0.2), ("u", 0.2)):
        for variant in ("gae", "ppo"):
            end = rng.uniform(0.4, 0.6, 7)
            moved = end + (shift if variant == "gae" else 0.0) + rng.normal(0, 0.005, 7)
            write_cell(a, task, variant, seeds, curve(end))
            write_cell(b, task, variant, seeds, curve(moved))
    result = comparison.compare(result_folders.load(a), result_folders.load(b), 0.05)
    row = result.by_task.set_index(["variant", "task"]).loc[("gae", "t")]
    assert row["p"] == pytest.approx(2 / 128)
    assert row["p_holm"] == pytest.approx(4 * 2 / 128)
    assert result.regressions == []


def test_what_must_not_be_pooled_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = folders(tmp_path)
    assert cli.main(["compare", str(a), str(tmp_path)]) == 2
    assert "holds no cells: name a folder such as results/ladder; under it are a, b" in capsys.readouterr().err
    write_cell(b, "t", "gae", tuple(range(10, 20)), curve(np.ones(10)), env_steps=5)
    assert cli.main(["compare", str(a), str(b)]) == 2
    assert "differ in more than their seeds (env_steps: null | 5)" in capsys.readouterr().err


def test_numerics_that_differ_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.benchmarks import synthetic_results

    a, _ = folders(tmp_path)
    real = synthetic_results.meta

    def newer(*words: object, **changes: object) -> dict[str, object]:
        found = real(*words, **changes)  # type: ignore[arg-type]
        found["provenance"]["packages"] = {"torch": "2.14.0"}
        return found

    monkeypatch.setattr(synthetic_results, "meta", newer)
    write_cell(a, "t", "gae", tuple(range(10, 20)), curve(np.ones(10)))
    with pytest.raises(pooling.NotPoolable, match=r"torch 2\.13\.0 \| 2\.14\.0"):
        result_folders.load(a)


def test_what_differs_and_what_is_missing_is_told(tmp_path: Path) -> None:
    a, b = folders(tmp_path)
    write_cell(b, "v", "gae", SEEDS, curve(np.ones(10)))
    for path in (b / "cells").glob("t__ppo*"):
        path.unlink()
    write_cell(b, "t", "ppo", SEEDS, curve(np.ones(10)), env_steps=7)
    sides = result_folders.load(a), result_folders.load(b)
    assert result_folders.differences(*sides) == ["env_steps: null | 7 (1 cell: t x ppo)"]
    assert result_folders.uncompared(*sides) == ["only in B: v x gae"]


def test_a_block_within_another_is_left_out(tmp_path: Path) -> None:
    """14 seeds were asked for first (a block of 4), then 20: the four are in both, and count once."""
    ends = np.arange(20.0)
    for seeds in (range(10), range(10, 14), range(10, 20)):
        write_cell(tmp_path, "t", "gae", tuple(seeds), curve(ends[list(seeds)]))
    side = result_folders.load(tmp_path)
    assert len(side.frame) == 20 * 3
    write_cell(
        tmp_path,
        "t",
        "gae",
        tuple(range(8, 12)),
        curve(ends[8:12]),
    )
    assert len(result_folders.load(tmp_path).frame) == 20 * 3  # all of its seeds are there
    write_cell(tmp_path, "t", "gae", tuple(range(18, 25)), curve(np.ones(7)))
    with pytest.raises(pooling.NotPoolable, match="shares seeds"):
        result_folders.load(tmp_path)


def without(folder: Path, pattern: str) -> None:
    """Remove cells of a folder."""
    for path in (folder / "cells").glob(pattern):
        path.unlink()


@pytest.mark.parametrize(
    ("pattern", "said", "findings"),
    [
        ("*__ppo__*", "B has lost 1 variant of A: `ppo`", {"gae": "the same within the margin", "ppo": "lost"}),
        (
            "u__*",
            "B has lost 1 task of A: u",
            {"gae": "the same within the margin", "ppo": "the same within the margin"},
        ),
        ("u__ppo__*", "B has lost 1 cell of A: `ppo` on u", None),
    ],
)
def test_what_b_has_lost_fails_the_gate(
    pattern: str, said: str, findings: dict[str, str] | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = folders(tmp_path)
    without(b, pattern)
    assert cli.main(["compare", str(a), str(b), "--json"]) == 1
    text = capsys.readouterr()
    found = json.loads(text.out)
    assert not found["passed"]
    assert said in found["violations"]
    assert f"gate: {said}" in text.err
    if findings:
        assert {row["variant"]: row["finding"] for row in found["by_variant"]} == findings
    lost = {(row["task"], row["variant"]) for row in found["by_task"] if row["finding"] == "lost"}
    assert lost == {(t, v) for t in "tu" for v in ("gae", "ppo") if not [*(b / "cells").glob(f"{t}__{v}__*")]}
    assert all(next(iter(row)) == "finding" for name in ("by_variant", "by_task") for row in found[name])
    assert cli.main(["compare", str(b), str(a)]) == 0  # what only B has is no loss
    assert "only in B" in capsys.readouterr().out


def test_a_gate_that_has_lost_all_learners_is_not_passed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only the reference is left, of one checkpoint: nothing can be tested, and all that is gone is named."""
    a, b = folders(tmp_path)
    for side in (a, b):
        write_reference(side)
    without(b, "*__gae__*")
    without(b, "*__ppo__*")
    assert cli.main(["compare", str(a), str(b)]) == 1
    assert "B has lost 2 variants of A: `gae` and `ppo`." in capsys.readouterr().out
    without(b, "*")
    assert cli.main(["compare", str(a), str(b)]) == 2


def write_reference(folder: Path) -> None:
    """One checkpoint of a policy that does not learn."""
    write_cell(folder, "t", "random", SEEDS, np.zeros((1, 10)))


def test_a_least_number_of_seeds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = folders(tmp_path, seeds=SEEDS[:8])
    assert cli.main(["compare", str(a), str(b)]) == 0
    assert "t x gae, t x ppo, u x gae and 1 more: 10 seeds in A, 8 in B" in capsys.readouterr().out
    assert cli.main(["compare", str(a), str(b), "--min-seeds", "8"]) == 0
    assert cli.main(["compare", str(a), str(b), "--min-seeds", "9"]) == 1
    assert "fewer than 9 seeds: `gae` on t has 8 in B, `ppo` on t has 8 in B" in capsys.readouterr().err


def test_noninferiority_is_asked_of_every_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """gae loses .02 on u, .01 over both tasks, with a deviation of .005 over 10 seeds: within .05, and not within .01."""
    a, b = folders(tmp_path, moved=-0.02)
    result = comparison.compare(result_folders.load(a), result_folders.load(b), 0.05, noninferior=0.05)
    assert not [v for v in result.violations if "not shown" in v]
    assert result.by_variant["p_noninferior"].max() < 0.05
    assert cli.main(["compare", str(a), str(b), "--noninferior", "0.01"]) == 1
    said = capsys.readouterr().err
    assert "not shown to be worse by less than 0.01: `gae` (p" in said
    assert "`gae` on u (p 1)" in said
    assert "`ppo`" not in said
    assert cli.main(["compare", str(a), str(a), "--noninferior", "0.01"]) == 0  # the same runs


def test_more_diverged_members_fail_the_gate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0 of 10 against 7 of 10: Fisher's one-sided p is .0015. 2 of 10: .24, which is listed and no more."""
    a, b = folders(tmp_path)
    place = next((b / "cells").glob("t__gae__*"))
    whole = read_cells([place])
    meta = read_meta(place)
    for lost, status in ((2, 0), (7, 1)):
        frame = whole.assign(diverged=whole["seed"] < lost)
        save_rows(place, [{**row, "measures": []} for row in frame.to_dict("records")], meta)
        both = result_folders.load(a), result_folders.load(b)
        p = gate.diverged_more_p(*both)["t", "gae"]
        table = [[lost, 10 - lost], [0, 10]]
        assert p == pytest.approx(sps.fisher_exact(table, alternative="greater").pvalue)
        found = [v for v in gate.violations(*both, *judged(*both), gate.Rules()) if "diverge" in v]
        assert len(found) == status
    assert found == ["more members diverge in B: `gae` on t (7 of 10; in A 0 of 10)"]
    assert cli.main(["compare", str(a), str(b)]) == 1
    assert "7 members diverged in B" in capsys.readouterr().out


def judged(a: ResultFolder, b: ResultFolder) -> tuple[pd.DataFrame, pd.DataFrame]:
    result = comparison.compare(a, b, 0.05)
    return result.by_variant, result.by_task
