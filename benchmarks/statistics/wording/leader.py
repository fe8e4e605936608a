"""Sentences about the variant with the highest mean, and the variants that it is shown to exceed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmarks.statistics import divergence
from benchmarks.statistics.best import Leaders, leaders
from benchmarks.statistics.families import Ledger
from benchmarks.statistics.scores import Scores
from benchmarks.statistics.wording.answers import Answer, as_many_as_fit, first_that_fits
from benchmarks.statistics.wording.phrases import (
    DIGITS,
    NAMED,
    amount,
    count_noun,
    is_raw,
    list_variants,
    list_words,
    one_seed,
    power_sentence,
    seed_count,
)


def headline(suite: Scores, ledger: Ledger | None = None) -> Answer:
    """The variant with the highest mean over the suite, and the variants that it is shown to exceed.

    In at most 40 words; below it a list of the names, bounds and limits that these leave no room for.
    """
    tasks = suite.tasks(*suite.learners) if suite.learners else []
    leading = leaders(suite, suite.learners, tasks, ledger) if tasks else None
    if leading is None or leading.table.empty:
        return Answer(divergence.nothing_compared(suite) or f"Nothing is compared: {_why_nothing(suite, leading)}.")
    mean = float(suite.final(leading.best, tasks).to_numpy(float).mean())
    where = f"over {len(tasks)} tasks" if len(tasks) > 1 else f"on {tasks[0]}"
    among = "" if leading.highest else "Among those compared, "
    head = f"{among}`{leading.best}` has the highest mean {suite.unit} {where} ({format_mean(leading, mean, suite)})."
    raw = is_raw(suite.unit)
    rest, details = _separation(leading, raw)
    answer = first_that_fits(" ".join(filter(None, (head, *sentences))) for sentences in rest)
    return Answer(answer, tuple(text for text in (*details, *not_compared(leading)) if text and text not in answer))


def format_mean(leading: Leaders, mean: float, suite: Scores) -> str:
    """The leader's mean, with enough digits to distinguish it from its rivals'."""
    sizes = [x for x in (abs(mean), *leading.table["difference"].abs()) if x > 0]
    return amount(mean, 2, is_raw(suite.unit), min(sizes, default=0.0))


def _why_nothing(suite: Scores, leading: Leaders | None) -> str:
    if leading is None or not leading.not_compared:
        return f"{list_variants(suite.present)} have no task in common, or there is only one"
    return why_none_compared(suite, [leading.best, *leading.not_compared])


def why_none_compared(suite: Scores, variants: Sequence[str]) -> str:
    """Why no two of some variants that have scores on the same tasks can be compared."""
    if not {*variants} & set(suite.imported):
        return f"{list_variants(variants)} share no seeds"
    return f"{list_variants(variants)} have one run each or share no seeds"


def not_compared(leading: Leaders) -> list[str]:
    """The variants that are not compared with the leader, one sentence per reason."""
    by_reason: dict[str, list[str]] = {}
    for variant, why in leading.not_compared.items():
        by_reason.setdefault(why, []).append(variant)
    sentences = []
    for why, variants in by_reason.items():
        verb, _, rest = why.partition(" ")
        plural = {"has": "have", "is": "are", "shares": "share"}[verb]
        rest = rest.replace("one run and is not", "one run each and are not") if len(variants) > 1 else rest
        sentences.append(f"{list_variants(variants)} {verb if len(variants) == 1 else plural} {rest}.")
    return sentences


def _separation(leading: Leaders, raw: bool) -> tuple[list[list[str]], list[str]]:
    """What follows the first sentence of a headline, the most detailed form first; and the details below it."""
    if not leading.separable:
        several = len(leading.not_separated) > 1 or not leading.not_compared
        which = "any other variant" if several else list_variants(leading.not_separated)
        return [[f"{seed_count(leading.table)} cannot separate it from {which}."]], []
    better, counted = _better(leading, raw), _better(leading, raw, named=False)
    if not leading.not_separated:
        return [[better], [counted]], [better]
    seeds, verb = seed_count(leading.unseparated), "does" if one_seed(leading.unseparated) else "do"
    names, head = [f"`{v}`" for v in leading.not_separated], f"{seeds} {verb} not separate it from"
    some = [f"{head} {list_words(names, n)}." for n in (NAMED, 3)]
    few = f"{head} {count_noun(len(names), 'other')}."
    forms = [[some[0], better], [some[1], better], [some[1], counted], [few, counted], [few]]
    limit = leading.detectable
    power = "" if limit != limit else f"{power_sentence(amount(limit, 2, raw))}"
    return forms, [as_many_as_fit(head, names), better, power]


def _better(leading: Leaders, raw: bool, named: bool = True) -> str:
    """The variants that the leader is shown to exceed, and the lower bound of the difference; may be empty.

    named  by their names, where these are few
    """
    rows = leading.separated
    if rows.empty:
        return ""
    which = ""
    if len(rows) > 1 and not leading.not_separated and not leading.not_compared:
        which = "both others" if len(rows) == 2 else f"all {len(rows)} others"
    elif len(rows) > NAMED or not named:
        which = count_noun(len(rows), "other")
    seeds = seed_count(rows)
    differ = bool(leading.not_separated) and seeds != seed_count(leading.unseparated)
    tail = f"{at_least(rows, raw)}{f' ({seeds.lower()})' if differ else ''}."
    names = [which] if which else [f"`{v}`" for v in rows["variant"]]
    return as_many_as_fit("It is shown to be better than", names, tail)


def at_least(separated: pd.DataFrame, raw: bool = False) -> str:
    """The smallest of the simultaneous lower bounds; empty where a difference does not vary."""
    bounds = separated["at_least"]
    if bounds.isna().any():
        return ""
    places = 2 if (least := float(bounds.min())) >= 0.1 else 3
    if raw and least > 0:
        places = DIGITS - 1 - int(np.floor(np.log10(least)))
    down = float(np.floor(least * 10.0**places) / 10.0**places)  # a bound is rounded down
    text = amount(down, places, raw)
    return f", {'each ' if len(separated) > 1 else ''}by at least {text}" if float(text) > 0 else ""
