"""Which numbers of a hand-written page look like measurements, and which of them may stand there."""

from __future__ import annotations

import re

from docs._scripts import marks

QUOTED = re.compile(r"```.*?```|^    .*?$|`[^`\n]*`|\]\([^)]*\)|<!--.*?-->", re.DOTALL | re.MULTILINE)
DECIMAL = r"[+-]?\d*\.\d+"
UNIT = r"(?:seconds?|minutes?|min|hours?|s|ms|us|MB|GB|MiB|GiB|%|times|nats|million|(?:steps|tokens) a second)"
MEASUREMENT = re.compile(rf"(?<![\w.,])(?:{DECIMAL}(?:\s*{UNIT}\b)?|\d[\d,]*\s*{UNIT}(?!\w)|[+-]\d[\d,]*)(?![\w])")


def measurements(page: str) -> list[str]:
    """Decimals, numbers with a unit and signed numbers outside generated blocks, code and links, in order."""
    text = QUOTED.sub(" ", marks.without_blocks(page))
    return [" ".join(found[0].split()) for found in MEASUREMENT.finditer(text)]
