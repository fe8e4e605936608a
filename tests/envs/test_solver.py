"""The solver: closed forms and optimal policies against backward induction and enumeration."""

from __future__ import annotations

import importlib
import math
import re
from dataclasses import dataclass, replace

import numpy as np
import pytest

from algorithms.references.scripted import play_optimally
from envs import TASKS
from envs.api import Doubles, Ints
from envs.enumeration import enumerable, enumerate_episodes
from envs.seeding import Role, stream
from envs.solver import kl_optimal, optimal_return, random_return, softened_optimum, solve, value
from envs.text.dyck import Dyck
from envs.text.lexicon import Lexicon
from envs.text.lock import Lock
from envs.text.transduce import Transduce
from envs.text_env import TextFactory
from envs.text_mdp import Prompts, Response, Rows, TextMDP
from tests.envs.small_mdps import SMALL, Toll


@pytest.mark.parametrize("name", SMALL)
def test_the_cards_closed_forms_are_what_enumeration_gives(name: str) -> None:
    mdp = TASKS[name].factory
    assert isinstance(mdp, TextMDP)
    assert optimal_return(mdp) == pytest.approx(mdp.optimal_return(), abs=1e-9)
    assert random_return(mdp) == pytest.approx(mdp.random_return(), abs=1e-9)


@pytest.mark.parametrize("name", SMALL)
def test_the_shift_moves_floor_and_ceiling_by_itself(name: str) -> None:
    mdp = TASKS[name].factory
    assert isinstance(mdp, TextMDP)
    moved = replace(mdp, reward_shift=mdp.reward_shift + 0.7)
    for of in (optimal_return, random_return, type(mdp).optimal_return, type(mdp).random_return):
        assert of(moved) - of(mdp) == pytest.approx(0.7)


@pytest.mark.parametrize(("kinds", "chance"), [(1, 0.0547), (2, 3.4e-3)])
def test_dycks_catalan_counts(kinds: int, chance: float) -> None:
    mdp = Dyck(pairs=4, kinds=kinds, reward_mode="terminal")
    assert mdp.random_return() == pytest.approx(chance, rel=0.01)
    solutions = 14 * kinds**4  # Catalan(4) = 14
    assert int((enumerate_episodes(mdp).reward.sum(0) == 1).sum()) == solutions
    if kinds == 2:
        assert math.log(solutions) == pytest.approx(5.41, abs=0.005)


@pytest.mark.parametrize("gamma", [0.1, 1.0])
def test_values_are_discounted(gamma: float) -> None:
    mdp = Transduce(symbols=2, length=3)
    third = 1 / 3
    expected = third * (1 + gamma + gamma**2)
    assert optimal_return(mdp, gamma) == pytest.approx(expected)
    assert random_return(mdp, gamma) == pytest.approx(expected / 2)


PRESETS = [n for n, t in TASKS.items() if isinstance(t.factory, TextMDP)]


@pytest.mark.parametrize("name", PRESETS)
def test_playing_the_optimal_policy_earns_j_star(name: str) -> None:
    """The presets too large to enumerate, too: their J* is what their own policy earns, and the floor lies below it."""
    mdp = TASKS[name].factory
    assert isinstance(mdp, TextMDP)
    mdp = replace(mdp, beta=0.0)
    seeds = [stream(n, Role.ENVIRONMENT, 0) for n in range(5)]
    if "noisy" in name or "history" in name:
        with pytest.raises(ValueError, match="no short form"):
            play_optimally(mdp, seeds, 400)
        return
    env, paid = play_optimally(mdp, seeds, 400)
    error = max(paid.std() / paid.size**0.5, 1e-7)
    assert paid.mean() == pytest.approx(mdp.optimal_return(), abs=4.5 * error)
    assert mdp.random_return() <= mdp.optimal_return() + 1e-9
    assert len(mdp.decode(env.rows.transcript[0])) > 0


