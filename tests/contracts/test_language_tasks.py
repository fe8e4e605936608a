"""The contract of every registered language task, over tiny models: a new family is tested because it is registered."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env

from algorithms import VARIANTS
from algorithms.algorithm import Algorithm
from algorithms.policies.actor_critic import ActorCritic
from algorithms.policies.networks.adapters import Adapters
from algorithms.references.behaviour_cloning import BehaviourCloning
from algorithms.training.records import Trained
from algorithms.training.returns.exact_return import ExactReturn
from algorithms.training_config import Episodes, TrainingConfig
from benchmarks.design.cell import Cell
from envs import solver
from envs.gymnasium_env import TextMDPEnv, TextMDPVectorEnv
from envs.language.env import LanguageMDP
from envs.seeding import Role, stream
from tests.builders import SHORT, make_policy, members_of
from tests.contracts.named_language_tasks import NAMES, task

TRAINING = TrainingConfig(Adapters(rank=2), collection=Episodes(envs=8, group=4), learning_rate=1e-2, segment=2)
TWIN = BehaviourCloning(name="imitation", summary="", rate=1e-2)
SEEDS = (3, 5, 8)
every_task = pytest.mark.parametrize("name", NAMES)


def mdp_of(name: str) -> LanguageMDP:
    mdp = task(name).factory
    assert isinstance(mdp, LanguageMDP)
    return mdp


@every_task
def test_gymnasiums_checker_has_nothing_to_say(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(TextMDPEnv(mdp_of(name)), skip_render_check=True)  # which needs a registered id


@every_task
def test_a_vector_plays_the_episodes_of_its_single_environments(name: str) -> None:
    mdp, rng, ended = mdp_of(name), np.random.default_rng(0), [False] * 3
    vector, singles = TextMDPVectorEnv(3, mdp), [TextMDPEnv(mdp) for _ in range(3)]
    np.testing.assert_array_equal(vector.reset(seed=7)[0], [env.reset(seed=7 + i)[0] for i, env in enumerate(singles)])
    for _ in range(3 * mdp.horizon + 3):
        actions = rng.integers(mdp.actions, size=3)
        obs, reward, terminated, _, _ = vector.step(actions)
        for i, env in enumerate(singles):
            paid = 0.0
            if ended[i]:
                expected, ended[i] = env.reset()[0], False
            else:
                expected, paid, ended[i], _, _ = env.step(actions[i])
            np.testing.assert_array_equal(obs[i], expected)
            assert (reward[i], terminated[i]) == (paid, ended[i])


@every_task
def test_an_episode_depends_on_its_seed_alone(name: str) -> None:
    mdp, rng = mdp_of(name), np.random.default_rng(1)

    many = mdp.make([stream(seed, Role.ENVIRONMENT, 0) for seed in SEEDS], 8, 2)
    one = mdp.make([stream(5, Role.ENVIRONMENT, 0)], 4, 2)
    np.testing.assert_array_equal(many.reset()[0][1:2, :4], one.reset()[0])
    alive = np.ones((3, 8), np.bool_)
    for _ in range(mdp.horizon):
        action = rng.integers(mdp.actions, size=(3, 8))
        a, b = many.step(action, alive), one.step(action[1:2, :4], alive[1:2, :4])
        np.testing.assert_array_equal(a.obs[1:2, :4], b.obs)
        np.testing.assert_array_equal(a.reward[1:2, :4], b.reward)
        alive &= ~a.terminated
    assert not alive.any()


@every_task
def test_a_member_alone_is_itself_in_the_population(name: str) -> None:
    made = task(name)
    learners = [x for x in (VARIANTS["rloo"], TWIN) if not x.reason_unsupported(made)]
    for learner in learners:

        def trained(*seeds: int, learner: Algorithm = learner) -> dict[str, torch.Tensor]:
            steps = 2 * 8 * mdp_of(name).horizon
            cell = Cell(made, learner, TRAINING, members_of(seeds, 1e-2), steps, SHORT)
            *_, last = learner.train(cell)
            assert isinstance(last, Trained)
            return dict(last.parameters)

        together, alone = trained(*SEEDS), trained(5)
        for part, own in alone.items():
            torch.testing.assert_close(together[part][1:2], own, rtol=1e-3, atol=1e-4)
            assert ".up." in part or not torch.allclose(together[part][0], together[part][1], atol=1e-2)


@every_task
def test_the_exact_gradient_is_the_slope_of_j(name: str) -> None:
    """Central differences along the gradient of each of two members; float32 leaves J about 1e-6."""
    exact, policy = ExactReturn(task(name)), make_policy(task(name), VARIANTS["rloo"], TRAINING, (0, 1))
    policy.flat.values.add_(
        torch.randn(policy.flat.values.shape, generator=torch.Generator().manual_seed(0)), alpha=0.2
    )
    gradient = exact.gradient(policy).double()
    length = gradient.norm(dim=1, keepdim=True)

    def j_after(step: float) -> torch.Tensor:
        moved = policy.select_members(np.arange(2))
        assert isinstance(moved, ActorCritic)
        moved.flat.values.copy_(policy.flat.values + step * (gradient / length).float())
        return exact.value(moved)

    step = 0.02
    slope = (j_after(step) - j_after(-step)) / (2 * step)
    torch.testing.assert_close(slope, length[:, 0], rtol=0.02, atol=1e-4)


@every_task
def test_the_optimum_is_no_less_than_the_reference_and_agrees_with_enumeration(name: str) -> None:
    made, mdp = task(name), mdp_of(name)
    assert made.floor is not None
    assert made.ceiling is not None
    assert made.ceiling > made.floor
    assert made.ceiling == pytest.approx(solver.optimal_return(mdp))
    policy = make_policy(made, VARIANTS["rloo"], TRAINING, (0,))
    assert ExactReturn(made).scores(policy).value[0] == pytest.approx(made.floor, abs=1e-5)  # where training begins
