"""Which experiments compare at one learning rate: said from their declaration and their cells, in headline and guide."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from algorithms.algorithm import Methods
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.guide_case import GuideCase
from benchmarks.experiments import EXPERIMENTS
from benchmarks.reports import rate_notes, report
from benchmarks.reports.document import Document
from benchmarks.reports.rate_notes import RateNotes
from benchmarks.reports.sections import guide
from tests.benchmarks.synthetic_results import frame, report_input, suite


def meta(task: str, variant: str, rate: float, own_rate: bool = False) -> dict[str, Any]:
    """What a cell says of its rate."""
    cell = {"task": {"name": task}, "algorithm": {"name": variant}, "training": {}, "members": {"rates": [rate]}}
    return {"cell": cell, "reading": {"methods": Methods(own_rate=own_rate)._asdict()}}


def notes(name: str, places: list[tuple[str, str, float]]) -> RateNotes:
    experiment = EXPERIMENTS[name]
    assert isinstance(experiment, ComparisonExperiment)
    return rate_notes.build_rate_notes(experiment, [meta(*place) for place in places])


CARTPOLE = "CartPole-v1"


def test_variants_at_the_rate_of_one_of_them() -> None:
    made = notes("staleness", [(CARTPOLE, "gae", 0.003), (CARTPOLE, "lag 8 + PPO clip", 0.003)])
    assert made.note([CARTPOLE], ["gae", "lag 8 + PPO clip"]) == "All train at one learning rate, `gae`'s."


def test_variants_whose_rates_were_selected_need_no_note() -> None:
    made = notes("ladder", [(CARTPOLE, "gae", 0.003), (CARTPOLE, "ppo", 0.003)])  # the same, and selected for each
    assert made.note([CARTPOLE], ["gae", "ppo"]) == ""


def test_variants_for_whom_no_rate_was_selected() -> None:
    made = notes("dialogue", [("t", "gae", 0.003), ("t", "ppo", 0.003), ("u", "gae", 0.01), ("u", "ppo", 0.01)])
    assert made.note(["t"], ["gae", "ppo"]) == "All train at one learning rate, selected for none of them."
    assert made.note(["t", "u"], ["gae", "ppo"]) == (
        "All train at one learning rate a task, selected for none of them."
    )


def test_some_tasks_and_some_variants_are_named() -> None:
    places = [(t, v, 0.003) for t in (CARTPOLE, "bandit/null-medium") for v in ("gae", "ppo")]
    made = notes("entropy_collapse", places)
    assert made.note([CARTPOLE, "bandit/null-medium"], ["gae", "ppo"]) == (
        "On bandit/null-medium all train at one learning rate, selected for none of them."
    )
    mine = notes("ladder", [(CARTPOLE, "gae", 0.003), (CARTPOLE, "mine", 0.001)])
    assert mine.note([CARTPOLE], ["gae", "mine"]) == "No learning rate was selected for `mine` on CartPole-v1."


def test_published_settings_and_rates_of_ones_own_are_no_common_rate() -> None:
    home = EXPERIMENTS["reference_scores"]
    assert isinstance(home, ComparisonExperiment)
    (task, variant), *_ = home.configurations
    assert notes("reference_scores", [(task, variant, 0.1)]).note([task], [variant]) == ""
    made = rate_notes.build_rate_notes(home, [meta("t", "a", 0.1, own_rate=True), meta("t", "b", 0.1)])
    assert (
        made.note(["t"], ["a", "b"]) == "No learning rate was selected for `b` on t." or made.note(["t"], ["a"]) == ""
    )


@pytest.mark.parametrize("shared_rate_variant", ["gae", None])
def test_the_headline_and_the_guides_line_say_it(
    shared_rate_variant: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[Document] = []
    monkeypatch.setattr(Document, "write", lambda self, out, kinds: pages.append(self))
    rates = {("transduce/reverse-medium", v): 0.003 for v in ("gae", "reinforce")}
    made = replace(report_input(frame(), tmp_path), rates=RateNotes(shared_rate_variant, frozenset(), rates))
    note = (
        "All train at one learning rate, `gae`'s."
        if shared_rate_variant
        else "all train at one learning rate, selected for none"
    )
    report.write(made)
    assert note in pages[0].verdict
    case = GuideCase("length", "short", ("transduce/reverse-medium",), ("gae", "reinforce"))
    rows = guide.table(suite(frame()), [case], made.rates)
    assert note.lower() in rows["learning rates"][0].lower()
    own = guide.table(suite(frame()), [case], RateNotes())
    assert own["learning rates"].tolist() == ["each its own."]


def test_rates_that_select_rates_found_count_where_the_cells_have_them() -> None:
    ladder = EXPERIMENTS["ladder"]
    assert isinstance(ladder, ComparisonExperiment)
    metas = [meta(CARTPOLE, "gae", 0.003), meta(CARTPOLE, "mine", 0.01)]
    made = rate_notes.build_rate_notes(ladder, metas, {(CARTPOLE, "mine"): 0.01})
    told = "The learning rate of `mine` was selected for this comparison, on seeds of its own."
    assert made.note([CARTPOLE], ["gae", "mine"]) == told
    other = rate_notes.build_rate_notes(ladder, metas, {(CARTPOLE, "mine"): 0.03})
    assert other.note([CARTPOLE], ["gae", "mine"]) == f"No learning rate was selected for `mine` on {CARTPOLE}."
