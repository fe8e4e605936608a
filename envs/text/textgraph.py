"""Find the goal of a maze that tokens describe: moves may slip, and the reward may come late.

state    s_t = (maze, goal, cell)   observation: goal, start, a token for each edge (wall or open), then for each action its
         token and a reply. observe "full": the reply is the new cell; "history": moved or bumped, and no start is told
action   north, east, south, west
dynamics with probability `slip` the move goes to one of the two sides instead, equally often; walls and the border stop it.
         Maze, start and goal are uniform; the mazes come from `instance`: even ones train, odd ones test; "ood" ones are
         trees (one path between two cells), the others are trees with some walls removed
reward   dense: -1 a step; terminal: d(start, goal) / steps on arrival; shaped: terminal, with Phi = 1 - d(cell) / d(start)
end      terminated at the goal, or after T steps
optimum  backward induction on (cell, step) for each maze and goal, J0 likewise; with "history" on the tree of transcripts
figures  small J0 -2.6562 J* -1.8000; history-small J0 -2.6562 J* -2.0000; medium J0 -9.1295 J* -2.7457;
         hard J0 0.1234 J* 0.9016
isolates control and driving in words: stochastic transitions, sparse goal, partial observation, new maps
source   the text maze of LMRL-Gym (Abdulhai et al. 2023), with slip and an optimum
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal, get_args

import numpy as np

from envs import solver
from envs.api import Bools, Doubles, Ints
from envs.splits import SPLITS
from envs.text_env import Preset, TextFactory
from envs.text_mdp import PAD, Prompts, Response, Rows, one_hot, uniform
from envs.validation import UnknownName, check_between, check_least

Observe = Literal["full", "history"]
STEPS = ((-1, 0), (0, 1), (1, 0), (0, -1))  # north, east, south, west
WALL, OPEN, MOVED, BUMPED = 5, 6, 7, 8
CELL = 9  # token id of cell 0
MAZE, GOAL, AT, FAR = 0, 1, 2, 3  # columns of the hidden state; FAR: d(start, goal)


@dataclass(frozen=True)
class TextGraph(TextFactory):
    """size: cells a side; steps: T; mazes; slip; loops: share of a tree's walls that are taken away; observe."""

    family_title: ClassVar[str] = "Text graph"
    splits: ClassVar[tuple[str, ...]] = SPLITS
    reward_modes: ClassVar[tuple[str, ...]] = ("dense", "terminal", "shaped")

    reward_mode: str = "dense"
    size: int = 4
    steps: int = 20
    mazes: int = 8
    slip: float = 0.1
    loops: float = 0.4
    observe: Observe = "full"
    instance: int = 0

    def check(self) -> None:
        if self.observe not in get_args(Observe):
            raise UnknownName("observe", self.observe, get_args(Observe))
        check_least(steps=(self.steps, 1), mazes=(self.mazes, 1), instance=(self.instance, 0))
        check_between(slip=(self.slip, 0, 1), loops=(self.loops, 0, 1), size=(self.size, 2, 8))
        if self.split == "test" and self.mazes < 2:
            raise ValueError("split 'test' needs 2 mazes at least: the odd ones are held out")

    @property
    def cells(self) -> int:
        return self.size**2

    @cached_property
    def edges(self) -> list[tuple[int, int, int]]:
        """(cell, direction, neighbour), each edge once: to the east and to the south."""
        cells = [(r, c) for r in range(self.size) for c in range(self.size)]
        east = [(r * self.size + c, 1, r * self.size + c + 1) for r, c in cells if c + 1 < self.size]
        south = [(r * self.size + c, 2, (r + 1) * self.size + c) for r, c in cells if r + 1 < self.size]
        return east + south

    @cached_property
    def open(self) -> Bools:
        """[mazes of the split, edges]."""
        loops = 0.0 if self.split == "ood" else self.loops
        number = {"train": range(0, self.mazes, 2), "test": range(1, self.mazes, 2)}.get(self.split, range(self.mazes))
        return np.stack(
            [self._maze(np.random.default_rng((self.instance, m, self.split == "ood")), loops) for m in number]
        )

    def _maze(self, rng: np.random.Generator, loops: float) -> Bools:
        """Kruskal's random spanning tree, and a share of the edges that it leaves out."""
        root = list(range(self.cells))

        def find(cell: int) -> int:
            while root[cell] != cell:
                cell = root[cell]
            return cell

        is_open = np.zeros(len(self.edges), np.bool_)
        for e in rng.permutation(len(self.edges)).tolist():
            a, b = find(self.edges[e][0]), find(self.edges[e][2])
            if a != b:
                root[a], is_open[e] = b, True
        walls = np.flatnonzero(~is_open)
        is_open[rng.permutation(walls)[: round(loops * len(walls))]] = True
        return is_open

    @cached_property
    def ahead(self) -> Ints:
        """[mazes, cells, 4]: the cell that a step leads to."""
        ahead = np.tile(np.arange(self.cells)[:, None], (len(self.open), 1, 4))
        for e, (a, direction, b) in enumerate(self.edges):
            through = self.open[:, e]
            ahead[through, a, direction] = b
            ahead[through, b, (direction + 2) % 4] = a
        return ahead

    @cached_property
    def distance(self) -> Ints:
        """[mazes, goals, cells]: steps to the goal without slip."""
        far = np.full((len(self.open), self.cells, self.cells), self.cells)
        far[:, np.arange(self.cells), np.arange(self.cells)] = 0
        each = np.arange(len(self.open))[:, None, None]
        for _ in range(self.cells):
            for d in range(4):
                behind = far[each, np.arange(self.cells)[:, None], self.ahead[:, None, :, d]]
                far = np.minimum(far, 1 + behind)
        return far

    @property
    def tokens(self) -> tuple[str, ...]:
        cells = (f"c{i // self.size}{i % self.size}" for i in range(self.cells))
        return ("", "north", "east", "south", "west", "wall", "open", "moved", "bumped", *cells)

    @property
    def actions(self) -> int:
        return 4

    @property
    def prompt_length(self) -> int:
        return 2 + len(self.edges)

    @property
    def reply_length(self) -> int:
        return 1

    @property
    def horizon(self) -> int:
        return self.steps

    @property
    def stochastic(self) -> bool:
        return self.slip > 0

    def prompts(self) -> Prompts:
        mazes, goals, starts = np.nonzero(self.distance > 0)
        start_tokens = np.full(len(starts), PAD) if self.observe == "history" else CELL + starts
        walls = np.where(self.open, OPEN, WALL)[mazes]
        tokens = np.concatenate([(CELL + goals)[:, None], start_tokens[:, None], walls], axis=1)
        hidden = np.stack([mazes, goals, starts, self.distance[mazes, goals, starts]], 1)
        return Prompts(tokens, uniform(len(tokens)), hidden)

    def outcomes(self, rows: Rows, t: int) -> Doubles | None:
        if not self.slip:
            return None
        return np.tile([1 - self.slip, self.slip / 2, self.slip / 2], (len(rows.transcript), 1))

    def respond(self, rows: Rows, t: int, outcome: Ints) -> Response:
        maze, goal, at, far = rows.hidden.T
        turned = np.array([0, 1, 3])[outcome]  # as meant, to the right, to the left
        cell = self.ahead[maze, at, (self.action(rows, t) + turned) % 4]
        arrived = cell == goal
        reward = -np.ones(len(cell)) if self.reward_mode == "dense" else arrived * far / (t + 1)
        reply = CELL + cell if self.observe == "full" else np.where(cell == at, BUMPED, MOVED)
        hidden = rows.hidden.copy()
        hidden[:, AT] = cell
        return Response(reward, arrived, reply[:, None], hidden)

    def potential(self, rows: Rows, t: int) -> Doubles:
        maze, goal, at, far = rows.hidden.T
        return 1 - self.distance[maze, goal, at] / np.maximum(far, 1)

    def _induction(self, best: bool) -> tuple[Doubles, list[Ints]]:
        """V_0 [mazes, goals, cells] and the best directions [mazes, goals, cells] by step.

        terminal rewards are proportional to d(start, goal), so they are solved for d = 1.
        """
        n, dense = self.cells, self.reward_mode == "dense"
        value = np.zeros((len(self.open), n, n))
        directions = []
        goal, each = np.eye(n, dtype=np.bool_), np.arange(len(self.open))[:, None, None, None]
        shift = self.reward_shift if dense else 0.0  # terminal: a shift is no multiple of d, and is added at the end
        for t in range(self.steps - 1, -1, -1):
            last = t == self.steps - 1
            paid = np.where(goal, 0.0 if dense else 1 / (t + 1), 0.0)
            after = paid + np.where(goal | last, shift, self.gamma * value) - dense  # [mazes, goals, next cell]
            leads = self.ahead.transpose(0, 2, 1)[:, :, None, :]  # [mazes, 4, 1, cells]
            step = after[each, np.arange(n)[:, None], leads]  # [mazes, 4, goals, cells]
            turns = ((1 - self.slip, 0), (self.slip / 2, 1), (self.slip / 2, 3))
            q = np.sum([chance * np.roll(step, -turn, axis=1) for chance, turn in turns], axis=0)
            directions.append(q.argmax(1))
            value = q.max(1) if best else q.mean(1)
        return value, directions[::-1]

    @cached_property
    def _directions(self) -> list[Ints]:
        return self._induction(best=True)[1]

    def optimal_policy(self, rows: Rows, t: int) -> Doubles:
        if self.observe == "history":
            raise ValueError("without the cells the optimal policy has no short form: use envs.solver.solve")
        maze, goal, at, _ = rows.hidden.T  # walls, goal and cell are all observed
        return one_hot(self._directions[t][maze, goal, at], 4)

    def _mean(self, best: bool) -> float:
        """J from V_0, over all starts."""
        value, far = self._induction(best)[0], self.distance
        shift = 0.0
        if self.reward_mode != "dense":
            value, shift = value * far, self.reward_shift
        return float(value[far > 0].mean()) + shift

    @property
    def worst_episode(self) -> float:
        return -float(self.steps) if self.reward_mode == "dense" else 0.0

    def optimal_return(self) -> float:
        return solver.optimal_return(self) if self.observe == "history" else self._mean(best=True)

    def random_return(self) -> float:
        return self._mean(best=False)


TASKS: tuple[Preset, ...] = (
    Preset("textgraph/small", TextGraph(size=2, steps=3, mazes=2, loops=0.0)),
    Preset("textgraph/history-small", TextGraph(size=2, steps=3, mazes=1, slip=0.0, loops=0.0, observe="history")),
    Preset("textgraph/medium", TextGraph(size=3, steps=12, mazes=2)),
    Preset("textgraph/hard", TextGraph(size=5, steps=50, mazes=16, reward_mode="terminal")),
)
