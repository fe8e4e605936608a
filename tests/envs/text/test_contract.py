"""The contract of every text MDP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from envs import TASKS
from envs.api import Bools, Doubles, Ints, Step
from envs.seeding import Role, stream
from envs.text.bandit import Bandit
from envs.text.causal import Causal
from envs.text.countdown import Countdown
from envs.text.dyck import Dyck
from envs.text.guessnumber import GuessNumber
from envs.text.infogame import InfoGame
from envs.text.lexicon import Lexicon
from envs.text.lock import Lock
from envs.text.overopt import OverOpt
from envs.text.safereply import SafeReply
from envs.text.textgraph import TextGraph
from envs.text.transduce import Transduce
from envs.text_env import TextFactory, draw_starts
from envs.text_mdp import PAD, Prompts, Response, Rows, TextMDP

TEXT = [name for name, task in TASKS.items() if isinstance(task.factory, TextMDP)]


def seeds(*numbers: int) -> list[np.random.SeedSequence]:
    return [stream(n, Role.ENVIRONMENT, 0) for n in numbers]


def play(
    mdp: TextMDP, numbers: tuple[int, ...], envs: int, group: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Uniform legal play to the end: transcripts [P, N, L] and returns [P, N]."""
    env = mdp.make(seeds(*numbers), envs, group)
    obs, mask = env.reset()
    alive = np.ones(obs.shape[:2], np.bool_)
    total = np.zeros(obs.shape[:2])
    for _ in range(mdp.horizon):
        score = rng.random((*obs.shape[:2], mdp.actions))
        step = env.step(np.where(True if mask is None else mask, score, -1.0).argmax(-1), alive)
        assert (step.reward[~alive] == 0).all()
        check_parts(mdp, step)
        total += step.reward
        alive &= ~step.terminated
        obs, mask = step.obs, step.action_mask
        assert not step.truncated.any()
        if not alive.any():
            break
    assert not alive.any()
    return obs.copy(), total


def check_parts(mdp: TextMDP, step: Step) -> None:
    """The weighted parts of the reward add up to it, where nothing else is paid."""
    weights = [*mdp.reward_parts.values()]
    assert (step.parts is None) == (len(weights) == 1)
    if step.parts is not None and not (mdp.reward_shift or mdp.reward_noise):
        np.testing.assert_allclose(step.parts @ np.array(weights), step.reward, atol=1e-6)


@pytest.mark.parametrize("name", TEXT)
def test_contract(name: str) -> None:
    mdp = TASKS[name].factory
    assert isinstance(mdp, TextMDP)
    observation = mdp.spec.observation
    assert len(observation.action_position) == mdp.horizon + 1  # type: ignore[union-attr]
    assert observation.action_position[0] == mdp.prompt_length - 1  # type: ignore[union-attr]
    transcript, _ = play(mdp, (1, 2), 8, 4, np.random.default_rng(0))
    assert transcript.shape == (2, 8, mdp.transcript_length)
    assert transcript.dtype == np.int64
    assert transcript.min() >= 0
    assert transcript.max() < len(mdp.tokens)
    assert mdp.tokens[PAD] == ""
    prompts = transcript[:, :, : mdp.prompt_length].reshape(2, 2, 4, -1)
    assert (prompts == prompts[:, :, :1]).all()  # a group shares its prompt
    written = transcript[:, :, mdp.prompt_length :: mdp.stride]
    assert ((written == PAD) | (written >= mdp.first_action)).all()
    assert (written < mdp.first_action + mdp.actions).all()
    ended = (written == PAD)[:, :, 1:] | ~(written == PAD)[:, :, :-1]
    assert ended.all()  # nothing is written after an end
    turns = transcript[:, :, mdp.prompt_length :].reshape(2, 8, mdp.horizon, mdp.stride)
    assert (turns[written == PAD] == PAD).all()  # by nobody
    assert len(set(mdp.tokens)) == len(mdp.tokens)
    words = mdp.decode(transcript[0, 0]).split(" ")
    assert [mdp.tokens.index(w) for w in words] == [int(t) for t in transcript[0, 0] if t != PAD]


@pytest.mark.parametrize("name", TEXT)
def test_an_episode_depends_on_its_seed_alone(name: str) -> None:
    """Prompts, hidden states, chance, coin flips, noise: two episodes of the middle member of three with 8 environments,
    and of the same seed alone with 4: neither P nor N matters."""
    task = TASKS[name].factory
    assert isinstance(task, TextMDP)
    mdp, rng = replace(task, reward_noise=0.5), np.random.default_rng(3)
    many, one = mdp.make(seeds(4, 5, 6), 8, 2), mdp.make(seeds(5), 4, 2)
    starts = []
    for _ in range(2):
        obs = many.reset()[0]
        np.testing.assert_array_equal(obs[1:2, :4], one.reset()[0])
        starts.append((obs.copy(), many.rows.hidden.copy()))
        alive = np.ones((3, 8), np.bool_)
        for _ in range(mdp.horizon):
            action = rng.integers(mdp.actions, size=(3, 8))
            a, b = many.step(action, alive), one.step(action[1:2, :4], alive[1:2, :4])
            np.testing.assert_array_equal(a.obs[1:2, :4], b.obs)
            np.testing.assert_array_equal(a.reward[1:2, :4], b.reward)
            np.testing.assert_array_equal(a.terminated[1:2, :4], b.terminated)
            alive &= ~a.terminated
        assert not alive.any()
    if starts_of(mdp) > 8:
        assert any(not np.array_equal(x, y) for x, y in zip(*starts, strict=True))  # another episode, another start


