"""Actions after a prompt, played by hand in a text task; and uniform play."""

from __future__ import annotations

import numpy as np

from envs.text_mdp import Rows, TextMDP


def answer(
    mdp: TextMDP, prompt: list[int], actions: list[int], hidden: tuple[int, ...] = (), outcomes: list[int] | None = None
) -> tuple[list[float], list[bool]]:
    """Expected rewards and ends of a sequence of actions after a prompt of token ids; see `talk` for the replies."""
    return talk(mdp, prompt, actions, hidden, outcomes)[:2]


def talk(
    mdp: TextMDP, prompt: list[int], actions: list[int], hidden: tuple[int, ...] = (), outcomes: list[int] | None = None
) -> tuple[list[float], list[bool], str]:
    """Rewards, ends, and the decoded transcript of a sequence of actions."""
    listed = mdp.prompts() if not hidden else None
    first = np.array([hidden], np.int64)
    if listed is not None and listed.hidden is not None:
        first = listed.hidden[:1]
    transcript = np.zeros((1, mdp.transcript_length), np.int64)
    transcript[0, : len(prompt)] = prompt
    rewards, ends = [], []
    for t, action in enumerate(actions):
        transcript[0, mdp.position(t)] = action + mdp.first_action
        said = mdp.advance(Rows(transcript, first), t, np.array([outcomes[t] if outcomes else 0]))
        first = said.hidden if said.hidden is not None else first
        if said.reply is not None:
            transcript[0, mdp.position(t) + 1 : mdp.position(t + 1)] = said.reply[0]
        rewards.append(round(float(said.reward[0]), 6))
        ends.append(bool(said.ended[0]))
        if ends[-1]:
            break
    return rewards, ends, mdp.decode(transcript[0])


def ids(mdp: TextMDP, words: str) -> list[int]:
    """Token ids of words, PAD for a dot where the task has no such token."""
    return [0 if w == "_" else mdp.tokens.index(w) for w in words.split()]


def moves(mdp: TextMDP, words: str) -> list[int]:
    """Actions by their words."""
    return [i - mdp.first_action for i in ids(mdp, words)]


def played(mdp: TextMDP, envs: int = 5_000) -> tuple[TextMDP, float, float]:
    """Mean return and mean number of actions of uniform play."""
    env, rng = mdp.make([np.random.SeedSequence(0)], envs), np.random.default_rng(1)
    env.reset()
    alive, total, spent = np.ones((1, envs), np.bool_), 0.0, 0.0
    for _ in range(mdp.horizon):
        spent += alive.sum()
        step = env.step(rng.integers(mdp.actions, size=(1, envs)), alive)
        total += step.reward.sum()
        alive &= ~step.terminated
    return mdp, total / envs, spent / envs
