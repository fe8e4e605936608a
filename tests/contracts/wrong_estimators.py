"""Wrong estimators of every kind of mistake, by name: (estimator, promises). The kit rejects them all."""

from __future__ import annotations

from dataclasses import replace

from algorithms import VARIANTS
from algorithms.estimators.baseline import MovingAverage
from algorithms.estimators.credit import LambdaReturn
from algorithms.estimators.estimator import Estimator
from algorithms.variant import Promises
from tests.contracts.custom_parts import FREE, GAE, GO, GRPO, NONE, ONE, PPO, RLOO, VT, CustomTarget
from tests.contracts.wrong_baselines import BASELINES
from tests.contracts.wrong_bootstraps import BOOT, TARGETS, VTRACES
from tests.contracts.wrong_peers import PEERS
from tests.contracts.wrong_returns import CREDITS, REWARDS, Paid, PaidGAE
from tests.contracts.wrong_scales import ENTROPIES, KLS, SCALES
from tests.contracts.wrong_surrogates import CORRECTIONS, SURROGATES


def listed() -> dict[str, tuple[Estimator, Promises]]:
    """Every wrong estimator by its kind and name."""
    made: dict[str, tuple[Estimator, Promises]] = {}
    for name, change in REWARDS.items():
        made[f"reward: {name}"] = replace(GO, credit=Paid(change)), NONE
        made[f"reward, promised: {name}"] = replace(RLOO, credit=Paid(change)), ONE
        made[f"reward in GAE: {name}"] = replace(GAE, credit=PaidGAE(change)), NONE
        made[f"reward in GRPO: {name}"] = replace(GRPO, credit=Paid(change)), VARIANTS["grpo_epochs"].promises
    for name, credit in CREDITS.items():
        made[f"credit: {name}"] = replace(GO, credit=credit), NONE
        made[f"credit, promised: {name}"] = replace(GO, credit=credit), ONE
    for name, credit in BOOT.items():
        made[f"bootstrap: {name}"] = replace(GAE, credit=credit), NONE
        made[f"bootstrap in PPO: {name}"] = replace(PPO, credit=credit), VARIANTS["ppo"].promises
    for name, aim in TARGETS.items():
        made[f"target: {name}"] = replace(GAE, credit=CustomTarget(lambda r, v: LambdaReturn()(r, v), aim)), NONE
    for name, (base, baseline, promises) in BASELINES.items():
        made[f"baseline: {name}"] = replace(base, baseline=baseline), promises
    for name, surrogate in SURROGATES.items():
        made[f"surrogate: {name}"] = replace(PPO if "clip" in name else GAE, surrogate=surrogate), NONE
    for name, correction in CORRECTIONS.items():
        made[f"correction: {name}"] = replace(GAE, correction=correction), NONE
    for name, credit in VTRACES.items():
        made[f"V-trace: {name}"] = replace(VT, credit=credit), NONE
    for name, kl in KLS.items():
        made[f"KL: {name}"] = replace(RLOO, kl=kl), NONE
    for name, entropy in ENTROPIES.items():
        made[f"entropy: {name}"] = replace(GAE, entropy=entropy), NONE
    for name, (base, scale, promises) in SCALES.items():
        made[f"scale: {name}"] = replace(base, scale=scale), promises
    for name, (base, part, promises) in PEERS.items():
        made[f"peer: {name}"] = replace(base, **part), promises
    return made | AGGREGATIONS


AGGREGATIONS = {
    "aggregation: over the length, called unbiased": (replace(RLOO, aggregation="sequence"), ONE),
    "aggregation: mean of tokens, called unbiased": (replace(RLOO, aggregation="token"), ONE),
    "promise: GRPO called unbiased": (GRPO, ONE),
    "promise: moving average called shift invariant": (
        replace(GO, baseline=MovingAverage()),
        Promises(shift_invariant=True),
    ),
    "promise: RLOO called scale free": (RLOO, FREE),
}