def starts_of(mdp: TextMDP) -> float:
    """How many starts there are; infinite where they cannot be listed."""
    try:
        return len(mdp.prompts().tokens)
    except ValueError:
        return float("inf")


@pytest.mark.parametrize("name", [n for n in TEXT if n.endswith("small") or n == "transduce/copy-shifted"])
def test_uniform_play_earns_the_cards_j0(name: str) -> None:
    mdp = TASKS[name].factory
    assert isinstance(mdp, TextMDP)
    mdp = replace(mdp, beta=0.0)
    _, total = play(mdp, tuple(range(10)), 1_000, 1, np.random.default_rng(7))
    error = total.std() / total.size**0.5
    assert total.mean() == pytest.approx(mdp.random_return(), abs=4 * error + 1e-6)
    if not mdp.reward_noise:
        assert total.min() >= mdp.least_return() - 1e-6


def test_dyck_mask_offers_just_the_legal_moves() -> None:
    env = Dyck(pairs=2, kinds=2, mask=True).make(seeds(0), 2, 1)
    _, mask = env.reset()
    assert mask is not None
    assert mask[0, 0].tolist() == [True, True, False, False]
    mask = env.step(np.array([[1, 0]]), np.ones((1, 2), np.bool_)).action_mask
    assert mask is not None
    assert mask[0].tolist() == [[True, True, False, True], [True, True, True, False]]


@pytest.mark.parametrize("name", [n for n in TEXT if getattr(TASKS[n].factory, "mask", False)])
def test_masks_are_offered_at_every_step_and_breaking_one_ends_the_episode(name: str) -> None:
    task = TASKS[name].factory
    assert isinstance(task, TextMDP)
    mdp, rng = replace(task, reward_shift=2.0), np.random.default_rng(5)
    env = mdp.make(seeds(1), 40, 1)
    _, mask = env.reset()
    alive, forbidden = np.ones((1, 40), np.bool_), 0
    for _ in range(mdp.horizon):
        assert mask is not None
        assert mask[alive].any(-1).all()
        action = rng.integers(mdp.actions, size=(1, 40))  # legal or not
        illegal = ~np.take_along_axis(mask, action[..., None], 2)[..., 0] & alive
        step = env.step(action, alive)
        assert step.terminated[illegal].all()
        assert (step.reward[illegal] == 2.0).all()  # 0, the worst there is, and the shift
        forbidden += int(illegal.sum())
        alive &= ~step.terminated
        mask = step.action_mask
        if not alive.any():
            break
    assert forbidden > 20


def test_shift_and_noise_are_paid_once_at_the_end() -> None:
    mdp = Lock(length=2, vocabulary=4, locks=1, reward_shift=2.0, reward_noise=0.5)
    env = mdp.make(seeds(0), 4_000, 1)
    env.reset()
    alive: Bools = np.ones((1, 4_000), np.bool_)
    first = env.step(np.full((1, 4_000), 3), alive)
    assert (first.reward == 0).all()
    last = env.step(np.zeros((1, 4_000)), alive)
    assert last.terminated.all()
    assert last.reward.mean() == pytest.approx(2.3, abs=0.04)
    assert last.reward.std() == pytest.approx(0.5, abs=0.03)


