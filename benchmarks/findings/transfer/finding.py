"""What a ranking under one kind of policy says about the ranking under another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.design.report_blocks import with_details
from benchmarks.findings.transfer.rankings import Kinds, Turned, agreements, rankings, turned_orders
from benchmarks.statistics.families import Ledger
from benchmarks.statistics.wording.answers import first_that_fits
from benchmarks.statistics.wording.phrases import count_noun, list_words
from benchmarks.store.suite import Data, Suite

FEWEST = 3  # variants that make a ranking
BRACKETS = "Brackets hold 95 % percentile intervals of tau over seeds."  # not of differences, as in other findings


@dataclass(frozen=True)
class Transfer:
    """kinds: the tasks of each kind of policy; target: the kind whose ranking the others are to say something about."""

    kinds: Kinds
    target: str

    def sentence(self, data: Data) -> str:
        """Tau of each kind with the target, and how many shown orders are reversed; below, all pairs of kinds."""
        made = rankings(data.suite, self.kinds)
        if len(made.variants) < FEWEST or self.target not in made.scores or len(made.scores) < 2:
            return ""
        table = agreements(made)
        turned = turned_orders(data.suite, self.kinds, made.variants, Ledger())
        if turned.too_few:  # an interval over so few seeds would say more than they do
            means = [f"{r['kind']} and {r['other']}: tau {r['tau']:.2f}" for r in table.to_dict("records")]
            return with_details(turned.too_few, [f"{mean}, of the mean scores alone." for mean in means])
        with_target = [r for r in table.to_dict("records") if self.target in (r["kind"], r["other"])]
        near, far = (pick(with_target, key=lambda r: r["tau"]) for pick in (max, min))
        said = [f"{_other(r, self.target)} {r['tau']:.2f} [{r['low']:.2f}, {r['high']:.2f}]" for r in (near, far)]
        repeat = near["repeat"] if near["kind"] == self.target else near["repeat_other"]
        of_target = {pair: found for pair, found in turned.turned.items() if self.target in pair}
        reversed_, both = sum(map(len, of_target.values())), sum(turned.both[pair] for pair in of_target)
        named = list_words(said if len(with_target) > 1 else said[:1])
        ranks = f"Kendall's tau with the ranking under {self.target}: {named}"
        again = f"; two halves of its own seeds reach {repeat:.2f}" if repeat == repeat else ""
        are = "is" if reversed_ == 1 else "are"
        orders = f" Of {count_noun(both, 'order')} shown under both, {reversed_} {are} reversed." if both else ""
        answer = first_that_fits([f"{ranks}{again}.{orders}", f"{ranks}.{orders}", f"{ranks}."])
        pairs = [
            f"{r['kind']} and {r['other']}: tau {r['tau']:.2f} [{r['low']:.2f}, {r['high']:.2f}]."
            for r in table.to_dict("records")
        ]
        return with_details(answer, [*pairs, *_turned_sentences(turned), _counts(turned), BRACKETS])

    def decide(self, suite: Suite, ledger: Ledger) -> None:
        """Enter all pairs under every kind, so that the sentences agree with the tables."""
        made = rankings(suite, self.kinds)
        if len(made.variants) >= FEWEST:
            turned_orders(suite, self.kinds, made.variants, ledger)


def _other(row: Mapping[Any, Any], target: str) -> object:
    return row["other"] if row["kind"] == target else row["kind"]


def _turned_sentences(turned: Turned) -> list[str]:
    """A sentence for each pair of kinds under which orders are reversed."""
    return [
        f"Better under {one} and worse under {other}: {list_words([f'`{b}` than `{a}`' for b, a in pairs], 4)}."
        for (one, other), pairs in turned.turned.items()
        if pairs
    ]


def _counts(turned: Turned) -> str:
    """How many orders are shown under each kind."""
    counts = list_words([f"{n} under {kind}" for kind, n in turned.shown.items()])
    return f"Orders shown: {counts}, corrected over all pairs under all kinds (Holm)."
