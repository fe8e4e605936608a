"""`run --set`: which variants are made, how they are called, and in which settings they train."""

from __future__ import annotations

from dataclasses import replace

import pytest

from algorithms import ALGORITHMS
from benchmarks.design.cells import build_cells
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.own.rates import RATE, rated_origins, with_rates_of_origins
from benchmarks.design.own.sweep import Sweep, _short, sweep
from benchmarks.design.settings import learning_rate
from envs import TASKS
from envs.validation import UsageError

CARTPOLE = TASKS["CartPole-v1"]


def experiment(*variants: str) -> ComparisonExperiment:
    found = tuple(ALGORITHMS[name] for name in variants)
    return ComparisonExperiment("made", "?", (CARTPOLE,), found, seeds=2)


def names(found: Sweep) -> list[str]:
    return [variant.name for variant in found.variants]


def test_a_variant_for_each_value_and_those_without_the_field_stay() -> None:
    found = sweep(experiment("gae", "reinforce", "random"), ["estimator.credit.lam=.9,.95,1"])
    assert names(found) == ["gae lam=.9", "gae lam=.95", "gae lam=1", "reinforce", "random"]
    assert found.origins == dict.fromkeys(names(found)[:3], "gae")
    first = found.variants[0]
    assert (first.parent, first.changes, first.summary) == ("gae", "lam", "gae with estimator.credit.lam=.9")
    made = replace(experiment(), variants=found.variants, configurations=found.configurations)
    cells = build_cells(made, [CARTPOLE], found.variants, 1000)
    lambdas = {cell.algorithm.name: cell.algorithm.estimator.credit.lam for cell in cells[:3]}  # type: ignore[attr-defined]
    assert lambdas == {"gae lam=.9": 0.9, "gae lam=.95": 0.95, "gae lam=1": 1.0}
    assert len({cell.digest for cell in cells}) == 5


def test_several_settings_make_every_combination_and_long_names_where_short_ones_clash() -> None:
    found = sweep(experiment("ppo"), ["estimator.credit.lam=.9,1", "training.discount=.97,.99"])
    assert names(found) == [f"ppo lam={lam} discount={gamma}" for lam in (".9", "1") for gamma in (".97", ".99")]
    clash = sweep(experiment("gae"), ["training.collection.envs=4,8", "training.network.hidden=(8,),(8,8)"])
    assert _short("a.b.x", ["a.b.x", "a.c.x", "a.y"]) == "b.x"
    assert _short("a.y", ["a.b.x", "a.c.x", "a.y"]) == "y"
    assert names(clash)[:2] == ["gae envs=4 hidden=(8,)", "gae envs=4 hidden=(8,8)"]
    assert sweep(experiment("gae"), ["training.network.hidden=64,32"]).configurations == {
        ("CartPole-v1", "gae hidden=64,32"): {"training.network.hidden": (64, 32)}
    }


def test_the_rate_stays_that_of_the_origin_unless_it_is_set() -> None:
    base = experiment("gae", "reinforce")
    found = sweep(base, ["estimator.credit.lam=.9,1"])
    made = replace(base, variants=found.variants, configurations=found.configurations)
    rated = with_rates_of_origins(made, found.origins)
    own = learning_rate(CARTPOLE, "gae")
    assert [rated.configurations["CartPole-v1", v][RATE] for v in ("gae lam=.9", "gae lam=1")] == [own, own]
    assert {cell.members.rates for cell in build_cells(rated, [CARTPOLE], found.variants[:2], 1000)} == {(own, own)}
    assert rated_origins(made, found.origins) == ["gae"]
    by_user = sweep(base, [f"{RATE}=.5"])
    made = replace(base, variants=by_user.variants, configurations=by_user.configurations)
    rated = with_rates_of_origins(made, by_user.origins)
    assert [values[RATE] for values in rated.configurations.values()] == [0.5, 0.5]


@pytest.mark.parametrize(
    ("assignments", "said"),
    [
        (["estimator.credit.lm=.9"], "unknown field of LambdaReturn in --set estimator.credit.lm 'lm'; nearest: lam"),
        (["estimator.credit.lam=.9,high"], "takes float, as .95"),
        (["estimator.credit.lam=.9,2"], "must lie in [0, 1], not 2"),
        (["lam=.9"], "--set takes estimator.FIELD=, schedule.FIELD= or training.FIELD=, not 'lam=.9'"),
        (["estimator.credit.lam=.9", "estimator.credit.lam=1"], "--set gives estimator.credit.lam twice"),
    ],
)
def test_what_cannot_be_set_is_refused(assignments: list[str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        sweep(experiment("gae", "reinforce"), assignments)
    assert said in str(caught.value)


def test_references_have_nothing_to_set() -> None:
    with pytest.raises(UsageError, match="no variant here has settings"):
        sweep(experiment("random"), ["training.discount=.9"])


def test_what_an_experiment_sets_stays() -> None:
    base = replace(experiment("gae"), configurations={("CartPole-v1", "gae"): {"training.discount": 0.5}})
    found = sweep(base, ["estimator.credit.lam=.9"]).configurations
    assert found["CartPole-v1", "gae lam=.9"] == {"training.discount": 0.5, "estimator.credit.lam": 0.9}