def test_a_batch_that_has_ended_must_be_reset() -> None:
    env = Bandit().make(seeds(0), 2, 1)
    env.reset()
    env.step(np.zeros((1, 2)), np.ones((1, 2), np.bool_))
    with pytest.raises(RuntimeError, match="reset"):
        env.step(np.zeros((1, 2)), np.ones((1, 2), np.bool_))


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Transduce(operation="rot13"), "unknown operation 'rot13'; nearest.*"),  # type: ignore[arg-type]
        (lambda: Transduce(reward_mode="exac"), "reward_mode of Transduce.*'exac'; nearest: exact"),
        (lambda: Transduce(symbols=1), "symbols must be at least 2, not 1"),
        (lambda: Transduce(split="ood"), "'ood' needs longest > 4"),
        (lambda: Transduce(longest=3), "longest must be 0 or exceed length 4, not 3"),
        (lambda: Transduce(split="validation"), "split of Transduce.*validation"),  # type: ignore[arg-type]
        (lambda: Transduce(false_positive=0.1), "false_positive and false_negative must be 0, not"),
        (lambda: Transduce(gamma=1.5), r"gamma must lie in \[0, 1\], not 1.5"),
        (lambda: Transduce(gamma=0.9, reward_shift=1.0), "need gamma 1, not 0.9"),
        (lambda: Transduce(beta=0.1), "no reference policy, so beta must be 0, not 0.1"),
        (lambda: Transduce(reward_noise=-1.0), "reward_noise must be at least 0"),
        (lambda: Lock(distractor=0.95), "0.95"),
        (lambda: Lock(split="test"), "split of Lock.*it has all"),
        (lambda: Lock(vocabulary=2), "vocabulary must lie in"),
        (lambda: Dyck(kinds=9), "9"),
        (lambda: Dyck(reward_mode="terminal", false_positive=0.6, false_negative=0.4), "sum to less than 1"),
        (lambda: Lock(vocabulary=28), "27.*28"),
        (lambda: Lock(instance=-1), "-1"),
        (lambda: Bandit(gap=0.0), "0.0"),
        (lambda: Bandit(skew=-1.0), "-1.0"),
        (lambda: Bandit(instance=-3), "-3"),
        (lambda: Bandit().make(seeds(0), 6, 4), "groups of 4"),
        (lambda: Causal(q=0.3), r"q must lie in \[0.5, 1\], not 0.3"),
        (lambda: Countdown(operations="+/"), "some of '\\+-\\*', not '\\+/'"),
        (lambda: Countdown(highest=1, targets=1, operations="*", numbers=2, split="test"), "none of the 1 prompts"),
        (lambda: Countdown(highest=1, numbers=2, operations="+", targets=1), "no target of 1..1"),
        (lambda: GuessNumber(noise=0.7), "noise must lie in"),
        (lambda: InfoGame(game="chess"), "unknown game 'chess'"),  # type: ignore[arg-type]
        (lambda: InfoGame(game="letters", noise=0.1), "noise is for the game of questions"),
        (lambda: InfoGame(words=65), r"words must lie in \[2, 64\], not 65"),
        (lambda: Lexicon(beta=0.001), "at least 0.02"),
        (lambda: OverOpt(length=40), "length must be at most 37"),
        (lambda: OverOpt(judge="gold", beta=0.1), "beta is for the proxy"),
        (lambda: SafeReply(flagged=1.0), "must leave a word that is not"),
        (lambda: TextGraph(observe="all"), "unknown observe 'all'"),  # type: ignore[arg-type]
        (lambda: TextGraph(split="test", mazes=1), "needs 2 mazes"),
    ],
)
def test_bad_knobs_are_named(build: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        listed(build)


def listed(build: Callable[[], object]) -> None:
    """Build it, and list its prompts: some splits are empty."""
    made = build()
    if isinstance(made, TextMDP):
        made.prompts()


@dataclass(frozen=True)
class Gate(TextFactory):
    """Only action 1 is legal at first, everything afterwards; each action pays its number. `respond` ends nothing."""

    worst_reward: ClassVar[float] = -2.0

    @property
    def tokens(self) -> tuple[str, ...]:
        return ("", "zero", "one", "<bos>")

    @property
    def actions(self) -> int:
        return 2

    @property
    def prompt_length(self) -> int:
        return 1

    @property
    def horizon(self) -> int:
        return 3

    def prompts(self) -> Prompts:
        return Prompts(np.array([[3]]), np.ones(1))

    def legal(self, rows: Rows, t: int) -> Bools:
        return np.tile([t > 0, True], (len(rows.transcript), 1))

    def respond(self, rows: Rows, t: int, outcome: Ints) -> Response:
        move = self.action(rows, t)
        return Response(move.astype(np.float64), np.zeros(len(move), np.bool_))

    def optimal_policy(self, rows: Rows, t: int) -> Doubles:
        return np.tile([0.0, 1.0], (len(rows.transcript), 1))

    def optimal_return(self) -> float:
        return 3.0

    def random_return(self) -> float:
        return 2.0


def test_an_illegal_token_ends_the_episode_with_the_tasks_worst_reward() -> None:
    """Whatever the task itself would do; in Gymnasium's forms too."""
    env = Gate(reward_shift=0.5).make(seeds(0), 2, 1)
    env.reset()
    step = env.step(np.array([[0, 1]]), np.ones((1, 2), np.bool_))
    assert step.terminated.tolist() == [[True, False]]
    assert step.reward.tolist() == [[-1.5, 1.0]]  # the worst, and the shift
    step = env.step(np.array([[0, 0]]), ~step.terminated)
    assert step.reward.tolist() == [[0.0, 0.0]]
    assert step.terminated.tolist() == [[False, False]]


def test_each_kind_of_randomness_is_a_child_of_the_seed() -> None:
    """As SeedSequence.spawn numbers them: 0 prompts, 1 coins, 2 noise, 3 outcomes."""
    mdp = Bandit(reward_noise=0.5)
    starts, randomness = draw_starts(mdp, np.random.SeedSequence(3, spawn_key=(1,)), 6)
    prompt, coin, noise, _ = (np.random.default_rng(s) for s in np.random.SeedSequence(3, spawn_key=(1,)).spawn(4))
    np.testing.assert_array_equal(starts.transcript, mdp.starts(prompt, 6).transcript)
    assert randomness.coin is not None
    np.testing.assert_array_equal(randomness.coin, coin.random(6))
    assert randomness.noise is not None
    np.testing.assert_array_equal(randomness.noise, noise.standard_normal(6))
    assert randomness.chance is None
