"""The stages of a user's own model as artefacts, whose digests name the base, the files and the settings."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from algorithms.language.adapters import Fitting
from algorithms.language.generation import generate
from algorithms.language.maximum_likelihood import finetune
from algorithms.language.preferences import Judge, Labelled, Pairs, sample_pairs
from algorithms.language.reward_model import Rewards, fit_rewards
from algorithms.language.stage import Stage, StageProgress, Stream, streams
from algorithms.language.texts import Texts, make_texts
from algorithms.training.state import RunState
from benchmarks.language.artefacts import Artefact, ArtefactStore, Product
from benchmarks.language.own_data import CorpusPart, OwnFile, Prompts, drawn_places, hold_out
from benchmarks.language.products import adapters_product, per_seed, rewards_product
from envs.files.writing import replace_bytes
from envs.language.data.examples import Demonstration, Preference
from envs.language.family import TextJudge
from envs.language.models.adapter_file import AdapterFile
from envs.language.models.base import BaseModel
from envs.seeding import Purpose
from envs.validation import UsageError

PREFERENCES = "preferences.jsonl"
Making = Generator[StageProgress, None, Artefact]


@dataclass(frozen=True)
class FineTuning:
    """What adapters of supervised fine-tuning depend on. held_out: share of a file's rows that are only measured."""

    base: BaseModel
    data: OwnFile | CorpusPart
    seeds: tuple[int, ...]
    fitting: Fitting
    held_out: float

    def make(self, store: ArtefactStore, rows: Sequence[Demonstration] | None, device: str) -> Making:
        """The adapters. rows: of the file; None: demonstrations are drawn from the corpus, for each seed its own."""

        def work(state: RunState | None) -> Stage[Product]:
            model, end = self.base.load(device), self.base.tokenizer().end
            if isinstance(self.data, CorpusPart):
                members = [self.data.demonstrations(self.base, seed) for seed in self.seeds]
            else:
                assert rows is not None
                members = [hold_out(rows, self.held_out)] * len(self.seeds)
            own, unseen = ([member[i] for member in members] for i in (0, 1))
            tested = make_texts(unseen, end).to(device) if unseen[0] else None
            stage = finetune(
                model, make_texts(own, end).to(device), self.seeds, self.fitting, held_out=tested, state=state
            )
            return adapters_product(stage, self.seeds, self.base)

        return store.make("sft", self, work)


