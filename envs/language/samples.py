"""Samples of the reference policy on each prompt, with their gold: what trained policies are compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import safetensors.torch
import torch

from envs.api import Bools, Doubles, Ints, Task
from envs.files.writing import replace_file
from envs.language.models.files import digest_of
from envs.validation import UsageError

ABSENT = -1  # in place of a token, before a prompt and after a completion
Prompt = tuple[int, ...]


class Samples(NamedTuple):
    """n completions of each of X prompts by the reference policy of each of S seeds, in the model's tokens.

    seeds [S]     prompts [X, K], ABSENT before shorter ones
    completions   [S, X, n, T] with the end token, ABSENT after it     gold  [S, X, n]
    """

    seeds: Ints
    prompts: Ints
    completions: Ints
    gold: Doubles

    def ended(self, end: int) -> Bools:
        """[S, X, n] which completions have an end, rather than being cut."""
        return (self.completions == end).any(-1)

    @property
    def places(self) -> dict[Prompt, int]:
        """The place of each prompt."""
        return {tuple(row[row != ABSENT].tolist()): i for i, row in enumerate(self.prompts)}


@dataclass(frozen=True)
class ReferenceSamples:
    """Samples in a file.

    digest  hash of the file     path  where it lies; no number depends on it
    """

    digest: str
    path: Path = field(metadata={"hashed": False}, compare=False)

    def load(self) -> Samples:
        """The samples, read once in each process. UsageError if the file is missing, or is no such file."""
        return _load(self)

    def of(self, seeds: Ints, prompts: Sequence[Prompt]) -> Doubles:
        """Gold [M, n] of the samples on these prompts [M] by the references of these seeds [M].

        UsageError for a seed or a prompt without samples.
        """
        samples = self.load()
        known, places = {seed: i for i, seed in enumerate(samples.seeds.tolist())}, samples.places
        for seed in seeds.tolist():
            if seed not in known:
                raise UsageError(f"{self.path} has no samples of seed {seed}; it has {', '.join(map(str, known))}")
        if missing := [prompt for prompt in prompts if prompt not in places]:
            raise UsageError(f"{self.path} has no samples on the prompt of tokens {missing[0]}")
        return samples.gold[[known[s] for s in seeds.tolist()], [places[prompt] for prompt in prompts]]


@cache
def _load(file: ReferenceSamples) -> Samples:
    if not file.path.is_file():
        raise UsageError(f"there is no file of samples {file.path}")
    if (found := digest_of([file.path])) != file.digest:
        raise UsageError(f"the hash of the samples {file.path} is {found}, which is not the artefact's, {file.digest}")
    stored = safetensors.torch.load_file(file.path)
    if stored.keys() != set(Samples._fields):
        raise UsageError(f"{file.path} holds no samples of a reference policy")
    return Samples(*(stored[name].numpy() for name in Samples._fields))


def save_samples(path: Path, samples: Samples) -> ReferenceSamples:
    """Write them. UsageError where their shapes do not fit."""
    s, x, n = samples.gold.shape
    shapes = (samples.seeds.shape, samples.prompts.shape[:1], samples.completions.shape[:3])
    if shapes != ((s,), (x,), (s, x, n)):
        raise UsageError(f"gold [{s}, {x}, {n}] does not fit seeds, prompts and completions of {shapes}")
    stored = {name: torch.from_numpy(np.ascontiguousarray(part)) for name, part in samples._asdict().items()}
    replace_file(path, lambda part: safetensors.torch.save_file(stored, part))
    return find_samples(path)


def find_samples(path: Path) -> ReferenceSamples:
    """The samples in a file. UsageError if there are none."""
    if not path.is_file():
        raise UsageError(f"there is no file of samples {path}")
    file = ReferenceSamples(digest_of([path]), path.resolve())
    file.load()
    return file


@runtime_checkable
class HasSamples(Protocol):
    """A text task that can keep samples of its reference policy, and judges them as it judges what a policy writes."""

    @property
    def judge(self) -> str:
        """The measure that pays."""

    @property
    def samples_each(self) -> int:
        """Samples n of a prompt; 0: it keeps none."""

    def __hash__(self) -> int: ...

    def judged_samples(self, seed: int, device: str = "cpu") -> Mapping[str, Doubles]:
        """All measures [X n] of the samples of the member with this seed, those of a prompt side by side."""


def with_samples(task: Task) -> HasSamples | None:
    """The task's MDP if it keeps samples of its reference policy."""
    mdp = task.factory
    return mdp if isinstance(mdp, HasSamples) and mdp.samples_each else None
