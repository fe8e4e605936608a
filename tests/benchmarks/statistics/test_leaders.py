"""Who leads where means are equal, and the shares of the error where some runs were imported."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.statistics.best import Leaders, joint_family, leaders
from benchmarks.statistics.sign_flips import joint
from benchmarks.store.suite import Suite
from envs.api import Scale
from tests.benchmarks.synthetic_results import run_rows


def test_of_equal_means_the_one_with_fewer_lost_runs_leads() -> None:
    """A lost run counts as the floor: 1 and a lost one have the mean of 1 and 0."""
    scores = {"a": [1.0, float("nan")], "b": [1.0, 0.0]}
    rows = [row for v, of in scores.items() for s, x in enumerate(of) for row in run_rows("t", v, s, [0.0, x])]
    found = leaders(Suite(pd.DataFrame(rows), {"t": Scale(0.0, 1.0, 1.0)}, ["a", "b"]), ["a", "b"], ["t"])
    assert found is not None
    assert found.best == "b"


def test_paired_comparisons_have_their_share_of_the_level() -> None:
    """One of two comparisons is paired, so it is tested at .025: the flips may be half as many."""
    d = np.arange(1.0, 11.0)[:, None] - 3
    assert joint_family(d, 2).test.critical == joint(d, 0.025).critical > joint(d, 0.05).critical
    assert joint_family(d, 1).test.critical == pytest.approx(joint(d, 0.05).critical)


def test_what_a_leader_could_show_is_the_largest_over_its_rivals() -> None:
    """c is separated, so its .9 does not count."""
    table = pd.DataFrame({"variant": ["b", "c", "d"], "detectable": [0.1, 0.9, 0.3]})
    assert Leaders("a", ["b", "d"], table, {}, True).detectable == 0.3
