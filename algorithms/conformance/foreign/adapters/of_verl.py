"""Functions with the signatures of verl's core_algos, called as verl's trainer calls them.

Advantages (`token_level_rewards`, `response_mask`) are called with keywords: `config`, `index` with the prompts' names, and
what the function asks for. Losses (`old_log_prob`, `log_prob`) are given an ActorConfig, whose `global_batch_info` says what
the whole batch holds; numbers that are given are fields of it, or of its `policy_loss`. verl computes in single precision.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from torch import Tensor

from algorithms.conformance.foreign.adapters.adapter import Given, Kind
from algorithms.conformance.foreign.adapters.by_name import evaluate
from algorithms.conformance.foreign.adapters.parameters import NAMES, OF
from algorithms.conformance.foreign.texts import Texts
from envs.validation import UnknownName

SHARES = frozenset({"batch_tokens", "batch_rows", "ranks"})


class Verl:
    """Signatures of verl (0.9): advantage estimators and policy losses."""

    name = "verl"

    def reason_unfit(self, function: Callable[..., Any]) -> str:
        names = {*inspect.signature(function).parameters}
        if {"token_level_rewards", "response_mask"} <= names or {"old_log_prob", "log_prob", "config"} <= names:
            return ""
        return "it takes neither token_level_rewards and response_mask, nor old_log_prob, log_prob and config"

    def adapt(self, function: Callable[..., Any], given: Given) -> VerlFunction:
        taken = inspect.signature(function).parameters
        kind: Kind = "loss" if "log_prob" in taken else "advantages"
        own = {name: value for name, value in given.items() if name in taken}
        settings = {name: value for name, value in given.items() if name not in taken}
        quantities = {
            OF[name]: name for name in taken if name in OF and name not in own and not _keeps(taken[name], name)
        }
        if settings and kind == "advantages":
            raise UnknownName("parameter", next(iter(settings)), taken)
        return VerlFunction(function, kind, quantities, own, settings)


def _keeps(parameter: inspect.Parameter, name: str) -> bool:
    """Whether a number keeps the default of the function."""
    return NAMES[OF[name]].number and parameter.default is not parameter.empty


@dataclass(frozen=True)
class VerlFunction:
    """A function of verl with the quantities of its parameters, and the fields of its configuration that are given."""

    function: Callable[..., Any]
    kind: Kind
    parameters: Mapping[str, str]
    given: Given
    settings: Given

    @property
    def takes(self) -> frozenset[str]:
        return frozenset(self.parameters) | (SHARES if self.kind == "loss" else frozenset())

    def __call__(self, batch: Texts) -> Tensor:
        made = {p: NAMES[quantity].make(batch) for quantity, p in self.parameters.items()}
        arguments: dict[str, Any] = {p: x.float() if isinstance(x, Tensor) else x for p, x in made.items()}
        if self.kind == "loss":
            arguments["config"] = actor_config(self.function, self.settings, batch)
        elif "values" not in self.parameters:  # GAE alone is called without a configuration
            arguments["config"] = Config(gamma=batch.gamma, lam=batch.lam, norm_adv_by_std_in_grpo=True)
        if "groups" in self.parameters:
            arguments[self.parameters["groups"]] = np.array([f"prompt {i}" for i in batch.group.tolist()], dtype=object)
        return evaluate(self.function, {**arguments, **self.given}, self.kind, self.parameters, batch)


class Config(SimpleNamespace):
    """The fields of verl's ActorConfig that policy losses read, for functions that are not in verl itself."""

    def get(self, name: str, default: Any = None) -> Any:
        """A field, or the default."""
        return getattr(self, name, default)


def actor_config(function: Callable[..., Any], settings: Given, batch: Texts) -> Any:
    """verl's own ActorConfig for a function of verl, else one with the same fields."""
    whole = batch.whole
    counts = {"dp_size": whole.ranks, "batch_num_tokens": whole.tokens, "global_batch_size": whole.rows}
    counts["loss_scale_factor"] = settings.get("loss_scale_factor", NAMES["max_length"].make(batch))
    if not function.__module__.startswith("verl."):
        fields = {"clip_ratio": 0.2, "clip_ratio_low": None, "clip_ratio_high": None, **settings}
        return Config(global_batch_info=counts, **fields)
    config = importlib.import_module("verl.workers.config")
    of_loss = {name: value for name, value in settings.items() if hasattr(config.PolicyLossConfig(), name)}
    of_actor = {name: value for name, value in settings.items() if name not in of_loss}
    made = config.ActorConfig(
        strategy="fsdp", rollout_n=1, use_dynamic_bsz=True, policy_loss=config.PolicyLossConfig(**of_loss), **of_actor
    )
    made.global_batch_info.update(counts)
    return made
