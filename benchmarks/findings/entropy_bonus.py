"""Which entropy bonuses are shown to help or to harm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.design.report_blocks import with_details
from benchmarks.findings.by_task import pieces, task_sentences
from benchmarks.statistics.families import ComparisonKey, Ledger, compare_by_task, compare_family
from benchmarks.statistics.tests import Comparison
from benchmarks.statistics.wording.answers import first_that_fits
from benchmarks.statistics.wording.phrases import count_noun, effect_size, list_words
from benchmarks.statistics.wording.sentences import correction_sentence, detectable_phrase, explained, too_few_seeds
from benchmarks.store.suite import Data, Suite


@dataclass(frozen=True)
class EntropyBonus:
    """Which entropy bonuses differ from none over the suite and on which tasks, and some of them from one another.

    none       the variant without a bonus      bonuses  those with one
    contrasts  pairs of bonuses, the first compared with the second
    """

    none: str
    bonuses: tuple[str, ...]
    contrasts: tuple[tuple[str, str], ...] = ()

    def sentence(self, data: Data) -> str:
        """Gains and losses against no bonus, over the suite and by task, and the result of each contrast."""
        suite, ledger = data.suite, Ledger()
        comparisons = compare_family(suite, self._pairs(), ledger)
        against_none = {b: comparisons[b, self.none, None] for b in self.bonuses if (b, self.none, None) in comparisons}
        if not against_none:
            return ""
        if text := too_few_seeds(comparisons, suite):
            return text
        contrasts = [
            sentence
            for b, a in self.contrasts
            if (t := comparisons.get((b, a, None)))
            for sentence in _compared({b: t}, f"`{a}`")
        ]
        by_task = compare_by_task(suite, [(b, self.none) for b in against_none], ledger)
        by_itself = task_sentences(by_task, suite, "difference from no bonus")
        over = f"Over {len(suite.scales)} tasks " if len(suite.scales) > 1 else f"On {next(iter(suite.scales))} "
        forms = [_compared(against_none, "no bonus", named) for named in (True, False)]
        answer = first_that_fits(over + " ".join(form) for form in forms)
        details = [
            *([] if answer.endswith(forms[0][-1]) else forms[0]),
            *contrasts,
            correction_sentence(comparisons, suite),
        ]
        return with_details(answer, explained(answer, [*details, *by_itself]))

    def decide(self, suite: Suite, ledger: Ledger) -> None:
        """Enter the family of this finding, so that its sentence agrees with the tables."""
        compare_family(suite, self._pairs(), ledger)

    def _pairs(self) -> list[ComparisonKey]:
        """Each bonus and none, and the contrasts."""
        return [*((b, self.none, None) for b in self.bonuses), *((b, a, None) for b, a in self.contrasts)]


def _compared(comparisons: Mapping[str, Comparison], other: str, named: bool = True) -> list[str]:
    """Sentences on which variants gain, which lose, and for which no difference is shown; these are counted unless named."""
    sentences = []
    for verb, sign in (("gains", 1), ("loses", -1)):
        shown = [
            f"`{b}` {verb} {effect_size(t)}" for b, t in comparisons.items() if t.shown and t.difference * sign > 0
        ]
        sentences += [f"{text} against {other}." for text in pieces(shown)]
    open_ = {b: t for b, t in comparisons.items() if not t.shown}
    if open_:
        names, verb = list_words([f"`{b}`" for b in open_]), "are" if len(open_) > 1 else "is"
        which = names if named else count_noun(len(open_), "other")
        sentences.append(f"{which} {verb} not shown to differ from {other}: {detectable_phrase([*open_.values()])}.")
    return sentences
