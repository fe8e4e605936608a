"""Rewards, ends and replies of infogame by hand, and the figures that its card quotes."""

from __future__ import annotations

from typing import Any

import pytest

from envs.text.infogame import InfoGame
from tests.envs.text.episodes_by_hand import ids, moves, talk

# of random tasks (tests/envs/test_gymnasium_env.py)
KNOBS: dict[str, Any] = {
    "words": (1, 4),
    "turns": (0, 2),
    "cost": [-0.1, 0.05],
    "noise": [0.0, 0.1],
    "game": ["questions", "letters"],
}


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
