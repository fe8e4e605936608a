"""What staleness costs, and what corrections for it gain or lose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.design.report_blocks import with_details
from benchmarks.findings.by_task import pieces, task_sentences
from benchmarks.statistics.families import ComparisonKey, Ledger, compare_by_task, compare_family
from benchmarks.statistics.tests import Comparison
from benchmarks.statistics.wording.phrases import effect_size, list_words
from benchmarks.statistics.wording.sentences import correction_sentence, detectable_phrase, explained, too_few_seeds
from benchmarks.store.suite import Data, Suite

CORRECTIONS = "finding, corrections"  # the name of the second family


@dataclass(frozen=True)
class Staleness:
    """How large a lag shows a loss, and what each correction gains or loses: over the suite, and on each task.

    fresh        the synchronous run        stale    the uncorrected runs by lag
    at           the lag of the repairs     repairs  by their names in the sentence
    corrections  by their names in the sentence, by lag: each is compared with the same lag uncorrected
    late         a lag and its corrections, which are compared with one another by task too
    """

    fresh: str
    stale: Mapping[int, str]
    at: int
    repairs: Mapping[str, str]
    late: tuple[int, tuple[str, ...]] | None = None
    corrections: Mapping[str, Mapping[int, str]] = field(default_factory=dict)

    def decide(self, suite: Suite, ledger: Ledger) -> None:
        """Enter the two families of this finding, so that its sentences agree with the tables."""
        self._lags(suite, ledger)
        self._corrections(suite, ledger)

    def sentence(self, data: Data) -> str:
        """From which lag on a loss is shown, and which corrections are shown to gain or lose, at which lags and tasks."""
        suite, ledger = data.suite, Ledger()
        costs = self._lags(suite, ledger)
        corrections = self._corrections(suite, ledger)
        lags = {lag: costs[v, self.fresh, None] for lag, v in self.stale.items() if (v, self.fresh, None) in costs}
        if not lags:
            return ""
        if text := too_few_seeds(costs | corrections, suite):
            return text
        stale = self.stale[self.at]
        repairs = {
            name: corrections[v, stale, None] for name, v in self.repairs.items() if (v, stale, None) in corrections
        }
        details = [correction_sentence(costs, suite)]
        if self.at in lags and repairs:
            lost = lags[self.at].shown and lags[self.at].difference < 0
            details += _repair_sentences(repairs, self.at, lost, len(suite.scales))
        for name, variants in self.corrections.items():
            others = {
                lag: v for lag, v in variants.items() if v not in self.repairs.values()
            }  # repairs have their sentences
            by_lag = {lag: t for lag, v in others.items() if (t := corrections.get((v, self.stale[lag], None)))}
            details += _correction_sentences(name, by_lag) if by_lag else []
        details += [correction_sentence(corrections, suite)] if corrections else []
        answer = _lag_answer(lags, suite)
        return with_details(answer, explained(answer, [*details, *self._task_sentences(suite, ledger)]))

    def _lags(self, suite: Suite, ledger: Ledger) -> dict[ComparisonKey, Comparison]:
        """The family of the first question, how much staleness costs: each lag, uncorrected, against the fresh run."""
        return compare_family(suite, [(v, self.fresh, None) for v in self.stale.values()], ledger)

    def _corrections(self, suite: Suite, ledger: Ledger) -> dict[ComparisonKey, Comparison]:
        """The family of the second question, what corrections gain and lose: each against the same lag uncorrected."""
        repairs: list[ComparisonKey] = [(v, self.stale[self.at], None) for v in self.repairs.values()]
        others: list[ComparisonKey] = [
            (v, self.stale[lag], None) for variants in self.corrections.values() for lag, v in variants.items()
        ]
        return compare_family(suite, list(dict.fromkeys([*repairs, *others])), ledger, CORRECTIONS)

    def _task_sentences(self, suite: Suite, ledger: Ledger) -> list[str]:
        """What the late lag and the corrections of all lags are shown to do on each task."""
        compared = [(v, self.stale[lag]) for variants in self.corrections.values() for lag, v in variants.items()]
        if self.late:
            lag, repairs = self.late
            compared = [(self.stale[lag], self.fresh), *((r, self.stale[lag]) for r in repairs), *compared]
        comparisons = compare_by_task(suite, compared, ledger)
        if not comparisons:
            return []
        sentences = task_sentences(comparisons, suite, "difference")
        corrections = {v for variants in self.corrections.values() for v in variants.values()}
        open_ = [
            (b, on, t) for (b, _, on), t in comparisons.items() if b in corrections and not t.shown and t.difference < 0
        ]
        if open_ and not too_few_seeds(comparisons, suite):
            b, on, t = min(open_, key=lambda item: item[2].difference)
            where = f"`{b}` on {list_words(on or ())}, {abs(t.difference):.2g} (corrected p {t.p_corrected:.2g})"
            sentences.append(f"The largest loss of a correction on one task that is not shown: {where}.")
        return sentences


def _lag_answer(lags: Mapping[int, Comparison], suite: Suite) -> str:
    """What each lag costs without a correction, or that nothing is shown."""
    open_ = {lag: t for lag, t in lags.items() if not t.shown}
    sentences = []
    for verb, sign in (("costs", -1), ("gains", 1)):
        shown = [f"lag {lag} {verb} {effect_size(t)}" for lag, t in lags.items() if t.shown and t.difference * sign > 0]
        sentences += [f"{list_words(shown)} of the {suite.unit}"] if shown else []
    if open_:
        limit = detectable_phrase([*open_.values()])
        sentences.append(f"no loss is shown at {_named_lags([*open_])}: {limit}")
    first, *others = sentences
    return (
        ". ".join([f"Without a correction for staleness, {first}", *(text[0].upper() + text[1:] for text in others)])
        + "."
    )


def _named_lags(lags: list[int]) -> str:
    return f"lag{'s' if len(lags) > 1 else ''} {list_words([str(lag) for lag in lags])}"


def _repair_sentences(repairs: Mapping[str, Comparison], at: int, lost: bool, tasks: int) -> list[str]:
    """Which corrections recover or lose score at one lag. lost: whether a loss is shown at that lag."""
    better = {n: t for n, t in repairs.items() if t.shown and t.difference > 0}
    worse = {n: t for n, t in repairs.items() if t.shown and t.difference < 0}
    open_ = {n: t for n, t in repairs.items() if not t.shown}
    sentences = []
    for group, verb in ((better, "wins back" if lost else "gains"), (worse, "loses another" if lost else "loses")):
        if group:
            sentences.append(f"At lag {at} {_largest_first(group, verb, tasks)}.")
    if open_:
        names = list_words([f"{n}{_on_tasks(t, tasks)}" for n, t in open_.items()])
        limit = detectable_phrase([*open_.values()])
        sentences.append(f"At lag {at} no difference is shown for {names}.")
        sentences.append(f"There, {limit}.")
    return sentences


def _largest_first(comparisons: Mapping[str, Comparison], verb: str, tasks: int) -> str:
    """V-trace wins back 0.09 [..], token IS 0.07 [..]"""
    (first, t), *others = sorted(comparisons.items(), key=lambda item: -abs(item[1].difference))
    texts = [f"{first} {verb} {effect_size(t)}{_on_tasks(t, tasks)}"]
    return ", ".join([*texts, *(f"{name} {effect_size(t)}{_on_tasks(t, tasks)}" for name, t in others)])


def _on_tasks(comparison: Comparison, tasks: int) -> str:
    return f" on {comparison.tasks} of {tasks} tasks" if comparison.tasks < tasks else ""


def _correction_sentences(name: str, lags: Mapping[int, Comparison]) -> list[str]:
    """At which lags a correction is shown to gain and to lose, and its largest loss that is not shown."""
    parts = []
    for verb, sign in (("loses", -1), ("gains", 1)):
        shown = [f"{effect_size(t)} at lag {lag}" for lag, t in lags.items() if t.shown and t.difference * sign > 0]
        parts += [f"{verb} {text}" for text in pieces(shown)]
    sentences = [f"Against the same lag uncorrected, {name} {text}." for text in parts]
    open_ = {lag: t for lag, t in lags.items() if not t.shown}
    if open_:
        where, what = _named_lags([*open_]), "no gain or loss of" if not parts else "neither of"
        sentences.append(f"At {where} {what} {name} is shown.")
    lag, lowest = min(open_.items(), key=lambda item: item[1].difference, default=(0, None))
    if lowest and lowest.difference < 0:
        at = f"at lag {lag} (corrected p {lowest.p_corrected:.2g})"
        sentences.append(f"The largest loss of {name} among those not shown is {effect_size(lowest)}, {at}.")
    return sentences
