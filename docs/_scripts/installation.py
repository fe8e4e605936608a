"""What the installation and each extra weigh: the files of their packages, as pip has recorded them in this environment.

`python -m docs._scripts.installation`, in an environment with every extra (that of nox), writes the sizes to
results/reference/installation.json. What an extra adds is what it needs and the installation without extras does not.
"""

from __future__ import annotations

import platform
import sys
import tomllib
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from benchmarks.store.files import save_json
from docs._scripts.released import FOLDER

FILE = "installation.json"
OWN_ENVIRONMENT = ("trackio", "wandb", "openenv", "verifiers")  # extras that the environment of nox does not have
NOT_OFFERED = ("dev", "docs", *OWN_ENVIRONMENT)  # not measured: for those who change the project, or not here
LARGEST = 3  # packages that a row names


def declared(root: Path) -> dict[str, list[str]]:
    """The requirements of pyproject.toml: under "" those of every installation, under its name those of an extra."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    return {"": project["dependencies"], **project["optional-dependencies"]}


def needed(requirements: Iterable[str]) -> set[str]:
    """The packages that these requirements install, with all that those need; KeyError for one that is not installed."""
    found: set[str] = set()
    waiting = [(Requirement(text), "") for text in requirements]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        if (name, frozenset(requirement.extras)) in seen:
            continue
        seen.add((name, frozenset(requirement.extras)))
        try:
            texts = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            raise KeyError(f"{name} is not installed: measure in an environment with every extra") from None
        found.add(name)
        waiting += [(Requirement(text), one) for text in texts for one in (*requirement.extras, "")]
    return found


def megabytes(packages: Iterable[str]) -> dict[str, float]:
    """The size of each package's files, the largest first."""
    sizes = {name: sum(_sizes(name)) / 1e6 for name in packages}
    return dict(sorted(sizes.items(), key=lambda item: (-item[1], item[0])))


def _sizes(name: str) -> list[int]:
    files = (Path(str(path.locate())) for path in metadata.files(name) or ())
    return [file.stat().st_size for file in files if file.is_file()]


def measure(root: Path) -> dict[str, Any]:
    """The machine, and for the installation and each extra its megabytes, packages and largest packages."""
    requirements = declared(root)
    base = needed(requirements[""])
    rows: list[dict[str, Any]] = []
    for extra, texts in requirements.items():
        if extra in NOT_OFFERED:
            continue
        sizes = megabytes(needed(texts) - (base if extra else set()))
        largest = {name: round(size, 1) for name, size in list(sizes.items())[:LARGEST]}
        rows.append(
            {"extra": extra, "megabytes": round(sum(sizes.values()), 1), "packages": len(sizes), "largest": largest}
        )
    where = {"python": platform.python_version(), "system": platform.system(), "torch": metadata.version("torch")}
    return {**where, "rows": rows}


def block(measured: dict[str, Any]) -> str:
    """The table of docs/installation.md."""
    lines = [
        "| what | adds, MB | packages | of which |",
        "| --- | ---: | ---: | --- |",
        *(_line(row) for row in measured["rows"]),
        "",
        f"Files of the installed packages on {measured['system']}, with Python {measured['python']} and torch "
        f"{measured['torch']}.",
    ]
    return "\n".join(lines)


def _line(row: dict[str, Any]) -> str:
    name = f"`[{row['extra']}]`" if row["extra"] else "no extra"
    largest = ", ".join(f"{package} {size:,.0f}" for package, size in row["largest"].items() if size >= 1)
    return f"| {name} | {row['megabytes']:,.0f} | {row['packages']} | {largest or '-'} |"


def main(words: Sequence[str]) -> None:
    """Measure, and write the file under the folder that is named, by default the current one."""
    root = Path(words[0]) if words else Path()
    save_json(root / FOLDER / FILE, measure(root))


if __name__ == "__main__":
    main(sys.argv[1:])
