"""Trainers of TRL: how they score texts, their losses, and both together, as one process computes them.

A trainer is made without a model: its configuration is TRL's own, `_generate` returns the batch's texts,
`_calculate_rewards` its scores, and `_get_per_token_logps_and_entropies` its log-probabilities. All else is TRL's code.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from algorithms.conformance.foreign.adapters.adapter import Given, Kind
from algorithms.conformance.foreign.adapters.by_name import advantages_in, gradient
from algorithms.conformance.foreign.texts import Texts
from envs.validation import UnknownName

SCORES, LOSS = "_generate_and_score_completions", "_compute_loss"
COUNTED = ("cispo", "dapo", "vespo")  # losses that take the number of tokens of the whole batch
LOGGED = ("prompt", "completion", "advantages")
PAD, END, WORD = 0, 1, 2


class Trl:
    """`GRPOTrainer._generate_and_score_completions`, `GRPOTrainer._compute_loss`, or the class: both in turn (also RLOO)."""

    name = "trl"

    def reason_unfit(self, function: Callable[..., Any]) -> str:
        owner = _owner(function)
        whole = isinstance(function, type) or function.__name__ in (SCORES, LOSS)
        return "" if whole and hasattr(owner, LOSS) else f"it is no trainer of TRL, nor its {SCORES} or {LOSS}"

    def adapt(self, function: Callable[..., Any], given: Given) -> Trainer:
        trainer = Trainer(_owner(function), "" if isinstance(function, type) else function.__name__, given)
        fields = trainer.config_class.__dataclass_fields__
        for name in given:
            if name not in fields:
                raise UnknownName(f"field of {trainer.config_class.__name__}", name, fields)
        return trainer


def _owner(function: Callable[..., Any]) -> Any:
    """The class of a method, or the class itself."""
    if isinstance(function, type):
        return function
    return getattr(sys.modules[function.__module__], function.__qualname__.partition(".")[0], None)


@dataclass(frozen=True)
class Trainer:
    """One of a trainer's methods, or the class: texts are scored, and the loss of these advantages is taken."""

    owner: Any
    method: str
    given: Given

    @property
    def kind(self) -> Kind:
        return "advantages" if self.method == SCORES else "loss"

    @property
    def takes(self) -> frozenset[str]:
        scored = frozenset({"scores", "group_size"})
        if self.method == SCORES:
            return scored
        read = frozenset({"logp", "old_logp", "mask"})
        if not self.method and self.owner.__name__ == "RLOOTrainer":
            return scored | read - {"mask"}  # it masks what a text was cut from, and nothing inside a text
        if self.method == LOSS and self.owner.__name__ == "GRPOTrainer" and self._config.loss_type in COUNTED:
            read |= {"batch_tokens"}
        return read | (frozenset({"advantages"}) if self.method == LOSS else scored | {"exists"})

    @cached_property
    def config_class(self) -> Any:
        package = importlib.import_module(self.owner.__module__.rpartition(".")[0])
        return getattr(package, self.owner.__name__.replace("Trainer", "Config"))

    @cached_property
    def _config(self) -> Any:
        return self.config_class(
            output_dir=tempfile.gettempdir(), use_cpu=True, bf16=False, report_to="none", gradient_checkpointing=False,
            **{"max_completion_length": 8, "beta": 0.0, **self.given},
        )  # fmt: skip

    @cached_property
    def _accelerator(self) -> Any:
        return importlib.import_module("accelerate").Accelerator(cpu=True)

    def __call__(self, batch: Texts) -> Tensor:
        logp = batch.logp.clone().requires_grad_()
        trainer = self._made(batch, logp)
        if self.method == LOSS:
            loss = trainer._compute_loss(trainer.model, _inputs(batch))
        else:
            prompts = [{"prompt": str(i)} for i in batch.group.tolist()]
            scored = trainer._generate_and_score_completions(prompts)
            if self.method == SCORES:
                return advantages_in(scored["advantages"], batch)
            width = scored["completion_ids"].shape[1]
            known = {
                "old_per_token_logps": batch.old_logp[:, :width],
                "old_logps": (batch.old_logp * batch.mask).sum(1),
            }
            loss = trainer._compute_loss(trainer.model, scored | known)
        return -gradient(loss, logp)

    def _made(self, batch: Texts, logp: Tensor) -> Any:
        """A trainer of these texts: the fields of its configuration are attributes, as its constructor sets them."""
        args, made = self._config, self.owner.__new__(self.owner)
        made.__dict__.update({name: getattr(args, name) for name in args.__dataclass_fields__})
        args.steps_per_generation = args.gradient_accumulation_steps = 1
        width = batch.mask.shape[1] if self.method == LOSS else int(_lengths(batch).max())
        model = torch.nn.Module()
        model.is_gradient_checkpointing = False  # type: ignore[assignment]
        made.__dict__.update(
            args=args, model=model, accelerator=self._accelerator, ref_model=None, num_generations=batch.group_size,
            epsilon_low=args.epsilon, epsilon_high=args.epsilon if args.epsilon_high is None else args.epsilon_high,
            current_gradient_accumulation_steps=1, aux_loss_enabled=False, _entropy_bonus_enabled=False, tools=None,
            environment_factories=None, environments=None, reward_func_names=["score"], reward_funcs=[None],
            reward_weights=torch.ones(1, dtype=torch.float64), eos_token_ids=[END],
            _tokenizer=SimpleNamespace(pad_token_id=PAD), pad_to_multiple_of=None, mask_truncated_completions=True,
            chat_template_kwargs={}, log_multimodal=False, _pending_extra_logs=defaultdict(list),
            _pending_metrics=defaultdict(list), _metrics={mode: defaultdict(list) for mode in ("train", "eval")},
            _logs={name: list[Any]() for name in LOGGED} | {"rewards": defaultdict(list)},
            _generate=lambda prompts: _generated(batch, self.owner.__name__),
            _calculate_rewards=lambda *_: (batch.reward * batch.exists).sum(1, keepdim=True),
            _get_per_token_logps_and_entropies=lambda *_, **__: (logp[:, :width], torch.zeros(len(logp), width), None),
        )  # fmt: skip
        return made


