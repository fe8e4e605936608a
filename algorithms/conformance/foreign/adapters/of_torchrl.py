"""Value estimators and losses of torchrl; those of whole texts are in torchrl_texts.

Value estimators (torchrl.objectives.value.functional) take [B, T, 1] and flags of ends instead of masks. Losses (LossModule)
take a TensorDict of steps without a mask: the positions that train are given as one batch. The actor's parameters are the
log-probabilities themselves: two actions with log pi and log(1 - pi) as logits, of which the first was taken.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor

from algorithms.conformance.foreign.adapters.adapter import Given, Kind
from algorithms.conformance.foreign.adapters.by_name import advantages_in, check_given, gradient
from algorithms.conformance.foreign.adapters.parameters import NAMES, OF
from algorithms.conformance.foreign.adapters.torchrl_texts import (
    GroupAdvantage,
    TextLoss,
    is_group_advantage,
    is_text_loss,
)
from algorithms.conformance.foreign.texts import Texts
from envs.validation import UsageError

FUNCTIONAL, LOSSES = "torchrl.objectives.value.functional", "torchrl.objectives"
PI, MU = {"log_pi": "logp", "log_mu": "old_logp"}, ("rho_thresh", "c_thresh")


class TorchRL:
    """Advantage functions of torchrl's value functional, and its policy losses that take an advantage."""

    name = "torchrl"

    def reason_unfit(self, function: Callable[..., Any]) -> str:
        if isinstance(function, type):
            fits = any(base.__name__ in ("LossModule", "MCAdvantage") for base in function.__mro__)
            return "" if fits else "it is a class, and neither a LossModule nor MCAdvantage"
        names = {*inspect.signature(function).parameters}
        return "" if {"reward", "done"} <= names else "it does not take reward and done"

    def adapt(self, function: Callable[..., Any], given: Given) -> Estimated | Lossy | TextLoss | GroupAdvantage:
        if isinstance(function, type):
            check_given(getattr(function, "__init__"), given)  # noqa: B009 (mypy: of an instance it may be another)
            if is_text_loss(function):
                return TextLoss(function, given)
            return GroupAdvantage(function, given) if is_group_advantage(function) else Lossy(function, given)
        check_given(function, given)
        taken = inspect.signature(function).parameters
        quantities = {**{name: OF[name] for name in taken if name in OF and name not in given}}
        quantities |= {name: q for name, q in PI.items() if name in taken}
        missing = [n for n, p in taken.items() if p.default is p.empty and n not in quantities and n not in given]
        if missing:
            raise UsageError(
                f"{missing[0]} is a parameter of {function.__name__} that has no known value: --given NAME=VALUE"
            )
        return Estimated(function, quantities, given)


@dataclass(frozen=True)
class Estimated:
    """A value estimator: grids have the shape [B, T, 1]."""

    function: Callable[..., Any]
    quantities: dict[str, str]  # parameter -> quantity
    given: Given
    kind: ClassVar[Kind] = "advantages"

    @property
    def takes(self) -> frozenset[str]:
        return frozenset(self.quantities.values())

    def __call__(self, batch: Texts) -> Tensor:
        made = {name: NAMES[q].make(batch) for name, q in self.quantities.items()}
        grids = {n: x.clone()[..., None] if isinstance(x, Tensor) else x for n, x in made.items()}
        ends = {n: x.bool() for n, x in grids.items() if self.quantities[n] == "dones"}
        return advantages_in(self.function(**{**grids, **ends, **self.given}), batch)


@dataclass(frozen=True)
class Lossy:
    """A policy loss: the negative gradient with respect to log pi at the positions that train."""

    loss: Callable[..., Any]
    given: Given
    kind: ClassVar[Kind] = "loss"
    takes: frozenset[str] = field(default=frozenset({"logp", "old_logp", "advantages"}))

    def __call__(self, batch: Texts) -> Tensor:
        tensordict = importlib.import_module("tensordict")
        on = batch.train
        loss = self._made(batch.logp[on].clone())
        steps = tensordict.TensorDict(
            {
                "step": torch.arange(int(on.sum())),
                "action": torch.zeros(int(on.sum()), dtype=torch.long),
                "action_log_prob": batch.old_logp[on].clone(),
                "sample_log_prob": batch.old_logp[on].clone(),
                "advantage": batch.advantage[on][:, None].clone(),
                "value_target": torch.zeros(int(on.sum()), 1, dtype=torch.float64),
            },
            [int(on.sum())],
        )
        made = loss(steps)
        total = sum(x.sum() for name, x in made.items() if name.startswith("loss_") and name != "loss_critic")
        table = next(iter(loss.actor_network_params.values(True, True)))
        full = torch.zeros_like(batch.logp)
        full[on] = -gradient(total, table)
        return full

    def _made(self, table: Tensor) -> Any:
        """The loss with an actor whose parameters are these log-probabilities, and without an entropy bonus."""
        modules = importlib.import_module("tensordict.nn")
        actor = modules.ProbabilisticTensorDictSequential(
            modules.TensorDictModule(_Table(table), in_keys=["step"], out_keys=["logits"]),
            modules.ProbabilisticTensorDictModule(
                in_keys=["logits"], out_keys=["action"], distribution_class=torch.distributions.Categorical,
                return_log_prob=True,
            ),
        )  # fmt: skip
        critic = modules.TensorDictModule(_Zero(), in_keys=["step"], out_keys=["state_value"])
        taken = inspect.signature(self.loss.__init__).parameters
        off = {"entropy_bonus": False} if "entropy_bonus" in taken else {}
        return self.loss(actor_network=actor, critic_network=critic, **{**off, **self.given})


class _Table(torch.nn.Module):
    """Logits of two actions from a table of log pi of the first; they are normalised, so d log pi / d table is 1."""

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        self.table = torch.nn.Parameter(table)

    def forward(self, step: Tensor) -> Tensor:
        return torch.stack([self.table, torch.log1p(-self.table.exp())], -1)[step]


class _Zero(torch.nn.Module):
    """A critic whose value is a parameter, at first 0."""

    def __init__(self) -> None:
        super().__init__()
        self.value = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))

    def forward(self, step: Tensor) -> Tensor:
        return self.value.expand(len(step), 1)
