"""Actions in units of their box and under a tanh: densities, entropies, peers, and what the environment is given."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from stable_baselines3.common.distributions import SquashedDiagGaussianDistribution

from algorithms import VARIANTS
from algorithms.policies.distributions import Gaussian, Scaled, Squashed, head_for, log_slope
from algorithms.policies.exploration import GSDE
from algorithms.training_config import TrainingConfig
from benchmarks.design.resolve import resolve
from envs import TASKS
from envs.api import Box, Discrete, Task
from envs.control.factory import Control
from tests.builders import small_training
from tests.rollouts import make_rollout

BOX = Box((-3.0,), (1.0,))  # centre -1, half 2
OUT = torch.tensor([0.4, -0.3], dtype=torch.float64)  # mean .4, log deviation -.3


def test_what_the_environment_is_given() -> None:
    u = np.array([[0.5], [-2.0]], np.float32)
    assert Gaussian(BOX).to_environment(u) is u
    assert Scaled(BOX).to_environment(u).flatten().tolist() == [0.0, -5.0]  # -1 + 2 u; the environment clips
    squashed = [-1 + 2 * math.tanh(0.5), -1 - 2 * math.tanh(2)]
    assert Squashed(BOX).to_environment(u).flatten().tolist() == pytest.approx(squashed, abs=1e-6)
    assert Squashed(BOX).to_environment(np.full((1, 1), 40.0, np.float32)).item() == 1.0


@pytest.mark.parametrize("kind", ["raw", "scaled", "squashed"])
def test_the_density_of_what_is_given_integrates_to_one(kind: str) -> None:
    """sum over u of pi(a(u)) |a(u + h) - a(u)|, and the entropy as -sum pi log pi |da|."""
    head = head_for(BOX, kind)  # type: ignore[arg-type]
    edges = np.linspace(-12, 12, 40_001)
    u = torch.from_numpy((edges[1:] + edges[:-1])[:, None] / 2)
    width = torch.from_numpy(np.diff(head.to_environment(edges[:, None]).astype(np.float64).ravel()))
    logp, sampled = head.log_prob_entropy(OUT.expand(len(u), 2), u)
    weight = logp.exp() * width
    assert weight.sum().item() == pytest.approx(1, abs=1e-6)
    entropy = -(weight * logp).sum().item()
    assert (weight * sampled).sum().item() == pytest.approx(entropy, abs=1e-5)


def test_the_entropys_gradient_is_the_entropys() -> None:
    """The mean of what is differentiated against differences of -sum pi log pi; that of -log pi(a) at fixed a is 0."""
    head, edges = Squashed(BOX), np.linspace(-10, 10, 20_001)
    u = torch.from_numpy((edges[1:] + edges[:-1])[:, None] / 2)

    def entropy(out: torch.Tensor) -> float:
        logp = head.log_prob(out.expand(len(u), 2), u)
        given = logp + math.log(2) + log_slope(u).sum(-1)  # the density of u
        return -(given.exp() * logp).sum().item() * (edges[1] - edges[0])

    steps = 1e-5 * torch.eye(2, dtype=torch.float64)
    differences = [(entropy(OUT + step) - entropy(OUT - step)) / 2e-5 for step in steps]
    out = OUT.clone().requires_grad_()
    logp, sampled = head.log_prob_entropy(out.expand(len(u), 2), u)
    weight = Gaussian(BOX).log_prob(OUT.expand(len(u), 2), u).exp() * (edges[1] - edges[0])
    (ours,) = torch.autograd.grad((weight * sampled).sum(), out, retain_graph=True)
    (naive,) = torch.autograd.grad((weight * -logp).sum(), out)
    assert ours.tolist() == pytest.approx(differences, abs=1e-4)
    assert naive.tolist() == pytest.approx([0, 0], abs=1e-6)
    assert min(abs(d) for d in differences) > 0.1


def test_squashed_log_probabilities_are_stable_baselines3s() -> None:
    """In a box of [-1, 1], where it adds 1e-6 to 1 - tanh(u)^2 and we need not."""
    generator = torch.Generator().manual_seed(0)
    mean, log_std = torch.randn(2, 50, 3, generator=generator, dtype=torch.float64) * 0.5
    u = (mean + log_std.exp() * torch.randn(50, 3, generator=generator, dtype=torch.float64)).clamp(-2.5, 2.5)
    theirs = SquashedDiagGaussianDistribution(3).proba_distribution(mean, log_std)
    ours = Squashed(Box((-1.0,) * 3, (1.0,) * 3))
    out = torch.cat([mean, log_std], -1)
    torch.testing.assert_close(ours.log_prob(out, u), theirs.log_prob(u.tanh(), u), atol=3e-4, rtol=0)
    np.testing.assert_allclose(ours.to_environment(ours.mode(out.numpy())), theirs.mode(), rtol=1e-6)
    far = torch.tensor([[30.0, -30.0, 0.0]], dtype=torch.float64)
    assert log_slope(far).flatten().tolist() == pytest.approx([2 * math.log(2) - 60, 2 * math.log(2) - 60, 0.0])


def test_scores_and_divergences_are_those_of_the_normals() -> None:
    u, other = torch.tensor([0.7], dtype=torch.float64), torch.tensor([0.1, 0.2], dtype=torch.float64)
    for head in (Scaled(BOX), Squashed(BOX)):
        out = OUT.clone().requires_grad_()
        (score,) = torch.autograd.grad(head.log_prob(out, u), out)
        assert head.score_norm_sq(OUT, u).item() == pytest.approx((score**2).sum().item())
        assert head.kl(OUT, other).item() == pytest.approx(Gaussian(BOX).kl(OUT, other).item())


@pytest.mark.parametrize("kind", ["scaled", "squashed"])
def test_a_rollout_records_what_was_drawn_and_the_environment_gets_what_is_applied(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, variant = TASKS["Pendulum-v1"], VARIANTS["a2c"]
    given = []
    vector = type(task.factory.make([np.random.SeedSequence(0)], 1))
    step = vector.step
    monkeypatch.setattr(vector, "step", lambda self, action, active: given.append(action) or step(self, action, active))
    training = replace(small_training(task, variant), actions=kind)
    policy, rollout = make_rollout(task, variant, training, (0,))
    u = rollout.action.numpy()
    expected = 2 * (np.tanh(u) if kind == "squashed" else u)
    np.testing.assert_allclose(np.stack(given), expected, rtol=1e-6)
    with torch.no_grad():
        logp = policy.head.log_prob(policy.outputs(rollout.obs[:-1], None, len(u)), rollout.action)
    torch.testing.assert_close(logp, rollout.logp, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("task", "changes", "said"),
    [
        ("CartPole-v1", {"actions": "squashed"}, "CartPole-v1 has squashed actions, and this task's are discrete"),
        ("CartPole-v1", {"exploration": GSDE()}, "explores by GSDE, and this task's actions are discrete"),
        ("bandit/small", {"normalise_returns": True}, "texts pay a KL"),
        ("Pendulum-v1", {"actions": "squash"}, "unknown kind of actions 'squash'; nearest: squashed"),
        ("Pendulum-v1", {"exploration": GSDE(), "initial_log_std": 1.0}, "GSDE has its own"),
        ("CartPole-v1", {"anneal": 3}, r"anneal must lie in \[0, 1\], not 3"),
        ("CartPole-v1", {"clipped": "appart"}, "unknown way of clipping 'appart'; nearest: apart"),
    ],
)
def test_settings_that_fit_no_task_say_so(task: str, changes: dict[str, object], said: str) -> None:
    variant = VARIANTS["reinforce"]
    with pytest.raises(ValueError, match=said):
        make_rollout(TASKS[task], variant, replace(resolve(TASKS[task], variant).training, **changes), (0,))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("box", "why"),
    [
        (Box((-1.0,), (float("inf"),)), "the bounds of this task's are not all finite"),
        (Box((-3e38,), (3e38,)), "the bounds of this task's are 6e+38 apart, more than float32 holds (3.4e+38)"),
        (Box((-1.0, 2.0), (1.0, 2.0)), "one of this task's can have only one value"),
    ],
)
def test_boxes_of_no_finite_width_are_neither_scaled_nor_squashed(box: Box, why: str) -> None:
    task = with_action(box)
    training = resolve(TASKS["Pendulum-v1"], VARIANTS["reinforce"]).training
    assert training.reason_unsupported(task) is None
    for kind in ("scaled", "squashed", "beta"):
        made: TrainingConfig = replace(training, actions=kind)  # type: ignore[arg-type]
        assert made.reason_unsupported(task) == f"has {kind} actions, and {why}"
    assert "discrete" in str(replace(training, actions="scaled").reason_unsupported(with_action(Discrete(2))))


def with_action(action: Box | Discrete) -> Task:
    """Pendulum with other actions."""
    spec = replace(TASKS["Pendulum-v1"].spec, action=action)
    return replace(TASKS["Pendulum-v1"], factory=Control("Pendulum-v1", spec))