def _inputs(batch: Texts) -> dict[str, Tensor]:
    """What a loss reads: advantages are those of the texts."""
    rows = len(batch.mask)
    prompts = torch.ones(rows, 1, dtype=torch.long)
    length = batch.mask.sum(1).clamp(min=1)
    return {
        "prompt_ids": prompts, "prompt_mask": prompts, "completion_ids": torch.full(batch.mask.shape, WORD),
        "completion_mask": batch.mask, "advantages": (batch.advantage * batch.mask).sum(1) / length,
        "old_per_token_logps": batch.old_logp, "old_logps": (batch.old_logp * batch.mask).sum(1),
        "num_items_in_batch": torch.tensor(batch.whole.tokens, dtype=batch.mask.dtype),
    }  # fmt: skip


def _lengths(batch: Texts) -> Tensor:
    """The tokens of each text, also those that do not train inside it [B]; an empty text is one token."""
    return (batch.exists.cumsum(1).argmax(1) + 1) * (batch.exists.sum(1) > 0) + (batch.exists.sum(1) == 0)


def _generated(batch: Texts, trainer: str) -> tuple[Any, ...]:
    """Prompts, texts and masks as `_generate` returns them: a text that does not train has not ended."""
    rows, lengths, trains = len(batch.mask), _lengths(batch).tolist(), (batch.mask.sum(1) > 0).tolist()
    prompts = [[WORD]] * rows
    texts = [[WORD] * (n - 1) + [END if on else WORD] for n, on in zip(lengths, trains, strict=True)]
    if trainer == "RLOOTrainer":
        return prompts, texts, [""] * rows
    inside = [batch.mask[i, :n].long().tolist() if trains[i] else [1] * n for i, n in enumerate(lengths)]
    return prompts, texts, inside, [""] * rows, None, {}, None, None
