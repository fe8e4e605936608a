"""Sentences on ways of RLHF, of suites in which the right answer is obvious."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.findings.exact_rlhf import ExactRLHF
from envs.language.frontier import Frontier, Point
from tests.benchmarks.findings.rising_runs import FINE, ROUGH, data, on_both

FINDING = ExactRLHF("rloo", ("token", "sequence"), ("sft", "dpo"))
PEAK = Frontier(0.1, (Point(0, 0, 0), Point(1.26, 1, 1), Point(9, 2, 0.5)))


def test_labels_and_kl_terms_are_held_against_the_policy_gradient() -> None:
    runs = data(on_both({"rloo": 0.9, "token": 0.4 + FINE, "sequence": 0.9 + ROUGH, "sft": 0.5 + FINE,
                         "dpo": 0.9 + ROUGH}))  # fmt: skip
    answer, details = FINDING.sentence(runs).split("\n\n")
    assert answer == (
        "Against `rloo`, `sft` loses 0.40 and `dpo` is not separated. Of 2 KL terms in the loss of `rloo`, 1 loses."
    )
    assert details.startswith("- These 4 comparisons of 10 seeds are corrected together (Holm)")
    known = replace(runs, suite=replace(runs.suite, frontiers={"text": PEAK}))
    said = FINDING.sentence(known)
    assert said.endswith("- Along the exact frontier of text gold peaks at 1.3 nats.")
    assert len(answer.split()) <= 40


def test_gains_are_told_and_what_wobbles_is_claimed_nowhere() -> None:
    better = data(on_both({"rloo": 0.5, "token": 0.9 + FINE, "sequence": 0.8 + FINE, "dpo": 0.7 + FINE}))
    assert "`dpo` gains 0.20. All 2 KL terms in the loss of `rloo` gain." in FINDING.sentence(better)
    rough = data(on_both({"rloo": 0.5, "token": 0.52 + ROUGH, "sequence": 0.48 - ROUGH}))
    assert FINDING.sentence(rough).startswith("Of 2 KL terms in the loss of `rloo`, none is shown to differ.\n")


def test_few_seeds_show_nothing() -> None:
    few = data(on_both({"rloo": 0.9, "token": 0.1, "sft": 0.2}), seeds=3)
    assert "loses" not in FINDING.sentence(few)
    assert "hree seeds" in FINDING.sentence(few)
    assert FINDING.sentence(data(on_both({"rloo": 0.9}))) == ""
