"""A CSV as columns that are checked while they are read: what does not fit is named with its file and line."""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import pandas as pd

from benchmarks.validation.numbers import LARGEST, whole_number
from envs.validation import UsageError

T = TypeVar("T")

_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True)
class CsvTable:
    """The texts of a CSV by column; the index is each row's line in the file."""

    source: str
    frame: pd.DataFrame

    @property
    def header(self) -> list[str]:
        """The names of the columns."""
        return [str(name) for name in self.frame]

    def words(self, name: str) -> list[str]:
        """Texts that are not empty."""
        return self._values(name, "a name", _word)

    def numbers(self, name: str, blank: float | None = None) -> list[float]:
        """Floats, NaN among them; an empty field is `blank`, where that is allowed."""
        return self._values(name, "a number", float, blank)

    def integers(self, name: str, least: int, blank: int | None = None) -> list[int]:
        """Integers of at least `least`, exact to 64 bits, also where they are written as 1e6 or 3.0."""

        def convert(text: str) -> int:
            value = whole_number(text)
            if value < least:
                raise ValueError
            return value

        return self._values(name, f"a whole number of at least {least}", convert, blank)

    def booleans(self, name: str) -> list[bool]:
        """true, false, 1 or 0; an empty field is false."""
        return self._values(name, "true or false", lambda text: _BOOLEANS[text.lower()], False)

    def _values(self, name: str, kind: str, convert: Callable[[str], T], blank: T | None = None) -> list[T]:
        """The column's values; UsageError that names the first line which does not fit, and a decimal comma."""
        values = []
        for line, text in self.frame[name].items():
            if blank is not None and not text:
                values.append(blank)
                continue
            try:
                values.append(convert(text))
            except (ValueError, KeyError, OverflowError):
                message = f"{self.source}, line {line}: {name} must be {kind}, not {text!r}{_hint(text)}"
                raise UsageError(message) from None
        return values


def read_table(text: str, source: str, required: Sequence[str], skipped: int = 0) -> CsvTable:
    """The table, before which the file has `skipped` lines; UsageError where a required column is missing."""
    rows = _rows(text, source, skipped)
    fields = rows.notna().sum(axis=1)
    header = [name.strip() for name in rows.iloc[0, : fields.iloc[0]]] if len(rows) else []
    _check_header(header, source, required)
    for line, count in fields[fields != len(header)].items():
        hint = "; decimals take a point, and a comma in a field needs quotes" if count > len(header) else ""
        raise UsageError(f"{source}, line {line}: {count} fields under {len(header)} columns{hint}")
    frame = rows.iloc[1:, : len(header)].set_axis(header, axis=1)
    return CsvTable(source, frame.apply(lambda column: column.str.strip()))


def _rows(text: str, source: str, skipped: int) -> pd.DataFrame:
    """All rows that are not blank, the header among them, by their last line; a field that a row lacks is missing."""
    width = 1 + max((line.count(",") for line in text.splitlines()), default=0)
    try:
        rows = pd.read_csv(
            io.StringIO(text, newline=""),
            engine="python",  # it tells an empty field from one that is not there
            header=None,
            names=range(width),
            index_col=False,
            dtype=str,
            na_filter=False,
            skipinitialspace=True,
            skip_blank_lines=False,
        )
    except pd.errors.EmptyDataError:
        return pd.DataFrame()
    except pd.errors.ParserError as error:
        raise UsageError(f"{source} is no CSV: {error}") from error
    within = rows.apply(lambda column: column.str.count("\n")).sum(axis=1)  # a field in quotes may have several lines
    rows.index = skipped + 1 + rows.index + within.cumsum().astype(int)
    return rows.dropna(how="all")


def _check_header(header: Sequence[str], source: str, required: Sequence[str]) -> None:
    """UsageError for columns between other separators than commas, that are missing, or that share a name."""
    for separator, word in _SEPARATORS.items():
        names = [name.strip().strip('"') for name in ",".join(header).split(separator)]
        if len(names) > 1 and set(required) & set(names) and not set(required) <= set(header):
            raise UsageError(
                f"{source}: its separator seems to be {separator!r}; save it with commas between columns, not {word}, "
                "and points in decimals"
            )
    if absent := [_nearest(name, header) for name in required if name not in header]:
        raise UsageError(f"{source}: no column {', '.join(absent)}; its columns: {', '.join(header) or 'none'}")
    if twice := [name for i, name in enumerate(header) if name in header[:i]]:
        raise UsageError(f"{source}: two columns are called {twice[0]!r}")


def _hint(text: str) -> str:
    """What is wrong with a number that cannot be read, where that can be seen."""
    if _COMMA.fullmatch(text):
        return "; decimals take a point, not a comma"
    return f"; the largest is {LARGEST}" if text.isdecimal() and int(text) > LARGEST else ""


def _word(text: str) -> str:
    if not text:
        raise ValueError
    return text


def _nearest(name: str, header: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, header, n=1, cutoff=0.4)
    return f"{name!r} (nearest: {near[0]})" if near else repr(name)
