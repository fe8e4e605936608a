"""What failed or must be known of cells, in the words of the report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.design.report_blocks import Prose
from benchmarks.reports.sections import facts
from tests.benchmarks.synthetic_results import frame, meta, report_input


def test_notices_of_cells_are_listed_with_their_task_and_variant(tmp_path: Path) -> None:
    cell = meta("CartPole-v1", "gae", (0, 1)) | {"notices": ["it began anew"]}
    (block,) = facts.failures(replace(report_input(frame(), tmp_path), metas=(cell,))).blocks
    assert isinstance(block, Prose)
    assert "CartPole-v1 x gae: it began anew" in block.text
