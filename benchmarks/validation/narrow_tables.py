"""Tables of Markdown in a terminal that is narrower than they are: the columns that fit, and the names of the others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

CELLS = re.compile(r"(?<!\\)\|")  # what parts cells; in a cell it is written \\|
AIR = 2  # spaces between columns


def narrow_tables(lines: Sequence[str], width: int) -> list[str]:
    """The lines with every table of Markdown among them that is wider written anew."""
    made: list[str] = []
    for in_table, group in groupby(lines, lambda line: line.startswith("| ")):
        block = [*group]
        is_wide = in_table and max(map(len, block)) > width and len(block) > 2 and set(block[1]) <= set("|-: ")
        made += _narrow(block, width) if is_wide else block
    return made


def _narrow(block: Sequence[str], width: int) -> list[str]:
    """A table's columns from the left as far as they fit; where the first two do not, a line for each cell."""
    head, rule, *rows = [[cell.strip().replace("\\|", "|") for cell in CELLS.split(line)[1:-1]] for line in block]
    wide = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    shown = 0
    while shown < len(head) and sum(wide[: shown + 1]) + AIR * shown <= width:
        shown += 1
    if shown < min(2, len(head)):
        return [line for row in rows for line in (*(f"{n}: {x}" for n, x in zip(head, row, strict=True) if x), "")]
    right = [cell.endswith(":") for cell in rule]
    table = [
        (" " * AIR)
        .join(cell.rjust(wide[i]) if right[i] else cell.ljust(wide[i]) for i, cell in enumerate(row[:shown]))
        .rstrip()
        for row in (head, *rows)
    ]
    left_out = [f"too wide for {width} columns, and not shown: {', '.join(head[shown:])}"] if shown < len(head) else []
    return [*table, *left_out]
