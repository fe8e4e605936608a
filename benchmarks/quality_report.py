"""The report of a gradient laboratory: tables, figures, and sentences that are computed from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from algorithms import VARIANTS, enumerated
from algorithms.conformance_mean import success_factor
from algorithms.kl import KL
from benchmarks import quality_figures, store
from benchmarks.design.gradient_experiment import GradientExperiment, Tilted, crossover_rows
from benchmarks.document import Document, Drawn, Prose, Section, Table, joined
from benchmarks.figures import SUFFIXES
from benchmarks.markup import plain
from benchmarks.reports.variant_groups import groups

CLEARLY = 1.1  # times a variance
FAR = 4.0  # standard errors beyond which a length is not what it should be: about one in 16,000 by chance
KLS = (KL(), KL("k2", "loss", "sequence"), KL("k1", "loss"), KL("k2", "loss"), KL("k3", "loss"), KL("k3", "reward"))
SPECIAL = ("estimator", "lambda", "success")  # axes with a figure of their own
OF_PLACE = ["axis", "label", "task", "variant", "replicates"]
OF_GRADIENT = ["bias", "noise", "scale", "scale_error", "variance", "snr", "direction", "single"]
SHOWN = OF_PLACE + OF_GRADIENT
CAPTIONS = {
    "variance_ladder": "Variance of one batch's gradient over the square of its own signal, in units of REINFORCE's; where "
    "the mean points elsewhere, its cosine to grad J stands beside",
    "axes": "Variance over the square of the signal, and the mean cosine of a single gradient to the exact one, along seven "
    "axes",
    "crossover": "Exact variance of RLOO over REINFORCE's with as many episodes of one prompt, along exact ascent: below 1 "
    "the baseline pays",
    "success_factor": "What division by the group's deviation does to the gradient of a prompt with success rate p: closed "
    "form (lines) and measurement (two standard errors)",
    "lambda": "Bias, variance and their sum over lambda, for critics that have learned from no, few and many rollouts; "
    "shaded: what an unbiased estimate's bias would look like",
    "kl": "What an estimator and placement of the KL does to the expected gradient (exact)",
}
EXPLAINED = (
    "bias: |mean g - grad J|, to be read beside noise, its size for an unbiased estimate. scale: length of the mean "
    "along grad J (1 where unbiased), with its standard error. snr: |grad J|^2 over the variance of one gradient. "
    "direction: cosine of the mean, the noise's part taken out; single: mean cosine of single gradients. Entropy "
    "bonuses are left out (they change the objective), and so are windows, lags, nuclei and natural gradients."
)


def frame_of(lab: GradientExperiment, paths: Sequence[Path]) -> pd.DataFrame:
    """A row a place on an axis whose measurement is done, with four more columns.

    relative   variance over the square of its own signal      times     the same, in units of `reinforce` at that place
    direction  cosine of E g to grad J, without the noise's part
    straight   direction is nearly 1, or what stands across grad J is no more than noise
    """
    found = {path.stem.rpartition("__")[2]: store.read_json(path)["found"] for path in paths}
    rows = []
    for spot in lab.points:
        made = spot.measurement
        if made.digest in found:
            place = {"axis": spot.axis, "x": spot.x, "label": spot.label}
            rows.append({**place, "task": made.task.name, "variant": made.variant.name, **found[made.digest]})
    frame = pd.DataFrame(rows)
    along = frame["scale"] * frame["gradient"]
    # |mean g|^2 exceeds |E g|^2 by the noise's square, which would make every direction look worse than it is
    square = (along / frame["cosine"]) ** 2 - frame["noise"] ** 2
    direction = (along / square.where(square > 0) ** 0.5).clip(-1, 1).fillna(1.0)
    across = ((along / frame["cosine"]) ** 2 - along**2).clip(lower=0) ** 0.5
    straight = (direction >= quality_figures.STRAIGHT) | (across < 2 * frame["noise"])
    frame = frame.assign(relative=frame["variance"] / along**2, direction=direction, straight=straight)
    plain = frame[frame["variant"] == "reinforce"].set_index(["axis", "x"])["relative"].to_dict()
    places = zip(frame["axis"], frame["x"], strict=True)
    return frame.assign(times=frame["relative"] / [plain.get(place, float("nan")) for place in places])


def kl_rows(lab: GradientExperiment) -> pd.DataFrame:
    """Relative error of the expected gradient of each estimator and placement of the KL."""
    rows = []
    for task in lab.exact.kl:
        for noise in lab.exact.noises:
            actor = Tilted(noise, seed=1).actor(task, lab.training)
            for kl in KLS:
                name = f"{kl.kind} in the {kl.place}" + (", whole text" if kl.over == "sequence" else "")
                error = enumerated.kl_error(task, lab.training, actor, kl)
                rows.append({"task": task.name, "noise": noise, "estimator": name, "error": error})
    return pd.DataFrame(rows)


def write(
    lab: GradientExperiment, paths: Sequence[Path], failures: Sequence[str], out: Path, kinds: Sequence[str] = SUFFIXES
) -> Path:
    """Tables, figures, report.html and report.md under `out`."""
    frame = frame_of(lab, paths)
    crossing, kl = pd.DataFrame(crossover_rows(lab.exact, lab.training)), kl_rows(lab)
    ladder = frame[frame["axis"] == "estimator"]
    order = [v.name for shown in groups().values() for v in shown]
    drawings: dict[str, tuple[pd.DataFrame, Callable[[pd.DataFrame], Figure]]] = {
        "variance_ladder": (ladder, partial(quality_figures.variance_ladder, order=order)),
        "axes": (frame[~frame["axis"].isin(SPECIAL)], quality_figures.axes_panels),
        "crossover": (crossing, quality_figures.crossover),
        "success_factor": (frame[frame["axis"] == "success"], quality_figures.success),
        "lambda": (frame[frame["axis"] == "lambda"], quality_figures.of_lambda),
        "kl": (kl, quality_figures.kl_bars),
    }
    horizons = {s.measurement.task.name: s.measurement.task.spec.horizon for s in lab.points}
    first, *others = sentences(frame, crossing, kl, horizons) or ["Nothing was measured."]
    drawn = [Drawn(n, partial(draw, rows), CAPTIONS[n]) for n, (rows, draw) in drawings.items() if len(rows)]
    lost = joined([plain(failure.splitlines()[0]) for failure in failures]) or "None failed."
    counted = f"{len(paths)} measurements, {len(lab.measurements) - len(paths)} missing."
    facts = store.read_json(paths[0])["provenance"].items()
    sections = (
        Section("What was measured", (Prose(joined(others)), *drawn)),
        Section("Every estimator", (Prose(EXPLAINED), Table("estimators", ladder[SHOWN[2:]]))),
        Section("The KL", (Table("kl", kl, CAPTIONS["kl"]),)),
        Section("Measurements", (Table("quality", frame[SHOWN]), Table("crossover", crossing))),
        Section("Failures and missing cells", (Prose(f"{counted}\n\n{lost}"),)),
        Section("Provenance", (Prose(joined([f"{key}: {value}" for key, value in facts])),)),
    )
    return Document(lab.name, lab.question, first, sections).write(out, kinds)


def sentences(frame: pd.DataFrame, crossing: pd.DataFrame, kl: pd.DataFrame, horizons: Mapping[str, int]) -> list[str]:
    """What was measured, in words; every number is computed here."""
    said = []
    ladder = frame[frame["axis"] == "estimator"]
    honest = ladder[[VARIANTS[v].promises.factor == "one" for v in ladder["variant"]]]
    if len(honest):
        far = honest[honest["scale_z"] > FAR]
        names = ", ".join(f"`{v}`" for v in dict.fromkeys(honest["variant"]))
        kept = "all are, within noise" if far.empty else f"not so: {', '.join(far['variant'] + ' on ' + far['task'])}"
        said.append(f"{names} promise to be unbiased: {kept} (largest z of a length {honest['scale_z'].max():.1f}).")
    for name, theory in (("dr_grpo", "(G-1)/G = 0.750"), ("batch_mean", "(N-1)/N = 0.938")):
        rows = ladder[ladder["variant"] == name]
        if rows.empty:
            continue
        times = rows["task"].map(horizons) if name == "dr_grpo" else 1.0
        told = zip(rows["scale"] * times, 2 * rows["scale_error"] * times, strict=True)
        values = ", ".join(f"{x:.3f} ± {e:.3f}" for x, e in told)
        of_max = " (times L_max)" if name == "dr_grpo" else ""
        said.append(f"`{name}` shrinks the gradient to {values} of its length{of_max}; theory: {theory}.")
    for task, rows in ladder.groupby("task", sort=False):
        straight = rows[rows["straight"]].set_index("variant")["relative"]
        if "reinforce" in straight and len(straight) > 1:
            said.append(f"On {task} {_least({str(v): float(x) for v, x in straight.items()})}.")
    for reward, rows in crossing.groupby("reward", sort=False):
        sizes = sorted(set(rows["K"]))
        of = rows[rows["K"] == sizes[len(sizes) // 2]]
        found = _crossing(of["score"].to_numpy(), of["ratio"].to_numpy())
        said.append(f"{str(reward).capitalize()}, K = {of['K'].iloc[0]}: {found}.")
    of_p = frame[frame["axis"] == "success"]
    if len(of_p):
        places = zip(of_p["label"], of_p["x"], strict=True)
        known = np.array([success_factor(int(label.removeprefix("G=")), p) for label, p in places])
        z = ((of_p["scale"] - known) / of_p["scale_error"]).abs()
        said.append(
            f"w_G(p): {len(of_p)} lengths measured, {int((z < 2).sum())} within two standard errors of the closed form, the "
            f"farthest at {z.max():.1f}."
        )
    for label, rows in frame[frame["axis"] == "lambda"].groupby("label", sort=False):
        error = dict(zip(rows["x"], rows["bias"] ** 2 + rows["variance"], strict=True))
        best = min(error, key=lambda x: error[x])
        said.append(
            f"{str(label).capitalize()}: bias² + variance of one gradient is least at lambda {best:g} ({error[best]:.3g}; "
            f"{error[max(error)]:.3g} at {max(error):g})."
        )
    if len(kl):
        spans = {str(name): (of.min(), of.max()) for name, of in kl.groupby("estimator", sort=False)["error"]}
        words = ", ".join(f"{n} {a:.2f}" + (f" to {b:.2f}" if b - a > 0.005 else "") for n, (a, b) in spans.items())
        said.append(f"Relative error of the expected gradient of the KL: {words}.")
    return said


def _least(relative: Mapping[str, float]) -> str:
    """Who has the least relative variance, and who more than REINFORCE."""
    best, plain = min(relative, key=lambda v: relative[v]), relative["reinforce"]
    worse = [f"`{v}`" for v, x in relative.items() if x > CLEARLY * plain]
    more = f"; {', '.join(worse)} have more than `reinforce`" if worse else ""
    if plain < CLEARLY * relative[best]:
        return f"none of those that point along grad J has clearly less relative variance than `reinforce`{more}"
    told = f"`{best}` has the least relative variance of those that point along grad J"
    return f"{told}, {plain / relative[best]:.1f} times less than `reinforce`{more}"


def _crossing(score: np.ndarray, ratio: np.ndarray) -> str:
    """At how many of the policies the ratio is below 1, between which scores, and how large it is elsewhere."""
    below = ratio < 1
    if not below.any():
        return (
            f"RLOO has more variance than REINFORCE at every score seen ({ratio.min():.2f} to {ratio.max():,.0f} times)"
        )
    less = f"RLOO has less variance than REINFORCE ({ratio[below].min():.2f} to {ratio[below].max():.2f} times)"
    if below.all():
        return f"{less} at every score seen"
    between = (
        f"at {below.sum()} of {len(ratio)} policies, of scores {score[below].min():.2f} to {score[below].max():.2f}"
    )
    return f"{less} {between}, and more at the others (up to {ratio.max():.2f} times)"
