"""What is known exactly about a text MDP: every episode with its probability and reward, its optimum, the value of policies.

The tree of transcripts is expanded breadth first, all starts, actions and outcomes of chance at once, as numpy arrays.
Values come by backward induction over information sets: nodes that a policy cannot tell apart (equal transcripts, different
hidden states) share their action, so with partial observation this is dynamic programming on beliefs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from envs.api import Bools, Doubles, Ints
from envs.transcript import Rows, TextMDP

LIMIT = 200_000


class TooMany(ValueError):
    """The task has more episodes than may be listed."""


@dataclass(frozen=True)
class Enumeration:
    """All S episodes of a task: every start, legal sequence of actions and outcome of chance, in a fixed order.

    Rewards are expected ones (coin flips and noise at their means), `reward_shift` included.
    """

    transcript: Ints  # [S, L]
    action: Ints  # [T, S], 0 on rows after an episode's end
    valid: Bools  # [T, S]
    reward: Doubles  # [T, S]
    probability: Doubles  # [S] the environment's share p(s): the start's and that of chance
    action_mask: Bools | None  # [T, S, V]
    start: Ints  # [S] place of the episode's start in mdp.prompts()
    reference: Doubles | None  # [T, S] log-probability of the action under the reference policy
    information: Ints  # [T, S] the policy's information set, numbered by step; -1 after the end

    def log_probability(self, policy: list[Doubles]) -> Doubles:
        """[T, S]: log pi(a_t | s_t) of a policy given as [sets, V] for each step (a Solution's)."""
        logp = np.zeros(self.action.shape)
        for t, table in enumerate(policy):
            on = self.valid[t]
            with np.errstate(divide="ignore"):
                logp[t, on] = np.log(table[self.information[t, on], self.action[t, on]])
        return logp


class _Level(NamedTuple):
    """Step t of the tree: one row for each node, action and outcome; a row is a node of step t + 1."""

    parent: Ints  # [rows] node of step t
    action: Ints  # [rows]
    moved: Bools  # [rows] took an action (its episode had not ended)
    reward: Doubles  # [rows]
    weight: Doubles  # [rows] the environment's share of the probability so far
    legal: Bools | None  # [nodes, V]; None where everything
    reference: Doubles | None  # [nodes, V]
    information: Ints  # [nodes] information set of the node, -1 where its episode has ended
    sets: int  # number of information sets


class _Tree(NamedTuple):
    transcript: Ints  # [S, L] of the leaves
    start: Ints  # [S]
    chances: Doubles  # [X] of the starts
    levels: list[_Level]


def _expand(mdp: TextMDP, limit: int) -> _Tree:
    prompts = mdp.prompts()
    count, v = len(prompts.tokens), mdp.actions
    transcript = np.zeros((count, mdp.transcript_length), np.int64)
    transcript[:, : mdp.prompt_length] = prompts.tokens
    hidden = np.zeros((count, 0), np.int64) if prompts.hidden is None else prompts.hidden
    start, weight, alive = np.arange(count), prompts.probability, np.ones(count, np.bool_)
    _, information = np.unique(prompts.tokens, axis=0, return_inverse=True)
    information = information.reshape(-1).astype(np.int64)
    levels = []
    for t in range(mdp.horizon):
        rows = Rows(transcript, hidden)
        legal, reference = mdp.legal(rows, t), mdp.reference(rows, t)
        take = np.where(alive[:, None], True if legal is None else legal, np.arange(v) == 0)  # an ended one goes on
        if np.count_nonzero(take) > limit:
            raise TooMany(f"{type(mdp).__name__} has more than {limit:,} episodes: not enumerable")
        parent, action = np.nonzero(take)
        transcript, hidden, moved = transcript[parent], hidden[parent], alive[parent]
        transcript[moved, mdp.position(t)] = action[moved] + mdp.first_action
        chances, outcome = mdp.outcomes(Rows(transcript, hidden), t), np.zeros(len(parent), np.int64)
        if chances is not None:
            chances = np.where(moved[:, None], chances, np.arange(chances.shape[1]) == 0)
            branch, outcome = np.nonzero(chances)
            if len(branch) > limit:
                raise TooMany(f"{type(mdp).__name__} has more than {limit:,} episodes: not enumerable")
            parent, action, moved = parent[branch], action[branch], moved[branch]
            transcript, hidden = transcript[branch], hidden[branch]
        weight = weight[parent] if chances is None else weight[parent] * chances[branch, outcome]
        said = mdp.advance(Rows(transcript, hidden), t, outcome)
        if said.reply is not None:
            place = mdp.position(t) + 1
            transcript[moved, place : place + mdp.reply_length] = said.reply[moved]
        sets = int(information.max()) + 1
        levels.append(
            _Level(
                parent, np.where(moved, action, 0), moved, np.where(moved, said.reward, 0.0), weight,
                legal, reference, information, sets,
            )
        )  # fmt: skip
        hidden = hidden if said.hidden is None else said.hidden
        alive = moved & ~said.ended
        start = start[parent]
        # what the policy sees next: where it was, what it did, what it was told
        told = (information[parent] * v + action)[:, None]
        seen = np.concatenate([told, transcript[:, mdp.position(t) + 1 : mdp.position(t + 1)]], axis=1)[alive]
        information = np.full(len(parent), -1, np.int64)
        if len(seen):
            information[alive] = np.unique(seen, axis=0, return_inverse=True)[1].reshape(-1)
    return _Tree(transcript, start, prompts.probability, levels)


def enumerable(mdp: TextMDP, limit: int = LIMIT) -> bool:
    """Whether the task has at most `limit` episodes."""
    try:
        return len(_expand(mdp, limit).transcript) <= limit
    except ValueError:  # too many episodes, or prompts that cannot be listed
        return False


def enumerate_episodes(mdp: TextMDP, limit: int = LIMIT) -> Enumeration:
    """All episodes; TooMany where there are more than `limit`."""
    tree = _expand(mdp, limit)
    levels, leaves = tree.levels, len(tree.transcript)
    shape = (len(levels), leaves)
    action, valid, reward = np.zeros(shape, np.int64), np.zeros(shape, np.bool_), np.zeros(shape)
    masked = any(level.legal is not None for level in levels)
    legal = np.ones((*shape, mdp.actions), np.bool_) if masked else None
    reference = np.zeros(shape) if levels[0].reference is not None else None
    information = np.zeros(shape, np.int64)
    place = np.arange(leaves)  # each leaf's ancestor at the level being read
    for t in range(len(levels) - 1, -1, -1):
        level = levels[t]
        action[t], valid[t], reward[t] = level.action[place], level.moved[place], level.reward[place]
        place = level.parent[place]
        information[t] = level.information[place]
        if legal is not None and level.legal is not None:
            legal[t] = level.legal[place]
        if reference is not None and level.reference is not None:
            reference[t] = np.where(valid[t], level.reference[place, action[t]], 0.0)
    return Enumeration(
        tree.transcript, action, valid, reward, levels[-1].weight, legal, tree.start, reference, information
    )  # fmt: skip


def value(episodes: Enumeration, logp: Doubles, gamma: float = 1.0, beta: float = 0.0) -> float:
    """J = sum_s p(s) prod_t pi(a_t|s_t) sum_t gamma^t (r_t - beta log(pi / reference)), log pi(a_t|s_t) = `logp` [T, S].

    Rows after an episode's end are not read.
    """
    logp = np.where(episodes.valid, logp, 0.0)
    paid = episodes.reward
    if beta:
        assert episodes.reference is not None
        paid = paid - beta * (logp - episodes.reference)
    earned = gamma ** np.arange(len(paid)) @ paid  # [S]
    return float((episodes.probability * np.exp(logp.sum(0)) * earned).sum())


class Solution(NamedTuple):
    """A policy found by backward induction: its J, and its probabilities by step and information set."""

    value: float
    policy: list[Doubles]  # for each step [sets, V]
    q: list[Doubles]  # for each step [sets, V]: Q of each action, 0 where it is not legal
    visit: list[Doubles]  # for each step [sets]: the environment's share of the probability of being there


Choose = Callable[[Doubles, Bools, Doubles, int], tuple[Doubles, Doubles]]


def solve(mdp: TextMDP, choose: Choose, gamma: float, limit: int = LIMIT) -> Solution:
    """Backward induction: `choose(q [sets, V], legal [sets, V], log reference [sets, V], t)` gives (policy, V [sets])."""
    tree, v = _expand(mdp, limit), mdp.actions
    levels = tree.levels
    after = np.zeros(0)  # V of the information sets of the step behind, times their weight
    policies, qs, visits = [], [], []
    for t in range(len(levels) - 1, -1, -1):
        level = levels[t]
        node = level.information[level.parent]  # [rows]
        weights = levels[t - 1].weight if t else tree.chances  # [nodes]
        on = level.information >= 0
        visit: Doubles = np.bincount(level.information[on], weights[on], level.sets).astype(np.float64)
        key = (node * v + level.action)[level.moved]
        q: Doubles = np.bincount(key, (level.weight * level.reward)[level.moved], level.sets * v).astype(np.float64)
        if t + 1 < len(levels) and len(after):
            behind = levels[t + 1].information
            place, first = np.unique(behind[behind >= 0], return_index=True)
            parents = np.flatnonzero(behind >= 0)[first]
            np.add.at(q, node[parents] * v + level.action[parents], gamma * after[place])
        q = q.reshape(level.sets, v) / visit[:, None]
        legal, reference = np.ones_like(q, np.bool_), np.zeros_like(q)
        if level.legal is not None:
            legal[level.information[on]] = level.legal[on]
        if level.reference is not None:
            reference[level.information[on]] = level.reference[on]
        policy, best = choose(q, legal, reference, t)
        after = visit * best
        policies.append(policy)
        qs.append(q)
        visits.append(visit)
    return Solution(float(after.sum()), policies[::-1], qs[::-1], visits[::-1])


def _greedy(q: Doubles, legal: Bools, reference: Doubles, t: int) -> tuple[Doubles, Doubles]:
    q = np.where(legal, q, -np.inf)
    return (np.arange(q.shape[1]) == q.argmax(1)[:, None]).astype(np.float64), q.max(1)


def optimal_return(mdp: TextMDP, gamma: float | None = None, limit: int = LIMIT) -> float:
    """J* by backward induction; of the KL-regularised objective where the task has a beta."""
    if mdp.beta:
        return kl_optimal(mdp, mdp.beta, gamma, limit).value
    return solve(mdp, _greedy, mdp.gamma if gamma is None else gamma, limit).value


def random_return(mdp: TextMDP, gamma: float | None = None, limit: int = LIMIT) -> float:
    """J0: the return of the policy that is uniform over legal tokens, its KL subtracted where the task has a beta."""

    def mean(q: Doubles, legal: Bools, reference: Doubles, t: int) -> tuple[Doubles, Doubles]:
        policy = legal / legal.sum(1, keepdims=True)
        kl = np.where(legal, policy * (np.log(np.where(legal, policy, 1.0)) - reference), 0.0).sum(1)
        return policy, (policy * q).sum(1) - mdp.beta * kl

    return solve(mdp, mean, mdp.gamma if gamma is None else gamma, limit).value


def kl_optimal(mdp: TextMDP, beta: float, gamma: float | None = None, limit: int = LIMIT) -> Solution:
    """The policy that maximises E[sum_t gamma^t (r_t - beta log(pi / reference))], and its J*_beta.

    pi(a|s) = reference(a|s) exp((Q(s, a) - V(s)) / beta),  V(s) = beta log sum_a reference(a|s) exp(Q(s, a) / beta)
    (soft Bellman equations; Ziebart 2010, Rafailov et al. 2023, equation 4).
    """
    if not mdp.has_reference:
        raise ValueError(f"{type(mdp).__name__} has no reference policy")
    if not beta > 0:
        raise ValueError(f"beta must be positive, not {beta}")

    def soft(q: Doubles, legal: Bools, reference: Doubles, t: int) -> tuple[Doubles, Doubles]:
        x = np.where(legal, reference + q / beta, -np.inf)
        top = x.max(1, keepdims=True)
        total = np.exp(x - top).sum(1)
        return np.exp(x - top) / total[:, None], beta * (top[:, 0] + np.log(total))

    return solve(mdp, soft, mdp.gamma if gamma is None else gamma, limit)


def reference_policy(mdp: TextMDP, limit: int = LIMIT) -> Solution:
    """The reference policy, and its J (its KL is 0)."""
    if not mdp.has_reference:
        raise ValueError(f"{type(mdp).__name__} has no reference policy")

    def follow(q: Doubles, legal: Bools, reference: Doubles, t: int) -> tuple[Doubles, Doubles]:
        policy = np.exp(reference)
        return policy, (policy * q).sum(1)

    return solve(mdp, follow, mdp.gamma, limit)
