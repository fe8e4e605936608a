"""Exact bias, deviation and direction of corrections for stale rollouts: tables, and sentences computed from them."""

from __future__ import annotations

import pandas as pd

from benchmarks.statistics.wording.phrases import count_noun, list_words

AXIS = "drift"  # of the points whose rollouts are from another policy; x is KL(mu || pi) in nats a text
PLAIN, UNBIASED, GATED = "uncorrected", "sequence IS", "Delightful"
MASKS = {0.1: ("DPPO-TV 0.1", "IPO mask 0.1"), 0.2: ("DPPO-TV 0.2", "IPO mask 0.2")}  # sign-conditioned, sign-blind
ROUNDING = 1e-4  # a relative bias below it is that of a network in single precision: counted and shown as 0
SAME = 1e-6  # cosines that differ less are equal
QUANTITIES = {"bias": "trust_region_bias", "sd": "trust_region_sd", "cosine": "trust_region_cosine"}
EXPLAINED = (
    "Columns are KL(mu || pi) in nats a text; each number is the median of the tasks. Everything is listed, so there is no "
    "sampling error. The table `quality` has each task."
)
CAPTIONS = {
    "bias": f"Bias: |E g - grad J| / |grad J|; 0 where it is below {ROUNDING:g}, the rounding of single precision.",
    "sd": "Standard deviation: root of the trace of one gradient's covariance over |grad J|, for one group of three texts.",
    "cosine": "Cosine of E g to grad J.",
}


def relative(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows on AXIS, with bias and sd in units of |grad J|; a bias that is only rounding is 0."""
    rows = frame[frame["axis"] == AXIS]
    norm = rows["gradient"]
    bias = rows["bias"] / norm
    return rows.assign(bias=bias.where(bias >= ROUNDING, 0.0), sd=rows["variance"] ** 0.5 / norm)


def table(rows: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """The median over tasks of a quantity: a row a correction, a column a distance."""
    order, distances = list(dict.fromkeys(rows["variant"])), sorted(set(rows["x"]))
    if rows.empty:
        return pd.DataFrame()
    made = rows.pivot_table(quantity, "variant", "x", "median").loc[order, distances]
    made.columns = pd.Index([f"{x:g}" for x in distances])
    return made.reset_index()


def sentences(rows: pd.DataFrame) -> list[str]:
    """What the rows of `relative` show; the first sentence is the answer."""
    stale = rows[rows["x"] > 0]
    if stale.empty:
        return []
    return [*_bias(stale), *_delightful(rows), *_masks(stale)]


def _bias(stale: pd.DataFrame) -> list[str]:
    """Which corrections are unbiased, and which of the others has the least bias at each distance."""
    largest = stale.groupby("variant", sort=False)["bias"].max()
    unbiased = [str(v) for v in largest.index[largest == 0]]
    count = count_noun(len(largest.index.drop(PLAIN, errors="ignore")), "correction")
    lines = [f"Of {count}, {_named(unbiased)} unbiased at every drift and task, by enumeration."]
    medians = stale.pivot_table("bias", "x", "variant", "median").drop(columns=unbiased)
    if PLAIN in medians:
        tasks = count_noun(stale["task"].nunique(), "task")
        lines.append(f"The biases below are medians of {tasks}, in units of |grad J|.")
        for x, row in medians.iterrows():
            best = str(row.idxmin())
            if best != PLAIN:
                nats = "1 nat" if x == 1 else f"{x:g} nats"
                lines.append(
                    f"At {nats} {best} has the least bias of the others: {_size(row[best])}, against "
                    f"{_size(row[PLAIN])} {PLAIN}."
                )
        worse = [str(v) for v in medians if (medians[v] > medians[PLAIN]).all()]
        lines += [f"At every drift these have more bias than no correction: {list_words(worse, 8)}."] if worse else []
    return lines


def _size(bias: float) -> str:
    """0, or two decimals: 0.27; two digits where these would be 0.00."""
    return f"{bias:.2f}" if round(bias, 2) else f"{bias:.2g}"


def _named(unbiased: list[str]) -> str:
    if not unbiased:
        return "none is"
    return f"{list_words(unbiased, 3)} {'is' if len(unbiased) == 1 else 'are'}"


def _delightful(rows: pd.DataFrame) -> list[str]:
    """The claim that its gradient points better, against the plain gradient on the same texts."""
    if GATED not in set(rows["variant"]):
        return []
    at = rows.set_index(["task", "x", "variant"])[["cosine", "single"]].unstack("variant")
    gain = {name: at[name][GATED] - at[name][PLAIN] for name in ("cosine", "single")}
    fresh = gain["cosine"].index.get_level_values("x") == 0
    mean, one = gain["cosine"], gain["single"]
    lines = [
        f"Delightful's mean gradient has a higher cosine to grad J than the plain one on {_count(mean[fresh])} tasks on "
        f"policy and in {_count(mean[~fresh])} stale cases; single gradients in {_count(one)}. Exact, but of these policies "
        "alone."
    ]
    if fresh.any():
        low = at["cosine"][GATED][fresh]
        lines.append(
            f"On policy the plain gradient is unbiased, so its cosine is 1. Delightful's lies between {low.min():.3f} and "
            f"{low.max():.3f}."
        )
    if (~fresh).any():
        gains = mean[~fresh]
        lines.append(
            f"On stale rollouts Delightful changes the cosine by {gains.min():+.3f} to {gains.max():+.3f} (median "
            f"{gains.median():+.3f})."
        )
    return lines


def _count(gain: pd.Series) -> str:
    return f"{int((gain > SAME).sum())} of {len(gain)}"


def _masks(stale: pd.DataFrame) -> list[str]:
    """Sign-blind masks against sign-conditioned ones at the same thresholds."""
    at = stale.set_index(["variant", "task", "x"])
    lines = []
    for delta, (directed, blind) in MASKS.items():
        if {directed, blind} <= set(stale["variant"]):
            one, other = at.loc[directed], at.loc[blind]
            closer, bias = other["cosine"] - one["cosine"], one["bias"] - other["bias"]
            lines.append(
                f"At threshold {delta:g} the sign-blind mask has the smaller bias in {_count(bias)} cases and the larger "
                f"cosine in {_count(closer)}; the sign-conditioned one in {_count(-bias)} and {_count(-closer)}."
            )
    return lines
