"""Diagnostics: each by hand, what they gather between checkpoints, and that no result depends on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from algorithms import VARIANTS
from algorithms.composition import Schedule
from algorithms.estimators.diagnostics import (
    NAMES,
    Diagnostics,
    effective_sample_size,
    explained_variance,
    ratio_diagnostics,
    text_diagnostics,
)
from algorithms.estimators.rollout import Batch
from algorithms.training.checkpoints import PROGRESS, Checkpoints
from algorithms.training.learner import Learner
from algorithms.training.observation_normaliser import Identity
from algorithms.training.records import Record
from algorithms.training.run import train
from algorithms.training.state import RunState
from envs import TASKS
from tests.builders import make_learner, make_run, records_of, small_training
from tests.rollouts import grouped_rollout, make_rollout


def test_of_texts_by_hand() -> None:
    """Returns 1 1 | 0 3, lengths 2 1 | 2 2; right is the last, of 2 tokens; the others have 2, 1, 2."""
    rollout = grouped_rollout([[1.0, 1.0, 0.0, 1.0], [0.0, 0.0, 0.0, 2.0]], [[1.0] * 4, [1.0, 0.0, 1.0, 1.0]], group=2)
    right = torch.tensor([[0.0, 0.0, 0.0, 1.0]])
    made = text_diagnostics(rollout, right)
    value, weight = made["length_right"]
    assert (value.item(), weight.item()) == (2.0, 1.0)
    value, weight = made["length_wrong"]
    assert value.item() == pytest.approx(5 / 3)
    assert weight.item() == 3.0
    assert made["equal_groups"][0].item() == 0.5
    for nothing in (0.0, torch.nan):  # nobody is right, or it is unknown: no reading
        _, weight = text_diagnostics(rollout, right * nothing)["length_right"]
        assert weight.item() == 0.0
    assert text_diagnostics(rollout, right * torch.nan)["length_wrong"][1].item() == 0.0


def test_of_ratio_by_hand() -> None:
    """A > 0 with ratios 1.5 and 1.1, A < 0 with .5, .9 and (not valid) .1: half of the first clipped up, half down."""
    ratio = torch.tensor([[[1.5, 1.1, 0.5, 0.9, 0.1]]], dtype=torch.float64)
    advantage, valid = torch.tensor([[[2.0, 1.0, -1.0, -2.0, -1.0]]]), torch.tensor([[[1.0, 1.0, 1.0, 1.0, 0.0]]])
    made = ratio_diagnostics(ratio.log(), advantage, valid, (0.8, 1.2))
    assert made["clipped_up"].item() == 0.5
    assert made["clipped_down"].item() == 0.5
    k3 = sum(r - 1 - np.log(r) for r in (1.5, 1.1, 0.5, 0.9)) / 4
    assert made["approximate_kl"].item() == pytest.approx(k3)
    assert made["effective_sample_size"].item() == pytest.approx(4.0**2 / (4 * 4.52))  # sum 4, squares 4.52, of 4 rows
    assert set(ratio_diagnostics(ratio.log(), advantage, valid, None)) == {"approximate_kl", "effective_sample_size"}


def test_effective_sample_size_by_hand() -> None:
    """Weights 1 3 | 2 2 of member 0, its third row not valid; 1 0 0 of member 1; member 2 has no row."""
    weight = torch.tensor([[[1.0, 3.0, 50.0], [1.0, 0.0, 0.0], [1.0, 1.0, 1.0]]] * 2)  # [T, P, N]
    weight[1, 0] = torch.tensor([2.0, 2.0, 50.0])
    valid = torch.ones_like(weight)
    valid[:, 0, 2], valid[:, 2] = 0.0, 0.0
    for scale in ([1.0, 1.0, 1.0], [1e-30, 1e30, 1.0], [1e30, 1e-30, 1.0]):  # their squares are not floats
        share = effective_sample_size(weight.log() + torch.tensor(scale).log()[:, None], valid)
        torch.testing.assert_close(share, torch.tensor([64 / (4 * 18), 1 / 3, torch.nan]), equal_nan=True)


def test_explained_variance_by_hand() -> None:
    """Targets 1 3 5, values 1 2 6: errors 0 1 -1 vary by 2/3, targets by 8/3. A constant target has none."""
    values, target = torch.tensor([[[1.0, 2.0, 6.0, 9.0]]]), torch.tensor([[[1.0, 3.0, 5.0, -9.0]]])
    valid = torch.tensor([[[1.0, 1.0, 1.0, 0.0]]])
    assert explained_variance(values, target, valid).item() == pytest.approx(0.75)
    assert explained_variance(values, torch.ones_like(target), valid).isnan().all()


def test_readings_are_averaged_by_weight_and_cleared_by_member() -> None:
    made = Diagnostics(3)
    made.add("gradient_norm", torch.tensor([1.0, float("nan"), 5.0]))
    made.add("gradient_norm", torch.tensor([4.0, float("inf"), 7.0]), torch.tensor([2.0, 1.0, 0.0]))
    means = made.means()
    assert list(means) == ["gradient_norm"]
    np.testing.assert_allclose(means["gradient_norm"], [3.0, np.nan, 5.0])
    made.clear(np.array([True, False, False]))
    np.testing.assert_allclose(made.means()["gradient_norm"], [np.nan, np.nan, 5.0])


def gradients(*rows: list[list[float]]) -> Diagnostics:
    """Diagnostics that have read these updates' gradients, [P, D] each; all members took part."""
    made = Diagnostics(len(rows[0]), width=len(rows[0][0]))
    for row in rows:
        made.add_gradient(torch.tensor(row), torch.ones(len(row)))
    return made


