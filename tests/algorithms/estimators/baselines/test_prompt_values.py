"""A value for each prompt: its past alone, faded whenever it is met; its number from its tokens."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from algorithms import VARIANTS
from algorithms.estimators.baselines.prompt_values import PromptValue
from algorithms.estimators.rollout import PartState, Rollout
from envs import TASKS
from tests.rollouts import grouped_rollout


def played(returns: list[float], prompts: list[int]) -> Rollout:
    rollout = grouped_rollout([returns], [[1.0] * len(returns)], 1)
    return replace(rollout, prefix=torch.tensor(prompts)[None, None])


def judged(baseline: PromptValue, rollout: Rollout, state: PartState) -> tuple[list[float], PartState]:
    b, state = baseline(rollout.reward, rollout, None, state)
    return b.flatten().tolist(), state


def test_values_by_hand() -> None:
    """Prompt 2 is paid 1, 0, 1 and then 0. keep 1/2: W = 3, v = 2/3; then W = 2.5, v = 2/3 - (2/3) / 2.5 = 0.4."""
    baseline = PromptValue(keep=0.5, prompts=4)
    b, state = judged(baseline, played([1.0, 0.0, 1.0], [2, 2, 2]), baseline.initial(1, 1))
    assert b == [0.0] * 3  # nothing is known yet
    b, state = judged(baseline, played([0.0, 5.0], [2, 1]), state)
    assert b == pytest.approx([2 / 3, 2 / 3])  # prompt 1 is new: the mean of all
    b, state = judged(baseline, played([0.0, 0.0, 0.0], [2, 1, 3]), state)
    everything = 2 / 3 + 2 / (0.5 * 3 + 2) * (2.5 - 2 / 3)
    assert b == pytest.approx([0.4, 5.0, everything])


def test_a_prompt_fades_only_when_it_is_met() -> None:
    baseline = PromptValue(keep=0.5, prompts=2)
    _, state = judged(baseline, played([1.0], [0]), baseline.initial(1, 1))
    before = state["weight"][0].item()
    _, state = judged(baseline, played([0.0], [1]), state)
    assert state["weight"][0].item() == before == 1.0


def test_equal_returns_keep_their_value_exactly() -> None:
    """0.1 has no exact binary form; a sum of counts times it would be off by rounding, and whitening would enlarge that."""
    baseline, state = PromptValue(prompts=3), PromptValue(prompts=3).initial(1, 1)
    rollout = played([0.1] * 7, [0, 0, 0, 1, 1, 2, 2])
    rollout = replace(rollout, reward=rollout.reward.float())
    for _ in range(5):
        b, state = baseline(rollout.reward, rollout, None, state)
    assert torch.equal(b, rollout.reward)


def test_members_have_values_of_their_own() -> None:
    baseline = PromptValue(prompts=2)
    rollout = played([1.0, 0.0], [0, 1])
    two = {name: x.expand(x.shape[0], 2, x.shape[2]).clone() for name, x in rollout.tensors().items()}
    two["reward"][:, 1] = 7.0
    two["valid"][:, 1, 1] = 0.0
    _, state = baseline(two["reward"], replace(rollout, **two), None, baseline.initial(2, 1))  # type: ignore[arg-type]
    assert state["value"][:2].tolist() == [[1.0, 7.0], [0.0, 0.0]]
    assert state["weight"][:2].tolist() == [[1.0, 1.0], [1.0, 0.0]]


def test_control_has_no_prompts() -> None:
    reason = VARIANTS["single_stream"].reason_unsupported(TASKS["CartPole-v1"])
    assert reason == "compares what follows the same text, and this task has no texts"


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match=r"keep must lie in \[0, 1\)"):
        PromptValue(1.0)
    with pytest.raises(ValueError, match="prompts must be at least 1"):
        PromptValue(prompts=0)


def test_the_prompt_is_what_stands_before_the_first_action() -> None:
    """Two texts of two actions begin with prompt 1 and go on differently: one value, 2 / 1 = the mean of 1 and 3."""
    rollout = grouped_rollout([[1.0, 3.0], [0.0, 0.0]], [[1.0, 1.0]] * 2, 1)
    rollout = replace(rollout, prefix=torch.tensor([[1, 1], [2, 3]])[:, None])
    baseline = PromptValue(prompts=4)
    _, state = baseline(rollout.reward, rollout, None, baseline.initial(1, 2))
    assert state["value"][:4].flatten().tolist() == [0.0, 2.0, 0.0, 0.0]
    assert state["weight"].flatten().tolist() == [0.0, 2.0, 0.0, 0.0, 2.0]
