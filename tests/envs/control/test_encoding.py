"""Encodings by hand: what a policy reads of categories, dictionaries, tuples and images, and what is refused."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from envs.api import Discrete, Features, Image, Spec
from envs.control.encoding import Encoding, Joined, OneHot, Pixels, Vector, encoding_for, legal_actions
from envs.control.factory import Control
from envs.control.from_gymnasium import read_spec
from envs.control.games import HANDS, TILES, VIEW
from envs.seeding import Role, stream


def ones(encoded: np.ndarray) -> list[int]:
    """Where the only row is 1; elsewhere it must be 0."""
    assert set(np.unique(encoded)) <= {0.0, 1.0}
    assert encoded.dtype == np.float32
    return np.flatnonzero(encoded[0]).tolist()


def test_one_hot_by_hand() -> None:
    assert ones(OneHot((500,))(np.array([5]))) == [5]
    assert OneHot((500,))(np.array([5, 7])).shape == (2, 500)
    hand = [14, 32 + 10, 32 + 11 + 1]  # the player's 14, the dealer's 10, an ace that counts 11
    assert ones(HANDS(np.array([[14, 10, 1]], np.int32))) == hand  # EnvPool's Blackjack
    assert ones(HANDS((np.array([14]), np.array([10]), np.array([True])))) == hand  # Gymnasium's
    board = np.zeros((1, 4, 4), np.int32)
    board[0, 0, 1], board[0, 3, 3] = 1, 11  # a 2 and a 2048
    assert [i for i in ones(TILES(board)) if i % 18] == [18 + 1, 15 * 18 + 11]


def test_a_view_of_the_grid_by_hand() -> None:
    """Field (0, 1) holds a red (0) locked (2) door (4); 20 numbers a field: 11 objects, 6 colours, 3 states."""
    view = np.zeros((1, 7, 7, 3), np.uint8)
    view[0, 0, 1] = 4, 0, 2
    assert ones(VIEW(view))[3:6] == [20 + 4, 20 + 11 + 0, 20 + 17 + 2]
    encoding = Joined((("direction", OneHot((4,))), ("image", VIEW)))
    seen = encoding({"direction": np.array([3]), "image": view, "mission": np.zeros((1, 96))})
    assert seen.shape == (1, 984)
    assert ones(seen)[:2] == [3, 4]


def test_numbers_that_are_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match=r"number 1 observed is 11; it must lie in \[0, 11\)"):
        HANDS(np.array([[14, 11, 1]]))
    with pytest.raises(ValueError, match="number 0 observed is -1"):
        OneHot((3,))(np.array([-1]))


DICTIONARY = spaces.Dict(
    {"b": spaces.Box(0, 255, (2, 2), np.uint8), "action_mask": spaces.MultiBinary(4), "a": spaces.Discrete(3)}
)


@pytest.mark.parametrize(
    ("space", "encoding", "observation"),
    [
        (spaces.Box(-1, 1, (4,)), Vector(4), Features(4)),
        (spaces.Box(0, 1, (10, 5)), Vector(50), Features(50)),
        (spaces.MultiBinary((2, 3)), Vector(6), Features(6)),
        (spaces.Discrete(16), OneHot((16,)), Features(16)),
        (spaces.MultiDiscrete([2, 3]), OneHot((2, 3)), Features(5)),
        (DICTIONARY, Joined((("a", OneHot((3,))), ("b", Vector(4)))), Features(7)),
        (
            spaces.Tuple((spaces.Discrete(2), spaces.Discrete(3))),
            Joined(((0, OneHot((2,))), (1, OneHot((3,))))),
            Features(5),
        ),
        (spaces.Box(0, 255, (4, 84, 84), np.uint8), Pixels(4, 84, 84), Image(4, 84, 84)),
        (spaces.Box(0, 255, (210, 160, 3), np.uint8), Pixels(3, 210, 160, last=True), Image(3, 210, 160)),
        (spaces.Box(0, 255, (7, 7, 3), np.uint8), Vector(147), Features(147)),
    ],
    ids=lambda x: type(x).__name__,
)
def test_the_plain_encoding_of_every_space(
    space: spaces.Space[Any], encoding: Encoding, observation: Features | Image
) -> None:
    assert encoding_for(space) == encoding
    assert encoding.observation == observation
    batch = batched([space.sample(), space.sample()])
    encoded = encoding(batch)
    if isinstance(observation, Features):
        assert encoded.shape == (2, observation.size)
        assert encoded.dtype == np.float32
    else:
        assert encoded.shape == (2, observation.channels, observation.height, observation.width)
        assert encoded.dtype == np.uint8


def batched(samples: list[Any]) -> Any:
    """Samples of a space, side by side."""
    if isinstance(samples[0], dict):
        return {key: batched([s[key] for s in samples]) for key in samples[0]}
    if isinstance(samples[0], tuple):
        return tuple(batched(list(parts)) for parts in zip(*samples, strict=True))
    return np.stack(samples)


def test_an_image_keeps_its_pixels() -> None:
    picture = np.zeros((1, 40, 50, 3), np.uint8)
    picture[0, 7, 9] = 1, 2, 3
    assert Pixels(3, 40, 50, last=True)(picture)[0, :, 7, 9].tolist() == [1, 2, 3]


@pytest.mark.parametrize("space", [spaces.Text(9), spaces.Discrete(3, start=1), spaces.Sequence(spaces.Discrete(2))])
def test_spaces_without_an_encoding_are_named(space: spaces.Space[Any]) -> None:
    with pytest.raises(ValueError, match="cannot be encoded"):
        encoding_for(space)


def test_legal_actions_are_read_from_the_dictionary() -> None:
    raw = {"action_mask": np.array([[1, 0, 1], [0, 0, 0]], np.int8)}
    mask = legal_actions(raw)
    assert mask is not None
    assert mask.tolist() == [[True, False, True], [True, True, True]]  # none legal: over, and what is done is ignored
    assert legal_actions({"board": np.zeros((2, 4))}) is None
    assert legal_actions(np.zeros((2, 4))) is None


class Masked(gymnasium.Env[Any, Any]):
    """A dictionary with a mask: only action t is legal at step t, three steps."""

    observation_space = spaces.Dict({"t": spaces.Discrete(4), "action_mask": spaces.MultiBinary(3)})
    action_space = spaces.Discrete(3)

    def reset(self, **_: Any) -> tuple[Any, dict[str, Any]]:
        self.t = 0
        return self._seen(), {}

    def step(self, action: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        paid = float(action == self.t)
        self.t += 1
        return self._seen(), paid, self.t == 3, False, {}

    def _seen(self) -> dict[str, Any]:
        return {"t": self.t, "action_mask": (np.arange(3) == self.t).astype(np.int8)}


class Pictures(gymnasium.Env[Any, Any]):
    """Grey pictures, channels last."""

    observation_space = spaces.Box(0, 255, (40, 48, 1), np.uint8)
    action_space = spaces.Discrete(2)

    def reset(self, **_: Any) -> tuple[Any, dict[str, Any]]:
        return np.full((40, 48, 1), 7, np.uint8), {}

    def step(self, action: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        return np.full((40, 48, 1), 8, np.uint8), 0.0, False, False, {}


@pytest.fixture(params=[Masked, Pictures], ids=lambda e: e.__name__)
def registered(request: pytest.FixtureRequest) -> Any:
    env_id = f"PGLadderTest/{request.param.__name__}-v0"
    gymnasium.register(env_id, entry_point=request.param, max_episode_steps=9, disable_env_checker=True)
    yield env_id
    del gymnasium.registry[env_id]


def test_gymnasium_environments_are_read_through_the_same_encodings(registered: str) -> None:
    spec = read_spec(registered)
    env = Control(registered, spec, "gymnasium").make([stream(0, Role.ENVIRONMENT, 0)], 2)
    obs, mask = env.reset()
    on, zero = np.ones((1, 2), np.bool_), np.zeros((1, 2), np.int64)
    if "Pictures" in registered:
        assert spec == Spec(Image(1, 40, 48), Discrete(2), 9)
        assert obs.dtype == np.uint8
        assert obs.shape == (1, 2, 1, 40, 48)
        assert mask is None
        assert (env.step(zero, on).obs == 8).all()
        return
    assert spec == Spec(Features(4), Discrete(3), 9)
    assert mask is not None
    assert mask[0].tolist() == [[True, False, False]] * 2
    step = env.step(zero, np.array([[True, False]]))
    assert step.reward.tolist() == [[1.0, 0.0]]
    assert step.obs[0].tolist() == [[0, 1, 0, 0], [1, 0, 0, 0]]
    assert step.action_mask is not None
    assert step.action_mask[0].tolist() == [[False, True, False], [True, False, False]]


def test_an_encoding_that_is_not_the_tasks_is_refused() -> None:
    control = Control("CartPole-v1", Spec(Features(5), Discrete(2), 500))
    with pytest.raises(ValueError, match=r"Features\(size=4\), not as its task's Features\(size=5\)"):
        control.make([stream(0, Role.ENVIRONMENT, 0)], 1)
