"""The pages of docs/ as a site: no broken link, no page that none leads to, no docstring that cannot be read."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CONF = runpy.run_path(str(ROOT / "docs" / "conf.py"))


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    """A warning is a link to nothing, a page outside the contents, or an unknown Python name."""
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", "docs", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    home = (tmp_path / "index.html").read_text()
    assert 'href="results.html"' in home
    assert 'href="contributing.html"' in home
    assert (tmp_path / "_images" / "ingredients.svg").exists()
    # nothing is read from the network
    assert not re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="(?:https?:)?//[^"]+"', home)


def test_links_lead_to_the_pages_of_the_site() -> None:
    on_site = CONF["on_site"]
    text = "[a](docs/theory.md#x) [b](CONTRIBUTING.md) [c](docs/decisions/) [d](a.py) [e](results/README.md)"
    shown = "[a](theory.md#x) [b](contributing.md) [c](decisions/index.md) [d](../a.py) "
    assert on_site(text, Path(), Path("docs")) == shown + "[e](path:../results/README.md)"
    assert on_site("[f](https://a.b/c) [g](#h)", Path(), Path("docs")) == "[f](https://a.b/c) [g](#h)"
    assert on_site("[i](../README.md)", Path("docs"), Path("docs")) == "[i](index.md)"
