"""What a suite makes of rows."""

from __future__ import annotations

from dataclasses import replace

from tests.benchmarks import synthetic_results


def test_seconds_are_summed_over_clocks() -> None:
    """Made-up runs end at 10 s: 4 seeds in blocks of 2 are two clocks, in one block one."""
    suite = synthetic_results.suite(synthetic_results.frame(seeds=4))
    assert suite.curves["CartPole-v1", "gae"].train_s == 10.0
    assert replace(suite, block=2).curves["CartPole-v1", "gae"].train_s == 20.0
