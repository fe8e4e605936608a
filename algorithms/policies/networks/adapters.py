"""Stacked low-rank adapters over one frozen language model: the policies of a population that shares its base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from algorithms.policies.api import Memory, Net
from algorithms.policies.networks.adapter_memory import bytes_needed, check_free
from algorithms.policies.population import constant
from algorithms.policies.prefixes import Prefixes
from algorithms.tunable import Choice, tunable
from envs.api import Observation, Spec
from envs.language.models.adapter_file import AdapterFile
from envs.language.models.api import CausalModel
from envs.language.models.base import BaseModel
from envs.language.models.low_rank import LowRank
from envs.language.models.transcript import ModelTranscript
from envs.language.shared_prompts import hidden_after_prompts, share_prompts
from envs.text_mdp import PAD
from envs.validation import UnknownName, UsageError, check_least

Layers = Literal["attention", "all"]


@dataclass(frozen=True)
class Adapters:
    """y + scale (x A) B in linear layers of the task's frozen model (Hu et al. 2021, "LoRA", eq. 3), one (A, B) a member.

    A [in, rank] is uniform in +-in^(-1/2), as in Hugging Face PEFT, and B [rank, out] is 0: training starts at the model.
    A critic has adapters of its own, and reads its value from the last hidden state by a linear layer that starts at 0.

    layers  the adapted ones: those of attention, or all
    start   the adapters at which the actor of each seed starts, such as those of supervised fine-tuning
    """

    rank: int = tunable(8, Choice((1, 4, 8, 16)))
    scale: float = 1.0
    layers: Layers = "all"
    start: AdapterFile | None = None

    def __post_init__(self) -> None:
        check_least(rank=(self.rank, 1))
        if not self.scale > 0:
            raise UsageError(f"scale must be positive, not {self.scale}")
        if self.layers not in get_args(Layers):
            raise UnknownName("choice of layers", self.layers, get_args(Layers))

    def build(self, observation: Observation, outputs: int, gain: float, generators: list[torch.Generator]) -> Net:
        """With one output a critic, else logits of the first `outputs` tokens of the task; `gain` has no meaning here."""
        if not isinstance(observation, ModelTranscript):
            raise ValueError(
                "adapters change a language model, and this task's texts are in no model's tokens: use GRU or Transformer "
                "for tokens, MLP for features, NatureCNN for images"
            )
        return AdaptersNet(observation, self, outputs, generators)

    def check_memory(self, spec: Spec, members: int, envs: int, critic: bool, device: str) -> None:
        """UsageError where a device has less free memory than training needs."""
        if isinstance(spec.observation, ModelTranscript):  # building refuses others
            what = f"{members} members with {envs} texts of {spec.observation.length} tokens each"
            remedy = "take fewer members or --set training.collection.envs=..., or a lower rank"
            check_free(bytes_needed(self.rank, spec, members, envs, critic), what, remedy, device)

    def adapted(self, model: CausalModel) -> dict[str, tuple[int, int]]:
        """(inputs, outputs) of the adapted layers of a model, by name. UsageError if there are none."""
        kept = {name: size for name, size in model.layers.items() if self.layers == "all" or "attn" in name}
        if not kept:
            raise UsageError(
                f"none of the model's layers is one of attention: {', '.join(list(model.layers)[:3])}, ..."
            )
        return kept


class Frozen:
    """A frozen model on the devices where it was needed. It is no module, and copies of its owner share it."""

    def __init__(self, base: BaseModel) -> None:
        self._base = base
        self._on: dict[str, CausalModel] = {}

    def on(self, device: torch.device | str) -> CausalModel:
        """The model on this device."""
        name = str(device)
        if name not in self._on:
            self._on[name] = self._base.load(name)
        return self._on[name]

    def __deepcopy__(self, memo: dict[int, Any]) -> Frozen:
        return self


class AdaptersNet(nn.Module):
    """Adapters of P members, `down` [P, in, r] and `up` [P, r, out] by layer; of a critic also a value layer [P, D, 1].

    A layer's name stands in those of its parameters with / instead of its dots.
    """

    tokens: Tensor  # [1 + tokens of the task] the model's tokens, the first of them for padding

    def __init__(
        self, observation: ModelTranscript, shape: Adapters, outputs: int, generators: list[torch.Generator]
    ) -> None:
        super().__init__()
        self._frozen = Frozen(observation.model)
        model, p, r = self._frozen.on("cpu"), len(generators), shape.rank
        self.shape, self.outputs, self._base = shape, outputs, observation.model
        self._names = shape.adapted(model)
        self.down = nn.ParameterDict({_key(k): _uniform((n, r), generators) for k, (n, _) in self._names.items()})
        self.up = nn.ParameterDict({_key(k): constant(p, (r, m)) for k, (_, m) in self._names.items()})
        self.register_buffer("tokens", model_tokens(observation, model), persistent=False)
        self.value: nn.Parameter | None = None
        if outputs == 1:
            self.value, self.value_bias = constant(p, (model.width, 1)), constant(p, (1, 1))

    @torch.no_grad()
    def start(self, seeds: Sequence[int]) -> None:
        """Take the adapters of these seeds from the file in which training starts, if there is one.

        UsageError if it lacks a seed, or its base, layers or rank are others.
        """
        file = self.shape.start
        if file is None:
            return
        found, own = file.load(seeds, self._base), self.low_rank()
        if found.down.keys() != own.down.keys():
            raise UsageError(
                f"the adapters {file.path} change {len(found.down)} layers, and training changes {len(own.down)} "
                f"(layers={self.shape.layers!r})"
            )
        rank = next(iter(found.down.values())).shape[-1]
        if rank != self.shape.rank:
            raise UsageError(f"the adapters {file.path} have rank {rank}, and training has rank {self.shape.rank}")
        for name in own.down:
            own.down[name].copy_(found.down[name])
            own.up[name].copy_(found.up[name] * (found.scale / self.shape.scale))  # the same change of the model

    def low_rank(self) -> LowRank:
        """The adapters, as the model takes them."""
        return LowRank(
            {name: self.down[_key(name)] for name in self._names},
            {name: self.up[_key(name)] for name in self._names},
            self.shape.scale,
        )

    def step(self, obs: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        texts = obs.permute(1, 2, 0)  # [P, N, K]
        tokens, valid = self._rows(texts)
        shared = None if memory is not None else share_prompts(texts.flatten(0, 1), len(texts), 0)
        if shared is None:
            hidden, memory = self._model.hidden(tokens, valid, memory, self.low_rank())
            last = hidden[:, -1]
        else:
            hidden, memory = self._model.hidden(tokens[shared.rows], valid[shared.rows], None, self.low_rank())
            last, memory = hidden[shared.own, -1], memory.rows(shared.own)
        return self.readout(last.view(*texts.shape[:2], -1)), memory

    def select_memory(self, memory: Memory, rows: Tensor) -> Memory:
        return memory.rows(rows)

    def forward(self, obs: Tensor, positions: tuple[int, ...]) -> Tensor:
        return self.readout(self.states(obs, positions))

    def states(self, obs: Tensor, positions: tuple[int, ...]) -> Tensor:
        """Hidden states [len(positions), P, N, D] of texts [L, P, N] at these positions.

        Nothing is computed past the longest text; a position there has the state of the last one that is computed.
        """
        written = obs[: max(positions) + 1].ne(PAD).flatten(1).any(1)
        last = int(written.nonzero().max()) if bool(written.any()) else 0
        first = min(min(positions), last)
        tokens, valid = self._rows(obs[: last + 1].permute(1, 2, 0))
        members, envs = obs.shape[1:]
        found = hidden_after_prompts(self._model, tokens, valid, first + 1, self.low_rank(), members)
        places = [min(position, last) - first for position in positions]
        return found.view(members, envs, last + 1 - first, -1)[:, :, places].permute(2, 0, 1, 3)

    def readout(self, hidden: Tensor) -> Tensor:
        """Hidden states [..., P, N, D] -> logits of actions, or values, [..., P, N, O], in the parameters' precision."""
        if self.value is not None:
            return (hidden.to(self.value) @ self.value) + self.value_bias
        kind = next(iter(self.up.values()))
        actions = self.tokens[1 : self.outputs + 1]
        return self._model.logits(hidden, actions).to(kind.dtype)

    def at_prefixes(self, prefixes: Prefixes) -> Tensor:
        """Distinct prompts are read at once, and after them one token of every node of a level."""
        members, adapters = len(next(iter(self.up.values()))), self.low_rank()
        start = int(prefixes.position.min())
        width = len(prefixes.levels[start].token)
        before = sum(len(level.token) for level in prefixes.levels[:start])
        wanted = prefixes.position == start
        row = prefixes.rows.new_zeros(width).index_copy(0, prefixes.node[wanted] - before, prefixes.row[wanted])
        prompts = prefixes.rows[: start + 1, row].T.expand(members, -1, -1)  # [P, X, K]
        hidden, cache = self._model.hidden(*self._rows(prompts), None, adapters)
        found = [hidden[:, -1].view(members, width, -1)]
        for token, parent in prefixes.levels[start + 1 :]:
            member = torch.arange(members, device=parent.device)[:, None]
            cache = cache.rows((member * width + parent).flatten())
            width = len(token)
            hidden, cache = self._model.hidden(*self._rows(token[:, None].expand(members, -1, -1)), cache, adapters)
            found.append(hidden.view(members, width, -1))
        return self.readout(torch.cat(found, 1)[:, prefixes.node - before])

    @property
    def _model(self) -> CausalModel:
        return self._frozen.on(self.tokens.device)

    def _rows(self, texts: Tensor) -> tuple[Tensor, Tensor]:
        """(the model's tokens [P N, K], which of them are not padding) of texts [P, N, K] in the task's tokens."""
        rows = texts.reshape(-1, texts.shape[-1])
        return self.tokens[rows], rows != PAD


