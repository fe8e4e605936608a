"""Find the secret word: ask about its attributes (twenty questions), or guess and read which letters fit (a small Wordle).

state    s_t = questions and answers so far; the secret word is hidden   observation: BOS, then action and reply in turn
action   questions: ask attribute j, or guess word w.   letters: guess word w
dynamics the secret is uniform over the first `words` words; the answer yes or no is swapped with probability `noise`.
         letters: for each letter of the guess hit (right place), near (elsewhere in the secret), miss
reward   questions: -c for an attribute, 1 for the right word.   letters: 1 for the right word, -c for a wrong one
end      questions: terminated by a guess.   letters: by the right guess.   Both after `turns` actions
optimum  belief dynamic programming on the set of words that fit the answers; with noise on the tree (small only)
figures  small J0 0.1553 J* 0.9000; noisy-small J0 0.1828 J* 0.5800; letters-small J0 0.3160 J* 0.9417;
         medium J0 0.0747 J* 0.8300; letters-medium J0 0.0569 J* 0.9344; hard J0 0.0137 J* 0.8800
isolates gathering information, credit across turns
source   twenty questions and Wordle of LMRL-Gym (Abdulhai et al. 2023), with an optimum

Word list of `questions` (up to 16 words; columns flies swims big fur tame):
    bat 10010    eagle 10100   duck 11001    gull 11000    hen 10001      whale 01100   seal 01110   trout 01000
    otter 01010  bear 00110    horse 00111   cat 00011     snail 00000    goldfish 01001  ostrich 00100  dog 01011
More words than 16 are codes w0, w1, ... whose attribute j is bit j of their number.
Word list of `letters`: cat cot cut bat bot but cap cop cup tap top pat pot put tub cab
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal, get_args

import numpy as np

from envs import solver
from envs.api import Bools, Doubles, Ints
from envs.text_env import Preset, TextFactory
from envs.text_mdp import Prompts, Response, Rows, one_hot, uniform
from envs.validation import UnknownName, check_between, check_least

Game = Literal["questions", "letters"]
ATTRIBUTES = ("flies", "swims", "big", "fur", "tame")
ANIMALS = {
    "bat": "10010", "eagle": "10100", "duck": "11001", "gull": "11000",
    "hen": "10001", "whale": "01100", "seal": "01110", "trout": "01000",
    "otter": "01010", "bear": "00110", "horse": "00111", "cat": "00011",
    "snail": "00000", "goldfish": "01001", "ostrich": "00100", "dog": "01011",
}  # fmt: skip
LETTERS = [
    "cat", "cot", "cut", "bat", "bot", "but", "cap", "cop", "cup", "tap", "top", "pat", "pot", "put", "tub", "cab",
]  # fmt: skip
MOST = {"questions": 64, "letters": len(LETTERS)}
REPLIES = ("right", "wrong", "no", "yes", "miss", "near", "hit")
RIGHT, WRONG, NO, MISS = 0, 1, 2, 4
NEAR, HIT = MISS + 1, MISS + 2


@dataclass(frozen=True)
class InfoGame(TextFactory):
    """game: questions or letters; words: how many of its list; turns; cost: c; noise: how often an answer is swapped."""

    family_title: ClassVar[str] = "Information game"

    game: Game = "questions"
    words: int = 10
    turns: int = 5
    cost: float = 0.05
    noise: float = 0.0

    def check(self) -> None:
        if self.game not in get_args(Game):
            raise UnknownName("game", self.game, get_args(Game))
        check_between(words=(self.words, 2, MOST[self.game]), noise=(self.noise, 0, 0.5))
        check_least(turns=(self.turns, 1), cost=(self.cost, 0))
        if self.noise and self.game == "letters":
            raise ValueError(f"noise is for the game of questions; letters are read without, not with {self.noise}")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The secret words."""
        if self.game == "letters":
            return tuple(LETTERS[: self.words])
        return tuple(ANIMALS)[: self.words] if self.words <= len(ANIMALS) else tuple(f"w{i}" for i in range(self.words))

    @cached_property
    def matrix(self) -> Ints:
        """[words, attributes], 0 or 1; no columns in the game of letters."""
        if self.game == "letters":
            return np.zeros((self.words, 0), np.int64)
        if self.words <= len(ANIMALS):
            return np.array([[int(bit) for bit in ANIMALS[name]] for name in self.names])
        bits = (self.words - 1).bit_length()
        return np.arange(self.words)[:, None] >> np.arange(bits) & 1

    @property
    def attributes(self) -> int:
        return int(self.matrix.shape[1])

    @cached_property
    def feedback(self) -> Ints:
        """[actions, words, R]: the reply tokens (as places in REPLIES) to an action, by secret."""
        if self.game == "questions":
            asked = NO + self.matrix.T  # [attributes, words]
            guessed = np.where(np.eye(self.words, dtype=np.bool_), RIGHT, WRONG)
            return np.concatenate([asked, guessed])[:, :, None]
        table = np.zeros((self.words, self.words, len(LETTERS[0])), np.int64)
        for i, guess in enumerate(self.names):
            for j, secret in enumerate(self.names):
                table[i, j] = [
                    HIT if g == s else NEAR if g in secret else MISS for g, s in zip(guess, secret, strict=True)
                ]
        return table

    @property
    def tokens(self) -> tuple[str, ...]:
        asks = ATTRIBUTES if self.words <= len(ANIMALS) else tuple(f"bit{j}" for j in range(self.attributes))
        return ("", *(f"{a}?" for a in asks[: self.attributes]), *self.names, *REPLIES, "<bos>")

    @property
    def actions(self) -> int:
        return self.attributes + self.words

    @property
    def prompt_length(self) -> int:
        return 1

    @property
    def reply_length(self) -> int:
        return int(self.feedback.shape[2])

    @property
    def horizon(self) -> int:
        return self.turns

    @property
    def stochastic(self) -> bool:
        return self.noise > 0

    def prompts(self) -> Prompts:
        n = self.words
        return Prompts(np.full((n, 1), len(self.tokens) - 1), uniform(n), np.arange(n)[:, None])

    def outcomes(self, rows: Rows, t: int) -> Doubles | None:
        if not self.noise:
            return None
        swapped = np.where(self.action(rows, t) < self.attributes, self.noise, 0.0)
        return np.stack([1 - swapped, swapped], 1)

    @property
    def reward_parts(self) -> dict[str, float]:
        costs = "questions" if self.game == "questions" else "wrong guesses"
        return {"answer": 1.0, costs: self.cost} if self.cost else super().reward_parts

    def parts(self, rows: Rows, t: int) -> Doubles | None:
        if not self.cost:
            return None
        right, costs = self._judged(self.action(rows, t), rows.hidden[:, 0])
        return np.stack([right, -1.0 * costs], 1)

    def _judged(self, move: Ints, secret: Ints) -> tuple[Bools, Bools]:
        """(whether each action names the secret, whether it costs)."""
        right = move - self.attributes == secret
        return right, move < self.attributes if self.game == "questions" else ~right

    def respond(self, rows: Rows, t: int, outcome: Ints) -> Response:
        move, secret = self.action(rows, t), rows.hidden[:, 0]
        reply = self.feedback[move, secret]
        asked = move < self.attributes
        reply = np.where((asked & (outcome == 1))[:, None], 2 * NO + 1 - reply, reply)  # yes for no
        right, costs = self._judged(move, secret)
        ended = ~asked if self.game == "questions" else right
        return Response(right - costs * self.cost, ended, 1 + self.actions + reply)

    @cached_property
    def _answers(self) -> Ints:
        """[actions, words]: the reply as one number; equal numbers are equal replies."""
        places = len(REPLIES) ** np.arange(self.reply_length)
        answers: Ints = self.feedback @ places
        return answers

    @cached_property
    def _cache(self) -> dict[tuple[int, bytes], tuple[float, int]]:
        return {}

    def _value(self, left: int, fits: np.ndarray) -> tuple[float, int]:
        """V with `left` turns to go where the secret is one of the words that fit [words], and the best action."""
        key = (left, fits.tobytes())
        if key not in self._cache:
            best, n = (-np.inf, 0), fits.sum()
            for action in range(self.actions):
                value = self._action_value(left, fits, action, int(n))
                best = max(best, (value, -action))
            self._cache[key] = (best[0], -best[1])
        return self._cache[key]

    def _action_value(self, left: int, fits: np.ndarray, action: int, n: int) -> float:
        word, last, questions = action - self.attributes, left == 1, self.game == "questions"
        hit = 1 / n if word >= 0 and fits[word] else 0.0
        if word >= 0 and questions:
            return hit + self.reward_shift
        value = hit * (1 + self.reward_shift) - (1 - hit) * self.cost
        if last:
            return value + (1 - hit) * self.reward_shift
        for answer in np.unique(self._answers[action, fits]):
            part = fits & (self._answers[action] == answer)
            if word >= 0 and part[word]:
                continue  # right: the game is over
            if part.sum() == n:
                return -np.inf  # no information: never better than acting at once
            value += self.gamma * part.sum() / n * self._value(left - 1, part)[0]
        return float(value)

    def optimal_policy(self, rows: Rows, t: int) -> Doubles:
        if self.noise:
            raise ValueError("with noise the optimal policy has no short form: use envs.solver.solve")
        moves, reply = self.actions_so_far(rows, t), self.replies(rows, t) - 1 - self.actions
        fits = np.ones((len(moves), self.words), np.bool_)
        for i in range(t):
            observed_reply = (reply[:, i] * len(REPLIES) ** np.arange(self.reply_length)).sum(1)
            fits &= self._answers[np.maximum(moves[:, i], 0)] == observed_reply[:, None]
        fits[~fits.any(1)] = True  # rows that have ended
        return one_hot(np.array([self._value(self.turns - t, row)[1] for row in fits]), self.actions)

    @property
    def worst_episode(self) -> float:
        return -self.cost * self.turns

    def optimal_return(self) -> float:
        if self.noise:
            return solver.optimal_return(self)
        return self._value(self.turns, np.ones(self.words, np.bool_))[0]

    def random_return(self) -> float:
        total, alive = 0.0, 1.0
        ask = self.attributes / self.actions
        hit = 1 / self.actions  # the right word
        for t in range(self.turns):
            last = t == self.turns - 1
            if self.game == "questions":
                costs, ends = ask, 1.0 if last else 1 - ask
            else:
                costs, ends = 1 - hit, 1.0 if last else hit
            total += alive * self.gamma**t * (hit - costs * self.cost + ends * self.reward_shift)
            alive *= 1 - ends
        return total


TASKS: tuple[Preset, ...] = (
    Preset("infogame/small", InfoGame(words=4, turns=3)),
    Preset("infogame/noisy-small", InfoGame(words=3, turns=2, noise=0.1, cost=0.02)),
    Preset("infogame/letters-small", InfoGame(game="letters", words=6, turns=3)),
    Preset("infogame/medium", InfoGame(words=10, turns=5)),
    Preset("infogame/letters-medium", InfoGame(game="letters", words=16, turns=4)),
    Preset("infogame/hard", InfoGame(words=64, turns=7, cost=0.02)),
)
