"""Which ingredients are shown to help, and which to harm: each rung of a ladder against the one that it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from algorithms import VARIANTS
from benchmarks.design.report_blocks import with_details
from benchmarks.statistics.families import RUNGS, ComparisonKey, Ledger, compare_family
from benchmarks.statistics.tests import Comparison
from benchmarks.statistics.wording.answers import as_many_as_fit, first_that_fits
from benchmarks.statistics.wording.phrases import effect_size
from benchmarks.statistics.wording.sentences import correction_sentence, explained, too_few_seeds
from benchmarks.store.suite import Data, Suite


def rungs_among(variants: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Each of these variants whose parent is among them, with it."""
    parents = {name: VARIANTS[name].parent for name in variants if name in VARIANTS}
    return tuple((name, parent) for name, parent in parents.items() if parent in parents)


Named = Sequence[tuple[str, Comparison]]


@dataclass(frozen=True)
class Ingredients:
    """rungs  (rung, the rung that it comes from)"""

    rungs: tuple[tuple[str, str], ...]

    def sentence(self, data: Data) -> str:
        """How many rungs gain and lose and which most, in at most 40 words; below, all of them with their intervals."""
        compared = self._compared(data.suite, Ledger())
        if not compared:
            return ""
        if text := too_few_seeds(compared, data.suite):
            return text
        rows = [(b, c) for (b, _, _), c in compared.items() if c.shown]
        gains, losses = ([(b, c) for b, c in rows if c.difference * sign > 0] for sign in (1, -1))
        open_ = [f"`{b}`" for (b, _, _), c in compared.items() if not c.shown]
        forms = [f"Of {len(compared)} ingredients {text}" for text in _forms(gains, losses, len(open_))]
        details = [f"`{b}` {'gains' if c.difference > 0 else 'loses'} {effect_size(c)} against `{a}`."
                   for (b, a, _), c in compared.items() if c.shown]  # fmt: skip
        answer = first_that_fits(
            forms if len(compared) > 1 else details or [f"{open_[0]} is not shown to change the score."]
        )
        rest = [as_many_as_fit("Not shown to differ from the rung that they come from:", open_)] if open_ else []
        return with_details(answer, explained(answer, [*details, *rest, correction_sentence(compared, data.suite)]))

    def decide(self, suite: Suite, ledger: Ledger) -> None:
        """Enter the family of rungs, so that the sentence agrees with the tables."""
        self._compared(suite, ledger)

    def _compared(self, suite: Suite, ledger: Ledger) -> dict[ComparisonKey, Comparison]:
        return compare_family(suite, [(b, a, None) for b, a in self.rungs], ledger, RUNGS)


def _forms(gains: Named, losses: Named, open_: int) -> list[str]:
    """From the most detailed form to the shortest."""
    forms = []
    for named in (True, False):
        parts = [_counted(group, verb, named) for group, verb in ((gains, "gain"), (losses, "lose")) if group]
        parts += [f"{open_} {'is' if open_ == 1 else 'are'} not shown to change the score"] if open_ and parts else []
        forms.append("; ".join(parts) + "." if parts else "none is shown to change the score.")
    return forms


def _counted(group: Named, verb: str, named: bool) -> str:
    """5 are shown to gain, most `baseline_mean` (0.16)"""
    head = f"{len(group)} {'is' if len(group) == 1 else 'are'} shown to {verb}"
    most, comparison = max(group, key=lambda item: abs(item[1].difference))
    return f"{head}, most `{most}` ({abs(comparison.difference):.2f})" if named else head
