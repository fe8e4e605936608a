"""The experiment `alignment`: what it declares without a model, and the base that its biased tasks begin from."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from algorithms.language.adapters import Fitting
from benchmarks.experiments.alignment import BUILD, EXPERIMENT, HORIZONS, LABELS
from benchmarks.language.bases import OwnModel
from benchmarks.language.skewed import Skewed, skewed_base
from tests.envs.language.tiny_claims import fairness
from tests.envs.language.tiny_phrases import tiny


def test_every_task_has_its_labels_and_a_claim() -> None:
    assert EXPERIMENT.question.endswith("?")
    assert EXPERIMENT.task_names == tuple(BUILD) == tuple(LABELS)
    assert {task for figure in EXPERIMENT.figures for task in figure.tasks} == set(BUILD)  # type: ignore[attr-defined]
    assert EXPERIMENT.env_steps == {name: LABELS[name] * HORIZONS[name] for name in BUILD}


def test_the_smoke_size_is_small_and_has_models_of_its_own() -> None:
    small = EXPERIMENT.smoke()
    assert set(small.task_names) < set(BUILD)
    steps = [sum(e.env_steps[t] for t in e.task_names) * len(e.variants) * e.seeds for e in (EXPERIMENT, small)]
    assert steps[1] < steps[0] / 5
    assert not {*small.models} & {OwnModel("base"), OwnModel("judge")}


def test_a_base_learns_the_skew_of_its_demonstrations(tmp_path: Path) -> None:
    mdp = fairness(model=tiny(), words=("good", "bad"), skew=0.5)
    skewed = Skewed(mdp, labels=400, fitting=Fitting(passes=6, rate=3e-2))
    base = skewed_base(tmp_path, skewed)
    assert base.digest != mdp.model.digest
    assert base.path.parent == tmp_path / "models"
    after = fairness(model=base, words=("good", "bad"))
    before = mdp.value_of(np.exp(mdp.log_reference), mdp.gap)
    assert abs(before) < 0.1
    assert after.value_of(np.exp(after.log_reference), after.gap) > 0.5  # 1 in the demonstrations
    assert skewed_base(tmp_path, skewed) == base  # made once
