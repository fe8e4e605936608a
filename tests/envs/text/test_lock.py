"""Rewards, ends and replies of lock by hand, and the figures that its card quotes."""

from __future__ import annotations

from typing import Any

from envs.text.lock import Lock
from tests.envs.text.episodes_by_hand import answer

# of random tasks (tests/envs/test_gymnasium_env.py)
KNOBS: dict[str, Any] = {
    "length": (1, 3),
    "vocabulary": (3, 5),
    "locks": (0, 2),
    "distractor": [0.0, 0.3, 0.95],
}


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
