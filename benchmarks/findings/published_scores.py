"""Which published scores our runs reach, at the source's budget and in its metric, with our interval over seeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.design.report_blocks import with_details
from benchmarks.published.scores import PublishedScore
from benchmarks.statistics.families import Ledger
from benchmarks.statistics.intervals import t_interval
from benchmarks.statistics.wording.phrases import count_noun, list_words
from benchmarks.store.curves import Curve
from benchmarks.store.suite import Data, Suite
from envs.api import Doubles
from envs.control.limits import ANYTHING, Limits

COLUMNS = (
    "task", "variant", "env_steps", "source", "published", "metric", "note", "seeds", "ours", "low", "high", "reached",
    "greedy", "greedy_low", "greedy_high", "reached_greedy",
)  # fmt: skip
MAX_DISTANCE = 0.1  # of a budget: the largest distance of our checkpoint from the source's
CAPTION = (
    "Published scores and ours after as many environment steps, in the source's metric. `ours`: mean of the sampled "
    "evaluation, with a 95 % t interval over seeds. `maximum`: the largest mean so far, and the interval of its "
    "checkpoint. Sources report one agent (zoo), four sessions (SLM), three seeds (CleanRL) or ten (Tianshou, SpinUp). "
    "`greedy`: ours with the likeliest actions at the end of the budget, where the source's policies act so. `reached`: "
    "our interval holds the published score, or our mean is better (`greedy`: with greedy actions alone)."
)


def nearest_checkpoint(curve: Curve, score: PublishedScore) -> int | None:
    """Our checkpoint nearest to the source's budget; None where none is near."""
    steps = curve.env_steps.mean(axis=1)
    k = int(np.abs(steps - score.env_steps).argmin())
    return None if abs(steps[k] - score.env_steps) > MAX_DISTANCE * score.env_steps else k


def returns_at_budget(curve: Curve, score: PublishedScore) -> Doubles | None:
    """Our returns [S] of sampled actions in the source's metric, at the checkpoint near its budget; None without one."""
    if (k := nearest_checkpoint(curve, score)) is None:
        return None
    if score.metric == "maximum":  # of the mean: the mean of each seed's own maximum would be larger
        k = int(curve.value[: k + 1].mean(axis=1).argmax())
    returns: Doubles = curve.value[k]
    return returns


def greedy_returns(curve: Curve, score: PublishedScore) -> Doubles | None:
    """Our returns [S] of greedy actions, where the source's are and its budget is the whole of ours; else None."""
    at_end = nearest_checkpoint(curve, score) == len(curve.fraction) - 1
    return curve.greedy if score.greedy and at_end and bool(np.isfinite(curve.greedy).all()) else None


def _compared(ours: Doubles, published: float, limits: Limits) -> tuple[float, float, float, bool]:
    """Mean, interval, and whether it holds the published score or the mean is better."""
    interval, mean = t_interval(ours, limits=limits), float(ours.mean())
    return mean, interval.low, interval.high, bool(mean >= published or interval.low <= published <= interval.high)


def table(data: Data, scores: tuple[PublishedScore, ...]) -> pd.DataFrame:
    """A row a published score that ours can be compared with. reached: our interval holds it, or our mean is better.

    greedy, reached_greedy  the same with greedy actions, where the source's are; else NaN and False
    """
    rows = []
    for score in scores:
        curve = data.suite.curves.get((score.task, score.variant))
        if curve is None or (ours := returns_at_budget(curve, score)) is None:
            continue
        limits = data.suite.limits.get(score.task, ANYTHING)
        mean, low, high, reached = _compared(ours, score.value, limits)
        greedy = greedy_returns(curve, score)
        greedy_columns = (np.nan, np.nan, np.nan, False) if greedy is None else _compared(greedy, score.value, limits)
        rows.append(
            {"task": score.task, "variant": score.variant, "env_steps": score.env_steps, "source": score.source,
             "published": score.value, "metric": score.metric, "note": score.note, "seeds": len(ours), "ours": mean,
             "low": low, "high": high, "reached": reached,
             **dict(zip(("greedy", "greedy_low", "greedy_high", "reached_greedy"), greedy_columns, strict=True))}
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def page_table(scores: pd.DataFrame) -> pd.DataFrame:
    """The table as a page has it; no columns where there are no rows."""
    if scores.empty:
        return scores
    page = scores[["task", "variant", "env_steps", "source", "published", "metric", "ours"]].copy()
    page["95 % interval"] = [
        f"[{low:.4g}, {high:.4g}]" for low, high in zip(scores["low"], scores["high"], strict=True)
    ]
    page["greedy"] = [
        "-" if np.isnan(mean) else f"{mean:.4g} [{low:.4g}, {high:.4g}]"
        for mean, low, high in zip(scores["greedy"], scores["greedy_low"], scores["greedy_high"], strict=True)
    ]
    page["reached"] = [
        "yes" if yes else "greedy" if greedy else "no"
        for yes, greedy in zip(scores["reached"], scores["reached_greedy"], strict=True)
    ]
    page["note"] = scores["note"]
    return page


def short_steps(n: int) -> str:
    """1000000 -> 1M, 200000 -> 200k"""
    return f"{n / 1e6:g}M" if n >= 1_000_000 else f"{n // 1000}k"


@dataclass(frozen=True)
class ReachedScores:
    """How many published scores ours equal, how many lie within our intervals, and which we miss."""

    scores: tuple[PublishedScore, ...]

    def decide(self, suite: Suite, ledger: Ledger) -> None:
        """It tests no pairs of variants."""

    def sentence(self, data: Data) -> str:
        scores = table(data, self.scores)
        if scores.empty:
            return ""
        missed = [
            f"Missed: `{r['variant']}` on {r['task']} reaches {r['ours']:.4g} [{r['low']:.4g}, {r['high']:.4g}]; "
            f"{r['source']} has {r['published']:.4g} at {short_steps(r['env_steps'])} steps."
            for r in scores.to_dict("records")
            if not (r["reached"] or r["reached_greedy"])
        ]
        equalled = int((scores["ours"] >= scores["published"]).sum())
        within = int(scores["reached"].sum()) - equalled
        greedy = int((scores["reached_greedy"] & ~scores["reached"]).sum())
        by = [f"{equalled} by our mean"] if equalled else []
        by += [f"{within} within our 95 % interval"] if within else []
        by += [f"{greedy} with greedy actions, as the source's are"] if greedy else []
        head = f"We reach {len(scores) - len(missed)} of {count_noun(len(scores), 'published score')}"
        below = f" We miss {len(missed)}." if missed else ""
        return with_details(f"{head}{f': {list_words(by)}' if by else ''}.{below}", missed)
