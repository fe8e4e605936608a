"""Published settings reach the cells as their sources have them: numbers that a reader can look up there."""

from __future__ import annotations

from functools import reduce
from typing import Any

import pytest

from algorithms.estimators.entropy_bonus import Annealed
from algorithms.estimators.optimisers import Adam, RMSprop
from algorithms.policies.exploration import GSDE
from algorithms.policies.networks.cnn import NatureCNN
from algorithms.policies.networks.mlp import MLP
from algorithms.training_config import Episodes, Unroll
from benchmarks.design.cell import Cell
from benchmarks.design.cells import build_cells
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.lookup import find_tasks, find_variants
from benchmarks.experiments import EXPERIMENTS
from benchmarks.published import CONFIGURATIONS, slm_lab
from benchmarks.published.robots import BODIES
from benchmarks.published.scores import SCORES

FALLING, BOTH = {"anneal": True}, {"normalise_observations": True, "normalise_returns": True}
EXPECTED: dict[tuple[str, str, str], dict[str, Any]] = {
    # Tianshou, examples/mujoco/mujoco_a2c.py
    ("robot_control", "HalfCheetah-v5", "A2C"): {
        **BOTH, "anneal": 1 / 3, "collection": Unroll(5, 16), "discount": 0.99, "learning_rate": 7e-4,
        "value_coefficient": 0.5, "optimiser": RMSprop(0.99, 1e-5), "max_grad_norm": 0.5, "initial_log_std": -0.5,
        "actions": "scaled", "network": MLP((64, 64)), "algorithm.estimator.credit.lam": 0.95,
        "algorithm.estimator.entropy.alpha": 0.0,
    },
    # CleanRL, ppo_continuous_action.py: .5 of half the squared error
    ("robot_control", "HalfCheetah-v5", "PPO"): {
        **FALLING, **BOTH, "collection": Unroll(2048, 1), "discount": 0.99, "learning_rate": 3e-4,
        "value_coefficient": 0.25, "optimiser": Adam(eps=1e-5), "max_grad_norm": 0.5, "initial_log_std": 0.0,
        "actions": "raw", "network": MLP((64, 64)), "algorithm.schedule.epochs": 10, "algorithm.schedule.minibatches": 32,
        "algorithm.estimator.credit.lam": 0.95, "algorithm.estimator.surrogate.clip": 0.2,
    },
    # Tianshou, examples/mujoco/mujoco_reinforce.py, in whole episodes
    ("robot_control", "Hopper-v5", "REINFORCE"): {
        "anneal": 1 / 3, "collection": Episodes(4), "discount": 0.99, "learning_rate": 1e-3, "initial_log_std": -0.5,
        "actions": "squashed", "normalise_observations": True, "network": MLP((64, 64)),
    },
    # rl-baselines3-zoo, hyperparams/a2c.yml and ppo.yml; where it says no log_std_init, stable-baselines3's is 0
    ("reference_scores", "Pendulum-v1", "PPO"): {
        "anneal": False, "collection": Unroll(1024, 4), "discount": 0.9, "learning_rate": 1e-3,
        "exploration": GSDE(initial_log_std=0.0, sample_freq=4), "algorithm.schedule.epochs": 10,
        "algorithm.schedule.minibatches": 64, "algorithm.estimator.credit.lam": 0.95,
    },
    ("reference_scores", "MountainCarContinuous-v0", "PPO"): {
        **BOTH, "collection": Unroll(8, 1), "discount": 0.9999, "learning_rate": 7.77e-5, "max_grad_norm": 5.0,
        "value_coefficient": 0.19, "exploration": GSDE(initial_log_std=-3.29), "algorithm.schedule.epochs": 10,
        "algorithm.schedule.minibatches": 1, "algorithm.estimator.surrogate.clip": 0.1,
        "algorithm.estimator.entropy.alpha": 0.00429, "algorithm.estimator.credit.lam": 0.9,
    },
    ("bipedal_walker", "BipedalWalker-v3", "A2C"): {
        **FALLING, **BOTH, "collection": Unroll(8, 16), "discount": 0.99, "learning_rate": 9.6e-4,
        "value_coefficient": 0.4, "exploration": GSDE(initial_log_std=-2.0), "algorithm.estimator.credit.lam": 0.9,
    },
    ("bipedal_walker", "BipedalWalker-v3", "PPO"): {
        **BOTH, "anneal": False, "collection": Unroll(2048, 32), "discount": 0.999, "learning_rate": 3e-4,
        "algorithm.schedule.epochs": 10, "algorithm.schedule.minibatches": 1024, "algorithm.estimator.surrogate.clip": 0.18,
    },
    ("atari", "Pong-v5", "A2C"): {
        "collection": Unroll(5, 16), "discount": 0.99, "learning_rate": 7e-4, "value_coefficient": 0.25,
        "network": NatureCNN(512), "algorithm.estimator.entropy.alpha": 0.01, "algorithm.estimator.credit.lam": 1.0,
    },
    ("atari", "Pong-v5", "PPO"): {
        **FALLING, "collection": Unroll(128, 8), "discount": 0.99, "learning_rate": 2.5e-4, "value_coefficient": 0.5,
        "algorithm.schedule.epochs": 4, "algorithm.schedule.minibatches": 4, "algorithm.estimator.surrogate.clip": 0.1,
        "algorithm.estimator.entropy.alpha": 0.01,
    },
    # highway-env, scripts/sb3_highway_ppo.py
    ("driving", "Highway-v0", "PPO"): {
        "collection": Unroll(128, 6), "discount": 0.8, "learning_rate": 5e-4, "network": MLP((256, 256)),
        "algorithm.schedule.epochs": 10, "algorithm.schedule.minibatches": 12,
    },
    # SLM-Lab, a2c_classic_arc.yaml and ppo_box2d_arc.yaml
    ("reference_scores_slm", "CartPole-v1", "A2C"): {
        "collection": Unroll(32, 4), "discount": 0.99, "learning_rate": 1e-3, "critic_rate": 3.0, "max_grad_norm": 0.5,
        "optimiser": Adam(), "algorithm.estimator.entropy": Annealed(0.01, 0.0), "algorithm.estimator.credit.lam": 0.95,
    },
    ("reference_scores_slm", "LunarLander-v3", "PPO"): {
        "collection": Unroll(512, 8), "discount": 0.9914, "learning_rate": 5.65e-4, "critic_rate": 5.58e-3 / 5.65e-4,
        "algorithm.schedule.epochs": 15, "algorithm.schedule.minibatches": 16, "network": MLP((128, 128)),
        "algorithm.estimator.credit.lam": 0.9527, "max_grad_norm": 1.0, "env_steps": 300_000, "clipped": "apart",
    },
    ("reference_scores_slm", "Pendulum-v1", "A2C"): {
        "collection": Unroll(2048, 4), "discount": 0.99, "learning_rate": 2e-3, "critic_rate": 1.0, "clipped": "apart",
        "network": MLP((256, 256), "relu"), "normalise_observations": True, "algorithm.estimator.entropy.alpha": 0.0,
    },
    ("reference_scores_slm", "LunarLanderContinuous-v3", "PPO"): {
        "collection": Unroll(640, 8), "discount": 0.9858, "network": MLP((128, 64), "relu"),
        "algorithm.schedule.epochs": 8, "algorithm.schedule.minibatches": 40,
    },
    ("driving", "Highway-v0", "A2C"): {"discount": 0.8, "learning_rate": 7e-4, "network": MLP((256, 256))},
}  # fmt: skip


