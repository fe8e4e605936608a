"""Sphinx's settings: the pages of docs/ as a site (`nox -s docs`)."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

project = "PG Ladder"
project_copyright = "the PG Ladder authors"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build", "_scripts"]
html_theme = "furo"
html_title = "PG Ladder"
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 4
autodoc_typehints = "description"
autodoc_member_order = "bysource"

ROOT = Path(__file__).resolve().parent.parent
FROM_ROOT = {"index": "README.md", "zh": "README.zh.md", "contributing": "CONTRIBUTING.md", "changes": "CHANGELOG.md"}
# the pages that files and folders of the tree are on the site
PAGES = {path: f"docs/{name}.md" for name, path in FROM_ROOT.items()} | {"docs/decisions": "docs/decisions/index.md"}
LINK = re.compile(r"(\]\()((?!http|#|mailto)[^)\s#]+)")


def on_site(text: str, written_in: Path, shown_in: Path) -> str:
    """A text of one folder with its links as they are in another, and to the site's pages where there are such."""

    def lead(match: re.Match[str]) -> str:
        path = Path(os.path.relpath((ROOT / written_in / match[2]).resolve(), ROOT)).as_posix()
        shown = Path(os.path.relpath(PAGES.get(path, path), shown_in)).as_posix()
        # else MyST takes any Markdown file for a page
        return (
            match[1]
            + ("path:" if path.endswith(".md") and not PAGES.get(path, path).startswith("docs/") else "")
            + shown
        )

    return LINK.sub(lead, text)


def read_page(app: Sphinx, name: str, source: list[str]) -> None:
    """Begin the pages of FROM_ROOT with their file; lead all links to the site's pages."""
    folder = (Path("docs") / name).parent
    source[0] = on_site(source[0], folder, folder)
    if name in FROM_ROOT:
        source[0] = on_site((ROOT / FROM_ROOT[name]).read_text(), Path(), folder) + "\n" + source[0]


def plain(app: Sphinx, kind: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Show what follows the first paragraph of a docstring as it is written: our tables and formulas are plain text."""
    first = lines.index("") if "" in lines else len(lines)
    rest = [f"    {line}" for line in lines[first + 1 :]]
    lines[first:] = ["", ".. code-block:: text", "", *rest, ""] if rest else [""]


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the above; diagrams are shown as their text, since drawing them needs a script from the network."""
    app.add_lexer("mermaid", TextLexer)
    app.connect("source-read", read_page)
    app.connect("autodoc-process-docstring", plain)
    return {"parallel_read_safe": True}
