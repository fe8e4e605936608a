"""The memory that training a population of adapters needs, estimated before it begins."""

from __future__ import annotations

import torch

from algorithms.policies.many_actions import MANY_ACTIONS, NUMBERS_TOGETHER
from envs.api import Discrete, Spec
from envs.language.models.base import BaseModel
from envs.language.models.files import free_memory
from envs.language.models.transcript import ModelTranscript
from envs.validation import UsageError

BYTES = 4  # of a number
COPIES = 20  # of the adapters: values, gradient, two of Adam, those that act and are evaluated, and 11 checkpoints
KEPT = 2.0  # what autograd keeps, as a multiple of the inputs and outputs of the linear layers


def bytes_needed(rank: int, spec: Spec, members: int, envs: int, critic: bool) -> int:
    """Bytes beside the base: adapters with their optimiser and checkpoints, and the activations of an update."""
    observation, action = spec.observation, spec.action
    assert isinstance(observation, ModelTranscript)
    assert isinstance(action, Discrete)
    heads = members * envs * spec.horizon * action.n if action.n <= MANY_ACTIONS else NUMBERS_TOGETHER
    texts = members * envs
    adapters = bytes_of_adapters(observation.model, rank, members, texts, observation.length)
    return (2 if critic else 1) * adapters + 4 * BYTES * heads


def bytes_of_adapters(model: BaseModel, rank: int, members: int, texts: int, length: int) -> int:
    """Bytes of adapters with what training keeps of them, and of the activations of so many texts; nothing is loaded."""
    width = sum(inputs + outputs for inputs, outputs in model.matrices)
    return int(BYTES * width * (COPIES * rank * members + KEPT * texts * length))


def check_free(needed: int, what: str, remedy: str, device: str = "cpu") -> None:
    """UsageError where a device has less free memory than so many bytes."""
    free = torch.cuda.mem_get_info(device)[0] if device.startswith("cuda") else free_memory()
    if needed > free:
        raise UsageError(
            f"{what} need {needed / 1e9:.1f} GB of memory besides the model, and {free / 1e9:.1f} GB are free: {remedy}"
        )
