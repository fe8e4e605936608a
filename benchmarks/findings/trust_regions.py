"""Whether masks should look at the advantage's sign, and what each correction for stale rollouts gains or loses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.design.report_blocks import with_details
from benchmarks.statistics.families import ComparisonKey, Ledger, compare_by_task, compare_family
from benchmarks.statistics.tests import Comparison
from benchmarks.statistics.wording.phrases import count_noun, effect_size, list_words
from benchmarks.statistics.wording.sentences import correction_sentence, detectable_phrase, explained, too_few_seeds
from benchmarks.store.suite import Data, Suite

CORRECTIONS = "finding, corrections"  # the name of the second family
AT_ONCE = 4  # lags that a sentence has room for


@dataclass(frozen=True)
class TrustRegions:
    """Sign-conditioned against sign-blind masks at equal thresholds, and each correction against none, at equal lags.

    plain        the name of what corrects nothing        corrections  variants by name and lag, `plain` among them
    masks        by threshold: the names of the sign-conditioned and the sign-blind mask
    """

    plain: str
    corrections: Mapping[str, Mapping[int, str]]
    masks: Mapping[float, tuple[str, str]]

    def decide(self, suite: Suite, ledger: Ledger) -> None:
        """Enter the two families of this finding, so that its sentences agree with the tables."""
        self._signs(suite, ledger)
        self._corrected(suite, ledger)

    def sentence(self, data: Data) -> str:
        """Whether a difference between the kinds of mask is shown, and below where; then all corrections."""
        suite, ledger = data.suite, Ledger()
        signs, corrected = self._signs(suite, ledger), self._corrected(suite, ledger)
        if not signs:
            return ""
        if text := too_few_seeds(signs | corrected, suite):
            return text
        answer = _answer([*signs.values()], suite)
        details = [self._mask_sentence(b, a, t) for (b, a, _), t in signs.items() if t.shown]
        details += [correction_sentence(signs, suite), *self._on_tasks(suite, ledger)]
        details += self._correction_sentences(corrected)
        details += [correction_sentence(corrected, suite)] if corrected else []
        return with_details(answer, explained(answer, details))

    def _signs(self, suite: Suite, ledger: Ledger) -> dict[ComparisonKey, Comparison]:
        """The family of the first question: sign-conditioned (b) against sign-blind (a), at each threshold and lag."""
        return compare_family(suite, [(b, a, None) for b, a in self._mask_pairs()], ledger)

    def _mask_pairs(self) -> list[tuple[str, str]]:
        pairs = [(self.corrections[b], self.corrections[a]) for b, a in self.masks.values()]
        return [(directed[lag], blind[lag]) for directed, blind in pairs for lag in directed]

    def _corrected(self, suite: Suite, ledger: Ledger) -> dict[ComparisonKey, Comparison]:
        """The family of the second question: each correction against none, at each lag."""
        plain = self.corrections[self.plain]
        keys: list[ComparisonKey] = [
            (v, plain[lag], None)
            for name, by_lag in self.corrections.items()
            for lag, v in by_lag.items()
            if name != self.plain
        ]
        return compare_family(suite, keys, ledger, CORRECTIONS)

    def _mask_sentence(self, directed: str, blind: str, comparison: Comparison) -> str:
        verb = "gains" if comparison.difference > 0 else "loses"
        return f"`{directed}` {verb} {effect_size(comparison)} against `{blind}`."

    def _on_tasks(self, suite: Suite, ledger: Ledger) -> list[str]:
        """On how many single tasks the kinds of mask are shown to differ."""
        by_task = [t for t in compare_by_task(suite, self._mask_pairs(), ledger).values() if t.shown]
        better = sum(t.difference > 0 for t in by_task)
        text = f"{better} times for the sign-conditioned mask and {len(by_task) - better} times against it"
        return [f"On single tasks a difference is shown {text} (Holm over the tasks of each pair)."]

    def _correction_sentences(self, corrected: Mapping[ComparisonKey, Comparison]) -> list[str]:
        """Where each correction is shown to gain or to lose against none; the others by name."""
        sentences, open_ = [], []
        for name, by_lag in self.corrections.items():
            found = {lag: corrected[k] for lag, v in by_lag.items() for k in corrected if k[0] == v}
            shown = {lag: t for lag, t in found.items() if t.shown}
            parts = [
                f"{'gains' if t.difference > 0 else 'loses'} {abs(t.difference):.2f} at lag {lag}"
                for lag, t in shown.items()
            ]
            sentences += [f"Against no correction, {name} {list_words(parts)}."] if parts else []
            open_ += [name] if found and not shown else []
        lines = [open_[i : i + 2 * AT_ONCE] for i in range(0, len(open_), 2 * AT_ONCE)]
        return [*sentences, *(f"No difference from no correction is shown for {list_words(line)}." for line in lines)]


def _answer(signs: Sequence[Comparison], suite: Suite) -> str:
    """Sign-conditioned masks against sign-blind ones, in one sentence or two."""
    better = sum(t.shown and t.difference > 0 for t in signs)
    worse = sum(t.shown and t.difference < 0 for t in signs)
    seeds = count_noun(suite.seeds, "seed")
    head = "At equal thresholds and lags, sign-conditioned masks (DPPO) and sign-blind ones (IPO)"
    if not better + worse:
        return f"{head} show no difference in {len(signs)} comparisons ({seeds}, Holm): {detectable_phrase(signs)}."
    if better and worse:
        return (
            f"{head} differ in {better + worse} of {len(signs)} comparisons: the sign-conditioned mask scores higher in "
            f"{better}, lower in {worse} ({seeds}, Holm)."
        )
    word = "higher" if better else "lower"
    largest = max((t for t in signs if t.shown), key=lambda t: abs(t.difference))
    return (
        f"Sign-conditioned masks (DPPO) score {word} than sign-blind ones (IPO) in {better + worse} of {len(signs)} "
        f"comparisons at equal thresholds and lags, by at most {effect_size(largest)} ({seeds}, Holm)."
    )