@dataclass(frozen=True)
class Preferring:
    """What sampled preferences depend on. pairs: of all seeds together; longest: tokens of an answer."""

    base: BaseModel
    adapters: AdapterFile | None
    prompts: OwnFile | CorpusPart
    judge: TextJudge
    seeds: tuple[int, ...]
    pairs: int
    longest: int
    sharpness: float

    def make(self, store: ArtefactStore, prompts: Prompts | None, device: str) -> Making:
        """The pairs as a file that TRL reads. prompts: of the file; None: they are drawn from the corpus."""

        def stage() -> Stage[Product]:
            model = self.base.load(device)
            drawn = self.prompts.prompts(self.base) if isinstance(self.prompts, CorpusPart) else prompts
            assert drawn is not None
            rngs = streams(self.seeds, Stream.PAIRS)
            places = drawn_places(len(drawn.tokens), rngs, -(-self.pairs // len(self.seeds)))
            tokens, valid = (x.to(device) for x in drawn.padded(places))
            adapters = None if self.adapters is None else self.adapters.load(self.seeds, self.base, device)
            labelled = yield from sample_pairs(
                model, adapters, tokens, valid, self.seeds, judge_of(self.judge, self.base, device), self.longest,
                self.sharpness, tokens=torch.tensor(self.base.tokenizer().writable, device=device),
            )  # fmt: skip
            if not bool(labelled.difference.any()):
                count = 2 * labelled.difference.numel()
                raise UsageError(
                    f"the judge gave the same number to all of {count} texts: nothing can be learnt from it"
                )
            return self._product(labelled, drawn, places)

        return store.make("preferences", self, lambda state: stage())

    def _product(self, labelled: Labelled, prompts: Prompts, places: list[list[int]]) -> Product:
        rows = preference_rows(self.base, labelled.pairs, prompts, places)
        content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        left_out = labelled.difference.numel() - len(rows)
        better = (labelled.difference > 0).float().mean(1)
        measures = per_seed("better_chosen", self.seeds, better) | {"pairs": len(rows), "left_out": left_out}
        return Product(lambda folder: replace_bytes(folder / PREFERENCES, content.encode()), measures)


def preference_rows(
    base: BaseModel, pairs: Pairs, prompts: Prompts, places: Sequence[Sequence[int]]
) -> list[dict[str, Any]]:
    """{"prompt", "chosen", "rejected"} of pairs [P, n] on the prompts at these places [P][n], in the prompt's own format.

    Pairs with two equal answers or an empty one are left out: nothing can be learnt from them, and readers refuse them.
    """
    rows = []
    for member, own in enumerate(places):
        for place, i in enumerate(own):
            answers = [_answer(base, texts, member, place) for texts in pairs]
            plain = [answer.strip() for answer in answers]
            if not all(plain) or plain[0] == plain[1]:
                continue
            prompt = prompts.written[i]
            written: list[Any] = list(answers)
            if not isinstance(prompt, str):
                written = [[{"role": "assistant", "content": answer}] for answer in plain]
            rows.append({"prompt": prompt, "chosen": written[0], "rejected": written[1]})
    return rows


def _answer(base: BaseModel, texts: Texts, member: int, place: int) -> str:
    """What follows the prompt, with the space before it."""
    tokens, valid, scored = (x[member, place] for x in texts)
    tokenizer = base.tokenizer()
    before = tokenizer.decode(tokens[valid & ~scored].tolist())
    whole = tokenizer.decode(tokens[valid].tolist())
    return whole[len(before) :] if whole.startswith(before) else tokenizer.decode(tokens[scored].tolist())


@dataclass(frozen=True)
class RewardFitting:
    """What reward models depend on. start: adapters that they begin with; held_out: share of the pairs that test them."""

    base: BaseModel
    data: OwnFile
    start: AdapterFile | None
    seeds: tuple[int, ...]
    fitting: Fitting
    held_out: float

    def make(self, store: ArtefactStore, rows: Sequence[Preference], device: str) -> Making:
        """The reward models, with mean 0 and deviation 1 on the texts of the pairs that test them."""

        def stage(state: RunState | None) -> Stage[Rewards]:
            model, end = self.base.load(device), self.base.tokenizer().end
            fitted, tested = (pairs_of(part, len(self.seeds), end, device) for part in hold_out(rows, self.held_out))
            start = None if self.start is None else self.start.load(self.seeds, self.base, device)
            assert fitted is not None
            found = yield from fit_rewards(model, fitted, self.seeds, self.fitting, tested, start, state)
            every = Texts(*(torch.cat(sides, 1) for sides in zip(*_alike(tested or fitted), strict=True)))
            return found.normalised(model, every, self.seeds)

        return store.make("reward", self, lambda state: rewards_product(stage(state), self.seeds, self.base))


def pairs_of(rows: Sequence[Preference], members: int, end: int | None, device: str) -> Pairs | None:
    """The same pairs for every member; None without any."""
    if not rows:
        return None
    chosen = [(row.prompt, row.chosen) for row in rows]
    rejected = [(row.prompt, row.rejected) for row in rows]
    return Pairs(*(make_texts([side] * members, end).to(device) for side in (chosen, rejected)))


def _alike(pairs: Pairs) -> tuple[Texts, Texts]:
    """Both sides with as many columns: the shorter ones get padding on the right."""
    longest = max(texts.tokens.shape[-1] for texts in pairs)

    def padded(texts: Texts) -> Texts:
        more = longest - texts.tokens.shape[-1]
        return Texts(*(torch.nn.functional.pad(x, (0, more)) for x in texts))

    return padded(pairs.chosen), padded(pairs.rejected)


def judge_of(judge: TextJudge, base: BaseModel, device: str) -> Judge:
    """The judge's score [P, n] of texts in the base's tokens, prompt and answer; without the end token one was cut."""
    tokenizer = base.tokenizer()

    def score(texts: Texts) -> Tensor:
        rows = texts.rows
        read = [tokenizer.decode(row[real].tolist()) for row, real in zip(rows.tokens, rows.valid, strict=True)]
        ended = ((rows.tokens == tokenizer.end) & rows.scored).any(1).cpu().numpy()
        return torch.from_numpy(judge.score(read, ended, device)).view(texts.tokens.shape[:2])

    return score


def sample_texts(
    base: BaseModel, adapters: AdapterFile | None, prompts: Prompts, longest: int, device: str, count: int = 64
) -> list[str]:
    """Different texts that the policy of the first seed writes, on which a user's function is tried before training."""
    places = [[i % len(prompts.tokens) for i in range(count)]]
    tokens, valid = (x.to(device) for x in prompts.padded(places))
    start = None if adapters is None else adapters.load(adapters.seeds[:1], base, device)
    rngs = streams((0,), Stream.SAMPLES, purpose=Purpose.TUNING)
    offered = torch.tensor(base.tokenizer().writable, device=device)
    texts = generate(base.load(device), start, tokens, valid, rngs, longest, offered).texts
    rows = zip(texts.tokens[0], texts.valid[0], strict=True)
    return sorted({base.tokenizer().decode(row[real].tolist()) for row, real in rows})


def adapters_in(path: Path, name: str) -> Path:
    """The file of adapters of an artefact's folder; UsageError if it has none."""
    file = path / "adapters.safetensors" if path.is_dir() else path
    if not file.is_file():
        raise UsageError(f"{name} {path} is no folder that a stage has written: it has no adapters.safetensors")
    return file