@pytest.mark.parametrize("name", [n for n in SMALL if n.endswith("small") and "noisy" not in n and "history" not in n])
def test_the_optimal_policy_reads_the_transcript_alone_and_is_optimal_in_every_episode(name: str) -> None:
    """Its exact value is J*, hidden states of every information set mixed as chance mixes them."""
    mdp = TASKS[name].factory
    assert isinstance(mdp, TextMDP)
    episodes = enumerate_episodes(mdp)
    hidden = mdp.prompts().hidden
    rows = Rows(episodes.transcript.copy(), np.zeros((len(episodes.start), 0), np.int64))
    if hidden is not None:
        rows = Rows(rows.transcript, hidden[episodes.start])
    logp = np.zeros(episodes.action.shape)
    for t in range(mdp.horizon):
        policy = mdp.optimal_policy(rows, t)
        on = episodes.valid[t]  # what cannot be told apart is treated alike
        _, first, which = np.unique(episodes.information[t, on], return_index=True, return_inverse=True)
        np.testing.assert_array_equal(policy[on], policy[on][first][which])
        with np.errstate(divide="ignore"):
            logp[t] = np.log(policy[np.arange(len(policy)), episodes.action[t]])
        rows = Rows(rows.transcript, replay(mdp, rows, t))
    assert value(episodes, logp, mdp.gamma, mdp.beta) == pytest.approx(mdp.optimal_return(), abs=1e-9)


def replay(mdp: TextMDP, rows: Rows, t: int) -> Ints:
    """The hidden states after step t of finished transcripts: of the outcome of chance that their replies show."""
    chances = mdp.outcomes(rows, t)
    after = rows.hidden
    for outcome in range(1 if chances is None else chances.shape[1]):
        said = mdp.respond(rows, t, np.full(len(rows.hidden), outcome))
        if said.hidden is None:
            return rows.hidden
        if said.reply is None:
            return said.hidden
        place = mdp.position(t) + 1
        fits = (said.reply == rows.transcript[:, place : place + mdp.reply_length]).all(1)
        after = np.where(fits[:, None], said.hidden, after)
    return after


@dataclass(frozen=True)
class Coin(TextFactory):
    """A hidden coin shows heads with probability .7: LOOK (costs .1, is right with probability .8), or name it for 1."""

    @property
    def tokens(self) -> tuple[str, ...]:
        return ("", "look", "heads", "tails", "h", "t", "<bos>")

    @property
    def actions(self) -> int:
        return 3

    @property
    def prompt_length(self) -> int:
        return 1

    @property
    def reply_length(self) -> int:
        return 1

    @property
    def horizon(self) -> int:
        return 2

    @property
    def stochastic(self) -> bool:
        return True

    def prompts(self) -> Prompts:
        return Prompts(np.array([[6], [6]]), np.array([0.7, 0.3]), np.array([[1], [2]]))

    def outcomes(self, rows: Rows, t: int) -> Doubles:
        return np.tile([0.8, 0.2], (len(rows.transcript), 1))

    def respond(self, rows: Rows, t: int, outcome: Ints) -> Response:
        move, coin = self.action(rows, t), rows.hidden[:, 0]
        seen = 3 + np.where(outcome == 0, coin, 3 - coin)
        return Response(np.where(move == 0, -0.1, move == coin), move > 0, seen[:, None])

    def optimal_policy(self, rows: Rows, t: int) -> Doubles:
        raise ValueError("no short form")

    def optimal_return(self) -> float:
        # name heads at once: .7. Look: h (.7 .8 + .3 .2 = .62) heads right .56 / .62, t (.38) tails right .24 / .38: .8 - .1
        return 0.7

    def random_return(self) -> float:
        # right 1/2 of 2/3, now or after a look at .1; a look at the end pays -.1
        return 1 / 3 + 1 / 3 * (-0.1 + 1 / 3 - 0.1 / 3)


