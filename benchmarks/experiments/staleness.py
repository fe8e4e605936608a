"""How old may rollouts be? Constant lags, and at each of them what corrects for it, all at one learning rate."""

from __future__ import annotations

from algorithms import VARIANTS
from algorithms.composition import Schedule
from algorithms.estimators.credit import VTrace
from algorithms.estimators.importance_weights import Correction, SequenceIS, SequenceMask, TokenIS
from algorithms.estimators.surrogate import ClippedRatio
from algorithms.staleness.clock import Clock, Duration
from algorithms.variant import Variant
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.guide_case import GuideCase
from benchmarks.figures.staleness import LagSweep, ScoreStrip
from benchmarks.findings.staleness import Staleness
from envs.text.transduce import Transduce
from envs.text_env import text_task

GAE = VARIANTS["gae"]
AT = 8  # the lag at which every correction is tried
INF = float("inf")
STALE = {
    lag: GAE.rung(f"lag {lag}", f"rollouts {lag} updates old, uncorrected", schedule=Schedule(lag=lag))
    for lag in (1, 2, 4, AT, 16)
}
TOKEN = {
    lag: STALE[lag].rung(f"lag {lag} + token IS", "each action's ratio, at most 2", correction=TokenIS(2.0))
    for lag in STALE
}
VTRACE = {lag: STALE[lag].rung(f"lag {lag} + V-trace", "V-trace, lambda .95", credit=VTrace(lam=0.95)) for lag in STALE}


def _corrected(name: str, summary: str, correction: Correction) -> Variant:
    return STALE[AT].rung(f"lag {AT} + {name}", summary, correction=correction)


def _clipped(name: str, base: Variant, lag: int) -> Variant:
    schedule = Schedule(lag=lag, epochs=4, minibatches=4)
    return base.rung(name, "PPO's clip, 16 steps a rollout", {"schedule": schedule}, surrogate=ClippedRatio(0.2))


FULL = _corrected("full token IS", "each action's ratio, without a bound", TokenIS(INF))
SEQUENCE = _corrected("sequence IS", "the episode's ratio, without a bound", SequenceIS(INF))
CAPPED = _corrected("capped sequence IS", "the episode's ratio, at most 2", SequenceIS(2.0))
MASK = _corrected("sequence mask", "no episode whose ratio leaves [.5, 2]", SequenceMask(0.5, 2.0))
PPO = _clipped("PPO", GAE, 0)
CLIP = _clipped(f"lag {AT} + PPO clip", STALE[AT], AT)
DECOUPLED = _clipped(f"lag {AT} + decoupled PPO", TOKEN[AT], AT)
# eight actors that never wait would be about eight updates behind: what is older than two goes, and was paid for
DISCARD = GAE.rung(
    "discard over 2",
    "8 actors that never wait; rollouts older than 2 updates are thrown away",
    schedule=Schedule(actors=Clock(8, Duration(1.0, 0.3), Duration(0.125), longest=2, mode="discard")),
)

COPY = text_task("copy 3 of 4", Transduce(symbols=4, length=3, reward_mode="terminal"))
CARTPOLE = "CartPole-v1"
BUDGETS = {CARTPOLE: 60_000, "bandit/small": 20_000, COPY.name: 40_000, "lock/small": 30_000}

LINES = {"uncorrected": STALE, "truncated token IS": TOKEN, "V-trace": VTRACE}
REPAIRS = {
    "truncated token IS": TOKEN[AT],
    "V-trace": VTRACE[AT],
    "full token IS": FULL,
    "sequence IS": SEQUENCE,
    "truncated sequence IS": CAPPED,
    "a sequence mask": MASK,
    "discarding what is older than 2": DISCARD,
}
OLD = (STALE[AT], TOKEN[AT], VTRACE[AT], FULL, SEQUENCE, CAPPED, MASK, DISCARD, CLIP, DECOUPLED)

EXPERIMENT = ComparisonExperiment(
    name="staleness",
    question="How much staleness can I afford, and what repairs it?",
    tasks=(CARTPOLE, "bandit/small", COPY, "lock/small"),
    variants=(
        GAE.name,
        *STALE.values(),
        *TOKEN.values(),
        *VTRACE.values(),
        *(FULL, SEQUENCE, CAPPED, MASK, PPO, CLIP, DECOUPLED, DISCARD),
    ),
    env_steps=BUDGETS,
    shared_rate_variant=GAE.name,
    figures=(
        LagSweep(
            "staleness",
            "Final score, area under the learning curve and cosine of the gradient to the exact one (mean over the "
            "checkpoints, where the task can be listed) against the lag of the rollouts, uncorrected and corrected",
            lines={name: {0: GAE.name, **{lag: v.name for lag, v in of.items()}} for name, of in LINES.items()},
            label="lag of the rollouts, updates",
        ),
        ScoreStrip(
            "repairs",
            f"Every correction at lag {AT}, and what else can be done about old rollouts; PPO makes 16 steps of each",
            variants={v.name: v.name for v in (*OLD, PPO)},
            levels={"GAE, no lag": GAE.name, f"lag {AT}, uncorrected": STALE[AT].name},
        ),
    ),
    finding=Staleness(
        fresh=GAE.name,
        stale={lag: v.name for lag, v in STALE.items()},
        at=AT,
        repairs={name: v.name for name, v in REPAIRS.items()},
        late=(16, (TOKEN[16].name, VTRACE[16].name)),
        corrections={
            "truncated token IS": {lag: v.name for lag, v in TOKEN.items()},
            "V-trace": {lag: v.name for lag, v in VTRACE.items()},
        },
    ),
    baseline=GAE.name,
    guide=(GuideCase("staleness", f"rollouts {AT} updates old", tuple(BUDGETS), tuple(v.name for v in OLD)),),
    small={
        "tasks": (CARTPOLE, "bandit/small"),
        "seeds": 2,
        "env_steps": {CARTPOLE: 5_000, "bandit/small": 4_000},
    },
)
