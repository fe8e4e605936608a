"""Notes on learning rates: where variants share one that was not selected for them.

A difference between variants at one rate is a difference at that rate: another may suit another variant better. What is said
follows from the experiment's declaration (shared_rate_variant, configurations), from the rates that were selected
(settings.py) and from the rates in its cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from benchmarks.design import settings
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.reports.methods import methods_of, trained_cells
from benchmarks.statistics.wording.phrases import list_words

MAX_LISTED = 4  # tasks and variants that a note lists by name
RatesByCell = Mapping[tuple[str, str], float]


@dataclass(frozen=True)
class RateNotes:
    """What is known of the learning rates of an experiment's cells.

    shared_rate_variant  the variant at whose rate all train, if any
    configured  (task, variant) whose settings come from a source, their rate with them
    rates       (task, variant) -> the rate that it trained at, for variants that this project trains
    selected    (task, variant) whose rate `run --select-rates` selected
    """

    shared_rate_variant: str | None = None
    configured: frozenset[tuple[str, str]] = frozenset()
    rates: RatesByCell = field(default_factory=dict)
    selected: frozenset[tuple[str, str]] = frozenset()

    def note(self, tasks: Sequence[str], variants: Sequence[str]) -> str:
        """Sentences on the rates of these variants on these tasks; empty where each has its own, selected by us."""
        selected = [v for v in variants if any((t, v) in self.selected for t in tasks)]
        names = list_words([f"`{v}`" for v in selected], MAX_LISTED)
        sentences = (
            f"The learning rate of {names} was selected for this comparison, on seeds of its own." if selected else ""
        )
        return " ".join(text for text in (sentences, self._unselected_note(tasks, variants)) if text)

    def _unselected_note(self, tasks: Sequence[str], variants: Sequence[str]) -> str:
        """A sentence on rates that were selected for another variant, or for none."""
        shared = {t: unselected for t in tasks if len(unselected := self._unselected(t, variants)) > 1}
        if not shared:
            return self._single_note(tasks, variants)
        if self.shared_rate_variant:
            return f"All train at one learning rate, `{self.shared_rate_variant}`'s."
        all_compared = all(self._compared(t, variants) == unselected for t, unselected in shared.items())
        who = (
            "all"
            if all_compared
            else list_words([f"`{v}`" for v in dict.fromkeys(v for vs in shared.values() for v in vs)], MAX_LISTED)
        )
        where = "" if len(shared) == len(tasks) else f"on {list_words([*shared], MAX_LISTED)} "
        each = " a task" if len(shared) > 1 else ""
        text = f"{where}{who} train at one learning rate{each}, selected for none of them."
        return text[0].upper() + text[1:]

    def _single_note(self, tasks: Sequence[str], variants: Sequence[str]) -> str:
        """Note on single variants without a selected rate, where others have one."""
        cells = [(t, v) for t in tasks for v in self._unselected(t, variants) if len(self._compared(t, variants)) > 1]
        if not cells:
            return ""
        names = list_words([f"`{v}`" for v in dict.fromkeys(v for _, v in cells)], MAX_LISTED)
        where = list_words([*dict.fromkeys(t for t, _ in cells)], MAX_LISTED)
        return f"No learning rate was selected for {names} on {where}."

    def _compared(self, task: str, variants: Sequence[str]) -> list[str]:
        return [v for v in variants if (task, v) in self.rates and (task, v) not in self.configured]

    def _unselected(self, task: str, variants: Sequence[str]) -> list[str]:
        """Variants that share a rate that was selected for another variant, or for none."""
        compared = self._compared(task, variants)
        own = {v for by_task in settings.LEARNING_RATES.values() for v in by_task.get(task, {})}
        own |= {v for v in compared if (task, v) in self.selected}
        candidates = compared if self.shared_rate_variant else [v for v in compared if v not in own]
        return candidates if len({self.rates[task, v] for v in candidates}) == 1 else []


def build_rate_notes(
    experiment: ComparisonExperiment,
    metas: Sequence[Mapping[str, Any]],
    selected: RatesByCell = MappingProxyType({}),
) -> RateNotes:
    """From the experiment's declaration and its cells. A rate that a variant brings is its own, unless all bring it.

    selected  rates that `run --select-rates` found; they count where the cells have them
    """
    rates, fixed = {}, set()
    for meta in trained_cells(metas):
        cell = meta["cell"]
        if methods_of(meta).library or not (cell_rates := cell["members"].get("rates")):
            continue
        cell_key = cell["task"]["name"], cell["algorithm"]["name"]
        rates[cell_key] = float(cell_rates[0])
        if methods_of(meta).own_rate:
            fixed.add(cell_key)
    brought = {cell_key for cell_key in fixed if any(p not in fixed and p[0] == cell_key[0] for p in rates)}
    configured = frozenset({*experiment.configurations, *brought})
    used = frozenset(cell_key for cell_key, rate in selected.items() if rates.get(cell_key) == rate)
    return RateNotes(experiment.shared_rate_variant, configured, rates, used)
