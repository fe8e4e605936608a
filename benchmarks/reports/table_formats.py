"""A table for readers: numbers rounded, intervals in one column; as Markdown and LaTeX; as CSV, unrounded."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.design.report_blocks import Bold
from benchmarks.reports import markup
from envs.files.writing import write_text

SMALLEST = 1e-4  # half an interval that is shown
LONG_CELL = 30  # characters beyond which a cell may break into lines
PROSE, PADDING = 40, 2  # characters of such a cell's column at most; between two columns
PAGE_LETTERS, PHONE_LETTERS = 115, 45  # of a table that is as wide as a page, and as a phone


INTERVALS = {  # columns of bounds -> the column that shows them
    ("low", "high"): "95 % interval",
    ("low_90", "high_90"): "90 % interval",
    ("iqm_low", "iqm_high"): "of the IQM",
    ("improvement_low", "improvement_high"): "of P(better)",
}


class Column(NamedTuple):
    """How columns of a name are shown.

    heading   "": the name itself, with spaces for underscores
    decimals  of values below 1; None: three significant digits
    hidden    in the CSV file only
    """

    heading: str = ""
    decimals: int | None = None
    hidden: bool = False


SCORE = Column(decimals=3)  # on the scale of a normalised score or a probability: three decimals, however small
COLUMNS = {
    "p_holm": Column("p (Holm)"),
    "p_joint": Column("p (joint)"),
    "least_p": Column(hidden=True),
    "a12": Column("A12", 3),
    "iqm": Column("IQM", 3),
    "improvement": Column("P(better)", 3),
    "auc": Column("area under the curve", 3),
    **dict.fromkeys((bound for pair in INTERVALS for bound in pair), SCORE),
    **dict.fromkeys(("mean", "median", "optimality_gap", "score", "difference", "detectable"), SCORE),
    **dict.fromkeys(("before", "after", "to_half", "to_nine_tenths", "tau"), SCORE),
    # of tuning
    **dict.fromkeys(("default", "tuned", "best trial", "default, tuning", "optimism", "drift", "again"), SCORE),
    **dict.fromkeys(("chosen, tuning", "chosen, selection", "chosen, test", "share", "mean share"), SCORE),
    **dict.fromkeys(("after a quarter", "after a half", "after all"), SCORE),
}


def number(value: float, decimals: int | None = None) -> str:
    """1234567 -> 1,234,567; 0.12345 -> 0.123; NaN -> -. With `decimals`, below 1 so many: 0.0006 -> 0.001."""
    if value != value:
        return "-"
    if float(value).is_integer() and abs(value) >= 1:
        return f"{value:,.0f}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) < 1:
        return f"{value:.3g}" if decimals is None else f"{round(value, decimals) + 0.0:.{decimals}f}"
    return f"{value:.4g}"


def as_text_table(table: pd.DataFrame) -> pd.DataFrame:
    """Every cell as text, the columns of each interval as one, names in words."""
    text = table.reset_index(drop=True)
    text = text.drop(columns=[c for c in text.columns if _column(c).hidden])
    for (low, high), name in INTERVALS.items():
        if {low, high} <= set(text.columns):
            pairs = zip(text[low], text[high], strict=True)
            bounds = [f"[{number(a, 3)}, {number(b, 3)}]" if a == a else "-" for a, b in pairs]
            text.insert(list(text.columns).index(low), name, bounds)
            text = text.drop(columns=[low, high])
    text = _with_bounds(text)
    for column in text.columns:
        decimals = _column(column).decimals
        text[column] = [markup.one_line(v) if isinstance(v, str) else number(float(v), decimals) for v in text[column]]
    return text.rename(columns=_heading)


def _with_bounds(table: pd.DataFrame) -> pd.DataFrame:
    """Means whose bounds have columns of their own: the three as one.

    Mean and half the interval; mean and bounds where an interval of the column was cut.
    """
    for name in list(table.columns):
        for join in ("_", " "):
            low, high = f"{name}{join}low", f"{name}{join}high"
            if {low, high} <= set(table.columns):
                parts = [tuple(map(float, row)) for row in zip(table[name], table[low], table[high], strict=True)]
                form = _plus_minus if all(_symmetric(*row) for row in parts) else _bracketed
                shown = [form(*row) for row in parts]
                table = table.assign(**{name: shown}).drop(columns=[low, high])
    return table


def _symmetric(mean: float, low: float, high: float) -> bool:
    """Whether the mean is halfway between its bounds: they were not cut where the quantity cannot go."""
    return not abs((high - mean) - (mean - low)) > 0.02 * (high - low)


def _bracketed(mean: float, low: float, high: float) -> str:
    """0.98 [0.93, 1.00]: as many decimals as the interval needs for two digits."""
    if not high > low:
        return _plus_minus(mean, low, high)
    decimals = max(1 - math.floor(math.log10((high - low) / 2)), 0)
    text, *bounds = (f"{round(x, decimals) + 0.0:,.{decimals}f}" for x in (mean, low, high))
    return f"{text} [{', '.join(bounds)}]"


def _plus_minus(mean: float, low: float, high: float) -> str:
    """0.312, 0.262, 0.362 -> 0.312 ± 0.050: as many decimals as the half interval needs for two digits."""
    half = (high - low) / 2
    if not math.isfinite(half):
        return number(mean)
    if half < SMALLEST:
        return f"{number(mean)} ± 0"
    decimals = max(1 - math.floor(math.log10(half)), 0)
    return f"{round(mean, decimals) + 0.0:,.{decimals}f} ± {half:,.{decimals}f}"


class TableCell(NamedTuple):
    text: str
    bold: bool


class Prepared(NamedTuple):
    """A table with every cell as text."""

    text: pd.DataFrame  # every cell a string
    left: list[bool]  # which columns hold words (set to the left) and not numbers (to the right)
    strong: np.ndarray  # [rows, columns] which cells are bold

    @property
    def rows(self) -> list[list[TableCell]]:
        rows = zip(self.text.itertuples(index=False), self.strong, strict=True)
        return [[TableCell(*cell) for cell in zip(texts, bold, strict=True)] for texts, bold in rows]

    @property
    def scrolls(self) -> str:
        """Where the table is wider than its place: "page phone", "phone", or "" where it fits a phone too."""
        widths = [max([len(name), *self.text[name].str.len()]) for name in self.text.columns]
        letters = sum(min(width, PROSE) + PADDING for width in widths)
        return "page phone" if letters > PAGE_LETTERS else "phone" if letters > PHONE_LETTERS else ""

    @property
    def classes(self) -> list[str]:
        """The CSS class of each column: numbers, interval, words, or prose that breaks into lines."""
        classes = []
        for name, left in zip(self.text.columns, self.left, strict=True):
            if name in INTERVALS.values():
                classes.append("interval")
            elif left:
                classes.append("prose" if self.text[name].str.len().max() > LONG_CELL else "words")
            else:
                classes.append("numbers")
        return classes


def prepare_table(table: pd.DataFrame, bold: Bold | None = None) -> Prepared:
    """The table's cells, the side to which each column is set, and which cells are bold."""
    text = as_text_table(table)
    names = list(text.columns)
    words = {_heading(c) for c in table.columns if not pd.api.types.is_numeric_dtype(table[c])}
    strong = np.zeros(text.shape, np.bool_)
    for column, rows in (bold or {}).items():
        strong[:, names.index(_heading(column))] = rows
    return Prepared(text, [n in words or n in INTERVALS.values() for n in names], strong)