def test_beliefs_by_hand() -> None:
    """.56 + .24 = .80 after a look, .70 without: looking is worth it below a price of .1, and exactly even at .1."""
    mdp = Coin()
    assert optimal_return(mdp) == pytest.approx(0.7)
    assert random_return(mdp) == pytest.approx(mdp.random_return())
    episodes = enumerate_episodes(mdp)
    assert episodes.probability.sum() > 1  # shares of the environment, of all sequences of actions
    assert len(set(episodes.information[0].tolist())) == 1  # the coin is hidden
    assert len(set(episodes.information[1].tolist()) - {-1}) == 2  # h and t tell two sets apart, the coin does not
    # a policy that knew the coin would get 1: the maximum is taken over information sets, not over hidden states
    assert optimal_return(mdp) < 0.99


def follow_reference(q: Doubles, legal: np.ndarray, reference: Doubles, t: int) -> tuple[Doubles, Doubles]:
    policy = np.exp(reference)
    return policy, (policy * q).sum(1)


def test_the_kl_optimal_policy_against_its_definition() -> None:
    """J*_beta is the value of its own policy, above every tilt of it; large beta gives the reference, small the optimum."""
    mdp = Lexicon(words=3, length=2, topics=2, beta=0.5)
    best = kl_optimal(mdp, 0.5)
    episodes = enumerate_episodes(mdp)
    logp = episodes.log_probability(best.policy)
    assert value(episodes, logp, beta=0.5) == pytest.approx(best.value)
    assert best.value == pytest.approx(mdp.optimal_return())
    for tilt in (0.9, 1.1):
        tilted = [p**tilt / (p**tilt).sum(1, keepdims=True) for p in best.policy]
        assert value(episodes, episodes.log_probability(tilted), beta=0.5) < best.value - 1e-4
    reference = solve(mdp, follow_reference, mdp.gamma)
    assert kl_optimal(mdp, 1e6).value == pytest.approx(reference.value, abs=1e-4)
    np.testing.assert_allclose(kl_optimal(mdp, 1e6).policy[1], reference.policy[1], atol=1e-5)
    assert kl_optimal(mdp, 1e-3).value == pytest.approx(optimal_return(replace(mdp, beta=0.0)), abs=0.02)
    # one step by hand: V = beta log sum ref exp(l / beta)
    one = Lexicon(words=3, length=1, topics=1, beta=0.5)
    expected = 0.5 * math.log((np.exp(one.language[3]) * np.exp(one.scores[0] / 0.5)).sum())
    assert one.optimal_return() == pytest.approx(expected)
    with pytest.raises(ValueError, match="no reference policy"):
        kl_optimal(Toll(), 1.0)
    with pytest.raises(ValueError, match="beta must be positive, not 0"):
        kl_optimal(mdp, 0)


@pytest.mark.parametrize(
    "name", ["lock/small", "textgraph/small", "causal/medium", "infogame/noisy-small", "dyck/masked-small"]
)
def test_the_policy_gradient_theorem_on_a_table(name: str) -> None:
    """d J / d logit(s, a) = d(s) pi(a|s) A(s, a), against finite differences, with chance and hidden states."""
    mdp = TASKS[name].factory
    assert isinstance(mdp, TextMDP)
    rng = np.random.default_rng(0)
    logits: list[Doubles] = []

    def softmax(q: Doubles, legal: np.ndarray, reference: Doubles, t: int) -> tuple[Doubles, Doubles]:
        x = np.where(legal, tables[t], -np.inf)
        policy = np.exp(x - x.max(1, keepdims=True))
        policy /= policy.sum(1, keepdims=True)
        return policy, (policy * q).sum(1)

    shapes = [q.shape for q in solve(mdp, _uniform, 1.0).q]
    logits = [rng.standard_normal(shape) for shape in shapes]
    tables = logits
    here = solve(mdp, softmax, 1.0)
    # d(s) = environment's share of s times the policy's own: from the listed episodes
    episodes = enumerate_episodes(mdp)
    chance = np.exp(episodes.log_probability(here.policy))
    for t, shape in enumerate(shapes):
        weight = episodes.probability * chance[: len(shapes)].prod(0)
        on = episodes.valid[t]
        visits = np.bincount(episodes.information[t, on], weight[on], shape[0])
        policy, q = here.policy[t], here.q[t]
        advantage = q - (policy * q).sum(1, keepdims=True)
        gradient = visits[:, None] * policy * advantage
        for _ in range(4):
            s, a = int(rng.integers(shape[0])), int(rng.integers(shape[1]))
            ends = []
            for h in (1e-5, -1e-5):
                tables = [x.copy() for x in logits]
                tables[t][s, a] += h
                ends.append(solve(mdp, softmax, 1.0).value)
            tables = logits
            assert gradient[s, a] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-8)


