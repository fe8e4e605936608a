"""Learning from labelled texts: which texts a label chooses, the losses by hand, and what is counted."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from algorithms.estimators.rollout import Rollout
from algorithms.references.best_of_n import BestOfN
from algorithms.references.labelled import Imitation, LabelledRun, Preference
from algorithms.training.evaluation import Evaluation
from algorithms.training.records import Members, Record
from benchmarks.design.cell import Cell
from benchmarks.design.resolve import resolve
from envs import TASKS
from envs.validation import UnknownName

SFT = Imitation(name="sft", summary="", labels=2, candidates=2)
DPO = Preference(name="dpo", summary="", labels=2, sharpness=1e6, noise=0.0)
NONE = torch.zeros(0)
NO_TEXTS = Rollout(NONE, NONE, NONE, NONE, NONE, NONE, NONE, None, 1)


def cell(algorithm: Imitation | Preference, seeds: tuple[int, ...] = (3,)) -> Cell:
    task = TASKS["overopt/small"]
    _, training = resolve(task, algorithm)
    return Cell(task, algorithm, training, Members(seeds, (0.003,) * len(seeds)), 960, Evaluation(2, 5))


def test_imitation_keeps_the_best_text_of_each_prompt() -> None:
    """Values 1 4 | 6 2: the second text of the first prompt, the first of the second."""
    value = torch.tensor([[1.0, 4.0, 6.0, 2.0]])
    assert SFT.label(NO_TEXTS, value, []).tolist() == [[[1], [2]]]


def test_a_sharp_label_chooses_the_better_text_and_noise_turns_it_round() -> None:
    value = torch.tensor([[1.0, 4.0, 6.0, 2.0]])
    rng = np.random.default_rng(0)
    assert DPO.label(NO_TEXTS, value, [rng]).tolist() == [[[1, 0], [2, 3]]]
    many = replace(DPO, labels=4_000, noise=0.25)
    places = many.label(NO_TEXTS, torch.tensor([[1.0, 4.0]]).repeat(1, 4_000), [rng])
    wrong = float((places[0, :, 0] % 2 == 0).float().mean())
    assert abs(wrong - 0.25) < 4 * math.sqrt(0.25 * 0.75 / 4_000)


@pytest.mark.parametrize(("algorithm", "expected"), [(DPO, math.log(2)), (SFT, math.log(6))])
def test_the_loss_before_training(algorithm: Imitation | Preference, expected: float) -> None:
    """At the policy that wrote the texts DPO's margin is 0; a policy that is nearly uniform over 6 words has nll log 6."""
    run = LabelledRun(algorithm, cell(algorithm), "cpu")
    texts, places = run._texts
    assert places.shape == (1, 2, 2 if algorithm is DPO else 1)
    columns = places.flatten(1)
    picked = {name: x[:, :, columns[0]] for name, x in texts.tensors().items()}
    loss = algorithm.loss(run.policy, replace(texts, **picked), places.shape[2])  # type: ignore[arg-type]
    assert loss.tolist() == pytest.approx([expected], abs=0.05 if algorithm is SFT else 1e-6)


@pytest.mark.parametrize("algorithm", [SFT, DPO], ids=["sft", "dpo"])
def test_records_count_labels_and_repeat(algorithm: Imitation | Preference) -> None:
    def records() -> list[Record]:
        return [e for e in algorithm.train(cell(algorithm)) if isinstance(e, Record)]

    first, again = records(), records()
    name = "demonstrations" if algorithm is SFT else "comparisons"
    assert {r.measures[name] for r in first} == {2.0}
    assert [r.eval_return for r in first] == [r.eval_return for r in again]
    assert first[0].eval_return != first[-1].eval_return


def test_the_best_of_one_is_the_reference() -> None:
    """Its KL is 0, and overopt/small's uniform policy has J0."""
    best, task = BestOfN(name="best_of_1", summary="", n=1), TASKS["overopt/small"]
    (record,) = [e for e in best.train(replace(cell(SFT), algorithm=best)) if isinstance(e, Record)]
    assert record.measures["kl"] == 0
    assert record.eval_return == pytest.approx(task.floor)


def test_bad_values_are_named() -> None:
    with pytest.raises(UnknownName, match="unknown judge 'silver'"):
        Imitation(name="x", summary="", judge="silver")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"beta and sharpness must be above 0, not 0\.0 and 4\.0"):
        Preference(name="x", summary="", beta=0.0)
    task = TASKS["bandit/small"]
    assert SFT.reason_unsupported(task) == (
        "learns from labels by gold, and this task has no reward besides the one that it pays"
    )
    assert SFT.reason_unsupported(TASKS["CartPole-v1"]) == "learns from labelled texts, and this task has none"
