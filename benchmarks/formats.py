"""A table for readers: numbers rounded, intervals in one column; as Markdown, HTML and LaTeX; as CSV, unrounded."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks import markup
from benchmarks.store.files import write_text

LONG = 30  # characters beyond which a cell may break into lines
Bold = Mapping[str, Sequence[bool]]  # by column: which rows stand in bold
INTERVALS = {  # columns of bounds -> the column that shows them
    ("low", "high"): "95 % interval",
    ("low_90", "high_90"): "90 % interval",
    ("iqm_low", "iqm_high"): "of the IQM",
    ("improvement_low", "improvement_high"): "of P(better)",
}
SCORES = {  # columns on the scale of a normalised score or a probability: three places, however small
    "difference", "low", "high", "mean", "iqm", "iqm_low", "iqm_high", "median", "optimality_gap", "score", "auc", "a12",
    "improvement", "improvement_low", "improvement_high", "detectable", "before", "after", "to_half", "to_nine_tenths",
    "default", "tuned", "best trial", "chosen, tuning", "chosen, selection", "chosen, test", "optimism", "default, tuning",
    "drift", "after a quarter", "after a half", "after all", "share", "mean share", "tau", "again",
}  # fmt: skip
HIDDEN = ("least_p",)  # in the CSV files only
NAMES = {
    "p_holm": "p (Holm)",
    "p_joint": "p (joint)",
    "a12": "A12",
    "iqm": "IQM",
    "improvement": "P(better)",
    "auc": "area under the curve",
}


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
    made = table.reset_index(drop=True).drop(columns=[c for c in HIDDEN if c in table.columns])
    for (low, high), name in INTERVALS.items():
        if {low, high} <= set(made.columns):
            pairs = zip(made[low], made[high], strict=True)
            text = [f"[{number(a, 3)}, {number(b, 3)}]" if a == a else "-" for a, b in pairs]
            made.insert(list(made.columns).index(low), name, text)
            made = made.drop(columns=[low, high])
    for column in made.columns:
        places = 3 if column in SCORES else None
        made[column] = [markup.flat(v) if isinstance(v, str) else number(float(v), places) for v in made[column]]
    return made.rename(columns=_name)


class Prepared(NamedTuple):
    """A table as it is shown."""

    text: pd.DataFrame  # every cell a string
    left: list[bool]  # which columns hold words (set to the left) and not numbers (to the right)
    strong: np.ndarray  # [rows, columns] which cells stand in bold


def prepared(table: pd.DataFrame, bold: Bold | None = None) -> Prepared:
    """The table's cells, their sides and their weight."""
    text = shown(table)
    names = list(text.columns)
    words = {_name(c) for c in table.columns if not pd.api.types.is_numeric_dtype(table[c])}
    strong = np.zeros(text.shape, np.bool_)
    for column, rows in (bold or {}).items():
        strong[:, names.index(_name(column))] = rows
    return Prepared(text, [n in words or n in INTERVALS.values() for n in names], strong)


def _name(column: object) -> str:
    return NAMES.get(str(column), str(column).replace("_", " "))


def markdown(table: pd.DataFrame, bold: Bold | None = None, names: Sequence[str] = ()) -> str:
    """A GitHub table; `names` as in as_markdown."""
    return as_markdown(prepared(table, bold), names)


def as_markdown(made: Prepared, names: Sequence[str] = ()) -> str:
    """A GitHub table. `names`: those of the user's that need escaping (markup.strange)."""
    if made.text.empty:
        return "(no rows)"
    lines = ["| " + " | ".join(markup.cell(c, names) for c in made.text.columns) + " |"]
    lines.append("|" + "|".join(" --- " if left else " ---: " for left in made.left) + "|")
    for row, heavy in zip(made.text.itertuples(index=False), made.strong, strict=True):
        texts = (markup.cell(v, names) for v in row)
        lines.append("| " + " | ".join(f"**{v}**" if b else v for v, b in zip(texts, heavy, strict=True)) + " |")
    return "\n".join(lines)


def as_html(made: Prepared, caption: str) -> str:
    """A table element with scoped headings; the first column names its row."""
    names = list(made.text.columns)
    kind = ["words" if left else "numbers" for left in made.left]
    kind = ["interval" if name in INTERVALS.values() else k for name, k in zip(names, kind, strict=True)]
    kind = [
        "prose" if k == "words" and made.text[n].str.len().max() > LONG else k for n, k in zip(names, kind, strict=True)
    ]
    heads = "".join(f'<th scope="col" class="{k}">{html.escape(c)}</th>' for c, k in zip(names, kind, strict=True))
    rows = []
    for row, heavy in zip(made.text.itertuples(index=False), made.strong, strict=True):
        cells = []
        for i, (value, b, k) in enumerate(zip(row, heavy, kind, strict=True)):
            text = f"<b>{html.escape(value)}</b>" if b else html.escape(value)
            cells.append(f'<th scope="row" class="{k}">{text}</th>' if i == 0 else f'<td class="{k}">{text}</td>')
        rows.append(f"<tr>{''.join(cells)}</tr>")
    said = f"<caption>{caption}</caption>" if caption else ""
    return f"<table>{said}<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def as_latex(made: Prepared) -> str:
    """A tabular with booktabs rules (pandas' Styler)."""
    style = pd.DataFrame(np.where(made.strong, "font-weight: bold", ""), made.text.index, made.text.columns)
    styler = made.text.style.hide(axis="index").format(escape="latex").format_index(escape="latex", axis=1)
    columns = "".join("l" if left else "r" for left in made.left)
    text: str = styler.apply(lambda _: style, axis=None).to_latex(hrules=True, convert_css=True, column_format=columns)
    # after the end of a row LaTeX takes [ and * for arguments of the command that ended it
    return re.sub(r"^(\\bfseries )?([\[*])", r"\1{\2}", text, flags=re.MULTILINE)


SUFFIXES = (".csv", ".md", ".tex")


def save_table(table: pd.DataFrame, made: Prepared, path: Path, names: Sequence[str] = ()) -> list[Path]:
    """`path`.csv (unrounded), `path`.md and `path`.tex; returns their paths. `names` as in as_markdown."""
    latex = "" if table.empty else as_latex(made)
    texts = (table.to_csv(index=False, float_format="%.6g"), as_markdown(made, names) + "\n", latex)
    paths = [path.with_name(path.name + suffix) for suffix in SUFFIXES]
    for file, text in zip(paths, texts, strict=True):
        write_text(file, text)
    return paths
