"""Contract of every text MDP, and each one's reward by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from envs import TASKS
from envs.api import Bools, Step
from envs.streams import Role, stream
from envs.text.bandit import Bandit
from envs.text.causal import Causal
from envs.text.countdown import Countdown
from envs.text.dyck import Dyck
from envs.text.guessnumber import GuessNumber
from envs.text.increasing import Increasing
from envs.text.infogame import InfoGame
from envs.text.lexicon import Lexicon
from envs.text.lock import Lock
from envs.text.overopt import OverOpt
from envs.text.padanswer import PadAnswer
from envs.text.recdialog import RecDialog
from envs.text.safereply import SafeReply
from envs.text.textgraph import TextGraph
from envs.text.transduce import Transduce
from envs.transcript import PAD, Rows, TextMDP

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
        total += step.reward
        alive &= ~step.terminated
        obs, mask = step.obs, step.action_mask
        assert not step.truncated.any()
        if not alive.any():
            break
    assert not alive.any()
    return obs.copy(), total


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
    if len(mdp.prompts().tokens if "hard" not in name or name.startswith("bandit") else range(9)) > 8:
        assert any(not np.array_equal(x, y) for x, y in zip(*starts, strict=True))  # another episode, another start


@pytest.mark.parametrize("name", [n for n in TEXT if n.endswith("small") or n == "transduce/copy-shifted"])
def test_uniform_play_earns_the_cards_j0(name: str) -> None:
    mdp = TASKS[name].factory
    assert isinstance(mdp, TextMDP)
    mdp = replace(mdp, beta=0.0)
    _, total = play(mdp, tuple(range(10)), 1_000, 1, np.random.default_rng(7))
    error = total.std() / total.size**0.5
    assert total.mean() == pytest.approx(mdp.random_return(), abs=4 * error + 1e-6)


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


@pytest.mark.parametrize(
    ("operation", "right"), [("copy", [2, 0, 1]), ("reverse", [1, 0, 2]), ("sort", [0, 1, 2]), ("caesar", [0, 1, 2])]
)
def test_transduce_by_hand(operation: str, right: list[int]) -> None:
    prompt = [4, 2, 3, 1]  # symbols 2, 0, 1, then the separator
    dense = Transduce(symbols=3, length=3, operation=operation)  # type: ignore[arg-type]
    assert answer(dense, prompt, right) == ([0.333333] * 3, [False, False, True])
    wrong = [right[0], (right[1] + 1) % 3, right[2]]
    assert answer(dense, prompt, wrong)[0] == [0.333333, 0.0, 0.333333]
    terminal = Transduce(symbols=3, length=3, operation=operation, reward_mode="terminal")  # type: ignore[arg-type]
    assert answer(terminal, prompt, wrong)[0] == [0.0, 0.0, 0.666667]
    exact = Transduce(symbols=3, length=3, operation=operation, reward_mode="exact")  # type: ignore[arg-type]
    assert answer(exact, prompt, wrong)[0] == [0.0, 0.0, 0.0]
    assert answer(exact, prompt, right)[0] == [0.0, 0.0, 1.0]
    shaped = Transduce(symbols=3, length=3, operation=operation, reward_mode="shaped")  # type: ignore[arg-type]
    assert answer(shaped, prompt, right)[0] == [0.333333, 0.333333, 0.333333]  # 1/3, 2/3 - 1/3, 1 - 2/3
    assert answer(shaped, prompt, wrong)[0] == [0.333333, 0.0, -0.333333]  # the sum is the unshaped return


def test_lock_by_hand() -> None:
    lock = Lock(length=2, vocabulary=4, locks=1, distractor=0.2)
    prompt = [5]
    secret = [int(k) - 1 for k in lock.secrets[0]]
    assert answer(lock, prompt, [0]) == ([0.1], [True])
    assert answer(lock, prompt, [3, 0]) == ([0.0, 0.3], [False, True])
    assert answer(lock, prompt, [*secret, 0]) == ([0.0, 0.0, 1.0], [False, False, True])
    assert answer(lock, prompt, [secret[0], 0])[0] == [0.0, 0.0]
    assert answer(lock, prompt, [3, secret[1], 0])[0] == [0.0, 0.0, 0.0]
    assert secret[0] != 3


def test_dyck_by_hand() -> None:
    dense, sparse = Dyck(pairs=2, kinds=2), Dyck(pairs=2, kinds=2, reward_mode="terminal")
    good, crossed, early = [0, 1, 3, 2], [0, 1, 2, 3], [2]  # ( [ ] )   ( [ ) ]   )
    assert answer(dense, [1], good) == ([0.25] * 4, [False, False, False, True])
    assert answer(dense, [1], crossed) == ([0.25, 0.25, 0.0], [False, False, True])
    assert answer(dense, [1], early) == ([0.0], [True])
    assert answer(dense, [1], [0, 0, 0]) == ([0.25, 0.25, 0.0], [False, False, True])  # no room left to close three
    assert answer(sparse, [1], good)[0] == [0.0, 0.0, 0.0, 1.0]
    assert sparse.decode(np.array([1, 2, 3, 5, 4])) == "<bos> ( [ ] )"


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
    obs, mask = env.reset()
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
        obs, mask = step.obs, step.action_mask
        if not alive.any():
            break
    assert forbidden > 20


def test_the_bandits_table_is_what_gap_and_skew_say() -> None:
    bandit = Bandit(arms=50, contexts=3, best=0.8, gap=0.3, skew=2.0)
    ranked = np.sort(bandit.table, axis=1)
    assert (ranked[:, -1] == 0.8).all()
    assert (ranked[:, :-1] <= 0.5).all()
    assert ranked.min() >= 0
    # E (1-u)^skew = 1 / (1 + skew): 147 draws, so 4 standard errors are 0.5 * 0.298 * 4 / sqrt(147) = 0.05
    assert ranked[:, :-1].mean() == pytest.approx(0.5 / 3, abs=0.05)
    flat = Bandit(arms=50, contexts=3, best=0.8, gap=0.3, skew=0.0)
    assert (np.sort(flat.table, axis=1)[:, :-1] == 0.5).all()
    assert not np.array_equal(bandit.table, replace(bandit, instance=1).table)


def test_bandit_pays_its_table_on_average() -> None:
    bandit = Bandit(arms=3, contexts=2)
    env = bandit.make(seeds(0), 20_000, 20_000)
    obs, _ = env.reset()
    context = int(obs[0, 0, 0]) - 4
    step: Step = env.step(np.full((1, 20_000), 2), np.ones((1, 20_000), np.bool_))
    assert set(np.unique(step.reward)) == {0.0, 1.0}
    assert step.reward.mean() == pytest.approx(bandit.table[context, 2], abs=0.015)
    assert bandit.table.std() > 0.05
    assert (Bandit(null=True).table == 0.5).all()


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
        (lambda: Transduce(false_positive=0.1), "does not end with a reward of 0 or 1"),
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
        made = build()
        if isinstance(made, TextMDP):
            made.prompts()
