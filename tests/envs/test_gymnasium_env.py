"""The text MDPs from outside: Gymnasium's own checker, its vector form, stable-baselines3, brute force, random knobs."""

from __future__ import annotations

import copy
import warnings
from collections import defaultdict
from importlib import import_module
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from envs import TASKS, solver
from envs.enumeration import TooManyEpisodes
from envs.registry import module_names
from envs.text_mdp import TextMDP

TEXT = {n: t.factory for n, t in TASKS.items() if isinstance(t.factory, TextMDP)}
CLASSES = sorted({type(mdp).__name__ for mdp in TEXT.values()})
SMALL = [n for n in TEXT if n.endswith("small")]


def make(name: str, **knobs: Any) -> gymnasium.Env:
    """The environment of a registered preset."""
    return gymnasium.make(f"envs:TextMDP/{type(TEXT[name]).__name__}-v0", preset=name.partition("/")[2], **knobs)


def test_there_is_an_id_for_every_task_of_the_page() -> None:
    files = set(module_names("envs.text"))
    for size in ("small", "medium", "hard"):
        assert {type(mdp).__module__ for name, mdp in TEXT.items() if name.endswith(size)} == files, size


@pytest.mark.parametrize("name", TEXT)
def test_gymnasiums_checker_has_nothing_to_say(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(make(name).unwrapped)


@pytest.mark.parametrize("name", CLASSES)
def test_ids_build_with_defaults_and_knobs_and_name_what_is_wrong(name: str) -> None:
    env = gymnasium.make(f"TextMDP/{name}-v0", render_mode="ansi", reward_noise=0.5)
    env.reset(seed=0)
    assert env.unwrapped.mdp.reward_noise == 0.5  # type: ignore[attr-defined]
    assert env.render()
    with pytest.raises(ValueError, match=f"unknown knob of {name} 'reward_nois'; nearest: reward_noise"):
        gymnasium.make(f"TextMDP/{name}-v0", reward_nois=0.5)
    with pytest.raises(ValueError, match=f"unknown preset of {name} 'smal'; nearest: .*small"):
        gymnasium.make(f"TextMDP/{name}-v0", preset="smal")


def test_wrong_calls_are_named() -> None:
    env = gymnasium.make("TextMDP/Lock-v0").unwrapped
    with pytest.raises(RuntimeError, match="call reset"):
        env.step(0)
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"action must lie in \[0, 4\), not 7"):
        env.step(7)
    with pytest.raises(ValueError, match=r"start must lie in \[0, 2\), not 2"):
        env.reset(options={"start": 2})
    env.reset()
    env.step(0)  # EOS
    with pytest.raises(RuntimeError, match="call reset"):
        env.step(0)


@pytest.mark.parametrize("name", SMALL)
def test_a_vector_plays_the_episodes_of_its_single_environments(name: str) -> None:
    """NEXT_STEP: the step after an end ignores its action, pays 0 and delivers the next first observation."""
    preset = name.partition("/")[2]
    vector = gymnasium.make_vec(
        f"envs:TextMDP/{type(TEXT[name]).__name__}-v0",
        num_envs=5,
        vectorization_mode="vector_entry_point",
        preset=preset,
        reward_noise=0.25,
    )
    assert vector.metadata["autoreset_mode"] == gymnasium.vector.AutoresetMode.NEXT_STEP
    singles = [make(name, reward_noise=0.25) for _ in range(5)]
    obs, info = vector.reset(seed=7)
    first = [env.reset(seed=7 + i) for i, env in enumerate(singles)]
    np.testing.assert_array_equal(obs, [o for o, _ in first])
    masks = [i.get("action_mask") for _, i in first]
    rng, ended, resets = np.random.default_rng(0), [False] * 5, 0
    for _ in range(25):
        if masks[0] is not None or "action_mask" in info:
            shown = np.flatnonzero(~np.array(ended))
            np.testing.assert_array_equal(info["action_mask"][shown], [masks[i] for i in shown])
        actions = rng.integers(TEXT[name].actions, size=5)
        obs, reward, terminated, truncated, info = vector.step(actions)
        assert vector.observation_space.contains(obs)
        assert not truncated.any()
        for i, env in enumerate(singles):
            if ended[i]:
                expected, more = env.reset()
                assert reward[i] == 0
                assert not terminated[i]
                ended[i], resets = False, resets + 1
            else:
                expected, paid, ended[i], _, more = env.step(actions[i])
                assert reward[i] == paid
                assert terminated[i] == ended[i]
            masks[i] = more.get("action_mask")
            np.testing.assert_array_equal(obs[i], expected)
    assert resets >= 5


