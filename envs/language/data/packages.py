"""Files of installed packages that are used as data: found without importing the package, and checked by their hash."""

from __future__ import annotations

import hashlib
import importlib.metadata
from pathlib import Path

from envs.validation import UsageError

INSTALL = 'pip install "pg-ladder[language]"'


def data_file(package: str, file: str, sha256: str, purpose: str) -> Path:
    """The path of a file of an installed package; UsageError if it is missing or its content has changed.

    file     its name within the package, with forward slashes
    purpose  what it is needed for, as a clause's subject
    """
    try:
        distribution = importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        raise UsageError(f"{purpose} needs the package {package}: {INSTALL}") from None
    path = Path(str(distribution.locate_file(file)))
    if not path.is_file():
        raise UsageError(f"{package} {distribution.version} has no file {file}: {INSTALL}")
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != sha256:
        raise UsageError(
            f"{file} of {package} {distribution.version} is not the file that is needed: "
            f"sha256 {found[:12]}, expected {sha256[:12]}; {INSTALL}"
        )
    return path
