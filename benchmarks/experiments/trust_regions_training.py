"""Which correction or mask learns most from stale rollouts? Those of `trust_regions` at constant lags, at own rates.

Four of the five tasks of `trust_regions`, and eighteen of its corrections: of those that differ by a bound alone, one. Each
has a rate of its own at each lag and task, which `trust_regions_rates` selects. One step is made on each rollout, so the lag
alone makes pi differ from mu.
"""

from __future__ import annotations

from dataclasses import replace

from algorithms.composition import Schedule
from algorithms.variant import Variant
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.guide_case import GuideCase
from benchmarks.experiments.trust_regions import CORRECTIONS, PLAIN
from benchmarks.figures.staleness import LagSweep
from benchmarks.findings.trust_regions import TrustRegions

LAGS = (1, 2, 4, 8, 16)
BUDGETS = {"bandit/small": 10_000, "lock/small": 16_000, "padanswer/small": 20_000, "causal/small": 16_000}
TRAINED = (
    PLAIN, "truncated token IS", "sequence IS", "IcePop", "PPO clip", "CISPO", "GSPO", "DPPO-TV 0.1", "DPPO-TV 0.2",
    "IPO mask 0.1", "IPO mask 0.2", "DPPO-KL", "M2PO", "TOPR", "SAPO", "VESPO", "simple PO", "Delightful",
)  # fmt: skip


def at_lag(name: str, lag: int) -> Variant:
    """A correction that learns from rollouts `lag` updates old."""
    return replace(CORRECTIONS[name], name=f"lag {lag} {name}", schedule=Schedule(lag=lag))


STALE = {name: {lag: at_lag(name, lag) for lag in LAGS} for name in TRAINED}
NAMES = {name: {lag: v.name for lag, v in of.items()} for name, of in STALE.items()}
SHOWN = (PLAIN, "truncated token IS", "PPO clip", "DPPO-TV 0.2", "IPO mask 0.2", "M2PO", "SAPO", "Delightful")
GUIDED = (4, 16)  # lags of the decision guide
SMALL = (PLAIN, "DPPO-TV 0.2", "IPO mask 0.2")

EXPERIMENT = ComparisonExperiment(
    name="trust_regions_training",
    question="Which correction or mask learns most from stale rollouts?",
    tasks=tuple(BUDGETS),
    variants=tuple(v for of in STALE.values() for v in of.values()),
    seeds=20,
    block=20,
    env_steps=BUDGETS,
    protocol="text",
    baseline=NAMES[PLAIN][1],
    figures=(
        LagSweep(
            "lags",
            "Final score against the lag of the rollouts, for eight of the corrections",
            lines={name: {lag: v.name for lag, v in STALE[name].items()} for name in SHOWN},
            label="lag of the rollouts, updates",
            measures=("score",),
        ),
    ),
    finding=TrustRegions(
        plain=PLAIN,
        corrections=NAMES,
        masks={delta: (f"DPPO-TV {delta:g}", f"IPO mask {delta:g}") for delta in (0.1, 0.2)},
    ),
    guide=tuple(
        GuideCase(
            "staleness",
            f"rollouts {lag} updates old, texts",
            tuple(BUDGETS),
            tuple(of[lag].name for of in STALE.values()),
        )
        for lag in GUIDED
    ),
    small={
        "tasks": ("bandit/small",),
        "seeds": 2,
        "env_steps": {"bandit/small": 2_000},
        "variants": tuple(STALE[name][lag] for name in SMALL for lag in (1, 16)),
    },
)