def _key(layer: str) -> str:
    return layer.replace(".", "/")


def _uniform(shape: tuple[int, int], generators: list[torch.Generator]) -> nn.Parameter:
    """[P, in, r], uniform in +-in^(-1/2): kaiming_uniform_(a = sqrt(5)) of A's transpose, each member's own generator."""
    stack = torch.empty(len(generators), *shape)
    for weight, generator in zip(stack, generators, strict=True):
        nn.init.uniform_(weight, -(shape[0] ** -0.5), shape[0] ** -0.5, generator=generator)
    return nn.Parameter(stack)


def model_tokens(observation: ModelTranscript, model: CausalModel) -> Tensor:
    """The model's token for each of the task's [vocabulary], any one for padding. UsageError if they do not fit."""
    count = observation.vocabulary - 1
    tokens = tuple(range(count)) if observation.tokens is None else observation.tokens
    if len(tokens) != count:
        raise UsageError(f"the task has {count} tokens, and the model's tokens of {len(tokens)} are named")
    if tokens and max(tokens) >= model.vocabulary:
        raise UsageError(f"the model has {model.vocabulary} tokens; {max(tokens)} is none of them")
    if observation.length > model.context:
        raise UsageError(f"a text of {observation.length} tokens is longer than the model reads: {model.context}")
    return torch.tensor((0, *tokens))