def test_the_spread_of_gradients_by_hand() -> None:
    """(1, 0) (3, 0) (2, 3): mean (2, 1), squares 1 9 13, so the variance is 3/2 (23/3 - 5) and the snr (5 - 4/3) / 4.

    The second member's (1, 0) (-1, 0) (0, 0) have mean 0 and variance 1: less than nothing is left of the mean.
    """
    made = gradients([[1.0, 0.0], [1.0, 0.0]], [[3.0, 0.0], [-1.0, 0.0]], [[2.0, 3.0], [0.0, 0.0]])
    means = made.means()
    np.testing.assert_allclose(means["gradient_variance"], [4.0, 1.0])
    np.testing.assert_allclose(means["gradient_snr"], [11 / 12, 0.0])


def test_what_is_no_measure_of_spread() -> None:
    """One reading; gradients that are equal (no ratio); what is not finite and who did not take part are no readings."""
    assert gradients([[1.0, 2.0]]).means() == {}
    means = gradients(*[[[0.1, 0.2]]] * 3).means()
    np.testing.assert_allclose(means["gradient_variance"], [0.0], atol=1e-12)
    assert "gradient_snr" not in means
    made = gradients([[1.0], [1.0], [1.0]], [[3.0], [float("nan")], [float("inf")]])
    made.add_gradient(torch.tensor([[9.0], [3.0], [9.0]]), torch.tensor([0.0, 1.0, 0.0]))
    np.testing.assert_allclose(made.means()["gradient_variance"], [2.0, 2.0, np.nan])


def test_gradients_are_forgotten_by_member() -> None:
    made = gradients([[1.0], [5.0]], [[3.0], [9.0]])
    made.clear(np.array([True, False]))
    np.testing.assert_allclose(made.means()["gradient_variance"], [np.nan, 8.0])
    made.add_gradient(torch.tensor([[7.0], [7.0]]), torch.ones(2))
    made.add_gradient(torch.tensor([[7.5], [7.0]]), torch.ones(2))
    means = made.means()  # 5 9 7 7 of member 1
    np.testing.assert_allclose(means["gradient_variance"], [0.125, 8 / 3])
    np.testing.assert_allclose(means["gradient_snr"], [(7.25**2 - 0.0625) / 0.125, (49 - 2 / 3) / (8 / 3)])


@pytest.mark.parametrize("variant", ["ppo", "npg"])
def test_the_first_gradient_of_a_diagnosed_update_is_read_and_of_the_actor_alone(variant: str) -> None:
    """Of epochs and minibatches the first: what the critic's weights do to the loss is not in it."""
    task, chosen = TASKS["bandit/small"], VARIANTS[variant]
    training = replace(small_training(task, chosen), max_grad_norm=1e-3)
    policy, rollout = make_rollout(task, chosen, training, (0, 1))
    seen: list[torch.Tensor] = []

    class Watched(Learner):
        def descend(self, batch: Batch, parts: int = 1) -> torch.Tensor:
            logp = super().descend(batch, parts)
            seen.append(policy.flat.gradient[:, policy.actor_columns].double())
            return logp

    learner = Watched(policy, chosen.estimator, chosen.schedule, training, torch.full((2,), 0.1), task, chosen.update)
    firsts = []
    for diagnosing in (True, False, True):
        steps = len(seen)
        learner.learn(rollout, [np.random.default_rng(p) for p in range(2)], diagnosing=diagnosing)
        firsts += [seen[steps]] if diagnosing else []
    assert (len(seen) > 3) is (variant == "ppo")
    torch.testing.assert_close(learner.diagnostics.gradients, firsts[0] + firsts[1], rtol=0, atol=0)
    expected = torch.stack(firsts).var(0).sum(1).numpy()
    np.testing.assert_allclose(learner.diagnostics.means()["gradient_variance"], expected)


