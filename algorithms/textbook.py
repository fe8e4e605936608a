"""The six steps of the article in plain code: one policy, one episode at a time, no batches. Read this first.

A test shows that it equals the variant `reinforce`: the same episodes give the same gradient.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

Episode = tuple[list[Tensor], list[int], list[float]]  # observations, actions, rewards


def play(policy: nn.Module, reset: Callable[[], Tensor], step: Callable[[int], tuple[Tensor, float, bool]]) -> Episode:
    """Step 2: one trajectory under the current policy."""
    observations, actions, rewards, done = [reset()], [], [], False
    while not done:
        with torch.no_grad():
            probabilities = policy(observations[-1]).softmax(-1)
        actions.append(int(torch.multinomial(probabilities, 1)))
        observation, reward, done = step(actions[-1])
        observations.append(observation)
        rewards.append(reward)
    return observations[:-1], actions, rewards


def episode_return(rewards: list[float], gamma: float) -> float:
    """Step 3: R(tau) = sum_t gamma^t r_t."""
    return float(np.dot(rewards, gamma ** np.arange(len(rewards))))


def policy_gradient_loss(policy: nn.Module, episodes: list[Episode], gamma: float) -> Tensor:
    """Step 4: minus the mean over episodes of R(tau) sum_t log pi(a_t | s_t); its gradient is minus the policy gradient."""
    total = torch.zeros(())
    for observations, actions, rewards in episodes:
        log_probabilities = policy(torch.stack(observations)).log_softmax(-1)
        chosen = log_probabilities[torch.arange(len(actions)), torch.tensor(actions)]
        total = total + episode_return(rewards, gamma) * chosen.sum()
    return -total / len(episodes)


def train(
    policy: nn.Module,  # step 1: initialised by the caller
    reset: Callable[[], Tensor],
    step: Callable[[int], tuple[Tensor, float, bool]],
    updates: int,
    episodes: int = 8,
    gamma: float = 1.0,
    learning_rate: float = 1e-2,
) -> None:
    """Steps 2 to 6: collect, estimate returns, differentiate, step, and repeat."""
    optimiser = torch.optim.Adam(policy.parameters(), learning_rate)
    for _ in range(updates):  # step 6
        batch = [play(policy, reset, step) for _ in range(episodes)]
        optimiser.zero_grad()
        policy_gradient_loss(policy, batch, gamma).backward()  # type: ignore[no-untyped-call]
        optimiser.step()  # step 5
