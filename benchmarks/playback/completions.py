"""Texts on one prompt by a policy, by its task's reference policy, and by the best of n of the latter, token by token."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from algorithms.training.returns.sampled_return import reading_order
from benchmarks.playback.episode import Episode
from benchmarks.playback.saved_policy import SavedPolicy
from envs.api import Bools, Doubles, Ints
from envs.language.family import scores_of
from envs.seeding import Purpose, Role, generator, stream
from envs.text_env import TextEnv
from envs.text_mdp import Rows, TextMDP

WIDTH = 100  # characters of a line where there is no terminal
LEAST = 40  # of a terminal that is narrower
RESET = "\x1b[0m"
MORE, LESS = (22, 28, 34), (52, 88, 124)  # colours of 256 for a token that training made more likely, and less
STEPS = (0.1, 0.5, 1.5)  # nats of log pi / reference from which each of them is used
LEGEND = (
    "kl is log policy(text) / reference(text) in nats; its mean over the policy's own texts is the KL.\n"
    "reward is what is paid, without the KL."
)
SHADED = "Shaded: tokens that are more likely (green) or less likely (red) under the policy than under the reference."


class Completion(NamedTuple):
    """One text: its T tokens with their probabilities under the policy and under the reference, and its scores by name."""

    writer: str
    tokens: tuple[str, ...]
    policy: Doubles  # [T]
    reference: Doubles  # [T]
    scores: dict[str, float]


def start_seed(saved: SavedPolicy, seed: int, episode: int) -> np.random.SeedSequence:
    """The seed of an episode's environment, which belongs to the policy's own member, as its reference policy does."""
    return stream(saved.seed, Role.EVALUATION_ENVIRONMENT, seed, episode, purpose=Purpose.TEST)


def complete(
    saved: SavedPolicy, mdp: TextMDP, played: Episode, seed: int, episode: int, best_of: int
) -> tuple[str, list[Completion]]:
    """The prompt, and the texts on it: `played`, one of the reference policy, and the best of so many of them by reward."""
    factory = saved.task.factory
    env = factory.make([start_seed(saved, seed, episode)], best_of, best_of)
    if not isinstance(env, TextEnv):
        raise TypeError(f"{saved.task.name} has a reference policy and no environment of texts")
    acting = generator(saved.seed, Role.EVALUATION_ACTION, seed, episode, int(Purpose.TRAIN), purpose=Purpose.TEST)
    paid = write_by_reference(env, acting)
    best = int(paid.argmax())
    transcripts = np.stack([env.rows.transcript[0], played.obs[-1], env.rows.transcript[best]]).astype(np.int64)
    rows = Rows(transcripts, env.rows.hidden[[0, 0, best]])
    policy, reference, valid = token_probabilities(saved, mdp, rows)
    scores = scores_of(saved.task, transcripts, saved.seed)
    scores["reward"] = np.array([paid[0], played.total, paid[best]])
    scores["kl"] = (np.log(policy / reference) * valid).sum(1)
    writers = ("reference", saved.algorithm.name, f"best of {best_of} of the reference")
    found = [
        Completion(
            writer,
            tuple(token_text(mdp, transcripts[i], t) for t in np.flatnonzero(valid[i]).tolist()),
            policy[i, valid[i]],
            reference[i, valid[i]],
            {name: float(scores[name][i]) for name in reading_order(scores)},
        )
        for i, writer in enumerate(writers)
    ]
    return mdp.decode(transcripts[0, : mdp.prompt_length]), found if best_of > 1 else found[:2]


def write_by_reference(env: TextEnv, rng: np.random.Generator) -> Doubles:
    """Let the reference policy write one episode in each environment of one member: the rewards [N]."""
    env.reset()
    alive, total = np.ones(env.shape, np.bool_), np.zeros(env.shape)
    for t in range(env.mdp.horizon):
        logp = env.mdp.reference(env.rows, t)
        assert logp is not None
        chances = np.exp(logp).cumsum(1)
        action = (chances <= rng.random(len(chances))[:, None] * chances[:, -1:]).sum(1)
        step = env.step(np.minimum(action, env.mdp.actions - 1).reshape(env.shape), alive)
        total += step.reward
        alive = alive & ~step.terminated
        if not alive.any():
            break
    return total[0]


def token_probabilities(saved: SavedPolicy, mdp: TextMDP, rows: Rows) -> tuple[Doubles, Doubles, Bools]:
    """[M, T] probabilities of the actions of whole texts under the policy and under the reference; which were written."""
    places = [mdp.position(t) for t in range(mdp.horizon)]
    valid: Bools = rows.transcript[:, places] != 0
    policy, reference = np.ones(valid.shape), np.ones(valid.shape)
    for t in range(int(valid.any(0).sum())):
        on = np.flatnonzero(valid[:, t])
        some = Rows(rows.transcript[on], rows.hidden[on])
        so_far = some.transcript.copy()
        so_far[:, places[t] :] = 0
        legal = mdp.legal(Rows(so_far, some.hidden), t)
        policy[on, t] = np.exp(saved.log_prob(so_far, mdp.action(some, t), legal).astype(np.float64))
        logp = mdp.reference_logp(some, t)
        assert logp is not None
        reference[on, t] = np.exp(logp)
    return policy, reference, valid


def token_text(mdp: TextMDP, transcript: Ints, t: int) -> str:
    """Action t and the reply to it, on one line; the name of a token that stands for no text."""
    place = mdp.position(t)
    text = mdp.decode(transcript[place : place + 1]).strip() or mdp.tokens[int(transcript[place])]
    reply = mdp.decode(transcript[place + 1 : place + mdp.stride])
    return "".join(c if c.isprintable() else " " for c in (f"{text} -> {reply}" if reply else text))


def completion_lines(prompt: str, found: Sequence[Completion], width: int = WIDTH, shaded: bool = False) -> list[str]:
    """Each text as a table: its tokens, and their probabilities below them; in parts that are no wider than `width`."""
    lines = [f"prompt: {prompt}"]
    for one in found:
        shown_scores = "   ".join(
            f"{name}\xa0{value:.3g}" for name, value in one.scores.items()
        )  # a name keeps its number
        wrapped = textwrap.wrap(f"{one.writer}:   {shown_scores}", max(width, LEAST), subsequent_indent="   ")
        lines += ["", *(line.replace("\xa0", " ") for line in wrapped)]
        for part in _parts(one, max(width, LEAST)):
            lines += _table(one, part, shaded)
    return lines


NAMES = ("", "policy", "reference")
LEFT = max(map(len, NAMES)) + 2


def _columns(one: Completion) -> list[tuple[str, str, str]]:
    """The cells of each token, of equal width."""
    rows = zip(one.tokens, map(_share, one.policy.tolist()), map(_share, one.reference.tolist()), strict=True)
    return [(a.rjust(n), b.rjust(n), c.rjust(n)) for a, b, c in rows for n in [max(len(a), len(b), len(c))]]


def _share(probability: float) -> str:
    """.412 for a probability, 1 for certainty, <.001 for less than can be shown."""
    if probability >= 0.9995:
        return "1"
    return f"{probability:.3f}"[1:] if probability >= 0.0005 else "<.001"


def _parts(one: Completion, width: int) -> list[slice]:
    """Which tokens stand in one table."""
    parts, start, used = [], 0, LEFT
    for i, cells in enumerate(_columns(one)):
        if i > start and used + len(cells[0]) + 2 > width:
            parts.append(slice(start, i))
            start, used = i, LEFT
        used += len(cells[0]) + 2
    return [*parts, slice(start, len(one.tokens))]


def _table(one: Completion, part: slice, shaded: bool) -> list[str]:
    columns = _columns(one)[part]
    change = np.log(one.policy[part] / one.reference[part]).tolist()
    lines = []
    for row, name in enumerate(NAMES):
        cells = [cells[row] for cells in columns]
        if shaded and not row:
            cells = [shade(cell, x) for cell, x in zip(cells, change, strict=True)]
        lines.append(name.rjust(LEFT - 2) + "".join(f"  {cell}" for cell in cells))
    return lines


def shade(text: str, change: float) -> str:
    """The text on a colour that says how much more or less likely it is."""
    strength = sum(abs(change) >= step for step in STEPS)
    if not strength:
        return text
    colour = (MORE if change > 0 else LESS)[strength - 1]
    word = text.lstrip()  # spaces that align it stay as they are
    return f"{text[: len(text) - len(word)]}\x1b[48;5;{colour}m\x1b[97m{word}{RESET}"
