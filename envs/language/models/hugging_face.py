"""Any causal language model of Hugging Face's transformers, from a local folder."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from envs.language.models.api import Adapter
from envs.language.models.files import require
from envs.language.models.folder import precision
from envs.validation import UsageError

CACHE_NAMES = ("cache", "past_key_values")  # what the argument is called, the newer name first


class Cache(NamedTuple):
    """Which tokens were not padding [M, S], and transformers' keys and values, which later calls append to."""

    valid: Tensor
    past: Any

    def rows(self, index: Tensor) -> Cache:
        """A copy of the rows at these places [R]."""
        past = copy.copy(self.past)
        past.layers = [
            copy.copy(layer) for layer in past.layers
        ]  # selecting makes new tensors, through which gradients go
        past.batch_select_indices(index)
        return Cache(self.valid[index], past)


class HuggingFaceModel:
    """A `CausalModel` around a transformers model, whose linear layers call the adapter through forward hooks."""

    def __init__(self, model: Any, end: int | None) -> None:
        self.model, self.end = model.eval().requires_grad_(False), end
        self.body, self.read_out = model.base_model, model.get_output_embeddings()
        if self.read_out is None or self.body is model:
            raise UsageError(f"{type(model).__name__} is no causal language model with a read-out of its hidden states")
        arguments = inspect.signature(self.body.forward).parameters
        self._positions = "position_ids" in arguments
        self._cache_name = next((name for name in CACHE_NAMES if name in arguments), None)
        if self._cache_name is None:
            raise UsageError(f"{type(model).__name__} takes no cache of keys and values, which generation needs")
        self._new_cache = require("transformers").DynamicCache
        self._adapter: Adapter | None = None
        self._tokens = 0
        self.layers: Mapping[str, tuple[int, int]] = self._hook()
        self._check_logits()

    def __deepcopy__(self, memo: dict[int, Any]) -> HuggingFaceModel:
        return self

    @property
    def vocabulary(self) -> int:
        return int(self.read_out.weight.shape[0])

    @property
    def width(self) -> int:
        return int(self.read_out.weight.shape[1])

    @property
    def context(self) -> int:
        return int(getattr(self.model.config, "max_position_embeddings", None) or 2048)

    def hidden(
        self, tokens: Tensor, valid: Tensor, cache: Cache | None = None, adapter: Adapter | None = None
    ) -> tuple[Tensor, Cache]:
        k, read = tokens.shape[1], 0 if cache is None else cache.valid.shape[1]
        if read + k > self.context:
            raise ValueError(f"a text of {read + k} tokens is longer than the context of {self.context}")
        past = self._new_cache(config=self.model.config) if cache is None else _appendable(cache.past, read)
        valid = valid if cache is None else torch.cat([cache.valid, valid], 1)  # [M, S]
        arguments = {"attention_mask": valid.long(), "use_cache": True, str(self._cache_name): past}
        if self._positions:
            arguments["position_ids"] = (valid.cumsum(1) - 1).clamp(min=0)[:, read:]
        self._adapter, self._tokens = adapter, tokens.numel()
        try:
            hidden = self.body(tokens, **arguments).last_hidden_state
        finally:
            self._adapter = None
        return hidden, Cache(valid, past)

    def logits(self, hidden: Tensor, tokens: Tensor | None = None) -> Tensor:
        weight, bias = self.read_out.weight, getattr(self.read_out, "bias", None)
        if tokens is not None:
            weight, bias = weight[tokens], None if bias is None else bias[tokens]
        return functional.linear(hidden.to(weight.dtype), weight, bias).float()

    def _hook(self) -> dict[str, tuple[int, int]]:
        """A hook on each linear layer of the body; their (inputs, outputs) by name."""
        turned = require("transformers.pytorch_utils").Conv1D  # a linear layer whose weight is [in, out]
        inside, layers = {id(module) for module in self.body.modules()}, {}
        for name, module in self.model.named_modules():
            if id(module) not in inside or module is self.read_out:
                continue
            if isinstance(module, turned):
                layers[name] = (module.weight.shape[0], module.weight.shape[1])
            elif isinstance(module, torch.nn.Linear):
                layers[name] = (module.in_features, module.out_features)
            else:
                continue
            module.register_forward_hook(lambda module, args, y, name=name: self._adapted(name, args[0], y))
        return layers

    def _adapted(self, name: str, x: Tensor, y: Tensor) -> Tensor:
        if self._adapter is None:
            return y
        if x.numel() != self._tokens * x.shape[-1]:
            raise UsageError(f"the layer {name} does not read every token once, so no adapter can tell members apart")
        return self._adapter(name, x, y)

    @torch.no_grad()
    def _check_logits(self) -> None:
        """UsageError if the model does more to its hidden states than to read them out, for example caps the logits."""
        tokens = torch.arange(min(4, self.vocabulary), device=self.read_out.weight.device)[None]
        hidden, _ = self.hidden(tokens, torch.ones_like(tokens, dtype=torch.bool))
        expected = self.model(tokens).logits.float()
        ours = self.logits(hidden)
        if not (ours - expected).abs().max() <= 0.01 * expected.abs().max():
            raise UsageError(
                f"the logits of {type(self.model).__name__} are not a linear read-out of its last hidden states, which "
                "a policy here needs"
            )


def load_hugging_face(folder: Path, end: int | None, device: str) -> HuggingFaceModel:
    """The model of a folder, in the precision of the device."""
    transformers = require("transformers")
    transformers.utils.logging.disable_progress_bar()
    try:
        model = transformers.AutoModelForCausalLM.from_pretrained(
            str(folder),
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=precision(device),
        )
    except (OSError, ValueError, ImportError) as error:
        raise UsageError(f"transformers cannot read {folder}: {str(error).strip().splitlines()[0]}") from None
    return HuggingFaceModel(model.to(device), end)


def _appendable(past: Any, read: int) -> Any:
    """The keys and values of the first `read` tokens: a copy if another call has appended to them."""
    if past.get_seq_length() == read:
        return past
    past = copy.deepcopy(past)
    past.crop(read - past.get_seq_length())  # a negative number is how many to forget
    return past
