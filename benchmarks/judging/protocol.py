"""What every candidate gets: the same tasks, rates, seeds and tokens as its rivals."""

from __future__ import annotations

from dataclasses import dataclass

from algorithms import VARIANTS
from algorithms.variant import Variant
from benchmarks.design.identity import canonical
from benchmarks.design.settings import RATES
from benchmarks.store.curves import BLOCK
from envs.validation import UsageError

OPEN = ("bandit/medium", "lock/medium", "transduce/copy-shifted", "dyck/sparse-medium")
# the strongest released variants (`estimators`), with a critic and without one; tests/benchmarks/judging/test_protocol.py
# holds the names to the results
FAMILIES = {True: ("npg", "entropy_annealed"), False: ("clip_cov", "gspo", "baseline_loo")}


@dataclass(frozen=True)
class Protocol:
    """The budget of one judgement.

    open_tasks    registered tasks on which every contestant's learning rate is selected
    rates         each is tried on all of `tuning_seeds`, by every contestant
    env_steps     generated tokens of one run
    max_seeds     seeds on hidden tasks, in blocks of 10; each block is a look
    alpha         of all looks together
    margin        a difference of the normalised score below which there is none
    lost          share of the candidate's judged runs that may diverge or end without a finite return
    """

    open_tasks: tuple[str, ...] = OPEN
    rates: tuple[float, ...] = RATES
    tuning_seeds: int = 3
    env_steps: int = 20_000
    max_seeds: int = 30
    alpha: float = 0.05
    margin: float = 0.05
    lost: float = 0.1

    def __post_init__(self) -> None:
        if self.max_seeds < BLOCK or self.max_seeds % BLOCK:
            raise UsageError(f"--max-seeds must be a multiple of {BLOCK}, {BLOCK} or more, not {self.max_seeds}")
        if self.env_steps < 1:
            raise UsageError(f"--env-steps must be at least 1, not {self.env_steps}")

    @property
    def looks(self) -> int:
        """How often the scores are looked at, at most."""
        return self.max_seeds // BLOCK


def rivals_of(candidate: Variant) -> tuple[str, ...]:
    """The strongest of its family, its parent, and registered variants with the same parts."""
    parent = VARIANTS.get(candidate.parent or "")
    own = [] if parent is None or reason_not_judged(parent) else [parent.name]
    return tuple(dict.fromkeys([*FAMILIES[candidate.critic], *own, *twins_of(candidate)]))


def twins_of(candidate: Variant) -> tuple[str, ...]:
    """Registered variants that train as the candidate does: they differ from it in no part that numbers depend on."""
    own = _parts(candidate)
    return tuple(name for name, variant in VARIANTS.items() if _parts(variant) == own)


def _parts(variant: Variant) -> dict[str, object]:
    return {name: part for name, part in canonical(variant).items() if name != "name"}


def reason_not_judged(variant: Variant) -> str:
    """Why no such variant can be a contestant, as a clause of which it is the subject; empty where it can."""
    if variant.exact or variant.estimator.reads_oracle:
        return "reads the model of the task, which a contestant may not"
    if not variant.repeatable:
        return "has real actors, whose results do not repeat"
    return ""
