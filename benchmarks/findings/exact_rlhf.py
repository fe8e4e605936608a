"""Which KL term and which kind of label scores like the policy gradient, and where the proxy stops serving gold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.statistics.families import ComparisonKey, Ledger, compare_family
from benchmarks.statistics.tests import Comparison
from benchmarks.statistics.wording.phrases import list_words
from benchmarks.statistics.wording.sentences import too_few_seeds
from benchmarks.store.suite import Data, Suite


@dataclass(frozen=True)
class ExactRLHF:
    """learner: a policy gradient with its KL in the reward; in_loss: the same with a KL term in the loss; labelled: what
    learns from labelled texts.
    """

    learner: str
    in_loss: tuple[str, ...]
    labelled: tuple[str, ...]

    def sentence(self, data: Data) -> str:
        """What labels and KL terms in the loss gain or lose, and the KL at which gold peaks along the exact frontiers."""
        compared = self._compared(data.suite, Ledger())
        if not compared:
            return ""
        said = too_few_seeds(compared, data.suite) or self._differences(compared)
        known = data.suite.frontiers
        peaks = [f"{known[task].peak.kl:.1f} nats ({task})" for task in data.suite.scales if task in known]
        return f"{said} Along the exact frontier gold peaks at {list_words(peaks)}." if peaks else said

    def _differences(self, compared: dict[ComparisonKey, Comparison]) -> str:
        results = {b: c for (b, _, _), c in compared.items()}
        labelled = [f"`{v}` {_verdict(results[v])}" for v in self.labelled if v in results]
        terms = [results[v] for v in self.in_loss if v in results]
        parts = [list_words(labelled)] if labelled else []
        if terms:
            parts.append(f"of {len(terms)} KL terms in its loss {_counts(terms)}")
        return f"Against `{self.learner}`, {'; '.join(parts)}."

    def decide(self, suite: Suite, ledger: Ledger) -> None:
        """Enter the family of the sentence, so that it agrees with the tables."""
        self._compared(suite, ledger)

    def _compared(self, suite: Suite, ledger: Ledger) -> dict[ComparisonKey, Comparison]:
        return compare_family(suite, [(v, self.learner, None) for v in (*self.labelled, *self.in_loss)], ledger)


def _verdict(comparison: Comparison) -> str:
    if not comparison.shown:
        return "is not separated"
    return f"{'gains' if comparison.difference > 0 else 'loses'} {abs(comparison.difference):.2f}"


def _counts(terms: Sequence[Comparison]) -> str:
    """2 lose and 1 gains; or none is shown to differ."""
    lose, gain = (sum(c.shown and c.difference * sign > 0 for c in terms) for sign in (-1, 1))
    said = [f"{n} {plural if n > 1 else f'{plural}s'}" for n, plural in ((lose, "lose"), (gain, "gain")) if n]
    return list_words(said) or "none is shown to differ"
