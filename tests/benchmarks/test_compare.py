"""Two folders of results: what is shown, what is refused, and the exit status of a gate."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import cli, compare, pooling
from tests.benchmarks.made import write_cell

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
    result = compare.compare(compare.load(a), compare.load(b), 0.05)
    rows = result.by_variant.set_index("variant")
    assert rows.loc["gae", "difference"] == pytest.approx(-0.1, abs=0.01)
    assert rows["finding"].to_dict() == {"gae": "worse", "ppo": "the same within the margin"}
    assert result.regressions == ["`gae`", "`gae` on u"]
    assert cli.main(["compare", str(a), str(b), "--out", str(tmp_path / "out")]) == 1
    assert "worse in 2 places: `gae`, `gae` on u" in capsys.readouterr().out
    assert (tmp_path / "out" / "report.html").exists()
    assert (tmp_path / "out" / "figures" / "compare.svg").exists()
    assert cli.main(["compare", str(b), str(a)]) == 0  # the other way it is a gain
    assert "better with `gae`" in capsys.readouterr().out


def test_nothing_changed_is_said_as_such(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = folders(tmp_path)
    assert cli.main(["compare", str(a), str(a), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["finding"] for row in found["by_variant"]] == ["identical", "identical"]
    result = compare.compare(compare.load(a), compare.load(b), 0.05)
    assert set(result.by_variant["finding"]) == {"the same within the margin"}
    narrow = compare.compare(compare.load(a), compare.load(b), 1e-6)
    assert set(narrow.by_variant["finding"]) <= {"open", "worse", "better"}


def test_other_seeds_are_no_pairs(tmp_path: Path) -> None:
    a, b = folders(tmp_path, seeds=tuple(range(5, 17)))
    assert set(compare.compare(compare.load(a), compare.load(b), 0.05).by_variant["test"]) == {"Welch"}
    paired = compare.compare(compare.load(a), compare.load(a), 0.05).by_variant
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
    result = compare.compare(compare.load(a), compare.load(b), 0.05)
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
    from tests.benchmarks import made

    a, _ = folders(tmp_path)
    real = made.meta

    def newer(*words: object, **changes: object) -> dict[str, object]:
        found = real(*words, **changes)  # type: ignore[arg-type]
        found["provenance"]["packages"] = {"torch": "2.14.0"}
        return found

    monkeypatch.setattr(made, "meta", newer)
    write_cell(a, "t", "gae", tuple(range(10, 20)), curve(np.ones(10)))
    with pytest.raises(pooling.NotPoolable, match=r"torch 2\.13\.0 \| 2\.14\.0"):
        compare.load(a)


def test_what_differs_and_what_is_missing_is_told(tmp_path: Path) -> None:
    a, b = folders(tmp_path)
    write_cell(b, "v", "gae", SEEDS, curve(np.ones(10)))
    for path in (b / "cells").glob("t__ppo*"):
        path.unlink()
    write_cell(b, "t", "ppo", SEEDS, curve(np.ones(10)), env_steps=7)
    sides = compare.load(a), compare.load(b)
    assert compare.differences(*sides) == ["env_steps: null | 7 (1 cells: t x ppo)"]
    assert compare.left_out(*sides) == ["only in B: v x gae"]


def test_a_block_within_another_is_left_out(tmp_path: Path) -> None:
    """14 seeds were asked for first (a block of 4), then 20: the four are in both, and count once."""
    ends = np.arange(20.0)
    for seeds in (range(10), range(10, 14), range(10, 20)):
        write_cell(tmp_path, "t", "gae", tuple(seeds), curve(ends[list(seeds)]))
    side = compare.load(tmp_path)
    assert len(side.frame) == 20 * 3
    write_cell(
        tmp_path,
        "t",
        "gae",
        tuple(range(8, 12)),
        curve(ends[8:12]),
    )
    assert len(compare.load(tmp_path).frame) == 20 * 3  # all of its seeds are there
    write_cell(tmp_path, "t", "gae", tuple(range(18, 25)), curve(np.ones(7)))
    with pytest.raises(pooling.NotPoolable, match="shares seeds"):
        compare.load(tmp_path)
