"""stable-baselines3 in the harness: its environments are ours, its policy is judged as ours, its records count right."""

from __future__ import annotations

import time
from dataclasses import replace
from inspect import signature
from typing import Any

import numpy as np
import pytest
import stable_baselines3
import torch

from algorithms import ALGORITHMS, VARIANTS
from algorithms.references.sb3 import Sb3
from algorithms.references.sb3_env import SameStepVecEnv
from algorithms.references.sb3_policy import Sb3Policy, make_reader
from algorithms.training.build import build_policy
from algorithms.training.evaluation import Evaluation
from algorithms.training.observation_normaliser import Identity
from algorithms.training.records import Members, Progress, Record
from algorithms.training.returns.sampled_return import PolicyEvaluation
from algorithms.training.state import RunState
from benchmarks.design.cell import Cell
from benchmarks.design.resolve import reason_unsupported, resolve
from benchmarks.published.sb3_settings import CONFIGURATIONS
from envs import TASKS
from envs.api import Task
from envs.delayed import delayed
from envs.seeding import Purpose
from tests.builders import records_of

A2C = Sb3(name="sb3:a2c", summary="", model_class="a2c", learning_rate=7e-4, envs=8)
PPO = Sb3(name="sb3:ppo", summary="", model_class="ppo", learning_rate=3e-4)
DQN = Sb3(name="sb3:dqn", summary="", model_class="dqn", learning_rate=1e-4)
SHORT = Evaluation(checkpoints=2, episodes=3)
TWO = Members((0, 1), (7e-4, 7e-4))


def job(task: Task, algorithm: Sb3, members: Members, budget: int, evaluation: Evaluation = SHORT) -> Cell:
    return Cell(task, algorithm, resolve(task, algorithm).training, members, budget, evaluation)


def records(task: str, algorithm: Sb3, members: Members, budget: int, state: RunState | None = None) -> list[Record]:
    events = algorithm.train(job(TASKS[task], algorithm, members, budget), state=state)
    found = records_of(events)
    return [replace(e, wall_s=0.0, eval_return_greedy=np.nan_to_num(e.eval_return_greedy, nan=-1.0)) for e in found]


@pytest.mark.parametrize(("name", "cut"), [("CartPole-v1", False), ("Pendulum-v1", True)])
def test_its_environments_are_ours_and_reset_in_the_step_of_the_end(name: str, cut: bool) -> None:
    """Beside the same environments as we step them: the last observation is told, the next one begins an episode."""
    task, seed = TASKS[name], np.random.SeedSequence(3)
    theirs, ours = SameStepVecEnv(task, seed, 2), task.factory.make([seed], 2)
    action = np.ones((2,) if name == "CartPole-v1" else (2, 1), np.int64)
    everyone = np.ones((1, 2), np.bool_)
    assert np.array_equal(theirs.reset(), ours.reset()[0][0])
    for t in range(201):
        obs, reward, done, infos = theirs.step(action)
        step = ours.step(action[None], everyone)
        assert np.array_equal(reward, step.reward[0])
        ended = step.terminated | step.truncated
        assert np.array_equal(done, ended[0])
        if not ended.any():
            assert np.array_equal(obs, step.obs[0])
            continue
        first = int(np.flatnonzero(ended[0])[0])
        assert np.array_equal(infos[first]["terminal_observation"], step.obs[0, first])
        assert infos[first]["TimeLimit.truncated"] == cut
        begun = ours.step(action[None], ended).obs[0]
        assert np.array_equal(obs, begun)
        assert not np.array_equal(obs[first], step.obs[0, first])
        assert t == 199 or not cut
        break
    else:
        raise AssertionError("no episode ended")
    theirs.close()
    ours.close()


def test_records_count_steps_updates_and_checkpoints() -> None:
    """8 environments by 5 steps are 40 steps an update: checkpoints at 0, 200 and 400 of a budget of 390."""
    found = records("CartPole-v1", A2C, TWO, 390)
    assert [(r.seed, r.checkpoint) for r in found] == [(s, k) for s in (0, 1) for k in (0, 1, 2)]
    assert [r.env_steps for r in found[:3]] == [0, 200, 400]
    assert [r.updates for r in found[:3]] == [0, 5, 10]
    assert [r.fraction for r in found[:3]] == [0.0, 0.5, 1.0]
    assert [r.eval_return_greedy > 0 for r in found] == [False, False, True] * 2
    assert all(r.measures["length"] == pytest.approx(r.eval_return) for r in found)  # CartPole pays 1 a step
    assert found[0].measures["entropy"] == pytest.approx(found[0].eval_return * np.log(2), rel=1e-3)
    assert found[0].eval_return != found[3].eval_return
    assert [r.member for r in found] == [0, 0, 0, 1, 1, 1]


