"""The report of an experiment: summary.csv, tables, figures and report.md, all from one tidy frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import jinja2
import pandas as pd

from benchmarks import figures, stats, tables
from benchmarks.experiment import Drawing
from benchmarks.panels import Data
from benchmarks.tables import Scale

TEMPLATES = Path(__file__).parent / "templates"
ENOUGH_SEEDS = 10
LEVEL = 0.05
LINES_A_FIGURE = 5


@dataclass(frozen=True)
class ReportInput:
    """What a report is made of. `variants` in the order they are shown, `parents` of the rungs among them."""

    name: str
    question: str
    frame: pd.DataFrame
    measures: pd.DataFrame  # store.MEASURE_COLUMNS
    texts: Mapping[str, Mapping[str, list[str]]]  # by task: who wrote, what
    drawings: tuple[Drawing, ...]  # the experiment's own figures
    scales: Mapping[str, Scale]
    variants: tuple[str, ...]
    parents: Mapping[str, str | None]
    changes: Mapping[str, str]
    optional: set[str]  # variants that exist only on tasks with an oracle
    failures: tuple[str, ...]
    provenance: Mapping[str, object]
    out: Path


def write(report: ReportInput) -> Path:
    """Write everything under `report.out`; returns the path of report.md."""
    frame, scales, variants = report.frame, report.scales, report.variants
    scores = tables.score_table(frame, scales, variants)
    aggregate = tables.aggregate_table(frame, scales, variants)
    rungs = tables.rung_table(frame, scales, variants, report.parents)
    by_task = tables.rung_task_table(frame, scales, variants, report.parents)
    write_text(report.out / "summary.csv", scores.to_csv(index=False, float_format="%.6g"))
    for name, table in (("aggregate", aggregate), ("rungs", rungs), ("rungs_by_task", by_task)):
        write_text(report.out / "tables" / f"{name}.csv", table.to_csv(index=False, float_format="%.6g"))
        write_text(report.out / "tables" / f"{name}.md", markdown(table) + "\n")
    write_text(report.out / "tables" / "scores.md", markdown(scores) + "\n")
    curves = _figures(report, rungs)
    beside = tables.measure_table(report.measures, scales, variants)
    noted = tables.diagnostics_table(report.measures, scales, variants)
    for name, table in (("measures", beside), ("diagnostics", noted)):
        write_text(report.out / "tables" / f"{name}.csv", table.to_csv(index=False, float_format="%.6g"))
    text = (
        _environment()
        .get_template("report.md.j2")
        .render(
            name=report.name,
            question=report.question,
            warning=_warning(frame, len(rungs)),
            verdicts=tables.verdicts(rungs) or [_leader(aggregate)],
            has_rungs=not rungs.empty,
            rungs=markdown(_with_changes(rungs, report.changes)),
            aggregate=markdown(aggregate),
            curves=curves,
            drawings=_drawings(report),
            measures=markdown(beside),
            diagnostics=markdown(noted),
            texts=report.texts,
            resamples=f"{stats.RESAMPLES:,}",
            tasks=[(t, markdown(_of_task(scores, t))) for t in scales],
            failures=[*report.failures, *_missing(report)],
            diverged=int(scores["diverged"].sum()),
            members=int(scores["seeds"].sum()),
            provenance=list(report.provenance.items()),
        )
    )
    path = report.out / "report.md"
    write_text(path, text)
    return path


def _figures(report: ReportInput, rungs: pd.DataFrame) -> list[tuple[str, str]]:
    """Draw all figures; returns (file stem, caption) of the learning curves."""
    frame, scales, folder = report.frame, report.scales, report.out / "figures"
    seeds = int(frame.groupby(["task", "variant"])["seed"].nunique().min())
    present = [v for v in report.variants if v in set(frame["variant"])]
    figures.save(
        figures.heat_map(frame, scales, present, f"Normalised final score, n = {seeds} seeds"), folder / "heat_map"
    )
    if not rungs.empty:
        title = f"What each ingredient buys: each rung minus its parent, n = {int(rungs['seeds'].min())} seeds"
        figures.save(figures.ingredients(frame, scales, rungs, title), folder / "ingredients")
    points = frame.groupby("variant")["checkpoint"].nunique()
    flat = [v for v in present if points[v] == 1]
    moving = [v for v in present if points[v] > 1]
    made = []
    for i in range(0, len(moving), LINES_A_FIGURE):
        lines = moving[i : i + LINES_A_FIGURE]
        stem = f"curves_{i // LINES_A_FIGURE + 1}"
        caption = f"{', '.join(lines)}: mean of {seeds} seeds with 95 % t intervals"
        title = f"mean of {seeds} seeds, band: 95 % t interval"
        figures.save(figures.learning_curves(frame, scales, lines, flat, title), folder / stem)
        made.append((stem, caption))
    return made


def _drawings(report: ReportInput) -> list[tuple[str, str]]:
    """Draw what the experiment declares; returns (file stem, caption). A figure without its rows is left out."""
    data = Data(report.frame, report.measures, report.scales, report.variants)
    if not data.moving:
        return []
    for drawing in report.drawings:
        figures.save(drawing.draw(data), report.out / "figures" / drawing.name)
    return [(drawing.name, drawing.caption) for drawing in report.drawings]


def markdown(table: pd.DataFrame) -> str:
    """A GitHub table; numbers to three significant digits, intervals in one column."""
    if table.empty:
        return "(no rows)"
    shown = table.copy()
    if {"low", "high"} <= set(shown.columns):
        place = list(shown.columns).index("low")
        pairs = zip(shown["low"], shown["high"], strict=True)
        shown.insert(place, "95 % interval", [f"[{number(a)}, {number(b)}]" for a, b in pairs])
        shown = shown.drop(columns=["low", "high"])
    shown = shown.rename(columns={"p_holm": "p (Holm)"}).rename(columns=lambda c: str(c).replace("_", " "))
    rows = [[_cell(v) for v in row] for row in shown.itertuples(index=False)]
    left = [isinstance(shown[c].iloc[0], str) for c in shown.columns]
    lines = ["| " + " | ".join(map(str, shown.columns)) + " |"]
    lines.append("|" + "|".join(" --- " if is_left else " ---: " for is_left in left) + "|")
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def number(value: float) -> str:
    """1234567 -> 1,234,567; 0.12345 -> 0.123; NaN -> -."""
    if value != value:
        return "-"
    if float(value).is_integer() and abs(value) >= 1:
        return f"{value:,.0f}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 1 else f"{value:.4g}"


def _cell(value: object) -> str:
    return value if isinstance(value, str) else number(float(value))  # type: ignore[arg-type]


def _with_changes(rungs: pd.DataFrame, changes: Mapping[str, str]) -> pd.DataFrame:
    if rungs.empty:
        return rungs
    shown = rungs.copy()
    shown.insert(2, "changes", [changes[str(v)] for v in shown["variant"]])
    return shown


def _of_task(scores: pd.DataFrame, task: str) -> pd.DataFrame:
    return scores[scores["task"] == task].drop(columns="task") if not scores.empty else scores


def _missing(report: ReportInput) -> list[str]:
    lines = tables.missing_cells(report.frame, report.scales, report.variants, report.optional)
    return [f"missing: {line}" for line in lines]


def _warning(frame: pd.DataFrame, comparisons: int) -> str:
    """What too few seeds cannot say."""
    seeds = int(frame["seed"].nunique())
    least = stats.smallest_p(seeds)
    if seeds < ENOUGH_SEEDS:
        return (
            f"{seeds} seeds: the smallest two-sided p of a paired test is {least:.3g}; "
            f"differences this report does not show may still be real. Use {ENOUGH_SEEDS} seeds or more."
        )
    if least * comparisons > LEVEL:
        return (
            f"{seeds} seeds and {comparisons} comparisons: corrected for their number, the smallest p of a paired test is "
            f"{least * comparisons:.3g}, so that no difference can be shown here. Use more seeds, or compare fewer variants."
        )
    return ""


def _leader(aggregate: pd.DataFrame) -> str:
    names = ", ".join(f"`{v}`" for v in aggregate["variant"])
    return f"No rung stands beside its parent here ({names}), so nothing is compared."


def _environment() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(TEMPLATES)
    return jinja2.Environment(
        loader=loader,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )


def write_text(path: Path, text: str) -> None:
    """Write beside the place and move, so that a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
