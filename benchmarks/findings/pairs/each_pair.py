"""What each of a few choices does to the score, each against the variant that it was made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.design.report_blocks import with_details
from benchmarks.findings.by_task import task_sentences
from benchmarks.statistics.families import ComparisonKey, Ledger, compare_by_task, compare_family
from benchmarks.statistics.tests import Comparison
from benchmarks.statistics.wording.answers import first_that_fits
from benchmarks.statistics.wording.phrases import count_noun, effect_size, list_words
from benchmarks.statistics.wording.sentences import correction_sentence, detectable_phrase, explained, too_few_seeds
from benchmarks.store.suite import Data, Suite

Compared = Mapping[ComparisonKey, Comparison]


@dataclass(frozen=True)
class EachPair:
    """pairs: (b, a), each b against its a over the tasks that both have. Holm over the pairs."""

    pairs: tuple[tuple[str, str], ...]

    def sentence(self, data: Data) -> str:
        """What each b gains or loses, those that are shown first; below, on which tasks."""
        suite, ledger = data.suite, Ledger()
        compared = self._compared(suite, ledger)
        if not compared:
            return ""
        if text := too_few_seeds(compared, suite):
            return text
        shown = {key: c for key, c in compared.items() if c.shown}
        open_ = {key: c for key, c in compared.items() if not c.shown}
        gains = [
            f"`{b}` {'gains' if c.difference > 0 else 'loses'} {effect_size(c)} against `{a}`"
            for (b, a, _), c in shown.items()
        ]
        sure = f" ({count_noun(suite.seeds, 'seed')}, Holm)"
        said = f"{list_words(gains)}{sure}. " if gains else ""
        limit = f": {detectable_phrase([*open_.values()])}" if open_ else ""
        between = list_words([f"`{b}` and `{a}`" for b, a, _ in open_], last=" or ")
        rest = [f"No difference is shown between {between}{limit}.", f"No difference is shown between {between}."]
        answer = first_that_fits([f"{said}{text}" for text in rest] if open_ else [said.strip()])
        by_task = compare_by_task(suite, self.pairs, ledger)
        tasks = [
            _on_tasks(b, a, {key: c for key, c in by_task.items() if key[:2] == (b, a)}, suite) for b, a, _ in compared
        ]
        return with_details(answer, explained(answer, [*tasks, correction_sentence(compared, suite)]))

    def decide(self, suite: Suite, ledger: Ledger) -> None:
        """Enter the comparisons, so that the sentence agrees with the tables."""
        self._compared(suite, ledger)

    def _compared(self, suite: Suite, ledger: Ledger) -> dict[ComparisonKey, Comparison]:
        return compare_family(suite, [(b, a, None) for b, a in self.pairs], ledger)


def _on_tasks(b: str, a: str, compared: Compared, suite: Suite) -> str:
    """`b` against `a`: on which tasks which gains."""
    text = " ".join(task_sentences(compared, suite, "difference"))
    return f"`{b}` against `{a}`: {text[0].lower()}{text[1:]}"
