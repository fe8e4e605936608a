"""stable-baselines3's own A2C, trained by it on the same task: who our `like_sb3_a2c` is held against.

    A_t = lambda-return - V(s_t),    L = -mean(A log pi) + c mean (V - return)^2 over a window of n steps

At its defaults (n = 5, lambda 1, c = .5, RMSprop at 7e-4); on CartPole-v1 and Pendulum-v1 as tuned in
rl-baselines3-zoo.

Source: stable-baselines3 2.9, a2c/a2c.py; settings: rl-baselines3-zoo, hyperparams/a2c.yml (benchmarks/peers.py).
"""

from dataclasses import replace

from algorithms.peer import Peer
from algorithms.types import Promises
from algorithms.variants import like_sb3_a2c

VARIANT = replace(
    like_sb3_a2c.VARIANT,
    name="sb3:a2c",
    summary="stable-baselines3's own A2C (reference)",
    update=Peer("a2c", envs=8, published=True),
    promises=Promises(),
)
