"""How often the judge errs, and what it detects: its own decision on resampled scores of released runs.

Real: the training, the scores of the released runs, and `Judgement`, which decides. Resampled: which runs a candidate and
its rivals have. A run is a seed's mean normalised score over the tasks of `estimators`, at the checkpoint next to the tokens
that a judged run has: earlier scores spread more than final ones. Runs are drawn with replacement,
each contestant's by itself, so a candidate and its rival differ by chance as two variants do. That is the hard case: a copy
that only has another name has the same runs as the original, and differs from it by nothing.

    copies      renamed copies: the runs of the original, seed by seed
    null        a copy with chance of its own, of each variant in turn, against the original
    panel       a copy of the best of a family, with chance of its own, against the family
    gain        the same as `null` and `panel`, `GAIN` added to each score of the candidate
    registered  every released variant as a candidate against its family: its own runs, not resampled
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from algorithms import VARIANTS
from benchmarks.experiments.estimators import EXPERIMENT
from benchmarks.judging.cells import stages_of
from benchmarks.judging.decision import Judgement
from benchmarks.judging.hidden import hide
from benchmarks.judging.protocol import FAMILIES, Protocol
from benchmarks.loading.suites import build_suite
from benchmarks.store.curves import BLOCK
from benchmarks.store.sources import read_results, stored_cells
from envs.api import Doubles

Stages = Sequence[Sequence[str]]

GAIN = 0.1
COPIES = 200
SEED = 20_261


@dataclass(frozen=True)
class Rate:
    """Of `judged` candidates how many came out better, and how many seeds they were given on average."""

    case: str
    gain: float
    judged: int
    better: int
    worse: int
    seeds: float


def released_scores(results: Path, tokens: int | None = None) -> dict[str, Doubles]:
    """Each learner's mean scores over the tasks, one a seed: final ones, or those nearest to so many tokens."""
    frame, _, metas = read_results(stored_cells(results / EXPERIMENT.name))
    suite = build_suite(EXPERIMENT, frame, metas)
    tasks = list(suite.scales)
    shares = sorted(frame["fraction"].unique())
    whole = max(EXPERIMENT.env_steps.values())
    at = -1 if tokens is None else int(np.argmin([abs(share * whole - tokens) for share in shares]))
    found = {}
    for variant in suite.learners:
        scores = suite.scores(variant, tasks) if suite.tasks(variant) == tasks else None
        if scores is not None:
            found[variant] = scores[at].mean(axis=1)
    return found


def judged(candidate: Doubles, rivals: Mapping[str, Doubles], protocol: Protocol, stages: Stages = ()) -> Judgement:
    """The judgement on these scores, one a seed, of which each look takes ten more. stages: one of all rivals where none."""
    judgement = Judgement(stages or [list(rivals)], protocol.looks, protocol.alpha, protocol.margin)
    while judgement.outcome is None and len(candidate) >= (judgement.taken + 1) * BLOCK:
        seeds = (judgement.taken + 1) * BLOCK
        judgement.look({r: candidate[:seeds] - rivals[r][:seeds] for r in judgement.undecided})
    return judgement


def resampled(
    case: str,
    scores: Mapping[str, Doubles],
    pairs: Sequence[tuple[str, Sequence[str]]],
    gain: float,
    protocol: Protocol,
    rng: np.random.Generator,
) -> Rate:
    """Of each (original, rivals) one candidate, whose scores are those of the original plus `gain`."""
    found = []
    for original, names in pairs:
        candidate = rng.choice(scores[original], protocol.max_seeds) + gain
        rivals = {n: rng.choice(scores[n], protocol.max_seeds) for n in names}
        found.append(judged(candidate, rivals, protocol, order(original, tuple(names))))
    return _rate(case, gain, found)


@cache
def order(candidate: str, rivals: tuple[str, ...]) -> Stages:
    """In which order a registered variant would meet these rivals."""
    if candidate not in VARIANTS:
        return [rivals]
    return stages_of(hide(""), VARIANTS[candidate], [VARIANTS[rival] for rival in rivals], Protocol())


def copies(scores: Mapping[str, Doubles], count: int, protocol: Protocol, rng: np.random.Generator) -> Rate:
    """Renamed copies: seed by seed the runs of the original."""
    names, found = list(scores), []
    for i in range(count):
        own = rng.choice(scores[names[i % len(names)]], protocol.max_seeds)
        found.append(judged(own, {"original": own}, protocol))
    return _rate("copies", 0.0, found)


def registered(scores: Mapping[str, Doubles], protocol: Protocol) -> Rate:
    """Every released variant against its family, on its own runs: as many looks as they allow."""
    found = []
    for name, own in scores.items():
        rivals = {r: scores[r] for r in FAMILIES[VARIANTS[name].critic] if r in scores and r != name}
        found.append(judged(own, rivals, protocol, order(name, tuple(rivals))))
    return _rate("registered", 0.0, found)


def _rate(case: str, gain: float, found: Sequence[Judgement]) -> Rate:
    outcomes = [judgement.outcome for judgement in found]
    seeds = float(np.mean([judgement.seeds for judgement in found]))
    return Rate(case, gain, len(found), outcomes.count("better"), outcomes.count("worse"), seeds)


def characteristics(scores: Mapping[str, Doubles], count: int, protocol: Protocol) -> list[Rate]:
    """All cases, with `count` candidates in each that is resampled."""
    rng, names = np.random.default_rng(SEED), list(scores)
    alone = [(names[i % len(names)], (names[i % len(names)],)) for i in range(count)]
    best = {family: max(family, key=lambda v: float(scores[v].mean())) for family in FAMILIES.values()}
    families = list(FAMILIES.values())
    panels = [(best[families[i % 2]], families[i % 2]) for i in range(count)]
    found = [copies(scores, count, protocol, rng)]
    for gain in (0.0, GAIN):
        found.append(resampled("null" if gain == 0 else "gain", scores, alone, gain, protocol, rng))
        found.append(resampled("panel", scores, panels, gain, protocol, rng))
    return [*found, registered(scores, protocol)]


def main(results: Path = Path("results/reference"), count: int = COPIES * 5) -> int:
    """Print the characteristics as JSON, for results/reference/judge.json."""
    protocol = Protocol()
    rows = characteristics(released_scores(results, protocol.env_steps), count, protocol)
    document = {"alpha": protocol.alpha, "margin": protocol.margin, "max_seeds": protocol.max_seeds}
    print(json.dumps({**document, "rows": [vars(row) for row in rows]}, indent=1))
    print("; ".join(f"{row.case} +{row.gain:g}: {row.better} of {row.judged} better" for row in rows), file=sys.stderr)
    return 0
