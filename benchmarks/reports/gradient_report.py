"""The report of a gradient laboratory: tables, figures, and sentences that are computed from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from algorithms.conformance.exact import moments
from algorithms.conformance.exact.group_objective import GroupWeights
from algorithms.estimators.kl_penalty import KL
from benchmarks.design.experiment import Outcome
from benchmarks.design.gradient_experiment import GaussianParameters, GradientExperiment, crossover_rows
from benchmarks.design.report_blocks import FigureBlock, Prose, Section, Table, joined
from benchmarks.figures.gradients import quality as gradient_quality
from benchmarks.figures.gradients.objectives import objectives as draw_objectives
from benchmarks.figures.gradients.trust_regions import trust_regions as draw_trust_regions
from benchmarks.figures.rendering.file_kinds import SUFFIXES
from benchmarks.reports.document import Document
from benchmarks.reports.loading import merge_provenance
from benchmarks.reports.markup import escaped
from benchmarks.reports.sections import facts, gradients, objectives, trust_regions
from benchmarks.reports.variant_groups import groups
from benchmarks.store.sources import read_measurement
from envs.naming.titles import distinct

KLS = (KL(), KL("k2", "loss", "sequence"), KL("k1", "loss"), KL("k2", "loss"), KL("k3", "loss"), KL("k3", "reward"))
# axes with a figure of their own
AXES_WITH_FIGURE = ("estimator", "lambda", "success", objectives.AXIS, trust_regions.AXIS)
POINT_COLUMNS = ["axis", "label", "task", "variant", "replicates"]
GRADIENT_COLUMNS = ["bias", "noise", "scale", "scale_error", "variance", "snr", "direction", "single"]
SHOWN_COLUMNS = POINT_COLUMNS + GRADIENT_COLUMNS
CROSSOVER_COLUMNS = ["reward", "K", "updates", "score", "ratio"]
CAPTIONS = {
    "variance_ladder": "Variance of one batch's gradient over the square of its own signal, in units of REINFORCE's. A "
    "number is the cosine of the mean gradient to grad J, where it is below 0.98",
    "axes": "Variance over the square of the signal, and the mean cosine of a single gradient to the exact one, along seven "
    "axes",
    "crossover": "Exact variance of RLOO over REINFORCE's with as many episodes of one prompt, along exact ascent: below 1 "
    "the baseline pays",
    "success_factor": "What division by the group's deviation does to the gradient of a prompt with success rate p: closed "
    "form (lines) and measurement (two standard errors)",
    "lambda": "Bias, variance and their sum over lambda, for critics fitted to no, few and many rollouts. "
    "Shaded: the size of the bias that noise alone produces",
    "objectives": "Above: the factor w(p) of E[g] = w(p) grad p, enumerated (lines) and measured (two standard errors). "
    "Below: the objective F(p) that the estimator climbs, F' = w",
    "trust_regions": "Exact bias and standard deviation of one group's gradient in units of |grad J|, and the cosine of the "
    "mean gradient to grad J, against the distance between the policy that acted and the one that learns",
    "kl": "Relative error of the expected gradient for each KL estimator and placement (exact)",
}
COLUMNS_EXPLAINED = (
    "`bias`: |mean g - grad J|. `noise`: the size that it has for an unbiased estimate. `scale`: length of the mean along "
    "grad J (1 where unbiased), with its standard error. `snr`: |grad J|^2 over the variance of one gradient. `direction`: "
    "cosine of the mean gradient, corrected for noise. `single`: mean cosine of single gradients. Entropy bonuses are left "
    "out, because they change the objective. So are windows, lags, nuclei and natural gradients."
)


def measurement_frame(lab: GradientExperiment, paths: Sequence[Path]) -> pd.DataFrame:
    """A row a place on an axis whose measurement is done, with four more columns.

    relative   variance over the square of its own signal      times     the same, in units of `reinforce` at that place
    direction  cosine of E g to grad J, corrected for noise
    straight   direction is nearly 1, or the component orthogonal to grad J is within noise
    """
    measured = {path.stem.rpartition("__")[2]: read_measurement(path)["found"] for path in paths}
    rows = []
    for point in lab.points:
        measurement = point.measurement
        if measurement.digest in measured:
            position = {"axis": point.axis, "x": point.x, "label": point.label}
            names = {"task": measurement.task.name, "variant": measurement.variant.name}
            rows.append({**position, **names, **measured[measurement.digest]})
    frame = pd.DataFrame(rows)
    along = frame["scale"] * frame["gradient"]
    # |mean g|^2 exceeds |E g|^2 by the noise's square, which would make every direction look worse than it is
    square = (along / frame["cosine"]) ** 2 - frame["noise"] ** 2
    direction = (along / square.where(square > 0) ** 0.5).clip(-1, 1).fillna(1.0)
    across = ((along / frame["cosine"]) ** 2 - along**2).clip(lower=0) ** 0.5
    straight = (direction >= gradient_quality.MIN_COSINE) | (across < 2 * frame["noise"])
    frame = frame.assign(relative=frame["variance"] / along**2, direction=direction, straight=straight)
    plain = frame[frame["variant"] == "reinforce"].set_index(["axis", "x"])["relative"].to_dict()
    positions = zip(frame["axis"], frame["x"], strict=True)
    return frame.assign(times=frame["relative"] / [plain.get(position, float("nan")) for position in positions])


def kl_rows(lab: GradientExperiment) -> pd.DataFrame:
    """Relative error of the expected gradient of each estimator and placement of the KL."""
    rows = []
    for task in lab.exact.kl:
        for noise in lab.exact.noises:
            actor = GaussianParameters(noise, seed=1).actor(task, lab.training)
            for kl in KLS:
                name = f"{kl.kind} in the {kl.place}" + (", whole text" if kl.over == "sequence" else "")
                error = moments.kl_error(task, lab.training, actor, kl)
                rows.append({"task": task.name, "noise": noise, "estimator": name, "error": error})
    return pd.DataFrame(rows, columns=["task", "noise", "estimator", "error"])


def gradient_report(lab: GradientExperiment, outcome: Outcome, folder: Path, kinds: Sequence[str] = SUFFIXES) -> Path:
    """Write the report of a gradient laboratory; returns the path of report.md."""
    return build_document(lab, outcome).write(folder, kinds)


def build_document(lab: GradientExperiment, outcome: Outcome) -> Document:
    """Tables, figures, and sentences that are computed from them."""
    paths = outcome.paths
    frame = measurement_frame(lab, paths)
    crossing = pd.DataFrame(crossover_rows(lab.exact, lab.training), columns=CROSSOVER_COLUMNS)
    kl = kl_rows(lab)
    ladder = frame[frame["axis"] == "estimator"]
    horizons = {s.measurement.task.name: s.measurement.task.spec.horizon for s in lab.points}
    weights = objectives.weights_of(lab.points)
    climbed = objectives.table(frame[frame["axis"] == objectives.AXIS], weights)
    regions = trust_regions.relative(frame)
    said = [
        *objectives.sentences(climbed),
        *trust_regions.sentences(regions),
        *gradients.sentences(frame, crossing, kl, horizons),
    ]
    first, *others = said or ["Nothing was measured."]
    lost = joined([escaped(failure.splitlines()[0]) for failure in outcome.failures]) or "None failed."
    count = f"{len(paths)} measurements are here, {len(lab.measurements) - len(paths)} are missing."
    origin = merge_provenance([read_measurement(paths[0])["provenance"]])
    sections = (
        Section("What was measured", (Prose(joined(others)), *_figures(lab, frame, crossing, kl, weights))),
        *_section("Objectives", objectives.EXPLAINED, Table("objectives", climbed)),
        *_section(
            "Trust regions",
            trust_regions.EXPLAINED,
            *(
                Table(name, trust_regions.table(regions, of), trust_regions.CAPTIONS[of])
                for of, name in trust_regions.QUANTITIES.items()
            ),
        ),
        *_section("Every estimator", COLUMNS_EXPLAINED, Table("estimators", ladder[SHOWN_COLUMNS[2:]])),
        *_section("The KL", CAPTIONS["kl"], Table("kl", kl)),
        *_section("Measurements", "", Table("quality", frame[SHOWN_COLUMNS]), Table("crossover", crossing)),
        Section("Failures and missing cells", (Prose(f"{count}\n\n{lost}"),)),
        Section("Provenance", (Prose(joined(facts.origin_lines(origin))),)),
    )
    return Document(lab.name, lab.question, first, sections)


def _section(title: str, explained: str, *tables: Table) -> list[Section]:
    """A section of the tables that have rows, if there are any."""
    full = tuple(table for table in tables if len(table.frame))
    return [Section(title, (*([Prose(explained)] if explained else []), *full))] if full else []


def _figures(
    lab: GradientExperiment,
    frame: pd.DataFrame,
    crossing: pd.DataFrame,
    kl: pd.DataFrame,
    weights: Mapping[tuple[str, int], GroupWeights | None],
) -> list[FigureBlock]:
    """The figures that have rows."""
    axis = frame["axis"]
    titles = {task.name: task.title for task in lab.tasks}
    titles = distinct(titles | {variant.name: variant.title for variant in lab.variants})
    order = [v.name for group in groups().values() for v in group]
    ladder = partial(gradient_quality.variance_ladder, order=order, titles=titles)
    figures = (
        ("variance_ladder", frame[axis == "estimator"], ladder),
        ("axes", frame[~axis.isin(AXES_WITH_FIGURE)], partial(gradient_quality.axes_panels, titles=titles)),
        ("crossover", crossing, gradient_quality.crossover),
        ("success_factor", frame[axis == "success"], gradient_quality.success),
        ("objectives", frame[axis == objectives.AXIS], partial(draw_objectives, weights=weights, titles=titles)),
        ("trust_regions", trust_regions.relative(frame), partial(draw_trust_regions, titles=titles)),
        ("lambda", frame[axis == "lambda"], gradient_quality.bias_variance_over_lambda),
        ("kl", kl, gradient_quality.kl_bars),
    )
    return [FigureBlock(name, partial(draw, rows), CAPTIONS[name]) for name, rows, draw in figures if len(rows)]
