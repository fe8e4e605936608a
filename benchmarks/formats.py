"""A table for readers: numbers rounded, intervals in one column; as Markdown, HTML and LaTeX; as CSV, unrounded."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

Bold = Mapping[str, Sequence[bool]]  # by column: which rows stand in bold
INTERVALS = {  # columns of bounds -> the column that shows them
    ("low", "high"): "95 % interval",
    ("iqm_low", "iqm_high"): "of the IQM",
    ("improvement_low", "improvement_high"): "of P(better)",
}
SCORES = {  # columns on the scale of a normalised score or a probability: three places, however small
    "difference", "low", "high", "mean", "iqm", "iqm_low", "iqm_high", "median", "optimality_gap", "score", "auc", "a12",
    "improvement", "improvement_low", "improvement_high", "detectable", "before", "after", "to_half", "to_nine_tenths",
}  # fmt: skip
NAMES = {"p_holm": "p (Holm)", "a12": "A12", "iqm": "IQM", "improvement": "P(better)", "auc": "area under the curve"}


def number(value: float, places: int | None = None) -> str:
    """1234567 -> 1,234,567; 0.12345 -> 0.123; NaN -> -. With `places`, below 1 so many of them: 0.0006 -> 0.001."""
    if value != value:
        return "-"
    if float(value).is_integer() and abs(value) >= 1:
        return f"{value:,.0f}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) < 1:
        return f"{value:.3g}" if places is None else f"{round(value, places) + 0.0:.{places}f}"
    return f"{value:.4g}"


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """Every cell as text, the columns of each interval as one, names in words."""
    made = table.copy()
    for (low, high), name in INTERVALS.items():
        if {low, high} <= set(made.columns):
            pairs = zip(made[low], made[high], strict=True)
            text = [f"[{number(a, 3)}, {number(b, 3)}]" if a == a else "-" for a, b in pairs]
            made.insert(list(made.columns).index(low), name, text)
            made = made.drop(columns=[low, high])
    for column in made.columns:
        places = 3 if column in SCORES else None
        made[column] = [v if isinstance(v, str) else number(float(v), places) for v in made[column]]
    return made.rename(columns=lambda c: NAMES.get(str(c), str(c).replace("_", " ")))


def is_text(table: pd.DataFrame) -> list[bool]:
    """Which of the shown columns hold words (set to the left) and not numbers (to the right)."""
    words = {str(c) for c in table.columns if not pd.api.types.is_numeric_dtype(table[c])}
    of_interval = {*INTERVALS.values()}
    return [name in of_interval or name in {NAMES.get(w, w.replace("_", " ")) for w in words} for name in shown(table)]


def _strong(table: pd.DataFrame, bold: Bold) -> np.ndarray:
    """[rows, shown columns]: which cells stand in bold."""
    names = list(shown(table).columns)
    mask = np.zeros((len(table), len(names)), np.bool_)
    for column, rows in bold.items():
        mask[:, names.index(NAMES.get(column, column.replace("_", " ")))] = rows
    return mask


def markdown(table: pd.DataFrame, bold: Bold | None = None) -> str:
    """A GitHub table."""
    if table.empty:
        return "(no rows)"
    made, strong = shown(table), _strong(table, bold or {})
    lines = ["| " + " | ".join(made.columns) + " |"]
    lines.append("|" + "|".join(" --- " if left else " ---: " for left in is_text(table)) + "|")
    for row, heavy in zip(made.itertuples(index=False), strong, strict=True):
        cells = [f"**{v}**" if b else v for v, b in zip(row, heavy, strict=True)]
        lines.append("| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |")
    return "\n".join(lines)


def as_html(table: pd.DataFrame, caption: str, bold: Bold | None = None) -> str:
    """A table element with scoped headings; the first column names its row."""
    made, strong, left = shown(table), _strong(table, bold or {}), is_text(table)
    kind = ["words" if is_left else "numbers" for is_left in left]
    kind = ["interval" if name in INTERVALS.values() else k for name, k in zip(made.columns, kind, strict=True)]
    heads = "".join(
        f'<th scope="col" class="{k}">{html.escape(c)}</th>' for c, k in zip(made.columns, kind, strict=True)
    )
    rows = []
    for row, heavy in zip(made.itertuples(index=False), strong, strict=True):
        cells = []
        for i, (value, b, k) in enumerate(zip(row, heavy, kind, strict=True)):
            text = f"<b>{html.escape(value)}</b>" if b else html.escape(value)
            cells.append(f'<th scope="row" class="{k}">{text}</th>' if i == 0 else f'<td class="{k}">{text}</td>')
        rows.append(f"<tr>{''.join(cells)}</tr>")
    said = f"<caption>{caption}</caption>" if caption else ""
    return f"<table>{said}<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def latex(table: pd.DataFrame, bold: Bold | None = None) -> str:
    """A tabular with booktabs rules (pandas' Styler)."""
    made, strong = shown(table), _strong(table, bold or {})
    style = pd.DataFrame(np.where(strong, "font-weight: bold", ""), index=made.index, columns=made.columns)
    styler = made.style.hide(axis="index").format(escape="latex").format_index(escape="latex", axis=1)
    columns = "".join("l" if left else "r" for left in is_text(table))
    text: str = styler.apply(lambda _: style, axis=None).to_latex(hrules=True, convert_css=True, column_format=columns)
    return text


SUFFIXES = (".csv", ".md", ".tex")


def save_table(table: pd.DataFrame, path: Path, bold: Bold | None = None) -> list[Path]:
    """`path`.csv, `path`.md and `path`.tex; returns their paths."""
    texts = (
        table.to_csv(index=False, float_format="%.6g"),
        markdown(table, bold) + "\n",
        "" if table.empty else latex(table, bold),
    )
    paths = [path.with_name(path.name + suffix) for suffix in SUFFIXES]
    for file, text in zip(paths, texts, strict=True):
        write_text(file, text)
    return paths


def write_text(path: Path, text: str) -> None:
    """Write beside the place and move, so that a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
