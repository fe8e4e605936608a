"""Games: toy text, cards and boards observed one-hot, a grid world and 2048 as dictionaries, and Atari as images.

Floors are the uniform policy's mean return over 1,000 episodes (Pong: 100), measured by this suite
(envs.random_policy). Ceilings: FrozenLake, Taxi, CliffWalking, Blackjack by dynamic programming over our horizon
(tests/envs/control/test_games.py); Catch has a largest return of 1; 2048 the score of a 2048 tile made of twos, 10 x
2048; DoorKey and Pong the scores of rl-baselines3-zoo's PPO. Thresholds: Gymnasium's on FrozenLake and Taxi; Pong a
human's (Wang et al. 2016), 2048 a 1024 tile; else just below the ceiling. EnvPool's Taxi has 400 starts and Gymnasium's
300, because in EnvPool a passenger may already be at the destination (optimum 9.555, not 7.93). CliffWalking has no
time limit and is truncated after 200 steps; Blackjack cannot have more than 20.
"""

from __future__ import annotations

from envs.api import Discrete, Features, Image, Spec, Task
from envs.control.encoding import Encoding, Joined, OneHot
from envs.control.factory import Control

TOY = "Gymnasium 1.x toy text, through EnvPool"
HANDS = OneHot((32, 11, 2))  # the player's sum, the dealer's card, whether an ace counts 11
TILES = OneHot((18,) * 16)  # exponents of two; the highest possible tile is 131072
VIEW = OneHot((11, 6, 3) * 49)  # object, colour and state of 7 x 7 fields


def _task(
    env_id: str,
    spec: Spec,
    floor: float,
    ceiling: float,
    threshold: float,
    source: str = TOY,
    encoding: Encoding | None = None,
) -> Task:
    return Task(env_id, Control(env_id, spec, encoding=encoding), floor, ceiling, threshold, "games", source)


TASKS: tuple[Task, ...] = (
    _task("FrozenLake-v1", Spec(Features(16), Discrete(4), 100), floor=0.016, ceiling=0.744, threshold=0.7),
    _task("Taxi-v3", Spec(Features(500), Discrete(6), 200), floor=-736.0, ceiling=9.555, threshold=8.0),
    _task("CliffWalking-v1", Spec(Features(48), Discrete(4), 200), floor=-2068.3, ceiling=-13.0, threshold=-15.0),
    _task(
        "Blackjack-v1",
        Spec(HANDS.observation, Discrete(2), 20),
        floor=-0.411,
        ceiling=-0.043,
        threshold=-0.08,
        encoding=HANDS,
    ),
    _task(
        "Catch-v0",
        Spec(Features(50), Discrete(3), 9),
        floor=-0.602,
        ceiling=1.0,
        threshold=0.95,
        source="bsuite's Catch, 10 x 5, through EnvPool",
    ),
    _task(
        "Jumanji/Game2048-v1",
        Spec(TILES.observation, Discrete(4), 1000),
        floor=1095.4,
        ceiling=20_480.0,
        threshold=9_216.0,
        source="Jumanji (Bonnet et al. 2023) through EnvPool",
        encoding=Joined((("board", TILES),)),
    ),
    _task(
        "MiniGrid-DoorKey-5x5-v0",
        Spec(Features(4 + VIEW.observation.size), Discrete(7), 250),
        floor=0.033,
        ceiling=0.964,
        threshold=0.9,
        source="MiniGrid through EnvPool; published score: rl-baselines3-zoo benchmark.md",
        encoding=Joined((("direction", OneHot((4,))), ("image", VIEW))),  # the mission is always the same
    ),
    _task(
        "Pong-v5",
        Spec(Image(4, 84, 84), Discrete(6), 27_000),
        floor=-20.4,
        ceiling=21.0,
        threshold=14.6,
        source="Arcade learning environment through EnvPool (4 frames an action, no sticky ones); zoo benchmark.md",
    ),
)
