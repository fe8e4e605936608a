"""Pretraining of the suite's own base model: next-token maximum likelihood over sentences, all tensors trained."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from algorithms.language.stage import Stage, StageProgress, Stream, streams
from algorithms.policies.population import torch_generators
from algorithms.training.state import RunState
from envs.language.models.decoder import Decoder, DecoderConfig, random_decoder
from envs.seeding import Role, stream
from envs.validation import UsageError, check_between, check_least

Sentences = Sequence[Sequence[int]]


@dataclass(frozen=True)
class Pretraining:
    """AdamW (Loshchilov and Hutter 2019) with a linear warm-up and a cosine decay to 0.

    passes        how often each sentence is read       batch    tokens of a step, about
    warm_up       part of the steps                     clip     largest norm of the gradient
    weight_decay  of matrices alone
    seed          of the first tensors and the order of the sentences
    """

    passes: float = 1.0
    batch: int = 2048
    rate: float = 4e-3
    warm_up: float = 0.05
    weight_decay: float = 0.1
    beta2: float = 0.95
    clip: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        check_least(batch=(self.batch, 1), rate=(self.rate, 0), weight_decay=(self.weight_decay, 0))
        check_between(warm_up=(self.warm_up, 0, 1))
        if not self.passes > 0:
            raise UsageError(f"passes must be above 0, not {self.passes}")

    def rate_at(self, step: int, steps: int) -> float:
        """The rate of step 0, 1, ..., steps - 1."""
        warm = self.warm_up * steps
        if step < warm:
            return self.rate * (step + 1) / (warm + 1)
        return self.rate * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(steps - warm, 1)))


@dataclass(frozen=True)
class Pretrained:
    """The model, and exp of its mean negative log-likelihood a token on sentences that it has not read."""

    model: Decoder
    perplexity: float


def pretrain(
    shape: DecoderConfig,
    sentences: Sentences,
    held_out: Sentences,
    config: Pretraining,
    state: RunState | None = None,
    state_every: int = 100,
) -> Stage[Pretrained]:
    """Train a model of this shape on sentences without their end token, which is added.

    UsageError for sentences that the model cannot read. Resumed from a state, it ends bit for bit where it would have.
    """
    by_length, unseen = _by_length(sentences, shape), _by_length(held_out, shape)
    passes = math.ceil(config.passes)
    steps = max(1, round(config.passes * len(list(_batches(by_length, config, 0)))))
    first = random_decoder(shape, torch_generators([stream(config.seed, Role.STAGE, int(Stream.ADAPTERS))])[0])
    values = {name: x.clone().requires_grad_() for name, x in first.tensors.items()}
    model, optimiser = Decoder(shape, values), _optimiser(values, config)
    done = 0 if state is None else _restore(state, values, optimiser)
    order = (batch for i in range(passes) for batch in _batches(by_length, config, i))
    total = 0.0
    for step, tokens in enumerate(order):
        if step < done:  # read before the state was saved
            continue
        if step == steps:
            break
        for group in optimiser.param_groups:
            group["lr"] = config.rate_at(step, steps)
        loss = nll(model, tokens).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(list(values.values()), config.clip)
        optimiser.step()
        optimiser.zero_grad()
        total = float(loss.detach())
        if not math.isfinite(total):
            raise ArithmeticError(
                f"pretraining diverged at step {step + 1} of {steps}; a smaller rate than {config.rate}"
            )
        yield StageProgress(step + 1, steps, {"loss": total})
        if (step + 1) % state_every == 0 and step + 1 < steps:
            yield _state(step + 1, values, optimiser)
    found = Decoder(shape, {name: x.detach() for name, x in values.items()})
    perplexity = perplexity_of(found, unseen)
    yield StageProgress(steps, steps, {"loss": total, "perplexity": perplexity})
    return Pretrained(found, perplexity)


def nll(model: Decoder, tokens: Tensor) -> Tensor:
    """-log p [M, K - 1] of tokens 1, 2, ... of texts [M, K] without padding."""
    hidden, _ = model.hidden(tokens[:, :-1], torch.ones_like(tokens[:, :-1], dtype=torch.bool))
    logits = model.logits(hidden)
    return functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten(), reduction="none").view(
        logits.shape[:2]
    )


@torch.no_grad()
def perplexity_of(model: Decoder, by_length: dict[int, Tensor], rows: int = 256) -> float:
    """exp of the mean -log p of all tokens but the first of each sentence."""
    total, count = 0.0, 0
    for tokens in by_length.values():
        for part in torch.split(tokens, rows):
            found = nll(model, part)
            total, count = total + float(found.double().sum()), count + found.numel()
    return math.exp(total / count)


def _by_length(sentences: Sentences, shape: DecoderConfig) -> dict[int, Tensor]:
    """Sentences with their end token as [n, length], by length: nothing needs padding."""
    if shape.end is None:
        raise UsageError("a model that is pretrained needs an end token")
    groups: dict[int, list[Sequence[int]]] = {}
    for sentence in sentences:
        groups.setdefault(len(sentence), []).append(sentence)
    groups.pop(0, None)
    if not groups:
        raise UsageError("there are no sentences")
    if max(groups) >= shape.context:
        raise UsageError(f"a sentence of {max(groups)} tokens and its end exceed the context of {shape.context}")
    found = {}
    for length in sorted(groups):
        tokens = np.full((len(groups[length]), length + 1), shape.end, np.int64)
        tokens[:, :length] = groups[length]
        if tokens.min() < 0 or tokens.max() >= shape.vocabulary:
            raise UsageError(f"tokens lie between {tokens.min()} and {tokens.max()}; the model has {shape.vocabulary}")
        found[length + 1] = torch.from_numpy(tokens)
    return found


def _batches(by_length: dict[int, Tensor], config: Pretraining, index: int) -> Iterator[Tensor]:
    """One pass over all sentences in random order: batches [M, K] of one length, of about `batch` tokens."""
    rng = streams((config.seed,), Stream.DEMONSTRATIONS, index)[0]
    parts = []
    for length, tokens in by_length.items():
        count = max(1, round(len(tokens) * length / config.batch))
        parts += [(length, rows) for rows in np.array_split(rng.permutation(len(tokens)), count)]
    for i in rng.permutation(len(parts)):
        length, rows = parts[i]
        yield by_length[length][torch.from_numpy(rows)]


def _optimiser(values: dict[str, Tensor], config: Pretraining) -> torch.optim.AdamW:
    matrices = [x for x in values.values() if x.ndim > 1]
    vectors = [x for x in values.values() if x.ndim == 1]
    groups = [{"params": matrices, "weight_decay": config.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=config.rate, betas=(0.9, config.beta2), fused=True)


def _state(done: int, values: dict[str, Tensor], optimiser: torch.optim.AdamW) -> RunState:
    moments = {
        f"{name}.{kind}": optimiser.state[x][kind] for name, x in values.items() for kind in ("exp_avg", "exp_avg_sq")
    }
    return RunState.of(
        [("values", values, dict.fromkeys(values)), ("optimiser", moments, dict.fromkeys(moments))],
        {"done": done},
    )


def _restore(state: RunState, values: dict[str, Tensor], optimiser: torch.optim.AdamW) -> int:
    """Put the tensors of a state in their places; returns the number of steps done."""
    done = int(state.meta["done"])
    for name, x in values.items():
        x.data.copy_(state.tensors[f"values.{name}"])
        optimiser.state[x] = {
            "step": torch.tensor(float(done)),
            "exp_avg": state.tensors[f"optimiser.{name}.exp_avg"].clone(),
            "exp_avg_sq": state.tensors[f"optimiser.{name}.exp_avg_sq"].clone(),
        }
    return done