def brute_force(env: gymnasium.Env, mdp: TextMDP) -> tuple[float, float]:
    """(J*, J0) found through reset, step and observations alone, from every start: nothing else is asked of the task.

    What the policy knows is its observation: values of equal observations are maximised together.
    """
    starts = mdp.prompts().probability
    tree: dict[bytes, dict[int, list[tuple[float, float, bytes | None]]]] = defaultdict(lambda: defaultdict(list))
    roots: dict[bytes, float] = defaultdict(float)

    def explore(here: gymnasium.Env, obs: np.ndarray, legal: np.ndarray, weight: float) -> None:
        for action in np.flatnonzero(legal).tolist():
            there = copy.deepcopy(here)
            after, reward, terminated, truncated, info = there.step(action)
            end = terminated or truncated
            tree[obs.tobytes()][action].append((weight, float(reward), None if end else after.tobytes()))
            if not end:
                explore(there, after, info.get("action_mask", legal * 0 + 1), weight)

    for k, weight in enumerate(starts.tolist()):
        obs, info = env.reset(seed=k, options={"start": k})
        roots[obs.tobytes()] += weight
        explore(env, obs, info.get("action_mask", np.ones(mdp.actions, np.int8)), weight)

    def value(key: bytes, best: bool, known: dict[bytes, float]) -> float:
        """V times the probability of the starts that lead here."""
        if key not in known:
            q = []
            for rows in tree[key].values():
                behind = {after for _, _, after in rows if after is not None}
                q.append(sum(w * r for w, r, _ in rows) + sum(value(b, best, known) for b in behind))
            known[key] = max(q) if best else sum(q) / len(q)
        return known[key]

    return sum(value(r, True, {}) for r in roots), sum(value(r, False, {}) for r in roots)


BRUTE = {
    "Transduce": {"symbols": 2, "length": 3, "operation": "reverse"},
    "Lock": {"length": 2, "locks": 2},
    "Dyck": {"pairs": 2, "kinds": 2, "mask": True},
    "Increasing": {"numbers": 3, "length": 4, "min_tokens": 4},
    "Countdown": {"numbers": 2, "highest": 3, "targets": 6},
    "PadAnswer": {"length": 4, "bits": 2, "eos": True},
    "Lexicon": {"words": 4, "length": 3, "topics": 2, "beta": 0.0},
    "OverOpt": {"topics": 2, "each": 2, "filler": 1, "length": 3},
    "GuessNumber": {"numbers": 4, "turns": 3},
    "InfoGame": {"words": 4, "turns": 2},
    "TextGraph": {"size": 2, "steps": 3, "mazes": 1, "slip": 0.0, "observe": "history", "loops": 0.0},
    "Causal": {"asks": 2},
    "SafeReply": {"words": 4, "length": 3, "topics": 2},
}


@pytest.mark.parametrize("name", BRUTE)
def test_brute_force_through_gymnasium_alone_finds_the_oracles_figures(name: str) -> None:
    env = gymnasium.make(f"TextMDP/{name}-v0", disable_env_checker=True, **BRUTE[name]).unwrapped
    mdp = env.mdp  # type: ignore[attr-defined]
    best, uniform = brute_force(env, mdp)
    assert best == pytest.approx(mdp.optimal_return(), abs=1e-9)
    assert uniform == pytest.approx(mdp.random_return(), abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [n for n in SMALL if not (TEXT[n].stochastic or TEXT[n].random_final_reward or TEXT[n].beta)]
)
def test_brute_force_on_every_small_preset(name: str) -> None:
    env = make(name, disable_env_checker=True).unwrapped
    best, uniform = brute_force(env, TEXT[name])
    assert best == pytest.approx(TEXT[name].optimal_return(), abs=1e-9)
    assert uniform == pytest.approx(TEXT[name].random_return(), abs=1e-9)


