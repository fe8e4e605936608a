"""Exact solutions of a text MDP: its optimum and the values of policies.

Values are computed by backward induction over information sets of the enumerated tree (envs.enumeration). Nodes that a
policy cannot distinguish (equal transcripts, different hidden states) share their action, so with partial observation
this is dynamic programming on beliefs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from envs.api import Bools, Doubles
from envs.enumeration import LIMIT, Enumeration, expand_tree
from envs.text_mdp import TextMDP


def value(episodes: Enumeration, logp: Doubles, gamma: float = 1.0, beta: float = 0.0) -> float:
    """J = sum_s p(s) prod_t pi(a_t|s_t) sum_t gamma^t (r_t - beta log(pi / reference)), log pi(a_t|s_t) = `logp` [T, S].

    Rows after an episode's end are not read.
    """
    logp = np.where(episodes.valid, logp, 0.0)
    paid = episodes.reward
    if beta:
        assert episodes.reference is not None
        paid = paid - beta * (logp - episodes.reference)
    returns = gamma ** np.arange(len(paid)) @ paid  # [S]
    return float((episodes.probability * np.exp(logp.sum(0)) * returns).sum())


class Solution(NamedTuple):
    """A policy found by backward induction: its J, and its probabilities by step and information set."""

    value: float
    policy: list[Doubles]  # for each step [sets, V]
    q: list[Doubles]  # for each step [sets, V]: Q of each action, 0 if it is illegal
    visit: list[Doubles]  # for each step [sets]: the environment's factor of the probability of reaching it


Choose = Callable[[Doubles, Bools, Doubles, int], tuple[Doubles, Doubles]]


def solve(mdp: TextMDP, choose: Choose, gamma: float, limit: int = LIMIT) -> Solution:
    """Backward induction: `choose(q [sets, V], legal [sets, V], log reference [sets, V], t)` gives (policy, V [sets])."""
    tree, v = expand_tree(mdp, limit), mdp.actions
    levels = tree.levels
    after = np.zeros(0)  # V of the information sets of the next step, times their weight
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
    """J* by backward induction; of the KL-regularised objective if the task has a beta."""
    if mdp.beta:
        return kl_optimal(mdp, mdp.beta, gamma, limit).value
    return solve(mdp, _greedy, mdp.gamma if gamma is None else gamma, limit).value


def random_return(mdp: TextMDP, gamma: float | None = None, limit: int = LIMIT) -> float:
    """J0: the return of the policy that is uniform over legal tokens, minus the KL if the task has a beta."""

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
    return softened_optimum(mdp, beta, gamma, limit)


def softened_optimum(mdp: TextMDP, temperature: float, gamma: float | None = None, limit: int = LIMIT) -> Solution:
    """`kl_optimal` with the temperature as beta, for every task: one without a reference has the uniform policy for it.

    No legal action has probability 0. J of this policy is below J* by at most the temperature times KL(best || reference).
    """

    def soft(q: Doubles, legal: Bools, reference: Doubles, t: int) -> tuple[Doubles, Doubles]:
        prior = reference if mdp.has_reference else -np.log(legal.sum(1, keepdims=True))
        x = np.where(legal, prior + q / temperature, -np.inf)
        top = x.max(1, keepdims=True)
        total = np.exp(x - top).sum(1)
        return np.exp(x - top) / total[:, None], temperature * (top[:, 0] + np.log(total))

    return solve(mdp, soft, mdp.gamma if gamma is None else gamma, limit)
