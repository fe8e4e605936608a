"""The sentences of benchmarks/findings.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.findings import Bonuses, Staleness
from benchmarks.statistics.families import ComparisonKey, Ledger, compare_by_task, compare_family
from benchmarks.statistics.tests import Comparison
from benchmarks.statistics.wording.phrases import effect_size, listed
from benchmarks.statistics.wording.sentences import BRACKETS, corrected, detectable, too_few_seeds
from benchmarks.suite import Suite

CORRECTIONS = "finding, corrections"  # the second family of Staleness


def of_lags(suite: Suite, what: Staleness, ledger: Ledger) -> dict[ComparisonKey, Comparison]:
    """The family of the first question, how much staleness costs: each lag, uncorrected, against the fresh run."""
    return compare_family(suite, [(v, what.fresh, None) for v in what.stale.values()], ledger)


def of_corrections(suite: Suite, what: Staleness, ledger: Ledger) -> dict[ComparisonKey, Comparison]:
    """The family of the second question, what corrections gain and lose: each against the same lag uncorrected."""
    repairs: list[ComparisonKey] = [(v, what.stale[what.at], None) for v in what.repairs.values()]
    others: list[ComparisonKey] = [
        (v, what.stale[lag], None) for of in what.corrections.values() for lag, v in of.items()
    ]
    return compare_family(suite, list(dict.fromkeys([*repairs, *others])), ledger, CORRECTIONS)


def staleness(suite: Suite, what: Staleness) -> str:
    """From which lag on a loss is shown, and which corrections are shown to gain or to lose, at which lags and tasks."""
    ledger = Ledger()
    costs = of_lags(suite, what, ledger)
    told = of_corrections(suite, what, ledger)
    lags = {lag: costs[v, what.fresh, None] for lag, v in what.stale.items() if (v, what.fresh, None) in costs}
    if not lags:
        return ""
    if text := too_few_seeds(costs | told, suite):
        return text
    stale = what.stale[what.at]
    repairs = {name: told[v, stale, None] for name, v in what.repairs.items() if (v, stale, None) in told}
    parts = [*_of_lags(lags, suite), corrected(costs, suite)]
    if what.at in lags and repairs:
        lost = lags[what.at].shown and lags[what.at].difference < 0
        parts += _of_repairs(repairs, what.at, lost, len(suite.scales))
    parts += _of_corrections(told, what)
    parts += [corrected(told, suite)] if told else []
    return " ".join([*parts, *_on_tasks(suite, what, ledger), BRACKETS])


def _of_lags(lags: Mapping[int, Comparison], suite: Suite) -> list[str]:
    """What each lag costs, or that nothing is shown."""
    quiet = {lag: t for lag, t in lags.items() if not t.shown}
    said = []
    if quiet:
        which = f"lag{'s' if len(quiet) > 1 else ''} {listed([str(lag) for lag in quiet])}"
        said.append(f"no loss is shown at {which} ({detectable([*quiet.values()])})")
    for word, sign in (("costs", -1), ("gains", 1)):
        loud = [f"lag {lag} {word} {effect_size(t)}" for lag, t in lags.items() if t.shown and t.difference * sign > 0]
        if loud:
            said.append(f"{listed(loud)} of the {suite.unit}")
    return [f"Without a correction for staleness, {text}." for text in said]


def _of_repairs(repairs: Mapping[str, Comparison], at: int, lost: bool, tasks: int) -> list[str]:
    """Who wins back how much at one lag, who loses, and for whom nothing is shown."""
    better = {n: t for n, t in repairs.items() if t.shown and t.difference > 0}
    worse = {n: t for n, t in repairs.items() if t.shown and t.difference < 0}
    still = {n: t for n, t in repairs.items() if not t.shown}
    said = []
    for told, verb in ((better, "wins back" if lost else "gains"), (worse, "loses another" if lost else "loses")):
        if told:
            said.append(f"At lag {at} {_each(told, verb, tasks)}.")
    if still:
        names = listed([f"{n}{_where(t, tasks)}" for n, t in still.items()])
        said.append(f"At lag {at} no difference is shown for {names} ({detectable([*still.values()])}).")
    return said


def _each(told: Mapping[str, Comparison], verb: str, tasks: int) -> str:
    """V-trace wins back 0.09 [..], token IS 0.07 [..]"""
    largest = sorted(told.items(), key=lambda item: -abs(item[1].difference))
    return ", ".join(
        f"{name} {verb + ' ' if i == 0 else ''}{effect_size(t)}{_where(t, tasks)}"
        for i, (name, t) in enumerate(largest)
    )


def _where(told: Comparison, tasks: int) -> str:
    return f" on {told.tasks} of {tasks} tasks" if told.tasks < tasks else ""


def _of_corrections(told: Mapping[ComparisonKey, Comparison], what: Staleness) -> list[str]:
    """A sentence a correction: at which lags it is shown to gain and to lose, and its largest loss that is not shown."""
    said = []
    for name, of in what.corrections.items():
        others = {
            lag: v for lag, v in of.items() if v not in what.repairs.values()
        }  # those have a sentence of their own
        lags = {lag: t for lag, v in others.items() if (t := told.get((v, what.stale[lag], None)))}
        if not lags:
            continue
        parts = []
        for verb, sign in (("loses", -1), ("gains", 1)):
            loud = [f"{effect_size(t)} at lag {lag}" for lag, t in lags.items() if t.shown and t.difference * sign > 0]
            parts += [f"{verb} {listed(loud)}"] if loud else []
        quiet = {lag: t for lag, t in lags.items() if not t.shown}
        if quiet:
            where = f"lag{'s' if len(quiet) > 1 else ''} {listed([str(lag) for lag in quiet])}"
            parts.append(f"neither is shown at {where}" if parts else f"no gain or loss is shown at {where}")
        text = f"Against the same lag uncorrected, {name}: {'; '.join(parts)}."
        low = min(quiet.items(), key=lambda item: item[1].difference, default=None)
        if low and low[1].difference < 0:
            at = f"at lag {low[0]} (corrected p {low[1].p_corrected:.2g})"
            text += f" Its largest loss among those not shown is {effect_size(low[1])}, {at}."
        said.append(text)
    return said


def _on_tasks(suite: Suite, what: Staleness, ledger: Ledger) -> list[str]:
    """What the late lag and the corrections of all lags are shown to do on each task."""
    compared = [(v, what.stale[lag]) for of in what.corrections.values() for lag, v in of.items()]
    if what.late:
        lag, repairs = what.late
        compared = [(what.stale[lag], what.fresh), *((r, what.stale[lag]) for r in repairs), *compared]
    told = compare_by_task(suite, compared, ledger)
    if not told:
        return []
    corrections = {v for of in what.corrections.values() for v in of.values()}
    still = [(b, on, t) for (b, _, on), t in told.items() if b in corrections and not t.shown and t.difference < 0]
    said = _by_task(told, suite, "difference")
    if still and not too_few_seeds(told, suite):
        b, on, t = min(still, key=lambda item: item[2].difference)
        where = f"`{b}` on {listed(on or ())}, {abs(t.difference):.2g} (corrected p {t.p_corrected:.2g})"
        said.append(f"The largest loss of a correction on one task that is not shown: {where}.")
    return said


def asked_of_bonuses(what: Bonuses) -> list[ComparisonKey]:
    """Its family: each bonus against none, and the contrasts."""
    return [*((b, what.none, None) for b in what.bonuses), *((b, a, None) for b, a in what.contrasts)]


def bonuses(suite: Suite, what: Bonuses) -> str:
    """Who gains or loses against no bonus, over the suite and by task, and what each contrast shows."""
    ledger = Ledger()
    told = compare_family(suite, asked_of_bonuses(what), ledger)
    held = {b: told[b, what.none, None] for b in what.bonuses if (b, what.none, None) in told}
    if not held:
        return ""
    if text := too_few_seeds(told, suite):
        return text
    parts = [
        *_against(held, "no bonus"),
        *(line for b, a in what.contrasts if (t := told.get((b, a, None))) for line in _against({b: t}, f"`{a}`")),
    ]
    alone = _by_task(compare_by_task(suite, [(b, what.none) for b in held], ledger), suite, "difference from no bonus")
    return " ".join(
        [f"Over {len(suite.scales)} tasks, {parts[0]}", *parts[1:], corrected(told, suite), *alone, BRACKETS]
    )


def _against(held: Mapping[str, Comparison], other: str) -> list[str]:
    """Who gains, who loses against one other, and for whom nothing is shown: a sentence each."""
    said = []
    for verb, sign in (("gains", 1), ("loses", -1)):
        loud = [f"`{b}` {verb} {effect_size(t)}" for b, t in held.items() if t.shown and t.difference * sign > 0]
        if loud:
            said.append(f"{listed(loud)} against {other}.")
    still = {b: t for b, t in held.items() if not t.shown}
    if still:
        names, verb = listed([f"`{b}`" for b in still]), "are" if len(still) > 1 else "is"
        said.append(f"{names} {verb} not shown to differ from {other} ({detectable([*still.values()])}).")
    return said


def _by_task(told: Mapping[ComparisonKey, Comparison], suite: Suite, what: str) -> list[str]:
    """Where who is shown to gain or lose: a sentence a task."""
    how = "Each task alone (Holm over the tasks of a pair)"
    if text := too_few_seeds(told, suite):
        return [f"{how}: {text}"]
    said = []
    for task in suite.scales:
        loud = [(b, t) for (b, _, tasks), t in told.items() if tasks == (task,) and t.shown]
        words = _losses_first(loud)
        said += [f"{listed(words)} on {task}."] if words else []
    if not said:
        return [f"{how}: no {what} is shown."]
    return [f"{how}: {said[0]}", *said[1:]]


def _losses_first(loud: Sequence[tuple[str, Comparison]]) -> list[str]:
    """`a` loses 0.43, `b` gains 0.38: losses before gains, the larger first."""
    order = sorted(loud, key=lambda item: (item[1].difference > 0, -abs(item[1].difference)))
    return [f"`{b}` {'gains' if t.difference > 0 else 'loses'} {abs(t.difference):.2g}" for b, t in order]
