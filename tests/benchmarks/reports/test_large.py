"""A report of 12 variants x 16 tasks x 20 seeds x 40 checkpoints: it is whole, and stays below 1 GiB."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.synthetic_results import write_large

ROOT = Path(__file__).resolve().parents[3]
# the peak of the process itself: what resource.getrusage says of a child begins at the memory of the process that forked it
SAY = (
    "import sys; from pathlib import Path; from benchmarks.cli.main import main; code = main(sys.argv[1:]); "
    "print(Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0]); sys.exit(code)"
)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
@pytest.mark.timeout(900)
def test_a_large_report_is_whole_and_small(tmp_path: Path) -> None:
    write_large(tmp_path / "ladder")
    words = [sys.executable, "-c", SAY, "report", "ladder", "--results", str(tmp_path)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    kibibytes = int(done.stdout.splitlines()[-1])
    assert kibibytes < 1024**2
    text = (tmp_path / "ladder" / "report.md").read_text()
    assert text.count("\n### made/task-") == 16
    assert "`variant_11` has the highest mean normalised score over 16 tasks (0.91) and is shown to be better" in text
    assert "than all 11 others, each by at least 0.0" in text
    assert "66 of 66 differences are shown" in text
