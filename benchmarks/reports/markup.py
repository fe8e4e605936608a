"""User text inside generated Markdown: names, messages and samples are escaped and never interpreted.

Generated sentences are Markdown, with names plain or in backticks. `with_exact_names` escapes the user's names in them.
`without_html` escapes HTML tags, images and links in everything else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)  # a code span of CommonMark
_SPECIAL = re.compile(
    r"\\(?=[!-/:-@\[-`{-~]|$)"  # a backslash escapes punctuation alone
    r"|[`*]"
    r"|(?<!\w)_|_(?!\w)"  # within a word it is no emphasis
    r"|\](?=[(\[])"  # text](target)
    r"|<(?=[A-Za-z/!?])"  # <tag
    r"|&(?=#?\w+;)"  # &entity;
    r"|~(?=~)|(?<=~)~|\$|^[>+-](?=\s)|^#+"
)
# tags of emphasis are harmless and allowed
_RAW = re.compile(r"<(?!/?(?:b|i|em|strong|sub|sup|code)>)(?=[A-Za-z/!?])|(?<!\\)((?:\\\\)*)\](?=\()")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")


def one_line(text: str) -> str:
    """On one line, without control characters."""
    return "".join(c if c.isprintable() else " " for c in text)


def escaped(text: str) -> str:
    """Markdown that is read as exactly this text, on one line."""
    return _SPECIAL.sub(_escape, one_line(text))


def _escape(match: re.Match[str]) -> str:
    """Entities for < and &, which not every reader of Markdown lets a backslash escape."""
    return "".join({"<": "&lt;", "&": "&amp;"}.get(c, "\\" + c) for c in match[0])


def code_span(text: str) -> str:
    """A code span that is read as exactly this text; plain text where it holds a tag, for code spans escape nothing."""
    text = one_line(text)
    if _TAG.search(text):
        return escaped(text)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    space = " " if text[:1] == "`" or text[-1:] == "`" else ""
    fence = "`" * (longest + 1)
    return f"{fence}{space}{text}{space}{fence}"


def need_escaping(names: Sequence[str]) -> tuple[str, ...]:
    """Those names that Markdown would read as something else."""
    return tuple(dict.fromkeys(n for n in names if escaped(n) != n or "|" in n))


@cache
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    words = "|".join(re.escape(n) for n in sorted(names, key=len, reverse=True))
    return re.compile(rf"`({words})`|(?<!\w)({words})(?!\w)")


def with_exact_names(text: str, names: Sequence[str]) -> str:
    """Our Markdown with each of these names (`need_escaping`) shown exactly: as code in backticks, else as text."""
    if not names:
        return without_html(text)
    parts, last = [], 0
    for match in _pattern(tuple(names)).finditer(text):
        parts.append(without_html(text[last : match.start()]))
        parts.append(escaped(match[2]) if match[1] is None else code_span(match[1]))
        last = match.end()
    return "".join([*parts, without_html(text[last:])])


def _disarm(match: re.Match[str]) -> str:
    return "&lt;" if match[0] == "<" else f"{match[1]}\\]"


def without_html(text: str) -> str:
    """Our Markdown without raw HTML and links outside of code spans, whatever was put into it; what is escaped stays so."""
    parts, last = [], 0
    for match in _CODE.finditer(text):
        parts += [_RAW.sub(_disarm, text[last : match.start()]), match[0]]
        last = match.end()
    return "".join([*parts, _RAW.sub(_disarm, text[last:])])


def table_cell(text: str, names: Sequence[str] = ()) -> str:
    """A table cell: a user's name as it is written, other text with its code spans; bars are escaped."""
    text = one_line(text)
    escaped_text = escaped(text) if text in names or "`" not in text else with_exact_names(text, names)
    return re.sub(r"(\\*)\|", lambda match: match[1] + "\\|", escaped_text)


def code_block(lines: Sequence[str]) -> str:
    """A code block that no line of it can close."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([fence, *lines, fence])
