"""Which KL term and which kind of label scores like the policy gradient, and where the proxy stops serving gold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.design.report_blocks import with_details
from benchmarks.statistics.families import ComparisonKey, Ledger, compare_family
from benchmarks.statistics.tests import Comparison
from benchmarks.statistics.wording.phrases import count_noun, list_words
from benchmarks.statistics.wording.sentences import correction_sentence, too_few_seeds
from benchmarks.store.suite import Data, Suite


@dataclass(frozen=True)
class ExactRLHF:
    """KL terms and labels against a policy gradient.

    learner   a policy gradient with its KL in the reward
    in_loss   the same with a KL term in the loss
    labelled  what learns from labelled texts
    """

    learner: str
    in_loss: tuple[str, ...]
    labelled: tuple[str, ...]

    def sentence(self, data: Data) -> str:
        """What labels and KL terms in the loss gain or lose, and the KL at which gold peaks along the exact frontiers."""
        compared = self._compared(data.suite, Ledger())
        if not compared:
            return ""
        known = data.suite.frontiers
        peaks = [
            f"Along the exact frontier of {task} gold peaks at {known[task].peak.kl:.1f} nats."
            for task in data.suite.scales
            if task in known
        ]
        if text := too_few_seeds(compared, data.suite):
            return with_details(text, peaks)
        sure = correction_sentence(compared, data.suite)
        return with_details(" ".join(self._differences(compared)), [sure, *peaks])

    def _differences(self, compared: dict[ComparisonKey, Comparison]) -> list[str]:
        results = {b: c for (b, _, _), c in compared.items()}
        labelled = [f"`{v}` {_verdict(results[v])}" for v in self.labelled if v in results]
        terms = [results[v] for v in self.in_loss if v in results]
        parts = [f"Against `{self.learner}`, {list_words(labelled)}."] if labelled else []
        if terms:
            parts.append(_in_loss(terms, self.learner))
        return parts

    def decide(self, suite: Suite, ledger: Ledger) -> None:
        """Enter the family of the sentence, so that it agrees with the tables."""
        self._compared(suite, ledger)

    def _compared(self, suite: Suite, ledger: Ledger) -> dict[ComparisonKey, Comparison]:
        return compare_family(suite, [(v, self.learner, None) for v in (*self.labelled, *self.in_loss)], ledger)


def _verdict(comparison: Comparison) -> str:
    if not comparison.shown:
        return "is not separated"
    return f"{'gains' if comparison.difference > 0 else 'loses'} {abs(comparison.difference):.2f}"


def _in_loss(terms: Sequence[Comparison], learner: str) -> str:
    """How many of the KL terms in the loss gain, and how many lose."""
    what = f"{count_noun(len(terms), 'KL term')} in the loss of `{learner}`"
    for sign, verb in ((-1, "lose"), (1, "gain")):
        if len(terms) > 1 and all(c.shown and c.difference * sign > 0 for c in terms):
            return f"All {what} {verb}."
    return f"Of {what}, {_counts(terms)}."


def _counts(terms: Sequence[Comparison]) -> str:
    """2 lose and 1 gains; or none is shown to differ."""
    lose, gain = (sum(c.shown and c.difference * sign > 0 for c in terms) for sign in (-1, 1))
    said = [f"{n} {plural if n > 1 else f'{plural}s'}" for n, plural in ((lose, "lose"), (gain, "gain")) if n]
    return list_words(said) or "none is shown to differ"
