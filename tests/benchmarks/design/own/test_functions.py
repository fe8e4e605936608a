"""What `FILE::function` and `module::function` name, and what is said of names that name nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.design.own.functions import find_function, is_function, read_given
from envs.validation import UsageError

FILE = """
from dataclasses import dataclass
from beside import TWO

def twice(x):
    return TWO * x

@dataclass
class Holder:
    x: int = 0
    def method(self):
        return self.x

NUMBER = 3
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(FILE)
    (tmp_path / "beside.py").write_text("TWO = 2\n")
    (tmp_path / "broken.py").write_text("import sys\nsys.exit(3)\n")
    (tmp_path / "torch.py").write_text("def f(): return 'not torch'\n")
    return tmp_path


def test_functions_methods_and_classes(folder: Path) -> None:
    assert find_function(f"{folder}/mine.py::twice")(4) == 8
    assert find_function(f"{folder}/mine.py::Holder").__name__ == "Holder"
    assert find_function(f"{folder}/mine.py::Holder.method").__qualname__ == "Holder.method"
    assert find_function("json::dumps")(1) == "1"
    assert str(folder) not in sys.path


def test_a_file_stands_for_no_module_of_its_name(folder: Path) -> None:
    before = sys.modules["torch"]
    assert find_function(f"{folder}/torch.py::f")() == "not torch"
    assert sys.modules["torch"] is before


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("{}/mine.py::twise", "unknown function of {}/mine.py 'twise'; nearest: twice"),
        ("{}/mne.py::twice", "there is no file {}/mne.py; nearest: mine.py"),
        ("{}/mine.py::", "is not of the form FILE::function or package.module::function"),
        ("{}/mine.py::NUMBER", "is of class int, and no function"),
        ("{}/broken.py::f", "cannot be imported: SystemExit"),
        ("no_such_package.core::f", "there is no module 'no_such_package'"),
        ("a-b::f", "'a-b' is neither a file that ends in .py nor package.module"),
    ],
)
def test_what_is_not_found_is_said(name: str, said: str, folder: Path) -> None:
    with pytest.raises(UsageError) as caught:
        find_function(name.format(folder))
    assert said.format(folder) in str(caught.value)


def test_only_two_colons_are_a_function() -> None:
    assert is_function("a.py::f")
    assert not is_function("mine:VARIANT")


def test_given_values_are_literals_or_words() -> None:
    assert read_given("clip=.3,mode=seq-mean,flag=True") == {"clip": 0.3, "mode": "seq-mean", "flag": True}
    assert read_given("") == {}
    for wrong in ("clip", "=3", "a b=3"):
        with pytest.raises(UsageError, match="--given takes NAME=VALUE"):
            read_given(wrong)
