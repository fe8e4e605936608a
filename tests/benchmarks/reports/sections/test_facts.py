"""What failed or must be known of cells, in the words of the report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.design.report_blocks import Prose
from benchmarks.reports.sections import facts
from tests.benchmarks.synthetic_results import frame, meta, report_input


def test_notices_of_cells_are_listed_with_their_task_and_variant(tmp_path: Path) -> None:
    cell = meta("CartPole-v1", "gae", (0, 1)) | {"notices": ["it began anew"]}
    (block,) = facts.failures(replace(report_input(frame(), tmp_path), metas=(cell,))).blocks
    assert isinstance(block, Prose)
    assert "CartPole-v1 x gae: it began anew" in block.text


def test_cells_of_unlike_processors_are_named() -> None:
    def trained(variant: str, processor: str) -> dict[str, Any]:
        return {
            "cell": {"task": {"name": "t"}, "algorithm": {"name": variant}},
            "provenance": {"processor": processor},
        }

    alike = [trained(variant, "Xeon") for variant in "abcdefa"]
    assert facts.unlike_processors(alike) == []
    assert facts.unlike_processors([*alike, trained("a", "Epyc"), {"cell": {}}]) == [
        "Cells were trained on 2 kinds of processor, whose numbers may differ by rounding.",
        "Xeon: 7 cells (t x a, t x b, t x c, t x d, t x e and 1 more).",
        "Epyc: 1 cell (t x a).",
    ]
