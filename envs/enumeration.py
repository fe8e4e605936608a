"""Every episode of a text MDP with its probability and reward, as arrays.

The tree of transcripts is expanded breadth first: all starts, actions and random outcomes at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from envs.api import Bools, Doubles, Ints
from envs.text_mdp import Rows, TextMDP

LIMIT = 200_000


class TooManyEpisodes(ValueError):
    """The task has more episodes than may be listed."""


@runtime_checkable
class Unlisted(Protocol):
    """An MDP some of whose settings no single listing describes, however few their episodes are."""

    def reason_unlisted(self) -> str | None:
        """Why its episodes cannot be listed; None if nothing but their number stands against it."""


def reason_unlisted(mdp: TextMDP) -> str | None:
    """What an `Unlisted` MDP says; None for all others."""
    return mdp.reason_unlisted() if isinstance(mdp, Unlisted) else None


@dataclass(frozen=True)
class Enumeration:
    """All S episodes of a task: every start, legal sequence of actions and random outcome, in a fixed order.

    Rewards are expected ones (coin flips and noise at their means), `reward_shift` included.
    """

    transcript: Ints  # [S, L]
    action: Ints  # [T, S], 0 on rows after an episode's end
    valid: Bools  # [T, S]
    reward: Doubles  # [T, S]
    probability: Doubles  # [S] the environment's factor p(s): of the start and of random outcomes
    action_mask: Bools | None  # [T, S, V]
    start: Ints  # [S] index of the episode's start in mdp.prompts()
    reference: Doubles | None  # [T, S] log-probability of the action under the reference policy
    information: Ints  # [T, S] the policy's information set, numbered by step; -1 after the end

    @property
    def texts(self) -> int:
        """The number of distinct texts before an action."""
        return int((self.information.max(1) + 1).sum())

    def same_texts(self, other: Enumeration) -> bool:
        """Whether a policy reads the same texts and has the same actions in all episodes of the other listing."""
        arrays = [(e.transcript, e.valid, e.action, e.action_mask) for e in (self, other)]
        return all(a is b if a is None or b is None else np.array_equal(a, b) for a, b in zip(*arrays, strict=True))

    def log_probability(self, policy: list[Doubles]) -> Doubles:
        """[T, S]: log pi(a_t | s_t) of a policy given as [sets, V] for each step, as in a Solution."""
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
    moved: Bools  # [rows] whether an action was taken (the episode had not ended)
    reward: Doubles  # [rows]
    weight: Doubles  # [rows] the environment's factor of the probability so far
    legal: Bools | None  # [nodes, V]; None if all actions are legal
    reference: Doubles | None  # [nodes, V]
    information: Ints  # [nodes] information set of the node, -1 where its episode has ended
    sets: int  # number of information sets


class _Tree(NamedTuple):
    transcript: Ints  # [S, L] of the leaves
    start: Ints  # [S]
    chances: Doubles  # [X] of the starts
    levels: list[_Level]


def expand_tree(mdp: TextMDP, limit: int) -> _Tree:
    """The tree of transcripts, level by level; TooManyEpisodes if a level has more than `limit` rows."""
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
        take = np.where(alive[:, None], True if legal is None else legal, np.arange(v) == 0)  # ended ones continue
        if np.count_nonzero(take) > limit:
            raise TooManyEpisodes(f"{type(mdp).__name__} has more than {limit:,} episodes: not enumerable")
        parent, action = np.nonzero(take)
        transcript, hidden, moved = transcript[parent], hidden[parent], alive[parent]
        transcript[moved, mdp.position(t)] = action[moved] + mdp.first_action
        chances, outcome = mdp.outcomes(Rows(transcript, hidden), t), np.zeros(len(parent), np.int64)
        if chances is not None:
            chances = np.where(moved[:, None], chances, np.arange(chances.shape[1]) == 0)
            branch, outcome = np.nonzero(chances)
            if len(branch) > limit:
                raise TooManyEpisodes(f"{type(mdp).__name__} has more than {limit:,} episodes: not enumerable")
            parent, action, moved = parent[branch], action[branch], moved[branch]
            transcript, hidden = transcript[branch], hidden[branch]
        weight = weight[parent] if chances is None else weight[parent] * chances[branch, outcome]
        response = mdp.advance(Rows(transcript, hidden), t, outcome)
        if response.reply is not None:
            place = mdp.position(t) + 1
            transcript[moved, place : place + mdp.reply_length] = response.reply[moved]
        sets = int(information.max()) + 1
        levels.append(
            _Level(
                parent, np.where(moved, action, 0), moved, np.where(moved, response.reward, 0.0), weight,
                legal, reference, information, sets,
            )
        )  # fmt: skip
        hidden = hidden if response.hidden is None else response.hidden
        alive = moved & ~response.ended
        start = start[parent]
        # the next information set is given by the last one, the action and the environment's reply
        before = (information[parent] * v + action)[:, None]
        seen = np.concatenate([before, transcript[:, mdp.position(t) + 1 : mdp.position(t + 1)]], axis=1)[alive]
        information = np.full(len(parent), -1, np.int64)
        if len(seen):
            information[alive] = np.unique(seen, axis=0, return_inverse=True)[1].reshape(-1)
    return _Tree(transcript, start, prompts.probability, levels)


def enumerable(mdp: TextMDP, limit: int = LIMIT) -> bool:
    """Whether its episodes can be listed, and there are at most `limit`."""
    if reason_unlisted(mdp):
        return False
    try:
        return len(expand_tree(mdp, limit).transcript) <= limit
    except ValueError:  # too many episodes, or prompts that cannot be listed
        return False


def enumerate_episodes(mdp: TextMDP, limit: int = LIMIT) -> Enumeration:
    """All episodes; TooManyEpisodes if there are more than `limit`."""
    tree = expand_tree(mdp, limit)
    levels, leaves = tree.levels, len(tree.transcript)
    shape = (len(levels), leaves)
    action, valid, reward = np.zeros(shape, np.int64), np.zeros(shape, np.bool_), np.zeros(shape)
    masked = any(level.legal is not None for level in levels)
    legal = np.ones((*shape, mdp.actions), np.bool_) if masked else None
    reference = np.zeros(shape) if levels[0].reference is not None else None
    information = np.zeros(shape, np.int64)
    place = np.arange(leaves)  # each leaf's ancestor at the current level
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
