"""Show episodes of a saved policy: text as a transcript, control as a GIF."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from algorithms.training.returns.exact_return import text_mdp
from benchmarks.cli.options import check_positive
from benchmarks.playback import episode as playing
from benchmarks.playback import gif
from benchmarks.playback.policy_files import changed_since, load_policy
from benchmarks.playback.saved_policy import SavedPolicy
from benchmarks.store import files
from benchmarks.validation.numbers import LARGEST
from benchmarks.validation.usage import DONE, check_folder, work_errors
from envs.named import check_installed
from envs.text_mdp import TextMDP
from envs.validation import UsageError


@dataclass(frozen=True)
class Play:
    """The flags of `play`."""

    file: Annotated[Path, tyro.conf.Positional]  # results/<experiment>/policies/<...>.safetensors
    episodes: int = 1
    greedy: bool = False  # the most likely action at each step, instead of a drawn one
    seed: int = 0  # of the episodes: the same seed is the same episodes
    out: Path | None = None  # a folder for what is written; FILE's own folder where it is not given
    trust: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()  # a package of yours that FILE's task is made of

    def __call__(self) -> int:
        check_positive("episodes", self.episodes)
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
            with work_errors(f"{saved.task.name} x {saved.algorithm.name}, episode {episode}"):
                lines = self._control(saved, episode) if mdp is None else self._text(saved, mdp, episode)
            print("\n".join(lines))
        return DONE

    def _text(self, saved: SavedPolicy, mdp: TextMDP, episode: int) -> list[str]:
        seed = playing.environment_seed(self.seed, episode)
        env = saved.task.factory.make([seed], 1)
        played = playing.play(saved, env, self.seed, episode, self.greedy)
        lines = playing.text_lines(saved.task, mdp, played, seed)
        if self.out is not None:
            files.replace_bytes(self._output(episode, "txt"), ("\n".join(lines) + "\n").encode())
        return lines

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
