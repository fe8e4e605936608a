"""`play`: a transcript whose rewards add up, a film of every state, and curves where nothing can be filmed."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, ClassVar

import gymnasium
import numpy as np
import pytest
from PIL import Image

from algorithms.training.evaluation import Evaluation
from benchmarks.cli.main import main
from benchmarks.execution.train_cell import run_cell
from benchmarks.playback import episode as playing
from benchmarks.playback import gif as films
from benchmarks.playback.policy_files import load_policy
from envs import TASKS
from envs.api import Task
from envs.control.factory import gymnasium_task
from tests.benchmarks.small_cells import small_cell


class Painted(gymnasium.Env[Any, Any]):
    """Ten steps in a room that gets lighter; needs nothing to be drawn."""

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["rgb_array"], "render_fps": 10}
    observation_space = gymnasium.spaces.Box(-1, 1, (2,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, render_mode: str | None = None) -> None:
        self.render_mode, self.t = render_mode, 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.t = 0
        return np.zeros(2, np.float32), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.t += 1
        return np.full(2, self.t / 10, np.float32), 0.5, self.t == 10, False, {}

    def render(self) -> Any:
        return np.full((8, 12, 3), 25 * self.t, np.uint8)


def saved_file(folder: Path, task: Task) -> Path:
    """The policy of a short training."""
    cell = small_cell(task, "gae", 1, 300, Evaluation(1, 2), ["training.collection.envs=4"])
    run_cell(cell, folder / "cell", "cpu", lambda event: None, policies=folder / "p")
    return next((folder / "p").iterdir())


def test_a_transcripts_return_is_the_sum_of_its_rewards(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved_file(tmp_path, TASKS["guessnumber/small"])
    words = ["play", str(path), "--episodes", "3", "--seed", "5", "--out", str(tmp_path / "shown")]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert said.startswith("guessnumber/small x gae, seed 0: ")
    episodes = said.split("\nepisode ")[1:]
    assert len(episodes) == len(list((tmp_path / "shown").glob("*.txt"))) == 3
    for episode in episodes:
        rewards = [float(line.split()[-1]) for line in episode.splitlines() if re.match(r" *\d+  ", line)]
        found = re.search(r"return (\S+) in (\d+) step", episode)
        assert found is not None
        assert sum(rewards) == pytest.approx(float(found[1]), abs=1e-5)
        assert len(rewards) == int(found[2])
        assert "optimal: " in episode
    assert main(words) == 0
    assert capsys.readouterr().out == said
    assert main([*words, "--seed", "6"]) == 0
    assert capsys.readouterr().out != said


def test_probabilities_are_the_policys_and_the_optimum_starts_alike(tmp_path: Path) -> None:
    """What `play` saw is what the loaded policy says of it, and greedy play takes its most likely tokens."""
    saved = load_policy(saved_file(tmp_path, TASKS["transduce/copy-small"]))
    mdp, seed = saved.task.factory, playing.environment_seed(1, 0)
    episode = playing.play(saved, mdp.make([seed], 1), 1, 0, greedy=True)
    for t, action in enumerate(episode.action.tolist()):
        so_far = episode.obs[-1].copy()
        so_far[mdp.position(t) :] = 0
        assert saved.act(so_far) == action
        assert saved.log_prob(so_far, np.int64(action)) == pytest.approx(episode.logp[t], abs=1e-6)
    lines = playing.text_lines(saved.task, mdp, episode, seed)
    prompt = mdp.decode(episode.obs[-1][: mdp.prompt_length])
    assert f"prompt: {prompt}" in lines[1]
    assert lines[-1].startswith(f"optimal: {prompt} | ")
    assert lines[-1].endswith("(return 1)")


def test_a_film_has_a_picture_of_every_state(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gymnasium.register("Painted-v0", entry_point=Painted, max_episode_steps=50)
    try:
        path = saved_file(tmp_path, gymnasium_task("Painted-v0"))
        assert main(["play", str(path), "--greedy", "--out", str(tmp_path)]) == 0
    finally:
        del gymnasium.registry["Painted-v0"]
    said = capsys.readouterr()
    assert "return 5 in 10 steps" in said.out
    assert said.err == ""
    with Image.open(said.out.splitlines()[-1]) as film:
        assert (film.n_frames, film.size, film.info["duration"]) == (11, (12, 8), 100)  # type: ignore[attr-defined]
        film.seek(10)
        assert film.convert("RGB").getpixel((0, 0)) == (250, 250, 250)


def test_without_a_renderer_there_are_curves_and_its_package_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved_file(tmp_path, TASKS["CartPole-v1"])
    monkeypatch.setitem(sys.modules, "pygame", None)  # an import of it fails
    assert main(["play", str(path)]) == 0
    said = capsys.readouterr()
    assert said.err.count("no pictures, curves instead: pygame is not installed, run `pip install") == 1
    found = re.search(r"return (\d+) in (\d+) steps", said.out)
    assert found is not None
    assert found[1] == found[2]
    made = Path(said.out.splitlines()[-1])
    assert made.parent == path.parent
    with Image.open(made) as film:
        assert film.n_frames == min(int(found[2]), films.CURVE_FRAMES)  # type: ignore[attr-defined]


def test_gymnasium_names_the_package_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygame", None)  # an import of it fails
    with pytest.raises(films.NotRenderable, match=r"pygame is not installed, run `pip install"):
        films.RecordedEnv(TASKS["CartPole-v1"], np.random.SeedSequence(0))


def test_classic_control_is_drawn_by_gymnasium() -> None:
    """Pushed to the right for ten steps, the cart is elsewhere."""
    env = films.RecordedEnv(TASKS["CartPole-v1"], np.random.SeedSequence(0))
    env.reset()
    for _ in range(10):
        env.step(np.ones((1, 1), np.int64), np.ones((1, 1), np.bool_))
    assert [picture.shape for picture in env.frames] == [(400, 600, 3)] * 11
    assert (env.frames[0] != env.frames[-1]).any()


def test_a_long_film_leaves_pictures_out_and_keeps_its_pace(tmp_path: Path) -> None:
    pictures = [np.full((4, 4, 3), i % 256, np.uint8) for i in range(1201)]
    films.write_frames(tmp_path / "long.gif", pictures, 40)
    with Image.open(tmp_path / "long.gif") as film:
        assert film.n_frames == 401  # type: ignore[attr-defined]
        assert film.info["duration"] == 120
    assert not list(tmp_path.glob("*.part"))