def _column(name: object) -> Column:
    return COLUMNS.get(str(name), Column())


def _heading(name: object) -> str:
    return _column(name).heading or str(name).replace("_", " ")


def markdown(table: pd.DataFrame, bold: Bold | None = None, names: Sequence[str] = ()) -> str:
    """A GitHub table; `names` as in as_markdown."""
    return as_markdown(prepare_table(table, bold), names)


def as_markdown(table: Prepared, names: Sequence[str] = ()) -> str:
    """A GitHub table. `names`: those of the user's that need escaping (markup.need_escaping)."""
    if table.text.empty:
        return "(no rows)"
    lines = ["| " + " | ".join(markup.table_cell(c, names) for c in table.text.columns) + " |"]
    lines.append("|" + "|".join(" --- " if left else " ---: " for left in table.left) + "|")
    for row in table.rows:
        texts = [(markup.table_cell(cell.text, names), cell.bold) for cell in row]
        lines.append("| " + " | ".join(f"**{text}**" if bold else text for text, bold in texts) + " |")
    return "\n".join(lines)


def as_latex(table: Prepared) -> str:
    """A tabular with booktabs rules (pandas' Styler)."""
    style = pd.DataFrame(np.where(table.strong, "font-weight: bold", ""), table.text.index, table.text.columns)
    styler = table.text.style.hide(axis="index").format(escape="latex").format_index(escape="latex", axis=1)
    columns = "".join("l" if left else "r" for left in table.left)
    text: str = styler.apply(lambda _: style, axis=None).to_latex(hrules=True, convert_css=True, column_format=columns)
    # after the end of a row LaTeX takes [ and * for arguments of the command that ended it
    return re.sub(r"^(\\bfseries )?([\[*])", r"\1{\2}", text, flags=re.MULTILINE)


SUFFIXES = (".csv", ".md", ".tex")


def save_table(table: pd.DataFrame, shown: Prepared, path: Path, names: Sequence[str] = ()) -> list[Path]:
    """`path`.csv (unrounded), `path`.md and `path`.tex; returns their paths. `names` as in as_markdown."""
    latex = "" if table.empty else as_latex(shown)
    texts = (table.to_csv(index=False, float_format="%.6g"), as_markdown(shown, names) + "\n", latex)
    paths = [path.with_name(path.name + suffix) for suffix in SUFFIXES]
    for file, text in zip(paths, texts, strict=True):
        write_text(file, text)
    return paths
