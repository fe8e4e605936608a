"""The verdict: one JSON file that holds all that it takes to repeat it, and nothing that differs when it is repeated.

`schema` is the version of the fields. Numbers are those of the computation, unrounded. There is no clock in it.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.design.identity import canonical
from benchmarks.execution.provenance import code, machine, source_hash
from benchmarks.judging.judge import Case, Found
from benchmarks.judging.protocol import twins_of
from benchmarks.statistics.comparisons import Pair, compare_variants
from benchmarks.statistics.wording.answers import first_that_fits
from benchmarks.statistics.wording.phrases import count_noun, list_variants
from benchmarks.store.files import save_json

SCHEMA = 2
FILE = "verdict.json"
BROKEN = "broken"


def verdict(case: Case, found: Found) -> dict[str, Any]:
    """The fields of the file, of numbers, texts and lists alone."""
    variant, hidden = case.candidate.variant, case.hidden
    judgement = found.judgement
    seeds = 0 if judgement is None else judgement.seeds
    return {
        "schema": SCHEMA,
        "verdict": outcome(found),
        "reasons": reasons(case, found),
        "candidate": {
            "name": variant.name,
            "file": case.candidate.file.name,
            "sha256": case.candidate.sha256,
            "modules": dict(case.candidate.modules),
            "sources": source_hash([variant]),
            "same_parts_as": list(twins_of(variant)),
            "variant": canonical(variant),
        },
        "protocol": asdict(case.protocol) | {"open_tasks": list(case.protocol.open_tasks)},
        "rules": found.rules,
        "open": {"scores": _scores(found), "rates": found.rates, "released": found.released},
        "hidden": {
            "draw": hidden.draw,
            "tasks": {
                t.name: {"task": canonical(t.factory), "floor": t.floor, "ceiling": t.ceiling} for t in hidden.tasks
            },
            "seeds": [hidden.first_seed, hidden.first_seed + seeds - 1] if seeds else [],
            "lost_runs": found.lost_runs,
        },
        "rivals": [] if judgement is None else [asdict(s) for s in judgement.standings.values()],
        "not_met": [] if judgement is None else judgement.not_met,
        "by_task": by_task(case, found).to_dict("records"),
        "provenance": {**code(), **machine()},
    }


def save(case: Case, found: Found) -> Path:
    """Write the file of the candidate's folder."""
    path = case.folder / FILE
    save_json(path, verdict(case, found))
    return path


def outcome(found: Found) -> str:
    """better, not shown, worse or broken."""
    if found.broken:
        return BROKEN
    return "not shown" if found.judgement is None else found.judgement.outcome or "not shown"


def _scores(found: Found) -> dict[str, dict[str, float | None]]:
    """JSON has neither numbers as keys nor NaN."""
    return {
        name: {f"{rate:g}": score if score == score else None for rate, score in by_rate.items()}
        for name, by_rate in found.scores.items()
    }


def by_task(case: Case, found: Found) -> pd.DataFrame:
    """Candidate minus each rival on each hidden task, with the 95 % interval of that difference alone."""
    rows: list[dict[str, Any]] = []
    if found.suite is not None and found.judgement is not None:
        for rival in found.judgement.standings:
            for task in found.suite.scales:
                test = compare_variants(found.suite, Pair(case.candidate.variant.name, rival), [task])
                if test is not None:
                    ends = {"difference": test.difference, "low": test.interval.low, "high": test.interval.high}
                    rows.append({"rival": rival, "task": task, "seeds": test.n, **ends})
    return pd.DataFrame(rows)


def reasons(case: Case, found: Found) -> list[str]:
    """What the verdict rests on, a sentence each."""
    if found.broken:
        return found.broken
    assert found.judgement is not None
    said = []
    words = {
        "better": "better than",
        "worse": "worse than",
        "same": "within the margin of",
        "open": "not separated from",
    }
    for s in found.judgement.standings.values():
        effect = f"{s.difference:+.3f} [{s.low:+.3f}, {s.high:+.3f}]"
        said.append(f"{words[s.decision]} {s.rival}: {effect}, p {s.p_corrected:.2g}, {s.seeds} seeds")
    if left := found.judgement.not_met:
        those = "it" if len(left) == 1 else "them"
        said.append(
            f"not compared with {', '.join(left)}, because runs of {those} take longer and the others come first"
        )
    said += [f"all parts that numbers depend on are those of {name}" for name in twins_of(case.candidate.variant)]
    if found.lost_runs:
        said.append(f"{found.lost_runs} of its hidden runs diverged; they count as the worst of their task")
    return said


def answer(case: Case, found: Found) -> str:
    """The verdict in at most 40 words."""
    name, kind = f"`{case.candidate.variant.name}`", outcome(found)
    if kind == BROKEN:
        return first_that_fits([f"{name} is broken: {found.broken[0]}.", f"{name} is broken; the page says how."])
    assert found.judgement is not None
    standings = list(found.judgement.standings.values())
    nearest = min(standings, key=lambda s: s.difference)
    seeds = count_noun(max(s.seeds for s in standings), "seed")
    effect = f"{nearest.difference:+.2f} [{nearest.low:+.2f}, {nearest.high:+.2f}] against `{nearest.rival}`"
    if kind == "better":
        return f"{name} is better than {list_variants(case_rivals(case))} on the hidden tasks: {effect} ({seeds})."
    if kind == "worse":
        worse = [s.rival for s in standings if s.decision == "worse"]
        return f"{name} is worse than {list_variants(worse)} on the hidden tasks: {effect} ({seeds})."
    return f"It is not shown that {name} is better than every rival on the hidden tasks: {effect} ({seeds})."


def case_rivals(case: Case) -> list[str]:
    """Names of the rivals."""
    return [rival.name for rival in case.rivals]
