"""What one choice does to the score, or to another measure, of a variant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.design.report_blocks import with_details
from benchmarks.findings.by_task import task_sentences
from benchmarks.statistics import tests
from benchmarks.statistics.families import Ledger, compare_by_task, compare_family
from benchmarks.statistics.intervals import limits_of_difference, within
from benchmarks.statistics.tests import Comparison
from benchmarks.statistics.wording.answers import first_that_fits
from benchmarks.statistics.wording.phrases import count_noun, effect_size, list_words, p_value
from benchmarks.statistics.wording.sentences import detectable_phrase, explained, too_few_seeds
from benchmarks.store.suite import Data, Suite


@dataclass(frozen=True)
class OnePair:
    """The score of b against a, over all tasks and on each."""

    b: str
    a: str

    def sentence(self, data: Data) -> str:
        """What b gains or loses over the tasks, and below on which of them."""
        suite, ledger = data.suite, Ledger()
        compared = compare_family(suite, [(self.b, self.a, None)], ledger)
        if not compared:
            return ""
        if text := too_few_seeds(compared, suite):
            return text
        ((result),) = compared.values()
        over = f"over {len(suite.scales)} tasks" if len(suite.scales) > 1 else f"on {next(iter(suite.scales))}"
        by_task = compare_by_task(suite, [(self.b, self.a)], ledger)
        if result.shown:
            verb = "gains" if result.difference > 0 else "loses"
            sure = f"{p_value(result.p_corrected)}, {count_noun(result.n, 'seed')}"
            answer = f"`{self.b}` {verb} {effect_size(result)} of the {suite.unit} against `{self.a}` {over} ({sure})."
        else:
            limit = detectable_phrase([result])
            answer = f"No difference is shown between `{self.b}` and `{self.a}` {over}: {limit}."
        return with_details(answer, explained(answer, task_sentences(by_task, suite, "difference")))

    def decide(self, suite: Suite, ledger: Ledger) -> None:
        """Enter the comparison, so that the sentence agrees with the tables."""
        compare_family(suite, [(self.b, self.a, None)], ledger)


@dataclass(frozen=True)
class MeasureDifference:
    """A measure of b against that of a at the last checkpoint of each task, paired by seed; Holm over the tasks.

    what  the measure in words, with its article
    """

    b: str
    a: str
    measure: str
    what: str

    def sentence(self, data: Data) -> str:
        """On which tasks the measure is shown to differ."""
        found = {task: c for task in data.suite.scales if (c := self._compared(data, task)) is not None}
        if not found:
            return ""
        corrected = tests.holm(np.array([c.p for c in found.values()]))
        sized = {t: c._replace(p_corrected=float(p)) for (t, c), p in zip(found.items(), corrected, strict=True)}
        said = []
        for word, sign in (("larger", 1), ("smaller", -1)):
            shown = [
                f"{task} (by {effect_size(c)})" for task, c in sized.items() if c.shown and c.difference * sign > 0
            ]
            text = f"{self.what[0].upper()}{self.what[1:]} is {word} with `{self.b}` than with `{self.a}`"
            said += [f"{text} on {list_words(shown)}"] if shown else []
        open_ = [task for task, c in sized.items() if not c.shown]
        pair = f"`{self.b}` and `{self.a}`"
        said += [f"No difference in {self.what} is shown between {pair} on {list_words(open_)}"] if open_ else []
        seeds = f"{count_noun(next(iter(sized.values())).n, 'seed')}, Holm"
        answer = first_that_fits([f"{'. '.join(said)} ({seeds}).", f"{said[0]} ({seeds})."])
        means = [
            f"On {task}: `{self.b}` {c.mean_b:.2f}, `{self.a}` {c.mean_a:.2f} (corrected p {c.p_corrected:.2g})."
            for task, c in sized.items()
        ]
        return with_details(answer, explained(answer, means))

    def decide(self, suite: Suite, ledger: Ledger) -> None:
        """It tests another measure than the score."""

    def _compared(self, data: Data, task: str) -> Comparison | None:
        b, a = (self._last(data, task, variant) for variant in (self.b, self.a))
        shared = b.index.intersection(a.index)
        if shared.empty:
            return None
        limits = data.limits(task, self.measure)
        result = tests.compare_paired(b.loc[shared].to_numpy(float), a.loc[shared].to_numpy(float))
        span = limits_of_difference(limits, limits)
        return result._replace(interval=within(result.interval, result.difference, span))

    def _last(self, data: Data, task: str, variant: str) -> pd.Series:
        """By seed, at the last checkpoint."""
        rows = data.measures[data.measures["measure"] == self.measure]
        rows = rows[(rows["task"] == task) & (rows["variant"] == variant)].dropna(subset="value")
        last = rows[rows["checkpoint"] == rows["checkpoint"].max()]
        return last.set_index("seed")["value"]
