"""Each text task's rewards, ends and replies by hand, and the figures that its card quotes."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from envs import TASKS, solver
from envs.enumeration import enumerate_episodes
from envs.solver import kl_optimal, value
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


def ids(mdp: TextMDP, words: str) -> list[int]:
    """Token ids of words, PAD for a dot where the task has no such token."""
    return [0 if w == "_" else mdp.tokens.index(w) for w in words.split()]


def moves(mdp: TextMDP, words: str) -> list[int]:
    """Actions by their words."""
    return [i - mdp.first_action for i in ids(mdp, words)]


def test_transduce_ood_prompts_are_longer_and_share_the_shape() -> None:
    train, ood = (Transduce(symbols=3, length=2, longest=3, split=s) for s in ("train", "ood"))  # type: ignore[arg-type]
    assert train.spec == ood.spec
    assert answer(train, ids(train, "_ 0 2 =>"), [0, 2]) == ([0.5, 0.5], [False, True])
    assert answer(ood, ids(ood, "1 0 2 =>"), [1, 0, 1]) == ([0.333333, 0.333333, 0.0], [False, False, True])
    assert {train.decode(row) for row in train.prompts().tokens} < {f"{a} {b} =>" for a in range(3) for b in range(3)}


def test_increasing_by_hand() -> None:
    mdp = Increasing(numbers=5, length=4, min_tokens=6)
    start = ids(mdp, "<bos>")
    assert answer(mdp, start, moves(mdp, "1 3 <eos>")) == ([0.0, 0.0, 0.666667], [False, False, True])  # 2 of max(2, 3)
    assert answer(mdp, start, moves(mdp, "3 1 2 4"))[0] == [0.0, 0.0, 0.0, 0.25]  # the order breaks at once, for good
    assert answer(mdp, start, moves(mdp, "2 2 <eos>"))[0][-1] == 0.333333  # equal is not larger
    assert answer(mdp, start, moves(mdp, "<eos>")) == ([0.0], [True])
    assert answer(mdp, start, moves(mdp, "0 1 2 3"))[0][-1] == 1.0
    shaped = replace(mdp, reward_mode="shaped")
    assert answer(shaped, start, moves(mdp, "1 3 <eos>"))[0] == [0.333333, 0.333333, 0.0]


def test_countdown_by_hand() -> None:
    mdp = Countdown()
    prompt = ids(mdp, "2 3 7 1 3")  # 2, 3, 7 -> 13 = 7 + 2 * 3
    assert answer(mdp, prompt, moves(mdp, "a b * c +"))[0] == [0.0, 0.0, 0.0, 0.0, 1.0]
    assert answer(mdp, prompt, moves(mdp, "c a b * +"))[0][-1] == 1.0
    assert answer(mdp, prompt, moves(mdp, "a b + c +"))[0][-1] == 0.1  # 12, well formed
    assert answer(mdp, prompt, moves(mdp, "a a")) == ([0.0, 0.0], [False, True])  # each number once
    assert answer(mdp, prompt, moves(mdp, "a +")) == ([0.0, 0.0], [False, True])  # nothing to add to
    minus = ids(mdp, "2 3 7 0 8")  # 7 - 2 + 3: the lower of the stack minus the upper
    assert answer(mdp, minus, moves(mdp, "c a - b +"))[0][-1] == 1.0
    assert answer(mdp, minus, moves(mdp, "a c - b +"))[0][-1] == 0.1


def test_countdown_counts() -> None:
    everything = Countdown(solvable=False)
    assert len(everything.prompts().tokens) == 8_250  # 165 multisets of 3 of 1..9, 50 targets
    assert len(Countdown().prompts().tokens) == 1_574
    assert replace(everything, format_weight=0.0).optimal_return() == pytest.approx(1_574 / 8_250)
    assert replace(everything, format_weight=0.0).optimal_return() == pytest.approx(0.19, abs=0.001)
    # 3! orders, 2 shapes, 3^2 operations, out of 6^5 texts
    complete = replace(everything, format_weight=1.0, targets=1, highest=1)
    assert complete.random_return() == pytest.approx(108 / 6**5)
    # 1, 1 and +: only 2 can be reached, by a b + and b a +
    assert Countdown(numbers=2, highest=1, targets=9, operations="+").random_return() == pytest.approx(2 / 27)
    ood = Countdown(split="ood")
    assert ood.spec == Countdown().spec
    tens = ood.prompts().tokens[:, -2:] - 1 - ood.actions
    assert ((10 * tens[:, 0] + tens[:, 1] > 50) & (10 * tens[:, 0] + tens[:, 1] <= 75)).all()


def test_padanswer_by_hand() -> None:
    mdp = PadAnswer(length=4, bits=2, fillers=1, eos=True)
    odd, even = ids(mdp, "1 0"), ids(mdp, "1 1")
    assert answer(mdp, odd, moves(mdp, "hm0 answer1")) == ([0.0, 1.0], [False, True])
    assert answer(mdp, even, moves(mdp, "answer1")) == ([0.0], [True])
    assert answer(mdp, even, moves(mdp, "<eos>")) == ([0.0], [True])
    assert answer(mdp, odd, moves(mdp, "hm0 hm0 hm0 hm0")) == ([0.0] * 4, [False, False, False, True])
    late = replace(mdp, overlong=0.4)
    assert answer(late, odd, moves(mdp, "hm0 hm0 answer1"))[0] == [0.0, 0.0, 0.8]  # 3 tokens: (3 - 2) / 2 of .4
    assert answer(late, odd, moves(mdp, "hm0 answer1"))[0] == [0.0, 1.0]


def test_padanswers_figures() -> None:
    three = PadAnswer(length=8, bits=1, fillers=1)
    assert three.random_return() == pytest.approx((1 - 3.0**-8) / 2)
    assert three.random_return() == pytest.approx(0.4999, abs=1e-4)
    length = sum(3.0**-t for t in range(8))  # tokens written: one more for each filler before
    assert length == pytest.approx(1.4998, abs=1e-4)
    four = replace(three, eos=True)
    assert four.random_return() == pytest.approx(1 / 3, abs=1e-4)
    assert sum(4.0**-t for t in range(8)) == pytest.approx(4 / 3, abs=1e-4)
    _, total, spent = played(three)
    assert spent == pytest.approx(length, abs=0.03)
    assert played(four)[2] == pytest.approx(4 / 3, abs=0.03)
    assert total == pytest.approx(0.4999, abs=0.02)


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


def test_causal_by_hand() -> None:
    mdp = Causal(q=0.8, asks=2)
    prompt = ids(mdp, "yes cue1")
    said = talk(mdp, prompt, moves(mdp, "ask answer0"), hidden=(0,))
    assert said == ([-0.05, 1.0], [False, True], "yes cue1 ask test0 answer0 .")
    wrong = talk(mdp, prompt, moves(mdp, "ask answer1"), hidden=(0,), outcomes=[1, 0])
    assert wrong == ([-0.05, 0.0], [False, True], "yes cue1 ask test1 answer1 .")
    assert talk(mdp, prompt, moves(mdp, "ask ask ask"), hidden=(1,))[:2] == ([-0.05] * 3, [False, False, True])


def test_causals_figures() -> None:
    one = Causal(rho=0.9, q=1.0, cost=0.05, asks=1)
    assert one.optimal_return() == pytest.approx(0.95)
    assert replace(one, cost=0.2).optimal_return() == pytest.approx(0.90)  # max(rho, q - c): the shortcut
    assert replace(one, split="ood").optimal_return() == pytest.approx(0.95)
    for split, cue in (("train", 0.9), ("ood", 0.1)):
        prompts = replace(one, symptoms=5, split=split).prompts()  # type: ignore[arg-type]
        agrees = prompts.tokens[:, -1] - 9 == prompts.hidden[:, 0]  # type: ignore[index]
        assert prompts.probability[agrees].sum() == pytest.approx(cue)
    several = Causal(rho=0.7, q=0.8, cost=0.02, asks=3)
    assert several.optimal_return() == pytest.approx(0.8496)

    def always_ask(q: np.ndarray, legal: np.ndarray, reference: np.ndarray, t: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = np.zeros(len(q), np.int64) if t < 3 else q.argmax(1)
        return np.eye(3)[chosen], q[np.arange(len(q)), chosen]

    # without stopping early; the difference is what stopping is worth
    assert solver.solve(several, always_ask, 1.0).value == pytest.approx(0.836)


def test_guessnumber_by_hand() -> None:
    mdp = GuessNumber(numbers=5, turns=3)
    said = talk(mdp, ids(mdp, "<bos>"), moves(mdp, "2 4 3"), hidden=(3,))
    assert said == ([-1.0, -1.0, -1.0], [False, False, True], "<bos> 2 higher 4 lower 3 correct")
    lost = talk(mdp, ids(mdp, "<bos>"), moves(mdp, "0 1 2"), hidden=(3,))
    assert lost[0] == [-1.0, -1.0, -2.0]  # -(K + 1) in all
    swapped = talk(replace(mdp, noise=0.2), ids(mdp, "<bos>"), moves(mdp, "2"), hidden=(3,), outcomes=[1])
    assert swapped[2] == "<bos> 2 lower"


@pytest.mark.parametrize(("numbers", "turns", "expected"), [(16, 8, 3.375), (63, 10, 5.095), (1_023, 12, 9.010)])
def test_guessnumbers_figures(numbers: int, turns: int, expected: float) -> None:
    assert -GuessNumber(numbers=numbers, turns=turns).optimal_return() == pytest.approx(expected, abs=5e-4)


def test_infogame_by_hand() -> None:
    mdp = InfoGame(words=4, turns=3, cost=0.1)  # bat 10010, eagle 10100, duck 11001, gull 11000
    said = talk(mdp, ids(mdp, "<bos>"), moves(mdp, "swims? tame? gull"), hidden=(3,))
    assert said == ([-0.1, -0.1, 1.0], [False, False, True], "<bos> swims? yes tame? no gull right")
    assert talk(mdp, ids(mdp, "<bos>"), moves(mdp, "bat"), hidden=(3,))[:2] == ([0.0], [True])
    # two questions split four words in four: 1 - 2 c
    assert mdp.optimal_return() == pytest.approx(0.8)
    letters = InfoGame(game="letters", words=6, turns=3, cost=0.1)  # cat cot cut bat bot but
    said = talk(letters, ids(letters, "<bos>"), moves(letters, "cot bat"), hidden=(3,))
    assert said == ([-0.1, 1.0], [False, True], "<bos> cot miss miss hit bat hit hit hit")
    # only one of the guess's letters is in the secret, elsewhere: near belongs to the guess's letter
    said = talk(letters, ids(letters, "<bos>"), moves(letters, "bat"), hidden=(letters.names.index("cut"),))
    assert said[2] == "<bos> bat miss miss hit"
    tub = InfoGame(game="letters", words=15)
    said = talk(tub, ids(tub, "<bos>"), moves(tub, "but"), hidden=(tub.names.index("tub"),))
    assert said[2] == "<bos> but near hit near"
    said = talk(tub, ids(tub, "<bos>"), moves(tub, "tap"), hidden=(tub.names.index("cat"),))
    assert said[2] == "<bos> tap near hit miss"
    tap = InfoGame(game="letters", words=12)
    assert (
        talk(tap, ids(tap, "<bos>"), moves(tap, "pat"), hidden=(tap.names.index("tap"),))[2]
        == "<bos> pat near hit near"
    )


def test_infogames_matrix_is_the_cards() -> None:
    mdp = InfoGame(words=16)
    assert mdp.matrix.shape == (16, 5)
    assert len({tuple(row) for row in mdp.matrix.tolist()}) == 16  # attributes tell all words apart
    import envs.text.infogame as module

    for name, bits in module.ANIMALS.items():
        assert f"{name} " in (module.__doc__ or "")
        assert bits in (module.__doc__ or "")


def test_recdialog_by_hand() -> None:
    mdp = RecDialog(genres=3, turns=3, ask=True, diversity=0.5, fatigue=0.25)
    said = talk(mdp, ids(mdp, "<bos>"), moves(mdp, "g0i0 g0i0 ask"), hidden=(2, 0, 0, 0), outcomes=[0, 1, 2])
    assert said == ([1.5, -0.25, 0.0], [False, False, True], "<bos> g0i0 click g0i0 skip ask likes2")


def test_recdialogs_figures() -> None:
    mdp = RecDialog(genres=3, turns=5, p_hi=0.8, p_lo=0.1)
    assert mdp.optimal_return() == pytest.approx(2.834, abs=5e-4)
    assert mdp.random_return() == pytest.approx(5 / 3)
    env = mdp.make([np.random.SeedSequence(0)], 20_000)
    env.reset()
    told = env.rows.hidden[:, 0].reshape(1, -1)  # a policy that knows the genre
    paid = sum(env.step(told, np.ones((1, 20_000), np.bool_)).reward.mean() for _ in range(mdp.turns))
    assert paid == pytest.approx(4.0, abs=0.03)
    assert replace(mdp, ask=True).optimal_return() == pytest.approx(3.2)  # ask once, then four times .8
    assert replace(mdp, items=4).optimal_return() == pytest.approx(mdp.optimal_return())  # genres are what matters


def test_safereply_by_hand() -> None:
    mdp = SafeReply(words=4, length=2, topics=1, penalty=0.5, flagged=0.25)
    h, flags = mdp.helpfulness[0], mdp.flags[0, 1]
    prompt = ids(mdp, "topic0 groupB")
    assert flags.sum() == 1
    for a, b in itertools.product(range(4), repeat=2):
        expected = [(h[a] - 0.5 * flags[a]) / 2, ((a != b) * h[b] - 0.5 * flags[b]) / 2]
        np.testing.assert_allclose(answer(mdp, prompt, [a, b])[0], expected, atol=1e-6)
    net = np.sort(np.maximum(h - 0.5 * mdp.flags[0], 0), axis=1)[:, -2:].sum(1) / 2
    assert mdp.optimal_return() == pytest.approx(0.7 * net[0] + 0.3 * net[1])


def test_safereplys_frontier_trades_help_for_safety_and_the_second_group_pays_more() -> None:
    mdp = SafeReply()
    points = mdp.frontier((0.0, 0.2, 0.5, 2.0))
    for group in (0, 1):
        flagged = [p.flagged[group] for p in points]
        helpful = [p.helpfulness[group] for p in points]
        assert flagged == sorted(flagged, reverse=True)
        assert helpful == sorted(helpful, reverse=True)
        assert flagged[0] > 0
        assert flagged[-1] == 0
    lost = [points[0].helpfulness[g] - points[-1].helpfulness[g] for g in (0, 1)]
    assert lost[1] > 2 * lost[0]
    views = dict(TASKS["safereply/medium"].views)
    assert views["first group"].optimal_return() > views["second group"].optimal_return()  # type: ignore[attr-defined]


def test_lexicon_by_hand() -> None:
    mdp = Lexicon(words=3, length=2, topics=2, beta=0.0)
    prompt = ids(mdp, "topic1")
    expected = [round(float(mdp.scores[1, w]), 6) for w in (2, 0)]
    assert answer(mdp, prompt, [2, 0]) == (expected, [False, True])
    assert answer(replace(mdp, reward_mode="terminal"), prompt, [2, 0])[0] == [
        0.0,
        pytest.approx(sum(expected), abs=2e-6),
    ]
    assert mdp.optimal_return() == pytest.approx(2 * mdp.scores.max(1).mean())
    np.testing.assert_allclose(np.exp(mdp.language).sum(1), 1.0)


def test_overopt_by_hand() -> None:
    mdp = OverOpt(topics=2, each=2, hype=1, filler=1, length=4, allowed=1, repetition=0.25, excess=0.5, bias=1.5)
    gold, prompt = replace(mdp, judge="gold"), ids(mdp, "topic0")
    written = moves(mdp, "t0w0 t0w0 wow0 wow0")
    assert answer(mdp, prompt, written)[0] == [0.0, 0.0, 0.0, (1 + 1 + 1.5 + 1.5) / 4]
    # 1 covered, 2 repeated, 1 too much
    assert answer(gold, prompt, written)[0][-1] == pytest.approx((1 - 2 * 0.25 - 0.5) / 4)
    assert answer(gold, prompt, moves(mdp, "t0w0 t0w1 t1w0 um0"))[0][-1] == 0.5


def test_overopts_frontier_rises_peaks_and_falls() -> None:
    for name in ("overopt/small", "overopt/medium", "overopt/pairs-medium", "overopt/hard"):
        mdp = TASKS[name].factory
        assert isinstance(mdp, OverOpt)
        points = mdp.frontier(np.geomspace(100, 0.001, 80))
        kl, proxy, gold = (np.array([getattr(p, f) for p in points]) for f in ("kl", "proxy", "gold"))
        assert (np.diff(kl) >= -1e-9).all()
        assert (np.diff(proxy) >= -1e-9).all()
        best = int(gold.argmax())
        assert 0 < best < len(gold) - 1
        assert gold[best] > gold[0] + 0.01
        assert gold[-1] < gold[0] - 0.3


def test_overopts_closed_forms_against_listing_all_texts() -> None:
    mdp = TASKS["overopt/small"].factory
    assert isinstance(mdp, OverOpt)

    proxy, gold = (enumerate_episodes(replace(mdp, judge=j)) for j in ("proxy", "gold"))
    for beta in (0.02, 0.2):
        best = kl_optimal(mdp, beta)
        point = mdp.measure(mdp.softmax(beta))
        logp = proxy.log_probability(best.policy)
        assert value(proxy, logp) == pytest.approx(point.proxy)
        assert value(gold, logp) == pytest.approx(point.gold)
        assert best.value == pytest.approx(point.proxy - beta * point.kl)
        assert best.value == pytest.approx(replace(mdp, beta=beta).optimal_return())
    one, few, many = mdp.best_of(1), mdp.best_of(4), mdp.best_of(10_000)
    assert one[1:] == pytest.approx(mdp.measure(np.full((2, mdp.words), 1 / mdp.words))[1:])
    assert one.proxy < few.proxy < many.proxy
    assert many.gold < one.gold


def test_textgraph_by_hand() -> None:
    mdp = TextGraph(size=2, steps=4, mazes=1, slip=0.2, loops=1.0)  # all four edges are open
    assert mdp.open.all()
    goal_3_from_0 = (0, 3, 0, 2)
    start = ids(mdp, "c11 c00 open open open open")
    said = talk(mdp, start, moves(mdp, "east south"), hidden=goal_3_from_0)
    assert said == ([-1.0, -1.0], [False, True], "c11 c00 open open open open east c01 south c11")
    slipped = talk(mdp, start, moves(mdp, "east"), hidden=goal_3_from_0, outcomes=[1])  # to the right of east: south
    assert slipped[2].endswith("east c10")
    assert talk(mdp, start, moves(mdp, "north"), hidden=goal_3_from_0)[2].endswith("north c00")  # the border
    late = replace(mdp, reward_mode="terminal")
    assert answer(late, start, moves(mdp, "north east south"), hidden=goal_3_from_0)[0] == [0.0, 0.0, 0.666667]
    shaped = replace(mdp, reward_mode="shaped")
    assert answer(shaped, start, moves(mdp, "east west east south"), hidden=goal_3_from_0)[0] == [0.5, -0.5, 0.5, 0.0]
    blind = replace(mdp, observe="history")
    assert talk(blind, ids(blind, "c11 _ open open open open"), moves(mdp, "north east"), hidden=goal_3_from_0)[
        2
    ].endswith("north bumped east moved")


def test_textgraphs_mazes() -> None:
    mdp = TextGraph(size=4, mazes=6)
    assert (mdp.distance < mdp.cells).all()  # connected
    trees = replace(mdp, split="ood").open.sum(1)
    assert (trees == mdp.cells - 1).all()
    assert (mdp.open.sum(1) > mdp.cells - 1).all()
    train, test = (replace(mdp, split=s) for s in ("train", "test"))  # type: ignore[arg-type]
    shared = {tuple(m) for m in train.open.tolist()} & {tuple(m) for m in test.open.tolist()}
    assert not shared
    straight = TextGraph(size=2, steps=9, mazes=1, slip=0.0, loops=1.0)
    assert straight.optimal_return() == pytest.approx(-(2 * 1 + 1 * 2) / 3)  # two neighbours and one corner


@pytest.mark.parametrize("build", [
    lambda s: Transduce(symbols=5, length=3, longest=4, split=s),
    lambda s: Countdown(split=s),
    lambda s: TextGraph(mazes=10, split=s),
    lambda s: PadAnswer(bits=6, split=s),
    lambda s: Causal(symptoms=5, split=s),
])  # fmt: skip
def test_splits_are_disjoint_and_together_all(build: object) -> None:
    def prompts(split: str) -> set[tuple[int, ...]]:
        mdp = build(split)  # type: ignore[operator]
        listed = mdp.prompts()
        assert listed.probability.sum() == pytest.approx(1.0)
        drawn = mdp.starts(np.random.default_rng(0), 300).transcript
        rows = {tuple(row) for row in listed.tokens.tolist()}
        assert {tuple(row) for row in drawn.tolist()} <= rows
        return rows

    train, test, everything = prompts("train"), prompts("test"), prompts("all")
    assert not train & test
    assert train | test == everything
    assert 0.02 < len(test) / len(everything) < 0.6
    mdp = build("all")  # type: ignore[operator]
    if "ood" in mdp.splits and not isinstance(mdp, Causal):  # there the cue lies, not the prompt
        assert not prompts("ood") & everything


def test_flips_are_what_their_rates_say() -> None:
    """Of right answers 30 % are called wrong, of wrong ones 10 % right; every mean moves to .1 + .6 J."""
    mdp = PadAnswer(length=2, bits=1, fillers=0, false_positive=0.1, false_negative=0.3)
    assert mdp.optimal_return() == pytest.approx(0.7)
    assert mdp.random_return() == pytest.approx(0.1 + 0.6 * 0.5)
    env = mdp.make([np.random.SeedSequence(1)], 20_000)
    obs, _ = env.reset()
    step = env.step(np.zeros((1, 20_000)), np.ones((1, 20_000), np.bool_))  # answer 0
    assert set(np.unique(step.reward)) == {0.0, 1.0}
    even = obs[0, :, 0] == mdp.tokens.index("0")
    assert step.reward[0, even].mean() == pytest.approx(0.7, abs=0.02)
    assert step.reward[0, ~even].mean() == pytest.approx(0.1, abs=0.02)
