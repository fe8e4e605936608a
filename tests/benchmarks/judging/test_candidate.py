"""Files of candidates: what is read, what the hidden tasks are drawn from, and every mistake before any compute."""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.judging.candidate import read_candidate
from envs.validation import UsageError

HEAD = "from dataclasses import replace\nfrom algorithms import VARIANTS\n"
ONE = f'{HEAD}VARIANT = replace(VARIANTS["rloo"], name="mine")\n'


@pytest.fixture(autouse=True)
def _leaves_no_module(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = set(sys.modules)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield
    for name in set(sys.modules) - before:
        if name.startswith("judged_"):
            del sys.modules[name]


def file(folder: Path, text: str, name: str = "judged_one.py") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def test_a_file_holds_its_variant_by_the_name_or_as_the_only_one(tmp_path: Path) -> None:
    assert read_candidate(file(tmp_path, ONE)).variant.name == "mine"
    other = file(tmp_path, ONE.replace("VARIANT =", "OWN ="), "judged_two.py")
    assert read_candidate(other).variant.name == read_candidate(f"{other}:OWN").variant.name == "mine"


def test_comments_and_space_draw_nothing_anew(tmp_path: Path) -> None:
    plain = read_candidate(file(tmp_path, ONE))
    spaced = read_candidate(file(tmp_path, f"# again\n\n{ONE}\n", "judged_three.py"))
    renamed = read_candidate(file(tmp_path, ONE.replace("mine", "yours"), "judged_four.py"))
    assert plain.source == spaced.source != renamed.source
    assert plain.sha256 != spaced.sha256


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("VARIANT = (", r"line 1 is no Python: '\(' was never closed"),
        ("x = 1", "holds no variant: it needs VARIANT"),
        (f'{HEAD}A = replace(VARIANTS["rloo"], name="a")\nB = replace(A, name="b")', "holds 2 variants: name one, as"),
        (f"{ONE}VARIANT = replace(VARIANT, name='again')", "sets VARIANT in lines 3, 4: keep one"),
        ("VARIANT = 3", "is of class int, and no Variant"),
        ("raise KeyError('x')", "cannot be imported: KeyError"),
        (ONE.replace("mine", "ppo"), "'ppo' in .* is the name of a registered variant"),
        (ONE.replace("mine", "trpo"), "'trpo' in .* is the name of a registered variant"),  # of npg, as an alias
        (ONE.replace('"rloo"', '"exact_pg"'), "mine reads the model of the task"),
        (f'{HEAD}VARIANT = replace(VARIANTS["rloo"], name="two\\nlines")', "one line of printable characters"),
    ],
)
def test_mistakes_of_a_file_are_named(text: str, says: str, tmp_path: Path) -> None:
    name = f"judged_{hashlib.sha256(text.encode()).hexdigest()[:8]}.py"
    with pytest.raises(UsageError, match=says):
        read_candidate(file(tmp_path, text, name))


def test_mistakes_of_a_name_are_named(tmp_path: Path) -> None:
    file(tmp_path, ONE, "judged_near.py")
    with pytest.raises(UsageError, match=r"no file .*judged_naer\.py; nearest: judged_near\.py"):
        read_candidate(str(tmp_path / "judged_naer.py"))
    with pytest.raises(UsageError, match=r"is no file that ends in \.py"):
        read_candidate(str(tmp_path))
    with pytest.raises(UsageError, match=r"neither a file that ends in \.py nor a module"):
        read_candidate("nowhere_at_all:VARIANT")
    with pytest.raises(UsageError, match=r"constant of .* 'VARIENT'; nearest: VARIANT"):
        read_candidate(f"{tmp_path / 'judged_near.py'}:VARIENT")
    with pytest.raises(UsageError, match=r"random\.py has the name of another module"):
        read_candidate(file(tmp_path, ONE, "random.py"))
    with pytest.raises(UsageError, match=r"two words\.py cannot be imported"):
        read_candidate(file(tmp_path, ONE, "two words.py"))


def test_a_module_that_the_file_imports_draws_anew_and_its_comments_do_not(tmp_path: Path) -> None:
    """Else an author could keep the file, and with it the hidden tasks, and change the estimator beside it."""
    text = f"import judged_part\n{ONE}"
    found = []
    for part in ("NUMBER = 1\n", "# a word\nNUMBER = 1\n", "NUMBER = 2\n"):
        for name in ("judged_part", "judged_whole"):
            sys.modules.pop(name, None)
        (tmp_path / "judged_part.py").write_text(part)
        found.append(read_candidate(file(tmp_path, text, "judged_whole.py")))
    first, commented, changed = found
    assert first.sha256 == commented.sha256 == changed.sha256
    assert first.source == commented.source != changed.source
    assert first.modules == {"judged_part": hashlib.sha256(b"NUMBER = 1\n").hexdigest()}
    assert commented.modules != first.modules
