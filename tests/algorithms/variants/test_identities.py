"""What theory says of a whole run, in small: noise drains entropy, a constant in the reward drowns REINFORCE.

`docs/theory.md` says what the sizes depend on, and has the last one at more scales.
"""

from __future__ import annotations

import numpy as np
import pytest

from algorithms import VARIANTS
from algorithms.conformance import gradient_quality
from algorithms.conformance.exact.moments import kl_error
from algorithms.estimators.kl_penalty import KL
from algorithms.policies.networks.gru import GRU
from algorithms.policies.networks.tabular import Tabular
from algorithms.training.evaluation import Evaluation
from algorithms.training.records import Record
from algorithms.training.run import train
from algorithms.training_config import Episodes, TrainingConfig
from envs.api import Task
from envs.text.bandit import Bandit
from envs.text.lexicon import Lexicon
from envs.text.transduce import Transduce
from envs.text_env import text_task
from tests.builders import make_run, records_of

RATE, ENVS = 0.01, 64


def records(task: Task, name: str, updates: int, seeds: int, checkpoints: int) -> list[Record]:
    """A run of so many updates of 64 texts, in groups of 4."""
    training = TrainingConfig(network=GRU(32), collection=Episodes(ENVS, 4), learning_rate=RATE)
    steps = updates * ENVS * task.spec.horizon
    run = make_run(task, VARIANTS[name], training, steps, tuple(range(seeds)), evaluation=Evaluation(checkpoints, 20))
    return records_of(train(run))


@pytest.mark.parametrize("name", ["reinforce", "baseline_loo", "gae", "ppo"])
def test_a_reward_that_says_nothing_drains_entropy(name: str) -> None:
    """A coin for a reward, whatever the action: 60 updates of noise take some of log 4 = 1.386 nats."""
    task = text_task("null", Bandit(arms=4, contexts=1, null=True))
    entropy = {
        fraction: np.array([r.measures["entropy"] for r in made if r.fraction == fraction])
        for made in [records(task, name, 60, 10, 1)]
        for fraction in (0.0, 1.0)
    }
    assert entropy[0.0] == pytest.approx(np.log(4), abs=1e-3)
    assert (entropy[1.0] < entropy[0.0]).all()
    assert entropy[1.0].mean() < np.log(4) - 0.05


def test_the_exact_gradient_of_a_reward_that_says_nothing_drains_nothing() -> None:
    """The control of the control: without noise nothing falls."""
    task = text_task("null", Bandit(arms=4, contexts=1, null=True))
    last = [r.measures["entropy"] for r in records(task, "exact_pg", 60, 2, 1) if r.fraction == 1.0]
    assert last == pytest.approx([np.log(4)] * 2, abs=1e-3)


def test_a_constant_in_the_reward_costs_reinforce_its_run_and_a_baseline_nothing() -> None:
    """Copying 4 of 8 symbols: the mean normalised score over the checkpoints, with 1 added to every return."""
    score = {}
    for shift in (0.0, 1.0):
        task = text_task("copy", Transduce(symbols=8, length=4, reward_shift=shift))
        for name in ("reinforce", "baseline_loo"):
            made = records(task, name, 150, 4, 5)
            score[name, shift] = np.mean([task.scale.read(r.eval_return) for r in made if r.fraction > 0])
    assert score["reinforce", 0.0] > 0.12
    assert score["reinforce", 1.0] < 0.3 * score["reinforce", 0.0]
    assert score["baseline_loo", 0.0] > score["reinforce", 0.0] + 0.05
    assert score["baseline_loo", 1.0] == pytest.approx(score["baseline_loo", 0.0], abs=0.02)


def test_how_wrong_a_placement_of_the_kl_is_depends_on_the_scale_of_the_logits_and_which_are_right_does_not() -> None:
    """A table of logits with deviation .1, 1 and 2.5, 5 of each."""
    mdp = Lexicon(words=3, length=3, topics=2, beta=1.0)
    task = text_task("soft", mdp)
    training = TrainingConfig(network=Tabular(mdp), collection=Episodes(4, 4))

    def error(scale: float, kl: KL) -> float:
        actors = [gradient_quality.gaussian_parameters(task, training, scale, seed) for seed in range(5)]
        return float(np.mean([kl_error(task, training, actor, kl) for actor in actors]))

    scales = (0.1, 1.0, 2.5)
    for right in (KL("k1", "reward"), KL("k2", "loss", "sequence")):
        assert [error(s, right) for s in scales] == pytest.approx([0.0] * 3, abs=1e-4)
    assert [error(s, KL("k1", "loss")) for s in scales] == pytest.approx([1.0] * 3, abs=1e-4)
    for wrong in (KL("k2", "loss"), KL("k3", "loss"), KL("k3", "reward")):
        found = [error(s, wrong) for s in scales]
        assert found == sorted(found)
        assert found[0] > 0.15
        assert found[-1] > 1.9 * found[0]
