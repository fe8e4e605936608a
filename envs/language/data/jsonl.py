"""Files with a JSON object a line, in the formats of TRL: which columns there are, and what is wrong with a line."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from envs.validation import UsageError

PROMPTS = ("prompt",)
DEMONSTRATIONS = ("prompt", "completion")
PREFERENCES = ("prompt", "chosen", "rejected")
CONVERSATIONS = ("messages",)
TEXTS = ("text",)

Message = dict[str, str]  # {"role", "content"}


@dataclass(frozen=True)
class Row:
    """The wanted columns of a line: all of them texts, or all of them lists of messages."""

    path: Path
    line: int  # from 1
    columns: dict[str, str | list[Message]]

    @property
    def conversational(self) -> bool:
        """Whether the columns are lists of messages."""
        return not all(isinstance(value, str) for value in self.columns.values())

    def text(self, column: str) -> str:
        """A column that must be a text."""
        value = self.columns[column]
        if not isinstance(value, str):
            raise self.error(f"{column!r} must be a text, not a list of messages")
        return value

    def messages(self, column: str) -> list[Message]:
        """A column that must be a list of messages."""
        value = self.columns[column]
        if isinstance(value, str):
            raise self.error(f"{column!r} must be a list of messages as the other columns are, not a text")
        return value

    def error(self, what: str) -> UsageError:
        """An error that names the file and the line."""
        return line_error(self.path, self.line, what)


def line_error(path: Path, line: int, what: str) -> UsageError:
    """An error that names the file and the line."""
    return UsageError(f"{path}, line {line}: {what}")


def read_file(path: Path) -> str:
    """The text of a file in UTF-8; UsageError if there is none, or nothing in it."""
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    try:
        content = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not in UTF-8: byte {error.start}") from error
    if not content.strip():
        raise UsageError(f"{path} is empty")
    return content


def columns_of(path: Path) -> tuple[str, ...]:
    """The columns of the first line that is not empty."""
    for number, line in enumerate(read_file(path).split("\n"), 1):
        if line.strip():
            return tuple(_object(path, number, line))
    raise AssertionError("read_file rejects an empty file")


def read_lines(path: Path, columns: tuple[str, ...]) -> list[Row]:
    """The rows of a file with these columns; further columns are ignored. UsageError with file, line and what is wrong."""
    lines = enumerate(read_file(path).split("\n"), 1)  # not splitlines: a JSON string may hold other line separators
    return [_row(path, number, line, columns) for number, line in lines if line.strip()]


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except json.JSONDecodeError as error:
        raise line_error(path, number, f"no valid JSON: {error.msg} at character {error.pos + 1}") from error
    if not isinstance(found, dict):
        raise line_error(path, number, f"expected a JSON object, not {line.strip()[:40]}")
    return found


def _row(path: Path, number: int, line: str, columns: tuple[str, ...]) -> Row:
    found = _object(path, number, line)
    for column in columns:
        if column not in found:
            near = difflib.get_close_matches(column, found, n=1, cutoff=0.4)
            hint = f"nearest: {near[0]!r}" if near else f"columns: {', '.join(map(repr, found)) or 'none'}"
            raise line_error(path, number, f"there is no column {column!r}; {hint}")
        if why := _fault(found[column]):
            raise line_error(path, number, f"{column!r} {why}")
    row = Row(path, number, {column: found[column] for column in columns})
    if len({isinstance(value, str) for value in row.columns.values()}) > 1:
        raise row.error("some columns are texts and others lists of messages")
    if row.columns.get("chosen", 0) == row.columns.get("rejected", 1):
        raise row.error("'chosen' equals 'rejected'")
    return row


def _fault(value: object) -> str:
    """Why a value is neither a text nor a list of messages; empty if it is one."""
    if isinstance(value, str):
        return "" if value.strip() else "is empty"
    if not isinstance(value, list):
        return f"must be a text or a list of messages, not {json.dumps(value)[:40]}"
    if not value:
        return "is empty"
    for message in value:
        fields = message if isinstance(message, dict) else {}
        if not all(isinstance(fields.get(key), str) for key in ("role", "content")):
            return f'holds {json.dumps(message)[:40]}, which is no message {{"role": ..., "content": ...}}'
    return ""