def cell(name: str, task: str, variant: str) -> Cell:
    experiment = EXPERIMENTS[name]
    assert isinstance(experiment, ComparisonExperiment)
    cells = build_cells(
        experiment,
        find_tasks(experiment.tasks, [task]),
        find_variants(experiment.variants, [variant]),
        None,
    )
    return cells[0]


@pytest.mark.parametrize("at", EXPECTED, ids=" ".join)
def test_a_cell_has_the_numbers_of_its_source(at: tuple[str, str, str]) -> None:
    made = cell(*at)
    for path, value in EXPECTED[at].items():
        owner = made if path.startswith("algorithm.") or hasattr(made, path) else made.training
        assert reduce(getattr, path.split("."), owner) == value, path


def test_a_segment_is_as_long_as_an_episode() -> None:
    """So that late steps are learned from: CartPole's 500 steps fit in 1,000, Bipedal's 1,600 and Pong's do not; two windows
    of 512 hold LunarLander's 1,000."""
    assert cell("reference_scores", "CartPole-v1", "A2C").training.segment == 1_000 // 5
    assert cell("bipedal_walker", "BipedalWalker-v3", "A2C").training.segment == 1_600 // 8
    assert cell("atari", "Pong-v5", "A2C").training.segment == 4_000 // 5
    assert cell("reference_scores_slm", "LunarLander-v3", "PPO").training.segment == 2


def test_a_variant_has_one_setting_for_all_bodies() -> None:
    """But for how much of a fall over three million steps the budget sees."""
    for variant in ("REINFORCE", "A2C", "PPO", "IMPALA"):
        pendulum, *others = (CONFIGURATIONS[body, variant] for body in BODIES)
        assert all(other == others[0] for other in others)
        fall = "training.anneal"
        assert pendulum == {**others[0], fall: 1.0}
        assert others[0][fall] == (True if variant == "PPO" else 1 / 3)


def test_impala_differs_from_a2c_in_its_credit_and_its_actors_alone() -> None:
    a2c, impala = (cell("robot_control", "Hopper-v5", name) for name in ("A2C", "IMPALA"))
    assert a2c.training == impala.training
    assert a2c.algorithm.estimator.entropy == impala.algorithm.estimator.entropy
    assert a2c.algorithm.estimator.credit != impala.algorithm.estimator.credit


def test_every_published_score_has_settings_of_its_column_and_a_task_that_an_experiment_trains() -> None:
    assert {(s.task, s.variant) for s in SCORES} <= set(CONFIGURATIONS) | set(slm_lab.CONFIGURATIONS)
    trained = {(t, v) for e in EXPERIMENTS.values() if isinstance(e, ComparisonExperiment) and e.configurations
               for t in e.task_names for v in e.variant_names}  # fmt: skip
    assert {(s.task, s.variant) for s in SCORES} <= trained
