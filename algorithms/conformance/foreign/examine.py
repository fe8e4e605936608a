"""Every rule and property of a function of another library, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from algorithms.conformance.finding import Finding
from algorithms.conformance.foreign.adapters.adapter import Foreign
from algorithms.conformance.foreign.rules import changes, exact, ours, properties, ratios, rewards, shares
from algorithms.conformance.foreign.rules.changes import CHANGES
from algorithms.conformance.foreign.rules.properties import SAYS, Property
from algorithms.estimators.estimator import Estimator
from envs.validation import UnknownName, UsageError

GRADIENT = "gradient"
MULTIPLES = (1.0, (exact.PAIR - 1) / exact.PAIR, (2 * exact.PAIR - 1) / (2 * exact.PAIR))  # 1, (G-1)/G, (N-1)/N


class Report(NamedTuple):
    """What was found of a function.

    findings  the rules, with those that were promised    properties  the others, which a function may or may not have
    same_as   the variants of ours that compute the same
    """

    findings: list[Finding]
    properties: list[Property]
    same_as: list[str]

    @property
    def broken(self) -> list[Finding]:
        """The rules that do not hold."""
        return [finding for finding in self.findings if not finding.holds]


def promise_names(estimators: Mapping[str, Estimator]) -> list[str]:
    """What may be promised: a property, a mean that is a multiple of grad J, or equality with a variant of ours."""
    return [*SAYS, GRADIENT, *estimators]


def check_promises(promises: Sequence[str], estimators: Mapping[str, Estimator]) -> None:
    """UnknownName for what cannot be promised."""
    for name in promises:
        if name not in promise_names(estimators):
            raise UnknownName("promise", name, promise_names(estimators))


def examine(foreign: Foreign, promises: Sequence[str], estimators: Mapping[str, Estimator]) -> Report:
    """The rules, the properties and ours that compute the same. What the function raises on a batch is a rule that breaks.

    estimators  those of ours, by their names
    """
    check_promises(promises, estimators)
    if (error := _error(foreign)) is not None:
        return Report([error], [], [])
    found = rewards.examine(foreign)
    found += [finding for change in CHANGES if (finding := changes.examine(foreign, change)) is not None]
    found += [finding for finding in (changes.silent(foreign),) if finding is not None]
    found += [*ratios.examine(foreign), *shares.examine(foreign)]
    if exact.complete(foreign):
        found.append(_mean(foreign, GRADIENT in promises))
    had = properties.examine(foreign)
    found += [_promised(p, promises) for p in had if p.name in promises]
    _check_tested(promises, foreign, had, estimators)
    compares = foreign.kind != "value loss" and (
        foreign.kind == "advantages" or {"advantages", "old_logp"} <= foreign.takes
    )
    same = ours.equal(foreign, estimators) if compares and not any(not o.holds for o in found[:1]) else []
    found += [_equal(foreign, name, estimators[name]) for name in promises if name in estimators]
    return Report(found, [p for p in had if p.name not in promises], same)


def _error(foreign: Foreign) -> Finding | None:
    """The break of a function that raises on the largest batch, where nothing is out of the ordinary."""
    try:
        foreign(changes.batches(foreign)[-1])
    except UsageError:
        raise
    except Exception as error:
        rule = "it computes a result from what its parameters ask for"
        return Finding(rule, False, f"expected a tensor; seen {type(error).__name__}: {' '.join(str(error).split())}")
    return None


def _mean(foreign: Foreign, promised: bool) -> Finding:
    made = exact.mean_gradient(foreign)
    seen = f"seen {made.multiple:.6g} grad J and {made.rest:.2g} |grad J| orthogonal to it"
    if promised:
        holds = made.rest < exact.CLOSE and min(abs(made.multiple - m) for m in MULTIPLES) < exact.CLOSE
        return Finding(
            "promised: its mean is a multiple of grad J", holds, f"expected 1, (G-1)/G or (N-1)/N grad J; {seen}"
        )
    holds = made.cosine > exact.ALONG
    detail = f"expected a cosine above {exact.ALONG}; seen {made.cosine:.3f} ({seen.removeprefix('seen ')})"
    return Finding("its mean points along grad J", holds, detail)


def _promised(found: Property, promises: Sequence[str]) -> Finding:
    seen = "that" if found.holds else "the opposite"
    return Finding(f"promised: {found.says}", found.holds, f"expected that; seen {seen}", found.example)


def _equal(foreign: Foreign, name: str, estimator: Estimator) -> Finding:
    off = ours.difference(foreign, estimator)
    what = "its advantages are" if foreign.kind == "advantages" else "its ratio and clip are"
    detail = f"expected no difference; seen a largest relative difference of {off:.2g}"
    return Finding(f"promised: {what} those of {name}", off < ours.CLOSE, detail)


def _check_tested(
    promises: Sequence[str], foreign: Foreign, had: Sequence[Property], estimators: Mapping[str, Estimator]
) -> None:
    """UsageError for a promise that says nothing about a function of this kind."""
    tested = {p.name for p in had} | ({GRADIENT} if exact.complete(foreign) else set())
    if foreign.kind != "value loss":
        tested |= {*estimators}
    if idle := [name for name in promises if name not in tested]:
        raise UsageError(
            f"--promise {idle[0]} says nothing about a function of kind {foreign.kind!r}; it may be one of "
            f"{', '.join(sorted(tested - {*estimators}))}, or a variant of ours"
        )