def test_the_clock_stands_while_a_model_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """One rollout passes all eight checkpoints: a tenth of a second at each is nobody's training."""
    judge = PolicyEvaluation.scores

    def slowly(*given: Any, **named: Any) -> Any:
        time.sleep(0.1)
        return judge(*given, **named)

    monkeypatch.setattr(PolicyEvaluation, "scores", slowly)
    members, evaluation = Members((0,), (7e-4,)), Evaluation(checkpoints=8, episodes=1)
    events = A2C.train(job(TASKS["CartPole-v1"], A2C, members, 40, evaluation))
    seconds = [e.wall_s for e in events if isinstance(e, Record)]
    assert seconds[0] == 0
    assert seconds[1:] == [seconds[1]] * 8
    assert 0 < seconds[1] < 0.8


def test_a_run_repeats_and_a_seed_that_had_finished_is_not_trained_again() -> None:
    whole = records("CartPole-v1", A2C, TWO, 200)
    assert records("CartPole-v1", A2C, TWO, 200) == whole
    events = A2C.train(job(TASKS["CartPole-v1"], A2C, TWO, 200))
    first = []
    for event in events:
        first.append(event)
        if isinstance(event, RunState):
            break
    events.close()  # type: ignore[attr-defined]
    assert sum(isinstance(e, Record) for e in first) == 3
    assert [e.env_steps for e in first if isinstance(e, Progress)] == [200]
    assert records("CartPole-v1", A2C, TWO, 200, first[-1]) == whole[3:]  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["CartPole-v1", "Pendulum-v1"])
def test_its_policy_is_judged_as_ours_is(name: str) -> None:
    """With the same weights, ours and theirs get the same score at the same place of the streams."""
    task, variant = TASKS[name], VARIANTS["like_sb3_a2c"]
    model, _ = A2C.model(task, 5, TWO)
    ours = build_policy(task, variant, resolve(task, variant).training, Members((0,), (1.0,)))
    theirs = model.policy
    nets = [*theirs.mlp_extractor.policy_net[::2], theirs.action_net]
    with torch.no_grad():
        for weight, bias, net in zip(ours.actor.weights, ours.actor.biases, nets, strict=True):  # type: ignore[attr-defined]
            weight.copy_(net.weight.T[None])
            bias.copy_(net.bias[None, None])
    told = Sb3Policy(task.spec, make_reader(model, None))
    for greedy in (False, True):
        mine, its = (
            PolicyEvaluation(policy, Identity(), (7,), Purpose.TRAIN, (1,)).scores(task, 4, greedy)
            for policy in (ours, told)
        )
        assert its.value == pytest.approx(mine.value, rel=1e-4)
        assert its.measures["entropy"] == pytest.approx(mine.measures["entropy"], rel=1e-4)
    model.get_env().close()


def test_networks_start_as_ours_do() -> None:
    """Same shapes, orthogonal with gains sqrt 2 and .01 or 1, zero biases; a deviation of 1."""
    task, variant = TASKS["Pendulum-v1"], VARIANTS["like_sb3_ppo"]
    model, _ = PPO.model(task, 0, TWO)
    ours = build_policy(task, variant, resolve(task, variant).training, Members((0,), (1.0,)))
    theirs = model.policy
    pairs = [
        (ours.actor, [*theirs.mlp_extractor.policy_net, theirs.action_net]),
        (ours.critic, [*theirs.mlp_extractor.value_net, theirs.value_net]),
    ]
    for net, layers in pairs:
        linear = [layer for layer in layers if hasattr(layer, "weight")]
        assert [type(layer).__name__ for layer in layers if not hasattr(layer, "weight")] == ["Tanh", "Tanh"]
        for weight, bias, layer in zip(net.weights, net.biases, linear, strict=True):  # type: ignore[union-attr]
            assert weight[0].T.shape == layer.weight.shape
            scale = torch.linalg.matrix_norm(weight[0], 2)
            assert torch.linalg.matrix_norm(layer.weight, 2).item() == pytest.approx(scale.item(), rel=1e-4)
            assert not bias.any()
            assert not layer.bias.any()
    assert theirs.log_std.tolist() == [0.0]
    assert ours.log_std is not None
    assert ours.log_std.flatten().tolist() == [0.0]
    model.get_env().close()


def test_a_text_is_read_alike_when_acting_and_when_listed() -> None:
    task = TASKS["lock/small"]
    model, _ = A2C.model(task, 0, TWO)
    policy = Sb3Policy(task.spec, make_reader(model, None))
    tape = PolicyEvaluation(policy, Identity(), (0,), Purpose.TRAIN, (0,)).play(task, 5, greedy=False)
    tokens = torch.from_numpy(tape.last.transpose(2, 0, 1).copy())
    listed = policy.outputs(tokens, None, len(tape.rows))
    on = torch.from_numpy(tape.stack("valid"))
    torch.testing.assert_close(listed[on], torch.from_numpy(tape.stack("out"))[on])


def test_it_trains_on_texts_and_is_judged_exactly() -> None:
    found = records("bandit/small", A2C, Members((0,), (7e-4,)), 2_000)
    task = TASKS["bandit/small"]
    assert found[0].eval_return == pytest.approx(task.floor, abs=0.05)  # nearly uniform at first
    assert found[-1].eval_return > task.floor + 0.1
    assert found[0].texts
    assert found[-1].texts


