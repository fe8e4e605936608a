"""Show episodes of a saved policy: text as a transcript, beside its reference policy's if it has one; control as a GIF."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from algorithms.training.returns.exact_return import text_mdp
from benchmarks.cli.options import check_positive
from benchmarks.playback import completions, gif
from benchmarks.playback import episode as playing
from benchmarks.playback.policy_files import changed_since, load_policy
from benchmarks.playback.saved_policy import SavedPolicy
from benchmarks.validation.numbers import LARGEST
from benchmarks.validation.usage import DONE, check_folder, work_errors
from envs.files.writing import replace_bytes
from envs.named import check_installed
from envs.text_mdp import TextMDP
from envs.validation import UsageError


def _shades() -> bool:
    """Whether the output can show colours (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


@dataclass(frozen=True)
class Play:
    """The flags of `play`."""

    file: Annotated[Path, tyro.conf.Positional]  # results/<experiment>/policies/<...>.safetensors
    episodes: int = 1  # how many to show
    greedy: bool = False  # the most likely action at each step, instead of a drawn one
    seed: int = 0  # the same seed shows the same episodes
    out: Path | None = None  # a folder for what is written; FILE's own folder where it is not given
    best_of: int = 4  # a task with a reference policy: show the best of so many of its texts
    trust: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()  # a package of yours that FILE's task is made of

    def __call__(self) -> int:
        check_positive("episodes", self.episodes)
        check_positive("best-of", self.best_of)
        if self.seed < 0:
            raise UsageError(f"--seed must be 0 or more, not {self.seed}")
        if self.seed > LARGEST:
            raise UsageError(f"--seed must be at most {LARGEST}, not {self.seed}")
        saved = load_policy(self.file, trust=self.trust)
        for notice in changed_since(saved):
            print(f"since this policy was trained: {notice}", file=sys.stderr)
        check_installed([saved.task])
        mdp = text_mdp(saved.task)
        if self.out is not None or mdp is None:
            check_folder(self._folder, "FILE" if self.out is None else "--out")
        print(playing.episode_title(saved))
        for episode in range(self.episodes):
            print(f"\nepisode {episode}, {'greedy' if self.greedy else 'sampled'}, seed {self.seed}")
            with work_errors(f"{saved.task.name} x {saved.algorithm.name}, episode {episode}", UsageError):
                lines = self._control(saved, episode) if mdp is None else self._text(saved, mdp, episode)
            print("\n".join(lines))
        if mdp is not None and mdp.has_reference:
            print("\n".join(["", completions.LEGEND, *([completions.SHADED] if _shades() else [])]))
        return DONE

    def _text(self, saved: SavedPolicy, mdp: TextMDP, episode: int) -> list[str]:
        if mdp.has_reference:
            shown, lines = self._completions(saved, mdp, episode)
        else:
            seed = playing.environment_seed(self.seed, episode)
            played = playing.play(saved, saved.task.factory.make([seed], 1), self.seed, episode, self.greedy)
            shown = lines = playing.text_lines(saved.task, mdp, played, seed)
        if self.out is not None:
            replace_bytes(self._output(episode, "txt"), ("\n".join(lines) + "\n").encode())
        return shown

    def _completions(self, saved: SavedPolicy, mdp: TextMDP, episode: int) -> tuple[list[str], list[str]]:
        """What the policy and its reference write on one prompt: lines for the screen, and without colours for a file."""
        seed = completions.start_seed(saved, self.seed, episode)
        played = playing.play(saved, saved.task.factory.make([seed], 1), self.seed, episode, self.greedy, seed)
        prompt, found = completions.complete(saved, mdp, played, self.seed, episode, self.best_of)
        optimal = playing.optimal_line(mdp, seed)
        width = shutil.get_terminal_size((completions.WIDTH, 1)).columns if sys.stdout.isatty() else completions.WIDTH
        shown = completions.completion_lines(prompt, found, width, shaded=_shades())
        return [*shown, "", optimal], [*completions.completion_lines(prompt, found), "", optimal]

    def _control(self, saved: SavedPolicy, episode: int) -> list[str]:
        seed, path = playing.environment_seed(self.seed, episode), self._output(episode, "gif")
        try:
            recorded = gif.RecordedEnv(saved.task, seed)
        except gif.NotRenderable as reason:
            if episode == 0:
                print(f"no pictures, curves instead: {reason}", file=sys.stderr)
            env = saved.task.factory.make([seed], 1)
            played = playing.play(saved, env, self.seed, episode, self.greedy)
            gif.write_curves(path, saved.task.name, played)
        else:
            env = recorded
            played = playing.play(saved, env, self.seed, episode, self.greedy)
            gif.write_frames(path, recorded.frames, recorded.frame_ms)
        env.close()
        return [*playing.control_lines(saved.task, played), str(path)]

    def _output(self, episode: int, suffix: str) -> Path:
        """Where an episode is written."""
        how = "greedy" if self.greedy else "sampled"
        return self._folder / f"{self.file.stem}__{how}{self.seed}-{episode}.{suffix}"

    @property
    def _folder(self) -> Path:
        return self.file.parent if self.out is None else self.out
