"""The supervised twin: its loss by hand on two words, what it learns on tiny tasks, and that it repeats."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from algorithms import VARIANTS
from algorithms.policies.networks.adapters import Adapters
from algorithms.references.behaviour_cloning import BehaviourCloning, imitation_loss
from algorithms.training.records import Record, TrainingEvent
from algorithms.training.returns.exact_return import ExactReturn
from algorithms.training.state import RunState
from algorithms.training_config import Episodes, TrainingConfig
from benchmarks.design.cell import Cell
from envs import TASKS
from envs.api import Task
from envs.language.listed_mdp import language_task
from envs.language.tasks.cue import Cue
from envs.language.tasks.detox import Detox
from envs.language.taught_mdp import Demonstrations, TaughtMDP
from tests.builders import SHORT, make_policy, members_of, records_of
from tests.envs.language.tiny_claims import cue, detox, tasks, truth

TRAINING = TrainingConfig(Adapters(rank=2), collection=Episodes(envs=32, group=4), learning_rate=3e-2, segment=10)
BRIEF = replace(TRAINING, collection=Episodes(envs=8, group=4), segment=2)
TWIN = BehaviourCloning(name="imitation", summary="", rate=3e-2)


@cache
def two_words() -> Task:
    mdp = detox(words=("good", "bad"), length=1, fluency=0.0, beta=0.1)
    return language_task("detox/two", mdp, mdp.reference_return(), mdp.optimal_return())


def cell(task: Task, env_steps: int, seeds: tuple[int, ...] = (0, 1)) -> Cell:
    return Cell(task, TWIN, TRAINING, members_of(seeds, TWIN.rate), env_steps, SHORT)


def last(task: Task, env_steps: int) -> list[Record]:
    found = records_of(TWIN.train(cell(task, env_steps)))
    return [record for record in found if record.checkpoint == max(r.checkpoint for r in found)]


def test_the_loss_by_hand() -> None:
    mdp = two_words().factory
    assert isinstance(mdp, Detox)
    policy = make_policy(two_words(), VARIANTS["rloo"], TRAINING, (0, 1))
    p = np.exp(mdp.log_reference)  # where training starts; [X, 2]
    rows = np.concatenate([mdp.transcripts[0], mdp.transcripts[1]])  # good, bad after each prompt
    first = Demonstrations(rows, np.array([True, False, False, False]))
    second = Demonstrations(rows, np.array([True, True, False, True]))
    by_hand = [-math.log(p[0, 0]), -(math.log(p[0, 0]) + math.log(p[0, 1]) + math.log(p[1, 1])) / 3]
    found = imitation_loss(policy, mdp, [first, second])
    np.testing.assert_allclose(found.detach().numpy(), by_hand, rtol=1e-4)
    none = Demonstrations(rows, np.zeros(4, np.bool_))
    assert imitation_loss(policy, mdp, [none, none]).tolist() == [0, 0]  # nothing is kept: no step, no NaN


def test_replies_are_not_imitated() -> None:
    mdp = cue()
    task = tasks()["cue"]
    policy = make_policy(task, VARIANTS["rloo"], TRAINING, (0,))
    texts = mdp.demonstrate(8, np.random.default_rng(0))
    loss = imitation_loss(policy, mdp, [texts])
    logits = policy.outputs(torch.from_numpy(texts.transcripts).T[:, None], None, 1)[0, 0].log_softmax(-1)
    answers = torch.from_numpy(texts.transcripts[:, 2] - 1)
    assert loss.item() == pytest.approx(-logits.gather(1, answers[:, None]).mean().item(), rel=1e-5)


def test_on_two_words_it_learns_the_one_that_is_not_flagged() -> None:
    mdp = two_words().factory
    assert isinstance(mdp, Detox)
    for record in last(two_words(), 480):
        assert record.eval_return == pytest.approx(mdp.teacher_return(), abs=0.03)


def test_of_true_answers_it_never_learns_to_say_unknown() -> None:
    mdp = truth(cost=2.0)
    task = language_task("truth/two", mdp, mdp.reference_return(), mdp.optimal_return())
    for record in last(task, 640):
        assert record.eval_return == pytest.approx(mdp.teacher_return(), abs=0.12)
        assert record.eval_return < mdp.optimal_return() - 0.2


def test_cloning_answers_learns_the_shortcut() -> None:
    mdp = cue()
    assert isinstance(mdp, Cue)
    task = language_task(
        "cue/two", mdp, mdp.reference_return(), mdp.optimal_return(), [("ood", replace(mdp, split="ood"))]
    )
    for record in last(task, 640):
        assert record.eval_return == pytest.approx(0.82, abs=0.08)  # asking would pay .95
        assert record.measures["ood"] == pytest.approx(0.18, abs=0.08)
        assert record.measures["length"] == pytest.approx(1, abs=0.05)


def test_a_resume_repeats() -> None:
    def events(state: RunState | None = None) -> list[TrainingEvent]:
        return list(TWIN.train(replace(cell(two_words(), 48), training=BRIEF), state=state))

    whole = events()
    state = next(e for e in whole if isinstance(e, RunState))
    returns = [e.eval_return for e in whole if isinstance(e, Record)]
    later = [e.eval_return for e in events(state) if isinstance(e, Record)]
    assert later
    assert later == returns[-len(later) :]
    assert len(set(returns)) > 3


def test_what_it_cannot_do_is_named() -> None:
    reason = "imitates labelled texts, and this task has none"
    assert TWIN.reason_unsupported(TASKS["lock/small"]) == reason
    assert TWIN.reason_unsupported(two_words()) is None
    with pytest.raises(ValueError, match="passes must be at least 1, not 0"):
        BehaviourCloning(name="imitation", summary="", passes=0)
    with pytest.raises(ValueError, match="rate must be above 0, not 0"):
        BehaviourCloning(name="imitation", summary="", rate=0.0)


@pytest.mark.parametrize("name", ["detox", "fairness", "truth", "domain", "cue"])
def test_training_starts_at_the_reference_and_each_view_is_read(name: str) -> None:
    task = tasks()[name]
    mdp = task.factory
    policy = make_policy(task, VARIANTS["rloo"], TRAINING, (0, 1))
    scores = ExactReturn(task).scores(policy)
    np.testing.assert_allclose(scores.value, task.floor or 0.0, atol=1e-6)
    assert {view for view, _ in task.views} <= scores.measures.keys()
    if isinstance(mdp, TaughtMDP):
        np.testing.assert_allclose(scores.measures["kl"], 0, atol=1e-6)
        for view, other in task.views:
            assert isinstance(other, TaughtMDP)
            np.testing.assert_allclose(scores.measures[view], other.reference_return(), atol=1e-5)
