"""Sentences about measurements of gradients; every number is computed here."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from algorithms import VARIANTS
from algorithms.conformance.declared.success_rates import success_factor
from benchmarks.statistics.wording.answers import as_many_as_fit
from benchmarks.statistics.wording.phrases import count_noun, list_words, span

CLEAR_RATIO = 1.1  # times a variance
MAX_Z = 4.0  # standard errors beyond which a length is not what it should be: about one in 16,000 by chance


def sentences(frame: pd.DataFrame, crossing: pd.DataFrame, kl: pd.DataFrame, horizons: Mapping[str, int]) -> list[str]:
    """All sentences that the rows allow.

    frame     gradient_report.measurement_frame        crossing  gradient_experiment.crossover_rows
    kl        gradient_report.kl_rows         horizons  by task: L_max
    """
    ladder = frame[frame["axis"] == "estimator"]
    return [
        *_unbiased(ladder),
        *_shrinking(ladder, horizons),
        *_relative_variance(ladder),
        *_crossings(crossing),
        *_success_factor(frame[frame["axis"] == "success"]),
        *_lambdas(frame[frame["axis"] == "lambda"]),
        *_kl(kl),
    ]


def _unbiased(ladder: pd.DataFrame) -> list[str]:
    """Whether estimators that claim an unbiased gradient are unbiased; the answer of the report, and who they are."""
    promised = ladder[[VARIANTS[v].promises.factor == "one" for v in ladder["variant"]]]
    if promised.empty:
        return []
    biased = promised[promised["scale_z"] > MAX_Z]
    names = [f"`{v}`" for v in dict.fromkeys(promised["variant"])]
    sure = f"largest deviation of a length: {promised['scale_z'].max():.1f} standard errors"
    wrong = [f"`{v}` on {task}" for v, task in zip(biased["variant"], biased["task"], strict=True)]
    who = f"the {len(names)} estimators that claim" if len(names) > 1 else f"{names[0]}, which claims"
    answer = f"No bias is found in {who} an unbiased gradient ({sure})."
    if wrong:
        claim = f"{count_noun(len(names), 'estimator')} claim an unbiased gradient."
        answer = f"{claim} It is biased for {list_words(wrong, 3)} ({sure})."
    return [answer, as_many_as_fit("Unbiased gradients are claimed by", names)]


def _shrinking(ladder: pd.DataFrame, horizons: Mapping[str, int]) -> list[str]:
    """The measured lengths of gradients that are shorter by a known factor."""
    lines = []
    for name, theory in (("dr_grpo", "(G-1)/G = 0.750"), ("batch_mean", "(N-1)/N = 0.938")):
        rows = ladder[ladder["variant"] == name]
        if rows.empty:
            continue
        times = rows["task"].map(horizons) if name == "dr_grpo" else 1.0
        lengths = zip(rows["scale"] * times, 2 * rows["scale_error"] * times, strict=True)
        values = ", ".join(f"{x:.3f} ± {e:.3f}" for x, e in lengths)
        unit = " (times L_max)" if name == "dr_grpo" else ""
        lines.append(f"`{name}` shrinks the gradient to {values} of its length{unit}; theory: {theory}.")
    return lines


def _relative_variance(ladder: pd.DataFrame) -> list[str]:
    lines = []
    for task, rows in ladder.groupby("task", sort=False):
        straight = rows[rows["straight"]].set_index("variant")["relative"]
        if "reinforce" in straight and len(straight) > 1:
            relative = {str(v): float(x) for v, x in straight.items()}
            lines.append(f"On {task} {_least_variance_clause(relative)}.")
            worse = [f"`{v}`" for v, x in relative.items() if x > CLEAR_RATIO * relative["reinforce"]]
            more = f"On {task} {'these have' if len(worse) > 1 else 'this has'} more variance than `reinforce`:"
            lines += [as_many_as_fit(more, worse)] if worse else []
    return lines


def _crossings(crossing: pd.DataFrame) -> list[str]:
    """Where RLOO's baseline pays, for the middle number of episodes of each reward."""
    lines = []
    for reward, rows in crossing.groupby("reward", sort=False):
        sizes = sorted(set(rows["K"]))
        middle = rows[rows["K"] == sizes[len(sizes) // 2]]
        clause = _crossing_clause(middle["score"].to_numpy(), middle["ratio"].to_numpy())
        lines.append(f"{str(reward).capitalize()}, K = {middle['K'].iloc[0]}: {clause}.")
    return lines


def _success_factor(rows: pd.DataFrame) -> list[str]:
    """Measured lengths against the closed form of division by the group's deviation."""
    if rows.empty:
        return []
    at = zip(rows["label"], rows["x"], strict=True)
    known = np.array([success_factor(int(label.removeprefix("G=")), p) for label, p in at])
    z = ((rows["scale"] - known) / rows["scale_error"]).abs()
    return [
        f"w_G(p): {int((z < 2).sum())} of {len(rows)} measured lengths are within two standard errors of the closed form. "
        f"The farthest is {z.max():.1f} standard errors away."
    ]


def _lambdas(frame: pd.DataFrame) -> list[str]:
    """The lambda of the least squared error, for each critic."""
    lines = []
    for label, rows in frame.groupby("label", sort=False):
        error = dict(zip(rows["x"], rows["bias"] ** 2 + rows["variance"], strict=True))
        best = min(error, key=lambda x: error[x])
        lines.append(
            f"{str(label).capitalize()}: bias² + variance of one gradient is least at lambda {best:g} ({error[best]:.3g}). "
            f"It is {error[max(error)]:.3g} at {max(error):g}."
        )
    return lines


def _kl(rows: pd.DataFrame) -> list[str]:
    if rows.empty:
        return []
    spans = {str(name): (group.min(), group.max()) for name, group in rows.groupby("estimator", sort=False)["error"]}
    words = [f"{n} {a:.2f}" + (f" to {b:.2f}" if b - a > 0.005 else "") for n, (a, b) in spans.items()]
    few = [words[i : i + 3] for i in range(0, len(words), 3)]
    return [f"Relative error of the expected gradient of the KL: {list_words(part)}." for part in few]


def _least_variance_clause(relative: Mapping[str, float]) -> str:
    """Which estimator has the least relative variance."""
    best, plain = min(relative, key=lambda v: relative[v]), relative["reinforce"]
    if plain < CLEAR_RATIO * relative[best]:
        return "none of those that point along grad J has clearly less relative variance than `reinforce`"
    named = f"`{best}` has the least relative variance of those that point along grad J"
    return f"{named}: {plain / relative[best]:.1f} times less than `reinforce`"


def _crossing_clause(score: np.ndarray, ratio: np.ndarray) -> str:
    """At how many of the policies the ratio is below 1, between which scores, and how large it is at the others."""
    below = ratio < 1
    if not below.any():
        return (
            f"RLOO has more variance than REINFORCE at every score seen ({ratio.min():.2f} to {ratio.max():,.0f} times)"
        )
    less = f"RLOO has less variance than REINFORCE ({span(ratio[below].min(), ratio[below].max())} times)"
    if below.all():
        return f"{less} at every score seen"
    scores = f"of score{'s' if below.sum() > 1 else ''} {span(score[below].min(), score[below].max())}"
    more = f"It has more at the others (up to {ratio.max():.2f} times)"
    return f"{less} at {below.sum()} of {len(ratio)} policies, {scores}. {more}"
