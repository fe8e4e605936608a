"""A CSV as columns that are checked while they are read: what does not fit is named with its file and line."""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from benchmarks.numbers import LARGEST, whole_number
from envs.validation import UsageError

T = TypeVar("T")

_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_TRUTH = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True)
class CsvTable:
    """The texts of a CSV by column; `lines` are the rows' numbers in the file."""

    source: str
    lines: Sequence[int]
    columns: dict[str, list[str]]

    def words(self, name: str) -> list[str]:
        """Texts that are not empty."""
        return self._parsed(name, "a name", _word)

    def numbers(self, name: str, blank: float | None = None) -> list[float]:
        """Floats, NaN among them; an empty field is `blank`, where that is allowed."""
        return self._parsed(name, "a number", float, blank)

    def whole(self, name: str, least: int, blank: int | None = None) -> list[int]:
        """Integers of at least `least`, exact to 64 bits, also where they are written as 1e6 or 3.0."""

        def read(text: str) -> int:
            value = whole_number(text)
            if value < least:
                raise ValueError
            return value

        return self._parsed(name, f"a whole number of at least {least}", read, blank)

    def truths(self, name: str) -> list[bool]:
        """true, false, 1 or 0; an empty field is false."""
        return self._parsed(name, "true or false", lambda text: _TRUTH[text.lower()], False)

    def _parsed(self, name: str, kind: str, read: Callable[[str], T], blank: T | None = None) -> list[T]:
        """The column's values; UsageError that names the first line which does not fit, and a decimal comma."""
        values = []
        for line, text in zip(self.lines, self.columns[name], strict=True):
            if blank is not None and not text:
                values.append(blank)
                continue
            try:
                values.append(read(text))
            except (ValueError, KeyError, OverflowError):
                raise UsageError(
                    f"{self.source}, line {line}: {name} must be {kind}, not {text!r}{_hint(text)}"
                ) from None
        return values


def read_table(text: Iterable[str], source: str, required: Sequence[str], skipped: int = 0) -> CsvTable:
    """The table, of which `skipped` lines were read before; UsageError where a required column is missing."""
    reader = csv.reader(text, skipinitialspace=True)
    try:
        rows = [(reader.line_num + skipped, row) for row in reader if row]
    except csv.Error as error:
        raise UsageError(f"{source} is no CSV: {error}") from error
    header = [name.strip() for name in rows[0][1]] if rows else []
    _check_separator(header, source, required)
    absent = [_absent(name, header) for name in required if name not in header]
    if absent:
        raise UsageError(f"{source}: no column {', '.join(absent)}; its columns: {', '.join(header) or 'none'}")
    if len(set(header)) < len(header):
        twice = next(name for i, name in enumerate(header) if name in header[:i])
        raise UsageError(f"{source}: two columns are called {twice!r}")
    for line, row in rows[1:]:
        if len(row) != len(header):
            hint = "; decimals take a point, and a comma in a field needs quotes" if len(row) > len(header) else ""
            raise UsageError(f"{source}, line {line}: {len(row)} fields under {len(header)} columns{hint}")
    columns = {name: [row[i].strip() for _, row in rows[1:]] for i, name in enumerate(header)}
    return CsvTable(source, [line for line, _ in rows[1:]], columns)


def _hint(text: str) -> str:
    """What is wrong with a number that cannot be read, where that can be seen."""
    if _COMMA.fullmatch(text):
        return "; decimals take a point, not a comma"
    return f"; the largest is {LARGEST}" if text.isdecimal() and int(text) > LARGEST else ""


def _check_separator(header: Sequence[str], source: str, required: Sequence[str]) -> None:
    """UsageError for a table whose columns stand between other separators than commas."""
    for separator, word in _SEPARATORS.items():
        names = [name.strip().strip('"') for name in ",".join(header).split(separator)]
        if len(names) > 1 and set(required) & set(names) and not set(required) <= set(header):
            raise UsageError(
                f"{source}: its separator seems to be {separator!r}; save it with commas between columns, not {word}, "
                "and points in decimals"
            )


def _word(text: str) -> str:
    if not text:
        raise ValueError
    return text


def _absent(name: str, header: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, header, n=1, cutoff=0.4)
    return f"{name!r} (nearest: {near[0]})" if near else repr(name)
