"""The memory that training a population of adapters needs, estimated before it begins."""

from __future__ import annotations

import os

import torch

from algorithms.policies.many_actions import MANY_ACTIONS, NUMBERS_TOGETHER
from algorithms.policies.networks.adapters import Adapters
from envs.api import Discrete, Spec
from envs.language.models.transcript import ModelTranscript
from envs.validation import UsageError

BYTES = 4  # of a number
COPIES = 20  # of the adapters: values, gradient, two of Adam, those that act and are evaluated, and 11 checkpoints
KEPT = 2.0  # what autograd keeps, as a multiple of the inputs and outputs of the linear layers


def bytes_needed(shape: Adapters, spec: Spec, members: int, envs: int, critic: bool) -> int:
    """Bytes beside the base: adapters with their optimiser and checkpoints, and the activations of an update."""
    observation, action = spec.observation, spec.action
    assert isinstance(observation, ModelTranscript)
    assert isinstance(action, Discrete)
    sizes = observation.model.load("cpu").layers.values()
    networks = 2 if critic else 1
    adapters = sum(shape.rank * (inputs + outputs) for inputs, outputs in sizes) * members * networks
    activations = (
        KEPT * sum(inputs + outputs for inputs, outputs in sizes) * members * envs * observation.length * networks
    )
    heads = members * envs * spec.horizon * action.n if action.n <= MANY_ACTIONS else NUMBERS_TOGETHER
    return int(BYTES * (COPIES * adapters + activations + 4 * heads))


def check_memory(shape: Adapters, spec: Spec, members: int, envs: int, critic: bool, device: str = "cpu") -> None:
    """UsageError where a device has less free memory than training needs."""
    if not isinstance(spec.observation, ModelTranscript):
        return  # which building refuses
    needed = bytes_needed(shape, spec, members, envs, critic)
    if device.startswith("cuda"):
        free = torch.cuda.mem_get_info(device)[0]
    else:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed > free:
        raise UsageError(
            f"{members} members with {envs} texts of {spec.observation.length} tokens each need {needed / 1e9:.1f} GB of "
            f"memory beside the model, and {free / 1e9:.1f} GB are free: take fewer members or "
            "--set training.collection.envs=..., or a lower rank"
        )
