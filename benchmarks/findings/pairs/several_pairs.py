"""What a choice does in several pairs that differ in it, task by task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.design.report_blocks import with_details
from benchmarks.statistics.families import ComparisonKey, Ledger, compare_family
from benchmarks.statistics.tests import Comparison
from benchmarks.statistics.wording.answers import first_that_fits
from benchmarks.statistics.wording.phrases import effect_size, list_words
from benchmarks.statistics.wording.sentences import correction_sentence, explained, too_few_seeds
from benchmarks.store.suite import Data, Suite

Shown = Mapping[ComparisonKey, Comparison]


@dataclass(frozen=True)
class Pairs:
    """pairs: (with the choice, without it); with_it, without_it: the two sides in words. Holm over pairs and tasks."""

    pairs: tuple[tuple[str, str], ...]
    with_it: str
    without_it: str

    def sentence(self, data: Data) -> str:
        """In how many comparisons which side scores higher, and on which tasks; below, each with its interval."""
        compared = self._compared(data.suite, Ledger())
        if not compared:
            return ""
        if text := too_few_seeds(compared, data.suite):
            return text
        sides = {
            self.with_it: {key: c for key, c in compared.items() if c.shown and c.difference > 0},
            self.without_it: {key: c for key, c in compared.items() if c.shown and c.difference < 0},
        }
        open_ = {key: c for key, c in compared.items() if not c.shown}
        counts = [f"{side} in {len(rows)}" for side, rows in sides.items() if rows]
        if not counts:
            answer = f"No difference is shown in {len(open_)} comparisons {self.with_it} and {self.without_it}."
        else:
            rest = f" In {len(open_)} no difference is shown." if open_ else ""
            answer = f"Of {len(compared)} comparisons, scores are higher {list_words(counts)}.{rest}"
            where = [f"{side}: {_where(rows)}" for side, rows in sides.items() if rows]
            answer = first_that_fits([f"{answer} Higher {'; higher '.join(where)}.", answer])
        sizes = [
            f"On {', '.join(tasks or ())} `{b}` {'gains' if c.difference > 0 else 'loses'} {effect_size(c)} against `{a}` "
            f"(p {c.p_corrected:.2g})."
            for (b, a, tasks), c in compared.items()
            if c.shown
        ]
        others = [f"Not shown to differ: {_named(open_)}."] if open_ else []
        return with_details(answer, explained(answer, [*sizes, *others, correction_sentence(compared, data.suite)]))

    def decide(self, suite: Suite, ledger: Ledger) -> None:
        """Enter the comparisons, so that the sentence agrees with the tables."""
        self._compared(suite, ledger)

    def _compared(self, suite: Suite, ledger: Ledger) -> dict[ComparisonKey, Comparison]:
        return compare_family(suite, [(b, a, (t,)) for b, a in self.pairs for t in suite.tasks(b, a)], ledger)


def _where(rows: Shown) -> str:
    """The tasks, those of most comparisons first."""
    counted = Counter(task for _, _, tasks in rows for task in tasks or ())
    return "on " + list_words([f"{task} ({count})" for task, count in counted.most_common()])


def _named(rows: Shown) -> str:
    """`b` and `a` on these tasks; and so on."""
    pairs: dict[tuple[str, str], Sequence[str]] = {}
    for b, a, tasks in rows:
        pairs[b, a] = [*pairs.get((b, a), ()), *(tasks or ())]
    return "; ".join(f"`{b}` and `{a}` on {list_words(tasks)}" for (b, a), tasks in pairs.items())