def test_a_resumed_run_goes_on_with_the_gradients_it_has_read() -> None:
    """Segments of 3 updates, checkpoints farther apart: what was read before the cut is part of what is noted after it."""
    task, variant = TASKS["bandit/small"], VARIANTS["ppo"]
    training = replace(small_training(task, variant), segment=3)
    made = [make_run(task, variant, training, 200, rate=3e-3) for _ in range(3)]
    whole = records_of(train(made[0]))
    state = next(e for e in train(made[1]) if isinstance(e, RunState))
    assert state.tensors["diagnostics.norm_sq"][1].tolist() == [3.0, 3.0]
    resumed = records_of(train(made[2], state))
    ours = [r.measures for r in whole if r.checkpoint > 0]
    assert [r.measures for r in resumed if r.checkpoint > 0] == ours
    assert all({"gradient_variance", "gradient_snr"} <= set(m) for m in ours)


def records(task: str, variant: str, env_steps: int = 1_000, **schedule: int) -> list[Record]:
    chosen = VARIANTS[variant]
    if schedule:
        chosen = replace(chosen, schedule=replace(chosen.schedule, **schedule))
    training = small_training(TASKS[task], chosen, envs=8)
    return records_of(train(make_run(TASKS[task], chosen, training, env_steps, rate=3e-3)))


def test_what_each_run_notes() -> None:
    def noted(made: list[Record]) -> set[str]:
        return set().union(*(r.measures for r in made)) & set(NAMES)

    gradient = {"gradient_norm", "gradient_variance", "gradient_snr"}
    text = gradient | {"entropy_share", "equal_groups", "length_right", "length_wrong", "gradient_cosine"}
    assert noted(records("bandit/small", "rloo")) == text
    ppo = text | {"approximate_kl", "effective_sample_size", "clipped_up", "clipped_down", "explained_variance"}
    of_ppo = records("bandit/small", "ppo", env_steps=300)
    assert noted(of_ppo) == ppo
    assert noted(records("CartPole-v1", "gae")) == gradient | {"entropy_share", "explained_variance"}
    assert noted(records("Pendulum-v1", "reinforce")) <= gradient
    first = of_ppo[0]
    assert first.checkpoint == 0
    assert not set(first.measures) & set(NAMES)  # nothing was learned yet


def test_the_exact_gradient_points_where_its_own_run_goes() -> None:
    """An estimator on a large batch points along the exact gradient; the noisier one on a small batch less."""
    task, variant = TASKS["bandit/small"], VARIANTS["rloo"]
    cosines = {}
    for envs in (8, 512):
        training = small_training(task, variant, envs)
        run = make_run(task, variant, training, 2 * envs, tuple(range(8)), rate=1e-3)
        found = [r.measures["gradient_cosine"] for r in records_of(train(run)) if r.checkpoint > 0]
        cosines[envs] = sum(found) / len(found)
    assert cosines[512] > 0.9
    assert cosines[8] < cosines[512] - 0.1


def test_the_ratio_of_a_second_step_is_seen_and_that_of_the_first_is_1() -> None:
    task, variant = TASKS["bandit/small"], VARIANTS["ppo"]
    training = small_training(task, variant)
    policy, rollout = make_rollout(task, variant, training, (0,))
    for epochs, moved in ((1, False), (2, True)):
        schedule = Schedule(epochs=epochs, lag=1)
        learner = make_learner(policy, variant, training, task, 0.1, schedule)
        learner.learn(rollout, [], diagnosing=True)
        means = learner.diagnostics.means()
        assert (abs(means["approximate_kl"].item()) > 1e-4) is moved
        assert (means["effective_sample_size"].item() < 1 - 1e-4) is moved


def test_no_result_depends_on_what_is_diagnosed(monkeypatch: pytest.MonkeyPatch) -> None:
    def scores() -> list[tuple[float, float]]:
        return [(r.eval_return, r.measures["entropy"]) for r in records("CartPole-v1", "ppo")]

    watched = scores()
    monkeypatch.setattr("algorithms.training.run.DIAGNOSED_EVERY", 1)
    assert scores() == watched


def test_a_checkpoint_notes_what_was_read_since_the_last_one_of_that_member() -> None:
    """Member 0 passes thresholds 10 and 20 at 12 and 25 steps, member 1 both at 25: readings 1 and 3 stay apart for 0."""
    made = Checkpoints(torch.zeros(2, 1), (0.5, 1.0), 20, Identity)
    notes = Diagnostics(2)
    for reading, steps in ((1.0, [12, 5]), (3.0, [25, 25])):
        notes.add("gradient_norm", torch.tensor([reading, reading]))
        now = np.stack([np.array(steps), *np.zeros((len(PROGRESS) - 1, 2))])
        made.take(torch.zeros(2, 1), Identity(), now, np.array([True, True]), notes)
    assert made.diagnostics_at(0)["gradient_norm"].tolist() == [1.0, 2.0]
    assert made.diagnostics_at(1)["gradient_norm"].tolist() == [3.0, 2.0]
    assert notes.means() == {}
