"""Recommend items to a user whose taste is unknown: explore or exploit, a click now or interest later.

state    s_t = items shown and clicks so far; the user's genre is hidden   observation: BOS, then action and reply in turn
action   show item i in {0..U*m-1} (genre i // m), and where `ask` is on, ask for the preference
dynamics the genre is uniform over U; an item of the user's genre is clicked with probability p_hi, another with p_lo; a
         question is answered with the true genre with probability `honesty`, else with another one
reward   1 for a click, plus `diversity` where a genre is shown for the first time, minus `fatigue` for each time that the
         item's genre was shown before; a question pays nothing
end      terminated after H actions
optimum  belief dynamic programming on how often each genre was shown, clicked and named: items only, U = 3, H = 5, .8/.1:
         2.834; uniform policy 1.667; knowing the genre 4.0
figures  small J0 1.8000 J* 2.5963; ask-small J0 0.8667 J* 1.7450; medium J0 1.6667 J* 2.8338;
         fatigue-medium J0 1.5550 J* 2.8791; hard J0 2.1782 J* 5.2749
isolates recommendation: explore or exploit, the long run against the myopic
source   recommendation as a POMDP (Shani et al. 2005; RecSim, Ie et al. 2019), small enough to solve
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from envs.api import Doubles, Ints
from envs.text_env import Preset, TextFactory
from envs.text_mdp import Prompts, Response, Rows, one_hot, uniform
from envs.validation import check_between, check_least

Count = tuple[int, int, int]  # of a genre: shown, clicked, named
EQUAL = 1e-9  # values that differ by less are equal, and the first choice is made: rounding differs between processors


@dataclass(frozen=True)
class RecDialog(TextFactory):
    """genres: U; items: m of each; turns: H; p_hi, p_lo; ask, honesty: the question; diversity, fatigue."""

    family_title: ClassVar[str] = "Recommendation dialogue"

    genres: int = 3
    items: int = 1
    turns: int = 5
    p_hi: float = 0.8
    p_lo: float = 0.1
    ask: bool = False
    honesty: float = 1.0
    diversity: float = 0.0
    fatigue: float = 0.0

    def check(self) -> None:
        check_least(
            genres=(self.genres, 2), items=(self.items, 1), turns=(self.turns, 1), diversity=(self.diversity, 0),
            fatigue=(self.fatigue, 0),
        )  # fmt: skip
        check_between(p_hi=(self.p_hi, 0, 1), p_lo=(self.p_lo, 0, 1), honesty=(self.honesty, 0, 1))

    @property
    def tokens(self) -> tuple[str, ...]:
        items = (f"g{u}i{i}" for u in range(self.genres) for i in range(self.items))
        asks = ("ask",) if self.ask else ()
        likes = (f"likes{u}" for u in range(self.genres))
        return ("", *items, *asks, "click", "skip", *likes, "<bos>")

    @property
    def actions(self) -> int:
        return self.genres * self.items + self.ask

    @property
    def prompt_length(self) -> int:
        return 1

    @property
    def reply_length(self) -> int:
        return 1

    @property
    def horizon(self) -> int:
        return self.turns

    @property
    def stochastic(self) -> bool:
        return True

    def prompts(self) -> Prompts:
        # hidden: the user's genre, then how often each genre was shown
        hidden = np.zeros((self.genres, 1 + self.genres), np.int64)
        hidden[:, 0] = np.arange(self.genres)
        return Prompts(np.full((self.genres, 1), len(self.tokens) - 1), uniform(self.genres), hidden)

    def _genre(self, move: Ints) -> Ints:
        """The genre of an item; U for the question."""
        return move // self.items

    def outcomes(self, rows: Rows, t: int) -> Doubles | None:
        genre, user = self._genre(self.action(rows, t)), rows.hidden[:, 0]
        chances = np.zeros((len(genre), max(2, self.genres)))
        click = np.where(genre == user, self.p_hi, self.p_lo)
        chances[:, 0], chances[:, 1] = click, 1 - click
        asked = genre == self.genres
        names = np.full((int(asked.sum()), self.genres), (1 - self.honesty) / (self.genres - 1))
        names[np.arange(len(names)), user[asked]] = self.honesty
        chances[asked] = 0.0
        chances[asked, : self.genres] = names
        return chances

    @property
    def reward_parts(self) -> dict[str, float]:
        every = {"clicks": 1.0, "diversity": self.diversity, "fatigue": self.fatigue}
        paid = {name: weight for name, weight in every.items() if weight}
        return paid if len(paid) > 1 else super().reward_parts

    def parts(self, rows: Rows, t: int) -> Doubles | None:
        if len(self.reward_parts) == 1:
            return None
        genre = self._genre(self.action(rows, t))
        shows = genre < self.genres
        before = rows.hidden[np.arange(len(genre)), 1 + np.minimum(genre, self.genres - 1)]
        clicked = self.replies(rows, t + 1)[:, t, 0] == 1 + self.actions
        every = {"clicks": clicked, "diversity": before == 0, "fatigue": -1.0 * before}
        return np.stack([shows * every[name] for name in self.reward_parts], 1).astype(np.float64)

    def respond(self, rows: Rows, t: int, outcome: Ints) -> Response:
        genre, each = self._genre(self.action(rows, t)), np.arange(len(rows.transcript))
        shows = genre < self.genres
        column = 1 + np.minimum(genre, self.genres - 1)
        before, hidden = rows.hidden[each, column], rows.hidden.copy()
        hidden[each, column] += shows
        reward = shows * ((outcome == 0) + self.diversity * (before == 0) - self.fatigue * before)
        reply = 1 + self.actions + np.where(shows, outcome, 2 + outcome)
        return Response(reward, np.full(len(each), t == self.turns - 1), reply[:, None], hidden)

    def _likelihood(self, counts: tuple[Count, ...]) -> Doubles:
        """Probability of the observations, by the user's genre [U]."""
        other = (1 - self.honesty) / (self.genres - 1)
        shown, clicked, named = np.array(counts).T
        skipped, asked = shown - clicked, named.sum()
        low = self.p_lo**clicked * (1 - self.p_lo) ** skipped
        high = self.p_hi**clicked * (1 - self.p_hi) ** skipped
        rest = np.array([np.prod(np.delete(low, u)) for u in range(self.genres)])
        likelihood: Doubles = high * rest * self.honesty**named * other ** (asked - named)
        return likelihood

    @cached_property
    def _cache(self) -> dict[tuple[int, tuple[Count, ...]], tuple[float, int]]:
        return {}

    def _value(self, left: int, counts: tuple[Count, ...]) -> tuple[float, int]:
        """V with `left` turns to go and the genre to show (U: ask). Genres are alike, so counts are kept sorted."""
        key = (left, counts)
        if key not in self._cache:
            self._cache[key] = self._solve(left, counts)
        return self._cache[key]

    def _solve(self, left: int, counts: tuple[Count, ...]) -> tuple[float, int]:
        if left == 0:
            return self.reward_shift, 0
        likelihood = self._likelihood(counts)
        belief = likelihood / likelihood.sum() if likelihood.sum() else uniform(self.genres)
        options = []
        for u in range(self.genres):
            if u and counts[u] == counts[u - 1]:
                continue  # the same again
            shown, clicked, named = counts[u]
            click = float(belief[u] * self.p_hi + (1 - belief[u]) * self.p_lo)
            value = click + self.diversity * (shown == 0) - self.fatigue * shown
            for chance, hit in ((click, 1), (1 - click, 0)):
                if chance:
                    value += chance * self._ahead(left, counts, u, (shown + 1, clicked + hit, named))
            options.append((value, u))
        if self.ask:
            names = belief * self.honesty + (1 - belief) * (1 - self.honesty) / (self.genres - 1)
            value = sum(
                chance * self._ahead(left, counts, u, (counts[u][0], counts[u][1], counts[u][2] + 1))
                for u, chance in enumerate(names.tolist())
                if chance
            )
            options.append((value, self.genres))
        top = max(value for value, _ in options)
        return top, min(u for value, u in options if value > top - EQUAL)

    def _ahead(self, left: int, counts: tuple[Count, ...], u: int, count: Count) -> float:
        after = tuple(sorted((*counts[:u], count, *counts[u + 1 :])))
        discount = self.gamma if left > 1 else 1.0  # the shift is paid with the last reward
        return discount * self._value(left - 1, after)[0]

    def optimal_policy(self, rows: Rows, t: int) -> Doubles:
        genre, replies = (
            self._genre(np.maximum(self.actions_so_far(rows, t), 0)),
            self.replies(rows, t)[:, :, 0] - 1 - self.actions,
        )
        shown = genre[:, :, None] == np.arange(self.genres)  # [M, t, U]
        named = (replies[:, :, None] - 2 == np.arange(self.genres)) & (genre == self.genres)[:, :, None]
        counts = np.stack([shown.sum(1), (shown & (replies == 0)[:, :, None]).sum(1), named.sum(1)], 2)  # [M, U, 3]
        moves = np.zeros(len(counts), np.int64)
        for i, count in enumerate(counts.tolist()):
            order = sorted(range(self.genres), key=lambda u: count[u])
            best = self._value(self.turns - t, tuple(tuple(count[u]) for u in order))[1]
            moves[i] = self.actions - 1 if best == self.genres else order[best] * self.items
        return one_hot(moves, self.actions)

    @property
    def worst_episode(self) -> float:
        return -self.fatigue * self.turns * (self.turns - 1) / 2

    def optimal_return(self) -> float:
        return self._value(self.turns, ((0, 0, 0),) * self.genres)[0]

    def random_return(self) -> float:
        chance = self.items / self.actions  # of each genre
        total = 0.0
        for t in range(self.turns):
            click = chance * (self.p_hi + (self.genres - 1) * self.p_lo)
            first = self.genres * chance * (1 - chance) ** t
            again = self.genres * chance * t * chance
            total += self.gamma**t * (click + self.diversity * first - self.fatigue * again)
        return total + self.reward_shift


TASKS: tuple[Preset, ...] = (
    Preset("recdialog/small", RecDialog(genres=2, turns=4)),
    Preset("recdialog/ask-small", RecDialog(genres=2, turns=3, ask=True, honesty=0.9, fatigue=0.05)),
    Preset("recdialog/medium", RecDialog(genres=3, turns=5)),
    Preset("recdialog/fatigue-medium", RecDialog(genres=3, turns=8, fatigue=0.15, diversity=0.1)),
    Preset("recdialog/hard", RecDialog(genres=4, items=25, turns=8, ask=True, honesty=0.9)),
)
