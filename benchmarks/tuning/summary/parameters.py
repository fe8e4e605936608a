"""Fields that were searched, as axes with names."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.tuning.result import StudyResult
from benchmarks.tuning.summary.trials import NAN, as_json, keeps_default

WORDS = {"n": "n steps"}  # where the last word of a path says too little
SHORT = {
    "learning_rate": "lr",
    "max_grad_norm": "grad norm",
    "value_coefficient": "value coef",
    "initial_log_std": "log std",
}


@dataclass(frozen=True)
class TunedParameter:
    """A field that was searched, as an axis: numbers from low to high, or the texts of its choices in their order."""

    name: str
    label: str
    short: str
    low: float = NAN
    high: float = NAN
    log: bool = False
    integer: bool = False
    choices: tuple[str, ...] = ()

    def position(self, value: object) -> float:
        """Of a value on the axis: itself, or the index of a choice; NaN where it has none (an infinite bound, say)."""
        if self.choices:
            return float(self.choices.index(shown(value))) if shown(value) in self.choices else NAN
        number = float(value) if isinstance(value, (int, float)) else NAN
        return number if math.isfinite(number) else NAN

    def fraction(self, value: object) -> float:
        """Of the range below a value, on the scale that was searched: 0 the lowest, 1 the highest."""
        low, high = (0.0, len(self.choices) - 1.0) if self.choices else (self.low, self.high)
        at = self.position(value)
        if not high > low:
            return 0.5 + 0 * at
        return math.log(at / low) / math.log(high / low) if self.log else (at - low) / (high - low)

    @property
    def ends(self) -> tuple[str, str]:
        """Both ends as text."""
        if self.choices:
            return self.choices[0], self.choices[-1]
        return shown(self.low), shown(self.high)


def shown(value: object) -> str:
    """A value in few characters: 0.003, [64, 64] -> 64x64."""
    if isinstance(value, (list, tuple)):
        return "x".join(map(shown, value))
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def labels(names: Iterable[str], short: bool = False) -> dict[str, str]:
    """A path's last word, with the one before it where two paths end alike: `clip`, `entropy alpha`; `short`: `lr`."""
    names = list(dict.fromkeys(names))
    ends = Counter(name.rpartition(".")[2] for name in names)
    by_name = {}
    for name in names:
        *rest, last = name.split(".")
        word = (short and SHORT.get(last)) or WORDS.get(last) or last.replace("_", " ")
        by_name[name] = f"{rest[-1].replace('_', ' ')} {word}" if ends[last] > 1 and rest else word
    twice = Counter(by_name.values())
    return {name: label if twice[label] == 1 else name for name, label in by_name.items()}


def tuned_parameters(studies: Sequence[StudyResult]) -> dict[str, TunedParameter]:
    """By path, every field that any of the studies searched, with a range that holds all of their values."""
    entries: dict[str, list[Mapping[str, Any]]] = {}
    for entry in (e for t in studies for e in t.space):
        entries.setdefault(str(entry["name"]), []).append(entry)
    named, short = labels(entries), labels(entries, short=True)
    seen: dict[str, list[Any]] = {name: [] for name in entries}
    for values in (v for t in studies for v in (t.default, *(a.values for a in t.trials))):
        for name in entries.keys() & values.keys():
            seen[name].append(values[name])
    return {name: _tuned_parameter((name, named[name], short[name]), entries[name], seen[name]) for name in entries}


def _tuned_parameter(
    names: tuple[str, str, str], entries: Sequence[Mapping[str, Any]], seen: Sequence[Any]
) -> TunedParameter:
    choices = [v for e in entries for v in e.get("choices", ())]
    bounds = [float(e[end]) for e in entries if "choices" not in e for end in ("low", "high")]
    numbers = [float(v) for v in (*bounds, *seen) if isinstance(v, (int, float)) and math.isfinite(v)]
    if choices or not numbers:
        return TunedParameter(*names, choices=tuple(dict.fromkeys(map(shown, _sorted([*choices, *seen])))))
    log = all(bool(e.get("log")) for e in entries) and min(numbers) > 0
    return TunedParameter(*names, min(numbers), max(numbers), log, all(bool(e.get("integer")) for e in entries))


def _sorted(values: Sequence[Any]) -> list[Any]:
    """By size where they have one, as they come where they have none."""
    try:
        return sorted(values)
    except TypeError:
        return list(values)


def changes(study: StudyResult, named: Mapping[str, str]) -> str:
    """Which fields the chosen configuration changed: `lr 0.003 -> 0.01, lam 0.95 -> 0.9`."""
    if keeps_default(study):
        return "none: the default was chosen"
    default, chosen = as_json(study.default), as_json(study.configuration)
    names = [n for n in dict.fromkeys([*named, *default, *chosen]) if default.get(n) != chosen.get(n)]
    return ", ".join(f"{named.get(n, n)} {shown(default.get(n))} -> {shown(chosen.get(n))}" for n in names)