def _uniform(q: Doubles, legal: np.ndarray, reference: Doubles, t: int) -> tuple[Doubles, Doubles]:
    policy = legal / legal.sum(1, keepdims=True)
    return policy, (policy * q).sum(1)


FAMILIES = sorted({name.partition("/")[0] for name in PRESETS})


@pytest.mark.parametrize("family", FAMILIES)
def test_the_figures_that_a_card_quotes(family: str) -> None:
    """J0 and J* of every preset, to four decimals: as the task states them, and as enumeration finds them where it can."""
    card = importlib.import_module(f"envs.text.{family}").__doc__ or ""
    quoted = re.findall(r"(\S+) J0 (-?[\d.]+) J\* (-?[\d.]+)", card)
    presets = {name.partition("/")[2]: TASKS[name].factory for name in PRESETS if name.startswith(family + "/")}
    assert {preset for preset, _, _ in quoted} == set(presets)
    for preset, floor, ceiling in quoted:
        mdp = presets[preset]
        assert isinstance(mdp, TextMDP)
        assert mdp.random_return() == pytest.approx(float(floor), abs=6e-5)
        assert mdp.optimal_return() == pytest.approx(float(ceiling), abs=6e-5)
        if f"{family}/{preset}" in SMALL:
            assert random_return(mdp) == pytest.approx(float(floor), abs=6e-5)
            assert optimal_return(mdp) == pytest.approx(float(ceiling), abs=6e-5)


@pytest.mark.parametrize("name", [name for name in SMALL if enumerable(TASKS[name].factory, 5_000)])  # type: ignore[arg-type]
def test_the_softened_optimum_loses_at_most_its_temperature_times_the_kl_of_the_best_policy(name: str) -> None:
    """The KL to the uniform policy is at most horizon x log V. At a temperature of .02 it keeps 97 % of the way to J*."""
    mdp = TASKS[name].factory
    assert isinstance(mdp, TextMDP)
    if mdp.has_reference:
        return
    episodes, best, lowest = enumerate_episodes(mdp), mdp.optimal_return(), mdp.random_return()
    for temperature in (0.1, 0.02):
        solution = softened_optimum(mdp, temperature)
        kept = value(episodes, episodes.log_probability(solution.policy), mdp.gamma)
        assert best + 1e-9 >= kept >= best - temperature * mdp.horizon * math.log(mdp.actions)
        assert kept >= best - 0.03 * (best - lowest) - 1e-9 or temperature > 0.02


def test_a_choice_without_consequence_stays_even_and_a_text_is_not_longer_for_having_more_choices() -> None:
    """After a wrong key of a lock every text is worth 0, so the teacher has no opinion: 1/4 for each of 4 tokens."""
    mdp = Lock(length=2, vocabulary=4, locks=1)
    policy = softened_optimum(mdp, 0.02).policy[2]
    worthless = np.isclose(policy, 0.25).all(1)
    assert worthless.sum() == len(policy) - 1
    assert policy[~worthless][0, 0] == pytest.approx(1.0)  # the end, after the secret
