"""The sentences of benchmarks/findings.py."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.findings import Bonuses, Staleness
from benchmarks.suite import Suite
from benchmarks.tested import Asked, Told, corrected, family, listed, too_few, unseen


def staleness(suite: Suite, what: Staleness) -> str:
    """From which lag on a loss is shown, and which repairs are shown to gain at one lag."""
    stale = what.stale[what.at]
    costs: dict[int, Asked] = {lag: (v, what.fresh, None) for lag, v in what.stale.items()}
    gains: dict[str, Asked] = {name: (v, stale, None) for name, v in what.repairs.items()}
    told = family(suite, [*costs.values(), *gains.values()])
    lags = {lag: told[key] for lag, key in costs.items() if key in told}
    repairs = {name: told[key] for name, key in gains.items() if key in told}
    if not lags:
        return ""
    if text := too_few(told, suite):
        return text
    parts = [_of_lags(lags, suite.unit)]
    if what.at in lags and repairs:
        lost = lags[what.at].shown and lags[what.at].difference < 0
        parts.append(_of_repairs(repairs, what.at, lost, len(suite.scales)))
    said = f"{'; '.join(parts)} {corrected(told, suite)}"
    return f"{said}; {_late(suite, what, *what.late)}." if what.late else f"{said}."


def _late(suite: Suite, what: Staleness, lag: int, repairs: tuple[str, ...]) -> str:
    """What a lag costs on each task, and who wins back how much there; a part of a sentence, which has no full stop."""
    stale = what.stale[lag]
    against = {stale: what.fresh, **dict.fromkeys(repairs, stale)}
    told = family(suite, [(v, a, (task,)) for task in suite.scales for v, a in against.items()])
    head = f"`{stale}` against `{what.fresh}`, and its corrections against it, "
    return too_few(told, suite).removesuffix(".") or head + _by_task(told, suite, "difference")


def _of_lags(lags: Mapping[int, Told], unit: str) -> str:
    """What each lag costs, or that nothing is shown."""
    quiet = {lag: t for lag, t in lags.items() if not t.shown}
    parts = []
    if quiet:
        which = f"lag{'s' if len(quiet) > 1 else ''} {listed([str(lag) for lag in quiet])}"
        parts.append(f"no loss is shown at {which} ({unseen([*quiet.values()])})")
    for word, sign in (("costs", -1), ("gains", 1)):
        loud = [f"lag {lag} {word} {t.size}" for lag, t in lags.items() if t.shown and t.difference * sign > 0]
        if loud:
            parts.append(f"{listed(loud)} of the {unit}")
    return f"Uncorrected, {', '.join(parts)}"


def _of_repairs(repairs: Mapping[str, Told], at: int, lost: bool, tasks: int) -> str:
    """Who wins back how much at one lag."""
    better = {n: t for n, t in repairs.items() if t.shown and t.difference > 0}
    worse = {n: t for n, t in repairs.items() if t.shown and t.difference < 0}
    still = {n: t for n, t in repairs.items() if not t.shown}
    verb = "wins back" if lost else "gains"
    parts = [_each(better, verb, tasks), _each(worse, "loses another" if lost else "loses", tasks)]
    if still:
        names = listed([f"{n}{_where(t, tasks)}" for n, t in still.items()])
        parts.append(f"no difference is shown for {names} ({unseen([*still.values()])})")
    return f"at lag {at} {listed([p for p in parts if p])}"


def _each(told: Mapping[str, Told], verb: str, tasks: int) -> str:
    """V-trace wins back 0.09 [..], token IS 0.07 [..]"""
    largest = sorted(told.items(), key=lambda item: -abs(item[1].difference))
    return ", ".join(
        f"{name} {verb + ' ' if i == 0 else ''}{t.size}{_where(t, tasks)}" for i, (name, t) in enumerate(largest)
    )


def _where(told: Told, tasks: int) -> str:
    return f" on {told.tasks} of {tasks} tasks" if told.tasks < tasks else ""


def bonuses(suite: Suite, what: Bonuses) -> str:
    """Who gains or loses against no bonus, over the suite and by task, and what each contrast shows."""
    costs: dict[str, Asked] = {b: (b, what.none, None) for b in what.bonuses}
    told = family(suite, [*costs.values(), *((b, a, None) for b, a in what.contrasts)])
    held = {b: told[key] for b, key in costs.items() if key in told}
    if not held:
        return ""
    by_task = family(suite, [(b, what.none, (task,)) for task in suite.scales for b in held])
    if text := too_few(by_task, suite):
        return text
    parts = [
        _against(held, "no bonus"),
        *(_against({b: told[b, a, None]}, f"`{a}`") for b, a in what.contrasts if (b, a, None) in told),
    ]
    alone = _by_task(by_task, suite, "difference from no bonus")
    return f"Over {len(suite.scales)} tasks, {'; '.join(parts)} {corrected(told, suite)}; {alone}."


def _against(held: Mapping[str, Told], other: str) -> str:
    """Who gains, who loses against one other, and for whom nothing is shown."""
    parts = []
    for verb, sign in (("gains", 1), ("loses", -1)):
        loud = [f"`{b}` {verb} {t.size}" for b, t in held.items() if t.shown and t.difference * sign > 0]
        if loud:
            parts.append(f"{listed(loud)} against {other}")
    still = {b: t for b, t in held.items() if not t.shown}
    if still:
        names, verb = listed([f"`{b}`" for b in still]), "are" if len(still) > 1 else "is"
        parts.append(f"{names} {verb} not shown to differ from {other} ({unseen([*still.values()])})")
    return ", ".join(parts)


def _by_task(told: Mapping[Asked, Told], suite: Suite, what: str) -> str:
    """Where who is shown to gain or lose."""
    parts = []
    for task in suite.scales:
        loud = [(b, t) for (b, _, tasks), t in told.items() if tasks == (task,) and t.shown]
        words = [f"`{b}` {'gains' if t.difference > 0 else 'loses'} {t.size}" for b, t in loud]
        parts += [f"{listed(words)} on {task}"] if words else []
    said = f"by task {', '.join(parts)}" if parts else f"on no single task is a {what} shown"
    return f"{said} (Holm over {len(told)})"
