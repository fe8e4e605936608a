"""What `module:CONSTANT` names: mistakes are one line that says which file is meant, and where it is wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from envs.custom.importing import import_constant
from envs.validation import UsageError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def broken(:\n    pass\n", r"SyntaxError: invalid syntax \(own_module.py, line 1\)$"),
        ("import math\n\nvalue = 1 / 0\n", r"ZeroDivisionError: division by zero \(own_module.py, line 3\)$"),
        ("def inner():\n    return 1 / 0\n\ninner()\n", r"division by zero \(own_module.py, line 2\)$"),
        ("from math import sinn\n", r"ImportError: cannot import name 'sinn' .* \(own_module.py, line 1\)$"),
        ("import no_such_module\n", "it needs 'no_such_module', which is not installed$"),
        (
            "from algorithms import VARIANTS\n"
            "from algorithms.estimators.baseline import LeaveOneOut\n"
            "V = VARIANTS['baseline_loo'].rung('x', 'w', basline=LeaveOneOut())\n",
            r"unknown part of a variant 'basline'; nearest: baseline.* \(own_module.py, line 3\)$",
        ),
    ],
)
def test_a_module_that_fails_is_named_with_its_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    monkeypatch.delitem(sys.modules, "own_module", raising=False)
    (folder / "own_module.py").write_text(text)
    with pytest.raises(UsageError, match=said):
        import_constant("own_module:V", "Variant", lambda _: "", ())


def test_a_file_that_a_module_of_python_hides_is_named(folder: Path) -> None:
    """`string` is imported long before the user's file could be."""
    (folder / "string.py").write_text("V = 1\n")
    with pytest.raises(UsageError, match=r"string.py hides string.py in this folder; rename your file$"):
        import_constant("string:V", "Variant", lambda _: "", ())
