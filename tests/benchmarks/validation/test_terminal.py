"""Lines fit a terminal without broken words; in a pipe they stay whole."""

from __future__ import annotations

import io
import json
import sys

import pytest

from benchmarks.cli.main import main
from benchmarks.validation.terminal import always_fitted, broken, fitted


class Terminal(io.StringIO):
    """A terminal of so many columns as COLUMNS says."""

    def isatty(self) -> bool:
        return True


def test_a_line_is_broken_between_words() -> None:
    """`three four five six` ends at column 19."""
    assert broken("one two three four five six seven", 20) == "one two three four\nfive six seven"
    assert broken("one two three four fives", 24) == "one two three four fives"
    assert broken("aaaa bbbb cccc ddddd eeee", 20) == "aaaa bbbb cccc ddddd\neeee"  # 20 columns are full
    assert broken("x" * 30, 20) == "x" * 30


def test_spaces_that_align_go_before_words() -> None:
    assert broken("  lock/small          text    J0    0.25", 30) == "  lock/small  text  J0  0.25"


def test_what_fits_stays_as_it_is() -> None:
    assert broken("one two  three", 20) == "one two  three"
    assert broken("one two three four five six", 5) == "one two three four five six"


def test_lines_below_begin_under_the_last_column_that_leaves_half() -> None:
    line = "  grpo    from rloo   divides by the standard deviation"
    assert broken(line, 44).split("\n") == [
        "  grpo    from rloo   divides by the",
        "                      standard deviation",
    ]
    assert broken(line, 30).split("\n")[1] == " " * 10 + "by the standard"


def test_a_command_to_be_copied_stays_on_one_line() -> None:
    line = "run next: python -m benchmarks run --tuned --tasks bandit/small"
    assert broken(line, 40) == "run next:\npython -m benchmarks run --tuned --tasks bandit/small"


@pytest.mark.parametrize(
    "line", ['{"a": "one two three four"}', "│ one two three four five │", "\rone two three four five"]
)
def test_json_boxes_and_what_is_drawn_over_itself_are_left_alone(line: str) -> None:
    assert broken(line, 20) == line


def test_colours_take_no_place() -> None:
    red = "\x1b[31mone two three four\x1b[0m"
    assert broken(red, 20) == red
    assert broken("\x1b[31mone two\x1b[0m three four five six", 20) == "\x1b[31mone two\x1b[0m three four\nfive six"


def test_only_a_terminals_lines_are_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    pipe, terminal = io.StringIO(), Terminal()
    for stream in (fitted(pipe), fitted(terminal)):
        print("one two three four five six", file=stream)
    assert pipe.getvalue() == "one two three four five six\n"
    assert terminal.getvalue() == "one two three four\nfive six\n"
    assert always_fitted(terminal).isatty()


@pytest.mark.parametrize("command", [["--help"], ["language", "--help"], ["compare", "--help"], ["speed", "--help"]])
def test_help_has_the_width_of_columns(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert main(command) == 0
    assert max(len(line) for line in capsys.readouterr().out.splitlines()) <= 60


def test_json_for_a_program_is_whole(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(sys, "stdout", always_fitted(sys.stdout))
    assert main(["list", "experiments", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["experiments"]
