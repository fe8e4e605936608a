"""Which learning rates a comparison stands on: its sentences say where variants share one that was not selected for them.

A difference between variants at one rate is a difference at that rate: another may suit another variant better. What is said
follows from the experiment's declaration (rates_of, configurations), from the rates that were selected (settings.py) and
from the rates in its cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.design import settings
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.reports.methods import brings_rate, by_stable_baselines3, trained
from benchmarks.statistics.wording.phrases import listed

NAMED = 4  # tasks and variants that a note lists by name
Places = Mapping[tuple[str, str], float]


@dataclass(frozen=True)
class RateNotes:
    """Of an experiment's cells.

    rates_of    the variant at whose rate all train, if any
    configured  (task, variant) whose settings come from a source, their rate with them
    rates       (task, variant) -> the rate that it trained at, for variants that this project trains
    """

    rates_of: str | None = None
    configured: frozenset[tuple[str, str]] = frozenset()
    rates: Places = field(default_factory=dict)

    def note(self, tasks: Sequence[str], variants: Sequence[str]) -> str:
        """A sentence on the rates of these variants on these tasks; empty where each has its own."""
        shared = {t: found for t in tasks if len(found := self._unselected(t, variants)) > 1}
        if not shared:
            return self._alone(tasks, variants)
        if self.rates_of:
            return f"All train at one learning rate, `{self.rates_of}`'s."
        everyone = all(self._compared(t, variants) == found for t, found in shared.items())
        who = (
            "all"
            if everyone
            else listed([f"`{v}`" for v in dict.fromkeys(v for vs in shared.values() for v in vs)], NAMED)
        )
        where = "" if len(shared) == len(tasks) else f"on {listed([*shared], NAMED)} "
        each = " a task" if len(shared) > 1 else ""
        text = f"{where}{who} train at one learning rate{each}, selected for none of them."
        return text[0].upper() + text[1:]

    def _alone(self, tasks: Sequence[str], variants: Sequence[str]) -> str:
        """Single variants without a rate of their own among others that have one."""
        found = [(t, v) for t in tasks for v in self._unselected(t, variants) if len(self._compared(t, variants)) > 1]
        if not found:
            return ""
        names = listed([f"`{v}`" for v in dict.fromkeys(v for _, v in found)], NAMED)
        return f"No learning rate was selected for {names} on {listed([*dict.fromkeys(t for t, _ in found)], NAMED)}."

    def _compared(self, task: str, variants: Sequence[str]) -> list[str]:
        return [v for v in variants if (task, v) in self.rates and (task, v) not in self.configured]

    def _unselected(self, task: str, variants: Sequence[str]) -> list[str]:
        """Who trains at a rate that was selected for another or for nobody, where they share it."""
        compared = self._compared(task, variants)
        own = {v for of in settings.LEARNING_RATES.values() for v in of.get(task, {})}
        found = compared if self.rates_of else [v for v in compared if v not in own]
        return found if len({self.rates[task, v] for v in found}) == 1 else []


def of_experiment(experiment: ComparisonExperiment, metas: Sequence[Mapping[str, Any]]) -> RateNotes:
    """From the experiment's declaration and its cells. A rate that a variant brings is its own, unless all bring it."""
    rates, fixed = {}, set()
    for meta in trained(metas):
        cell = meta["cell"]
        if by_stable_baselines3(meta) or not (found := cell["members"].get("rates")):
            continue
        place = cell["task"]["name"], cell["algorithm"]["name"]
        rates[place] = float(found[0])
        if brings_rate(meta):
            fixed.add(place)
    brought = {place for place in fixed if any(p not in fixed and p[0] == place[0] for p in rates)}
    return RateNotes(experiment.rates_of, frozenset({*experiment.configurations, *brought}), rates)
