"""The file of one measurement in the gradient laboratory: what was found, its configuration, its provenance.

results/<experiment>/cells/<task>__<variant>__<digest>.json
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from algorithms.conformance.gradient_quality import Quality
from benchmarks.store.descriptions import digest
from benchmarks.store.files import Damaged, read_document

QUANTITIES = {*Quality.__dataclass_fields__, "return", "gradient"}  # what a measurement finds
PARTS = ("found", "cell", "provenance")


def read_measurement_file(path: Path) -> dict[str, Any]:
    """A measurement. Raises Damaged where it cannot be read, or is not the one that its name says."""
    value = read_document(path)
    check(path.name, value)
    return value


def check(name: str, value: Mapping[str, Any]) -> None:
    """Raises Damaged where the value is not the measurement of this file name."""
    if why := _measurement_error(Path(name).stem, value):
        raise Damaged(f"{name}: {why}")


def _measurement_error(stem: str, value: Mapping[str, Any]) -> str | None:
    for name in PARTS:
        if not isinstance(value.get(name), dict):
            return f"it does not hold what a measurement does ({name})"
    if lacking := sorted(QUANTITIES - value["found"].keys()):
        return f"it does not hold what a measurement does (found.{lacking[0]})"
    for name, number in value["found"].items():
        if not isinstance(number, int | float) or isinstance(number, bool):
            return f"its {name} is no number"
    version = value["provenance"].get("laboratory_version", 1)  # early files do not say
    if stem.rpartition("__")[2] != digest(value["cell"], laboratory_version=version):
        return "the configuration inside is not the one that its name's digest is of"
    return None
