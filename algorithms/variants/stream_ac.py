"""Stream AC(lambda): one environment, one step, one update; past gradients persist in a trace, and the step is bounded.

    z <- gamma lam z + grad (log pi(a) + V(s)),    theta <- theta + rate / max(1, rate kappa max(|delta|, 1) |z|_1) delta z

No rollout is kept and no batch is made. delta = r + gamma V(s') - V(s) is the error that both traces share. The source also
normalises observations and rewards, initialises sparsely and uses layer norm; here the task's settings stay.

Source: Elsayed, Vasan and Mahmood (2024), Streaming deep RL finally works, arXiv 2410.14606, algorithms 3 and 7.
"""

from algorithms.estimators.credit import LambdaReturn
from algorithms.estimators.updates.streaming import Streaming
from algorithms.training_config import Unroll
from algorithms.variants import a2c

VARIANT = a2c.VARIANT.rung(
    "stream_ac",
    "single steps with eligibility traces and a bounded step, without batch or optimiser",
    needs={
        "credit": LambdaReturn(lam=0.0),
        "collection": Unroll(steps=1, envs=1),
        "fixed": (("learning_rate", 1.0), ("critic_rate", 1.0)),
    },
    update=Streaming(lam=0.8, kappa=3.0, critic_kappa=2.0),
    shown_as="Stream AC",
)
