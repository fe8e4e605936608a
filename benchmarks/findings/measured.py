"""What measures other than the score are after training, with their intervals over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.design.report_blocks import with_details
from benchmarks.statistics.families import Ledger
from benchmarks.statistics.intervals import t_interval
from benchmarks.statistics.wording.answers import as_many_as_fit, first_that_fits
from benchmarks.statistics.wording.measure_names import measure_name
from benchmarks.statistics.wording.phrases import amount, count_noun, list_words
from benchmarks.store.suite import Data, Suite


class Mean(NamedTuple):
    """One variant's mean over seeds and its 95 % t interval."""

    variant: str
    mean: float
    low: float
    high: float

    def text(self) -> str:
        """`ppo` 0.93 [0.90, 0.96]"""
        name, mean = f"`{self.variant}`", amount(self.mean, 2)
        return (
            f"{name} {mean}"
            if self.low != self.low
            else f"{name} {mean} [{amount(self.low, 2)}, {amount(self.high, 2)}]"
        )


@dataclass(frozen=True)
class Measured:
    """Measures at the last checkpoint: on each task the lowest and the highest mean of the variants.

    head, unit  the words before and after the numbers      tail  a sentence on what they are to be compared with
    variants    of whom; empty: of all that learn
    """

    measures: tuple[str, ...]
    tasks: tuple[str, ...]
    head: str
    unit: str = ""
    tail: str = ""
    variants: tuple[str, ...] = ()

    def sentence(self, data: Data) -> str:
        """The ranges in at most 40 words; below them every mean with its interval."""
        found = {(t, m): self._means(data, t, m) for t in self.tasks for m in self.measures}
        found = {place: means for place, means in found.items() if means}
        if not found:
            return ""
        by_task = {
            task: [
                _range(means) if len(self.measures) == 1 else _of_one(m, means)
                for (t, m), means in found.items()
                if t == task
            ]
            for task in dict.fromkeys(t for t, _ in found)
        }
        several = len(by_task) > 1
        parts = [f"{list_words(ranges)}{f' on {task}' if several else ''}" for task, ranges in by_task.items()]
        seeds = f"{self.unit and f' {self.unit}'} (means of {count_noun(data.suite.seeds, 'seed')})."
        tail = f" {self.tail}" if self.tail else ""
        forms = [(parts, tail), (parts, ""), (parts[-2:], ""), (parts[-1:], "")]
        texts = (f"{self.head} {'; '.join(kept)}{seeds}{rest}" for kept, rest in forms)
        details = [
            as_many_as_fit(f"{_capitalised(measure_name(measure))} on {task}:", [m.text() for m in means])
            for (task, measure), means in found.items()
        ]
        return with_details(first_that_fits(texts), [*details, "Brackets hold 95 % t intervals over seeds."])

    def decide(self, suite: Suite, ledger: Ledger) -> None:
        """It tests no pairs of variants."""

    def _means(self, data: Data, task: str, measure: str) -> list[Mean]:
        means = []
        for variant in self.variants or data.suite.learners:
            if points := data.series(task, variant, measure):
                values = points[-1][1]
                interval = t_interval(values, limits=data.limits(task, measure))
                means.append(Mean(variant, float(values.mean()), interval.low, interval.high))
        return means


def _of_one(measure: str, means: Sequence[Mean]) -> str:
    """0.91 (first group) of one variant; else the measure and its range."""
    return f"{_range(means)} ({measure})" if len(means) == 1 else f"{measure} {_range(means)}"


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _range(means: Sequence[Mean]) -> str:
    """0.10 (`gae`) to 0.93 (`ppo`), or the only mean."""
    low, high = (extreme(means, key=lambda m: m.mean) for extreme in (min, max))
    if len(means) == 1:
        return amount(low.mean, 2)
    if amount(low.mean, 2) == amount(high.mean, 2):
        return f"{amount(low.mean, 2)} for all"
    return f"{amount(low.mean, 2)} (`{low.variant}`) to {amount(high.mean, 2)} (`{high.variant}`)"
