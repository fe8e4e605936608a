"""Real asynchrony, declared: how many processes act, what they share, and how old their parameters may be.

algorithms/asynchronous/learner.py runs it. Which rollout comes first is the operating system's doing, so these runs are fast
and do not repeat; `algorithms.staleness.clock` simulates the same with a seed.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Processes:
    """Processes beside the learner's.

    actors      how many act
    longest     no rollout is older than so many updates when it is learned from: an actor waits as long as its next one
                could make another older. Hogwild has no such bound
    hogwild     actors share the parameters and not rollouts: each descends on its own rollout, without a lock (Recht et
                al. 2011; Mnih et al. 2016)
    patience_s  an actor that is silent for so long, while it has something to do, is given up
    """

    actors: int = 2
    longest: int = 8
    hogwild: bool = False
    patience_s: float = 300.0

    def __post_init__(self) -> None:
        if self.actors < 1 or self.longest < 0:
            raise ValueError(f"needs 1 actor and longest 0 at least, not {self.actors} and {self.longest}")
        if not self.patience_s > 0:
            raise ValueError(f"patience_s must be positive, not {self.patience_s}")