def test_dqn_is_judged_as_the_policy_that_acts() -> None:
    """Untrained it explores at rate 1: the uniform policy, whose J is known."""
    peer = replace(DQN, settings=(("learning_starts", 50), ("buffer_size", 500)))
    found = records("bandit/small", peer, Members((0,), (1e-4,)), 100)
    assert found[0].eval_return == pytest.approx(TASKS["bandit/small"].floor, abs=1e-5)
    assert found[-1].measures["entropy"] < 0.5  # epsilon .05 at the end
    assert [r.env_steps for r in found] == [0, 52, 100]
    assert [r.updates for r in found] == [0, 1, 13]  # every fourth step from the 52nd on


def test_who_diverges_is_counted_and_frozen() -> None:
    peer = replace(A2C, settings=(("max_grad_norm", float("nan")),))
    found = records("CartPole-v1", peer, Members((0,), (1.0,)), 200)
    assert [r.diverged for r in found] == [False, True, True]
    assert np.isnan(found[-1].eval_return)


def with_beta() -> Task:
    return next(task for task in TASKS.values() if task.beta)


@pytest.mark.parametrize(
    ("variant", "task", "words"),
    [
        ("sb3:dqn", TASKS["Pendulum-v1"], "continuous ones are not listed"),
        ("sb3:a2c", TASKS["dyck/masked-small"], "this task forbids some"),
        ("sb3:ppo", TASKS["Pong-v5"], "this task observes images"),
        ("sb3:ppo", with_beta(), "counts a KL"),
        ("sb3:ppo", delayed(TASKS["dyck/small"], 0.001, kind="waits"), "slowness would be lost"),
    ],
)
def test_what_it_cannot_train_on_is_said(variant: str, task: Task, words: str) -> None:
    algorithm = ALGORITHMS[variant]
    assert words in str(reason_unsupported(task, algorithm))
    assert isinstance(algorithm, Sb3)
    cell = Cell(task, algorithm, resolve(TASKS["CartPole-v1"], algorithm).training, TWO, 100, SHORT)
    with pytest.raises(ValueError, match=words):
        next(algorithm.train(cell))
    assert reason_unsupported(TASKS["CartPole-v1"], algorithm) is None


def test_published_settings_reach_the_model() -> None:
    def of(name: str, task: str) -> Sb3:
        algorithm = resolve(TASKS[task], ALGORITHMS[name]).algorithm
        assert isinstance(algorithm, Sb3)
        return algorithm

    dqn, _ = of("sb3:dqn", "CartPole-v1").model(TASKS["CartPole-v1"], 0, TWO)
    assert (dqn.batch_size, dqn.learning_rate, dqn.policy.net_arch) == (64, 2.3e-3, [256, 256])  # type: ignore[attr-defined]
    a2c, normaliser = of("sb3:a2c", "Pendulum-v1").model(TASKS["Pendulum-v1"], 0, TWO)
    assert normaliser is not None
    assert normaliser.gamma == a2c.gamma == 0.9  # type: ignore[attr-defined]
    assert a2c.use_sde
    assert a2c.lr_schedule(0.5) == pytest.approx(3.5e-4)
    assert a2c.policy.log_std[0, 0].item() == -2
    assert of("sb3:ppo", "Acrobot-v1") == ALGORITHMS["sb3:ppo"]  # at its defaults
    for name, rate in (("sb3:dqn", 2.3e-3), ("sb3:ppo", 1e-3)):
        assert resolve(TASKS["CartPole-v1"], ALGORITHMS[name]).training.learning_rate == rate


def test_settings_and_rates_are_those_of_its_constructors() -> None:
    for name in ("a2c", "ppo", "dqn"):
        theirs = signature(getattr(stable_baselines3, name.upper()).__init__).parameters
        assert ALGORITHMS[f"sb3:{name}"].learning_rate == theirs["learning_rate"].default  # type: ignore[attr-defined]
    for (_, name), values in CONFIGURATIONS.items():
        theirs = signature(getattr(stable_baselines3, name.removeprefix("sb3:").upper()).__init__).parameters
        assert all(key in theirs or key.startswith("policy.") for key, _ in values.get("settings", ()))


def test_a_dqn_is_uniform_before_it_learns_and_its_likeliest_action_is_its_best() -> None:
    """Whatever its values are: among states where the second action is better, it is the mode."""
    task = TASKS["CartPole-v1"]
    model, _ = DQN.model(task, 0, TWO)
    obs = torch.randn(64, 4, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        model.policy.q_net.q_net[-1].bias.copy_(torch.tensor([0.0, 1.0]))  # type: ignore[union-attr]
        best = model.policy.q_net(obs).argmax(-1)  # type: ignore[operator,union-attr]
    said = make_reader(model, None)(obs)
    assert (best == 1).any()
    assert torch.equal(said.argmax(-1), best)
    torch.testing.assert_close(said.exp(), torch.full((64, 2), 0.5), atol=1e-5, rtol=0)