@pytest.mark.parametrize("name", ["bandit/small", "recdialog/small", "causal/medium", "textgraph/small"])
def test_chance_through_gymnasium_is_what_the_oracle_says(name: str) -> None:
    """Uniform play of 4,000 seeded episodes."""
    vector = gymnasium.make_vec(
        f"envs:TextMDP/{type(TEXT[name]).__name__}-v0",
        num_envs=4_000,
        vectorization_mode="vector_entry_point",
        preset=name.partition("/")[2],
    )
    vector.reset(seed=3)
    rng, alive, total = np.random.default_rng(0), np.ones(4_000, np.bool_), np.zeros(4_000)
    for _ in range(TEXT[name].horizon):
        _, reward, ended, _, _ = vector.step(rng.integers(TEXT[name].actions, size=4_000))
        total += reward * alive
        alive &= ~ended
    assert total.mean() == pytest.approx(TEXT[name].random_return(), abs=4 * total.std() / 4_000**0.5)


def learn(algorithm: str, name: str, preset: str | None, steps: int) -> Any:
    import stable_baselines3

    env = gymnasium.make(f"envs:TextMDP/{name}-v0", preset=preset)
    sizes = {"n_steps": 256, "batch_size": 64} if algorithm == "PPO" else {"n_steps": 16}
    model = getattr(stable_baselines3, algorithm)("MlpPolicy", env, seed=0, device="cpu", **sizes)
    return model.learn(steps)


@pytest.mark.parametrize("name", ["bandit/small", "guessnumber/small", "dyck/masked-small"])
@pytest.mark.parametrize("algorithm", ["PPO", "A2C"])
def test_stable_baselines3_trains_without_a_wrapper(algorithm: str, name: str) -> None:
    model = learn(algorithm, type(TEXT[name]).__name__, name.partition("/")[2], 512)
    assert model.num_timesteps >= 512


@pytest.mark.slow
@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("algorithm", ["PPO", "A2C"])
def test_stable_baselines3_trains_on_every_id(algorithm: str, name: str) -> None:
    assert learn(algorithm, name, None, 3_000).num_timesteps >= 3_000


@pytest.mark.slow
def test_stable_baselines3_learns_to_copy() -> None:
    model = learn("PPO", "Transduce", "copy-small", 60_000)
    env = gymnasium.make("TextMDP/Transduce-v0", preset="copy-small")
    scores = []
    for seed in range(50):
        obs, _ = env.reset(seed=seed)
        total, done = 0.0, False
        while not done:
            obs, reward, done, _, _ = env.step(model.predict(obs, deterministic=True)[0])
            total += float(reward)
        scores.append(total)
    assert np.mean(scores) > 0.6  # uniform play: .25


# ---- random knobs: a valid task, or a clear ValueError

# the knobs of each task: the KNOBS of its own test
TINY: dict[str, dict[str, Any]] = {
    type(mdp).__name__: import_module(f"tests.envs.text.test_{type(mdp).__module__.rpartition('.')[2]}").KNOBS
    for mdp in TEXT.values()
}
COMMON: dict[str, Any] = {
    "gamma": [1.0, 1.0, 0.9, 0.1], "reward_shift": [0.0, 0.0, 1.5, -2.0], "reward_noise": [0.0, 0.5],
    "false_positive": [0.0, 0.0, 0.2], "false_negative": [0.0, 0.0, 0.1],
}  # fmt: skip


def knobs_of(name: str) -> st.SearchStrategy[dict[str, Any]]:
    ranges = {**COMMON, **TINY[name]}
    return st.fixed_dictionaries(
        {k: st.integers(*v) if isinstance(v, tuple) else st.sampled_from(v) for k, v in ranges.items()}
    )


@pytest.mark.parametrize("name", CLASSES)
@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_random_knobs_make_a_task_or_a_clear_error(name: str, data: st.DataObject) -> None:
    """Whatever is accepted has the J* and J0 that enumeration finds."""
    knobs = data.draw(knobs_of(name))
    refused = ""
    try:
        env = gymnasium.make(f"TextMDP/{name}-v0", disable_env_checker=True, **knobs)
        mdp = env.unwrapped.mdp  # type: ignore[attr-defined]
        mdp.prompts()
    except ValueError as error:
        refused = str(error)
    if refused:
        assert any(str(v) in refused for v in knobs.values()), refused  # it names the value
        return
    try:
        best, uniform = solver.optimal_return(mdp), solver.random_return(mdp)
    except TooManyEpisodes:
        return
    assert mdp.optimal_return() == pytest.approx(best, abs=1e-9)
    assert mdp.random_return() == pytest.approx(uniform, abs=1e-9)
    env.reset(seed=0)
    for _ in range(mdp.horizon):
        if env.step(env.action_space.sample())[2]:
            break
    else:
        pytest.fail("the episode did not end by its horizon")
