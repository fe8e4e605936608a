"""Functions of others under the kit: faults that libraries have had are found for what is wrong, right functions are not."""

from __future__ import annotations

import pytest

from algorithms import VARIANTS
from algorithms.conformance.foreign.adapters.registry import adapt
from algorithms.conformance.foreign.examine import Report, examine
from tests.contracts.right_functions import RIGHT
from tests.contracts.wrong_functions import FIXED_BY_OTHERS, WRONG

OURS = {
    name: VARIANTS[name].estimator
    for name in ("rloo", "like_verl_grpo", "like_trl_grpo", "dr_grpo", "gae", "ppo", "grpo", "cispo")
}


def report_on(function: object, promises: tuple[str, ...], adapter: str | None = None) -> Report:
    assert callable(function)
    return examine(adapt(function, adapter, {}), promises, OURS)


@pytest.mark.parametrize("name", WRONG)
def test_wrong_functions_are_rejected_for_what_is_wrong(name: str) -> None:
    wrong = WRONG[name]
    broken = report_on(wrong.function, wrong.promises, wrong.adapter).broken
    assert any(outcome.rule.startswith(wrong.rule) for outcome in broken), [outcome.rule for outcome in broken]
    for outcome in broken:
        assert "expected" in outcome.detail
        assert "seen" in outcome.detail


@pytest.mark.parametrize("name", RIGHT)
def test_right_functions_are_accepted_with_their_promises(name: str) -> None:
    report = report_on(*RIGHT[name])
    assert [f"{outcome.rule}: {outcome.detail}\n{outcome.example}" for outcome in report.broken] == []


def test_the_faults_of_nine_fixes_are_here() -> None:
    assert len(FIXED_BY_OTHERS) == 9
