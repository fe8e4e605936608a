"""The four variants that published scores are listed under; what a source sets on a task is a configuration of them."""

from __future__ import annotations

from dataclasses import replace

from algorithms import VARIANTS
from algorithms.composition import FirstOrder
from algorithms.estimators.advantage_scale import Deviation
from algorithms.estimators.baseline import Zero
from algorithms.estimators.credit import RewardToGo, VTrace
from algorithms.estimators.estimator import Estimator
from algorithms.estimators.surrogate import Score
from algorithms.variant import Variant

A2C = replace(
    VARIANTS["like_sb3_a2c"], name="A2C", shown_as="A2C", summary="advantage actor-critic, in published settings"
)
PPO = replace(
    VARIANTS["like_sb3_ppo"], name="PPO", shown_as="PPO", summary="proximal policy optimisation, in published settings"
)
IMPALA = replace(
    VARIANTS["impala"],
    name="IMPALA",
    summary="A2C's settings, V-trace and four simulated actors",
    estimator=replace(VARIANTS["impala"].estimator, credit=VTrace(lam=1.0), aggregation="token"),
    collection=A2C.collection,
    fixed=A2C.fixed,
)
REINFORCE = Variant(
    name="REINFORCE",
    summary="reward-to-go of whole episodes, whitened over the batch",
    estimator=Estimator(
        RewardToGo(),
        Zero(),
        Score(),
        scale=Deviation("batch", of="advantages", centre=True, eps=1e-8),
        aggregation="token",
    ),
    update=FirstOrder(),
)
