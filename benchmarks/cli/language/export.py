"""Trained members as folders that Hugging Face's tools read: adapters in PEFT's layout, or whole models."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from algorithms.language.stage import Stage, StageProgress
from algorithms.policies.networks.adapters import AdaptersNet
from benchmarks.design.cell import Cell
from benchmarks.language.artefacts import Artefact, ArtefactStore, Product
from benchmarks.language.products import ADAPTERS
from benchmarks.playback.policy_files import load_policy, policy_path
from benchmarks.validation.usage import WorkFailed
from envs.language.models.adapter_file import export_peft, merged, save_adapters
from envs.language.models.base import BaseModel
from envs.language.models.decoder import Decoder
from envs.language.models.folder import save_base
from envs.language.models.low_rank import LowRank
from envs.validation import UsageError, look_up

FORMATS = ("peft", "merged")
SHOWN = ("reward", "own", "kl", "length", "cut", "distinct_2")  # measures of a member that an artefact keeps


def check_formats(formats: Sequence[str], base: BaseModel) -> None:
    """UsageError for a format that there is not, or that this base cannot have."""
    for name in formats:
        look_up(dict.fromkeys((*FORMATS, "none")), name, "format of --export")
    if "none" in formats:
        raise UsageError("--export takes none alone")
    if "merged" in formats and not base.is_decoder:
        raise UsageError(
            f"--export merged: only Llama, Mistral and Qwen2 can be merged, not {base.path}; peft is possible"
        )


@dataclass(frozen=True)
class Exported:
    """What an export depends on: the cells whose members it holds, and in which formats.

    adapters.safetensors     all members, as every stage writes them: `--sft` takes the folder
    peft-<seed>/             adapter_config.json and adapter_model.safetensors
    merged-<seed>/           config.json, model.safetensors and the tokenizer
    """

    base: BaseModel
    cells: tuple[str, ...]
    formats: tuple[str, ...]

    def make(
        self, store: ArtefactStore, cells: Sequence[Cell], policies: Path
    ) -> Generator[StageProgress, None, Artefact]:
        """The folders, from the policies of these cells. WorkFailed if all members have diverged."""
        return store.make("policy", self, lambda state: self._stage(cells, policies))

    def _stage(self, cells: Sequence[Cell], policies: Path) -> Stage[Product]:
        found: dict[int, LowRank] = {}
        measures: dict[str, float] = {}
        places = [(cell, place) for cell in cells for place in range(len(cell.members.seeds))]
        for i, (cell, place) in enumerate(places):
            seed, path = cell.members.seeds[place], policy_path(policies, cell, place)
            if not path.exists():
                yield StageProgress(0, 0, notice=f"seed {seed} has diverged: there is no policy to export")
                continue
            saved = load_policy(path)
            assert isinstance(saved.policy.actor, AdaptersNet)
            found[seed] = saved.policy.actor.low_rank()
            every = {"return": saved.scores["eval_return"], **saved.scores["measures"]}
            measures |= {f"{name}/{seed}": every[name] for name in ("return", *SHOWN) if name in every}
            yield StageProgress(i + 1, len(places))
        if not found:
            raise WorkFailed("all members have diverged: there is no policy to export; try a smaller --rate")
        return Product(lambda folder: self._write(folder, found), measures)

    def _write(self, folder: Path, found: dict[int, LowRank]) -> None:
        parts = list(found.values())
        down, up = (
            {name: torch.cat([getattr(part, side)[name] for part in parts]) for name in getattr(parts[0], side)}
            for side in ("down", "up")
        )
        save_adapters(folder / ADAPTERS, LowRank(down, up, parts[0].scale), list(found), self.base)
        for seed, adapters in found.items():
            if "peft" in self.formats:
                export_peft(folder / f"peft-{seed}", adapters, 0, self.base)
            if "merged" in self.formats:
                decoder = self.base.load()
                assert isinstance(decoder, Decoder)
                save_base(folder / f"merged-{seed}", merged(decoder, adapters, 0), self.base.tokenizer())
