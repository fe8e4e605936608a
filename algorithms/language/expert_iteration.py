"""Expert iteration (RAFT, Dong et al. 2023, algorithm 1): maximum likelihood on the completions that a reward model likes.

Each round samples n completions for each prompt from the policy of the round before, keeps the one with the highest
reward, and fits the adapters to these. One round is supervised fine-tuning on the reward model's favourites.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TypeVar

from torch import Tensor

from algorithms.language.adapters import Fitting, adapters_of, tensors_of
from algorithms.language.best_of_n import sample
from algorithms.language.maximum_likelihood import Finetuned, finetune
from algorithms.language.preferences import Judge
from algorithms.language.stage import Stage, StageEvent, StageProgress
from algorithms.training.state import RunState, part_tensors
from envs.language.models.api import CausalModel
from envs.language.models.low_rank import LowRank
from envs.seeding import Purpose
from envs.validation import check_least

T = TypeVar("T")
START = "start"  # the part of a state that holds the adapters with which a round began


def expert_iteration(
    model: CausalModel,
    start: LowRank,
    prompts: Tensor,
    valid: Tensor,
    seeds: Sequence[int],
    reward: Judge,
    config: Fitting,
    longest: int,
    n: int,
    rounds: int = 1,
    state: RunState | None = None,
    state_every: int = 100,
    purpose: Purpose = Purpose.TRAIN,
) -> Stage[Finetuned]:
    """Fit the adapters of `start` to favourites of prompts [P, n_prompts, K]. A state holds where its round began."""
    check_least(rounds=(rounds, 1), n=(n, 1))
    first, policy = 0, start
    if state is not None:
        first = int(state.meta["round"])
        policy = adapters_of(part_tensors(START, state.tensors), start.scale)
    for index in range(first, rounds):
        stage = sample(model, policy, prompts, valid, seeds, reward, longest, n, index, purpose=purpose)
        sampled = yield from _of_round(stage, index, rounds, policy)
        inner = state if index == first else None
        if inner is not None and not int(inner.meta["done"]):
            inner = None  # it was saved between two rounds
        fit = finetune(model, sampled.favourites, seeds, config, policy, None, inner, state_every, purpose)
        found = yield from _of_round(fit, index, rounds, policy)
        policy = found.adapters
        if index + 1 < rounds:
            yield _begin(RunState({}, {"done": 0}), index + 1, policy)
    return found


def _of_round(stage: Stage[T], index: int, rounds: int, policy: LowRank) -> Generator[StageEvent, None, T]:
    """The events of a stage, with its round."""
    while True:
        try:
            event = next(stage)
        except StopIteration as stop:
            return stop.value
        if isinstance(event, RunState):
            yield _begin(event, index, policy)
        else:
            measures = {**event.measures, "round": index + 1, "rounds": rounds}
            yield StageProgress(event.done, event.total, measures, event.notice)


def _begin(state: RunState, index: int, policy: LowRank) -> RunState:
    """A state that also says with which adapters its round began."""
    started = {f"{START}.{name}": x for name, x in tensors_of(policy).items()}
    axes = state.member_axes | dict.fromkeys(started, 0)
    return RunState(state.tensors | started, {**state.meta, "round": index}, axes)
