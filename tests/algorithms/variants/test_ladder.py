"""The ladder: every rung changes one declared part of its parent, and every variant learns."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from algorithms import ALGORITHMS, VARIANTS
from algorithms.algorithm import Algorithm
from algorithms.estimators.advantage_scale import Deviation
from algorithms.estimators.estimator import Estimator
from algorithms.training.evaluation import Evaluation
from algorithms.training.run import train
from algorithms.variant import Variant
from benchmarks.design.resolve import resolve
from benchmarks.experiments import ladder
from envs import TASKS
from tests.builders import brief, make_run, records_of

RUNGS = [v for v in VARIANTS.values() if v.parent]


def parts(variant: Variant) -> dict[str, object]:
    """Everything that makes a variant what it is, by name."""
    inner = {f.name: getattr(variant.estimator, f.name) for f in fields(Estimator)}
    outer = {name: getattr(variant, name) for name in ("collection", "nucleus", "fixed")}
    return {**inner, "schedule": variant.schedule, "update": variant.update, **outer}


@pytest.mark.parametrize("variant", RUNGS, ids=lambda v: v.name)
def test_a_rung_differs_from_its_parent_in_one_declared_part(variant: Variant) -> None:
    assert variant.parent is not None
    mine, parents = parts(variant), parts(VARIANTS[variant.parent])
    different = {name for name in mine if mine[name] != parents[name]}
    assert different == {variant.changes, *variant.needs}
    assert variant.changes not in variant.needs


def test_the_ladder_is_the_one_we_publish() -> None:
    tree = {name: (VARIANTS[name].parent, VARIANTS[name].changes) for name in ladder.RUNGS}
    assert tree == {
        "reinforce": (None, ""),
        "reward_to_go": ("reinforce", "credit"),
        "baseline_mean": ("reward_to_go", "baseline"),
        "baseline_loo": ("reward_to_go", "baseline"),
        "baseline_value": ("reward_to_go", "baseline"),
        "gae": ("baseline_value", "credit"),
        "a2c": ("baseline_value", "credit"),
        "entropy": ("gae", "entropy"),
        "ppo": ("gae", "surrogate"),
        "async": ("gae", "schedule"),
    }


def test_a_rung_that_changes_two_parts_is_refused() -> None:
    with pytest.raises(TypeError, match="exactly one part"):
        VARIANTS["gae"].rung("both", "", aggregation="token", scale=Deviation("group"))


SMALLEST = TASKS["bandit/small"]
ON_TEXT = [variant for variant in VARIANTS.values() if variant.reason_unsupported(SMALLEST) is None]


def test_only_single_steps_and_real_valued_actions_do_not_run_on_text() -> None:
    left_out = {variant.name for variant in VARIANTS.values()} - {variant.name for variant in ON_TEXT}
    assert left_out == {"stream_ac", "gae_beta"}


@pytest.mark.parametrize("variant", ON_TEXT, ids=lambda v: v.name)
def test_every_variant_beats_the_floor_on_the_smallest_task(variant: Variant) -> None:
    task = SMALLEST
    training = replace(resolve(task, variant).training, learning_rate=2e-2)
    run = make_run(task, brief(variant), training, 5_000, (0, 1, 2), evaluation=Evaluation(1, 3))
    final = [r.eval_return for r in records_of(train(run)) if r.fraction == 1.0]
    assert task.scale.read(final).min() > 0.6


@pytest.mark.parametrize("algorithm", [a for a in ALGORITHMS.values() if a.exact], ids=lambda a: a.name)
def test_what_reads_the_model_says_why_it_cannot_run(algorithm: Algorithm) -> None:
    assert "has none" in str(algorithm.reason_unsupported(TASKS["CartPole-v1"]))
    assert algorithm.reason_unsupported(TASKS["bandit/small"]) is None
