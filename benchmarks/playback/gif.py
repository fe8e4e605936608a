"""An episode as a GIF: rendered frames or, without a renderer, curves of observations, actions and rewards."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import gymnasium
import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from benchmarks.figures.rendering import text_fitting
from benchmarks.figures.style import STYLE
from benchmarks.playback.episode import Episode
from envs.api import Array, Bools, Spec, Step, Task
from envs.control.factory import Control, control_of
from envs.control.from_gymnasium import GymnasiumVec
from envs.files.writing import replace_file

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")  # pygame paints pictures for us and never opens a window

MAX_FRAMES = 500  # a longer episode is shown by every second of its states, or every third
CURVE_FRAMES = 60  # pictures of an episode that is drawn as curves
CURVES_MAX_S = 8.0  # that they take
MAX_CURVES = 8  # numbers of an observation that are drawn


class NotRenderable(Exception):
    """The environment cannot be rendered; the message gives the reason."""


def _reason_not_renderable(factory: Control, seed: np.random.SeedSequence) -> str | None:
    """Why the environment cannot be rendered; None if it can."""
    try:
        trial = GymnasiumVec(
            factory.env_id, factory.spec, [seed], 1, factory.encoding, "rgb_array", arguments=factory.arguments
        )
        trial.reset()
        drawn = trial.picture().ndim == 3
        trial.close()
    except gymnasium.error.DependencyNotInstalled as error:
        return str(error)
    except Exception as error:  # a display, a driver: whatever a renderer may lack
        return f"{type(error).__name__}: {error}"
    return None if drawn else f"{factory.env_id} renders no frames"


class RecordedEnv:
    """One Gymnasium environment that keeps a picture of each state of its episode."""

    def __init__(self, task: Task, seed: np.random.SeedSequence) -> None:
        """NoPictures where Gymnasium cannot make or draw it; its message names what to install, if that would help."""
        factory = control_of(task.factory)
        if factory is None:
            raise NotRenderable(f"{task.name} is not one of Gymnasium's environments")
        if reason := _reason_not_renderable(factory, seed):
            raise NotRenderable(reason)
        self.spec: Spec = factory.spec
        self.frames: list[Array] = []
        self._env = GymnasiumVec(
            factory.env_id, factory.spec, [seed], 1, factory.encoding, "rgb_array", arguments=factory.arguments
        )

    @property
    def frame_ms(self) -> float:
        """Between two pictures."""
        return 1000 / self._env.pictures_per_s

    def reset(self) -> tuple[Array, Bools | None]:
        answer = self._env.reset()
        self.frames = [self._env.picture()]
        return answer

    def step(self, action: Array, active: Bools) -> Step:
        answer = self._env.step(action, active)
        self.frames.append(self._env.picture())
        return answer

    def close(self) -> None:
        self._env.close()


def write_frames(path: Path, pictures: list[Array], pause_ms: float) -> None:
    """A GIF of pictures [height, width, 3]; a long one leaves some out and keeps its pace."""
    every = -(-len(pictures) // MAX_FRAMES)
    shown = [*pictures[:-1:every], pictures[-1]]
    images = [Image.fromarray(np.asarray(p, np.uint8)).quantize(64) for p in shown]
    pause = max(20, round(pause_ms * every))  # browsers slow down what is shorter
    replace_file(
        path,
        lambda temporary: images[0].save(
            temporary, format="GIF", save_all=True, append_images=images[1:], duration=pause, loop=0
        ),
    )


def write_curves(path: Path, name: str, episode: Episode) -> None:
    """A GIF of an episode's observations, actions and summed rewards, drawn from left to right."""
    steps = len(episode.reward)
    moments = np.unique(np.linspace(1, steps, min(CURVE_FRAMES, steps)).round().astype(int)).tolist()
    pause = min(1000 / 30 * steps / len(moments), 1000 * CURVES_MAX_S / len(moments))
    with mpl.rc_context(STYLE), text_fitting.without_glyph_warnings():
        write_frames(path, _curve_frames(name, episode, moments), pause)


def _curve_frames(name: str, episode: Episode, moments: list[int]) -> list[Array]:
    """A picture a moment, of what has happened until then."""
    figure = Figure(figsize=(6.4, 5.2), dpi=80, layout="constrained")
    canvas: Any = FigureCanvasAgg(figure)
    steps = len(episode.reward)
    panels = {
        "observation": episode.obs.reshape(steps + 1, -1)[:-1, :MAX_CURVES],
        "action": episode.action.reshape(steps, -1)[:, :MAX_CURVES],
        "summed reward": episode.reward.cumsum()[:, None],
    }
    drawn = []
    for axes, (label, values) in zip(figure.subplots(3, 1, sharex=True), panels.items(), strict=True):
        lines = axes.plot(np.arange(1, steps + 1), values, linewidth=1.2)
        axes.set_ylabel(label)
        drawn += [(line, values[:, i]) for i, line in enumerate(lines)]
    figure.axes[0].set_title(text_fitting.shortened(name))
    figure.axes[-1].set_xlabel("step")
    text_fitting.fit_texts(figure)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # limits and layout are those of the whole episode
    for axes in figure.axes:
        axes.set_xlim(axes.get_xlim())
        axes.set_ylim(axes.get_ylim())
    pictures = []
    for moment in moments:
        for line, values in drawn:
            line.set_data(np.arange(1, moment + 1), values[:moment])
        canvas.draw()
        pictures.append(np.asarray(canvas.buffer_rgba())[..., :3].copy())
    return pictures
