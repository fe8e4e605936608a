"""What is known exactly about a text MDP: every episode with its probability and reward, its optimum, its uniform return.

Enumeration expands the tree of transcripts breadth first, all prompts and branches at once, as numpy arrays. Values by
backward induction over the same tree check the closed forms that the tasks state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from envs.api import Bools, Ints
from envs.transcript import Doubles, TextMDP

LIMIT = 200_000


class TooMany(ValueError):
    """The task has more episodes than may be listed."""


@dataclass(frozen=True)
class Enumeration:
    """All S episodes of a task: every prompt with every legal sequence of actions, in a fixed order.

    Rewards are expected ones (Bernoulli rewards and noise at their means), `reward_shift` included.
    """

    transcript: Ints  # [S, L]
    action: Ints  # [T, S], 0 on rows after an episode's end
    valid: Bools  # [T, S]
    reward: Doubles  # [T, S]
    probability: Doubles  # [S] the environment's share p(s): the prompt's
    action_mask: Bools | None  # [T, S, V]
    prompt: Ints  # [S] place of the episode's prompt in mdp.prompts()


class _Level(NamedTuple):
    """Step t of the tree: `rows` nodes, of which `parent[i]` is node i's place among the nodes of step t-1."""

    parent: Ints
    action: Ints
    reward: Doubles
    alive: Bools  # took an action at this step
    legal: Bools | None  # [rows, V] what the parent might do; None where everything


def count_episodes(mdp: TextMDP) -> int:
    """Prompts times V^T: at least as many as there are episodes (illegal tokens and early ends make them fewer)."""
    return int(len(mdp.prompts().tokens) * mdp.actions**mdp.horizon)


def enumerable(mdp: TextMDP, limit: int = LIMIT) -> bool:
    """Whether the task has at most `limit` episodes."""
    try:
        return len(_expand(mdp, limit)[0]) <= limit
    except ValueError:  # too many episodes, or prompts that cannot be listed
        return False


def _expand(mdp: TextMDP, limit: int) -> tuple[Ints, Ints, list[_Level]]:
    """Leaves' transcripts [S, L], their prompt [S], and the levels of the tree."""
    prompts = mdp.prompts().tokens
    k, v = mdp.prompt_length, mdp.actions
    transcript = np.zeros((len(prompts), mdp.transcript_length), np.int64)
    transcript[:, :k] = prompts
    origin = np.arange(len(prompts))
    alive = np.ones(len(prompts), np.bool_)
    levels = []
    for t in range(mdp.horizon):
        mask = mdp.legal(transcript, t)
        take = np.where(
            alive[:, None], True if mask is None else mask, np.arange(v) == 0
        )  # an ended one goes on as it is
        if np.count_nonzero(take) > limit:
            most = count_episodes(mdp)
            raise TooMany(f"{type(mdp).__name__} has more than {limit} episodes (at most {most}): not enumerable")
        parent, action = np.nonzero(take)
        transcript, origin, moved = transcript[parent].copy(), origin[parent], alive[parent]
        transcript[moved, k + t] = action[moved] + mdp.first_action
        reward, ended = mdp.respond(transcript, t)
        ended = ended | (t == mdp.horizon - 1)
        paid = np.where(moved, reward + ended * mdp.reward_shift, 0.0)
        levels.append(_Level(parent, np.where(moved, action, 0), paid, moved, None if mask is None else mask[parent]))
        alive = moved & ~ended
    return transcript, origin, levels


def enumerate_episodes(mdp: TextMDP, limit: int = LIMIT) -> Enumeration:
    """All episodes; TooMany where there are more than `limit`."""
    transcript, origin, levels = _expand(mdp, limit)
    steps, leaves = mdp.horizon, len(transcript)
    action = np.zeros((steps, leaves), np.int64)
    valid = np.zeros((steps, leaves), np.bool_)
    reward = np.zeros((steps, leaves))
    masked = any(level.legal is not None for level in levels)
    legal = np.ones((steps, leaves, mdp.actions), np.bool_) if masked else None
    place = np.arange(leaves)  # each leaf's ancestor at the level being read
    for t in range(steps - 1, -1, -1):
        level = levels[t]
        action[t], valid[t], reward[t] = level.action[place], level.alive[place], level.reward[place]
        if legal is not None and level.legal is not None:
            legal[t] = level.legal[place]
        place = level.parent[place]
    probability = mdp.prompts().probability[origin]
    return Enumeration(transcript, action, valid, reward, probability, legal, origin)


def value(episodes: Enumeration, logp: Doubles, gamma: float = 1.0) -> float:
    """J = sum_s p(s) prod_t pi(a_t|s_t) sum_t gamma^t r_t of the policy whose log pi(a_t|s_t) is `logp` [T, S].

    Rows after an episode's end are not read.
    """
    chance = np.exp(np.where(episodes.valid, logp, 0.0).sum(0))  # [S]
    earned = gamma ** np.arange(len(episodes.reward)) @ episodes.reward  # [S]
    return float((episodes.probability * chance * earned).sum())


def _backward(mdp: TextMDP, gamma: float, best: bool, limit: int) -> float:
    """Expected return from the start: maximum or mean over legal actions, by backward induction."""
    _, _, levels = _expand(mdp, limit)
    after = np.zeros(len(levels[-1].parent))
    for level in reversed(levels):
        q = level.reward + gamma * after
        nodes = int(level.parent[-1]) + 1
        if best:
            value = np.full(nodes, -np.inf)
            np.maximum.at(value, level.parent, q)
        else:
            value = np.bincount(level.parent, q, nodes) / np.bincount(level.parent, minlength=nodes)
        after = value
    return float(after @ mdp.prompts().probability)


def optimal_return(mdp: TextMDP, gamma: float = 1.0, limit: int = LIMIT) -> float:
    """J* = mean over prompts of the best achievable return, by backward induction."""
    return _backward(mdp, gamma, best=True, limit=limit)


def random_return(mdp: TextMDP, gamma: float = 1.0, limit: int = LIMIT) -> float:
    """J0: the return of the policy that is uniform over legal tokens."""
    return _backward(mdp, gamma, best=False, limit=limit)
