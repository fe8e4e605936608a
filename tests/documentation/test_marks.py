"""Blocks between marks: found, filled in their place, and named where they are stale."""

from __future__ import annotations

import pytest

from docs._scripts import marks

BLOCKS = {"one": lambda: "1.5", "table": lambda: "| a |\n| --- |\n| 2 |", "word": lambda: "`gae`"}
PAGE = (
    "A <!-- generated: one -->1.5<!-- end -->, b.\n\n<!-- generated: table -->\n| a |\n| --- |\n| 2 |\n<!-- end -->\n"
)


def test_blocks_are_found_and_left_out() -> None:
    assert marks.names(PAGE) == ["one", "table"]
    assert marks.without_blocks(PAGE) == "A , b.\n\n\n"


def test_what_is_up_to_date_stays_as_it_is() -> None:
    assert marks.fill(PAGE, BLOCKS) == PAGE
    assert marks.stale(PAGE, BLOCKS) == []


def test_a_block_is_made_anew_within_its_sentence_or_on_its_lines() -> None:
    old = "A <!-- generated: one -->9<!-- end -->, b.\n\n<!-- generated: table -->\n<!-- end -->\n"
    assert marks.stale(old, BLOCKS) == ["one", "table"]
    assert marks.fill(old, BLOCKS) == PAGE


def test_only_the_block_that_changed_is_named() -> None:
    assert marks.stale(PAGE.replace("| 2 |", "| 3 |"), BLOCKS) == ["table"]


def test_text_that_ends_in_a_code_span_keeps_its_end() -> None:
    page = "A <!-- generated: word -->`ppo`<!-- end -->."
    assert marks.fill(page, BLOCKS) == "A <!-- generated: word -->`gae`<!-- end -->."


def test_a_mark_in_backticks_is_an_example() -> None:
    page = "between `<!-- generated: NAME -->` and `<!-- end -->`"
    assert marks.names(page) == []
    assert marks.fill(page, BLOCKS) == page


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("a <!-- generated: one -->1", "needs one `<!-- end -->`"),
        ("a <!-- end -->", "needs one `<!-- end -->`"),
        ("a <!-- generated: one --><!-- generated: one --><!-- end -->", "before the next mark"),
        ("a <!-- generated: onr --><!-- end -->", "no generator makes a block 'onr'; the nearest name is 'one'"),
        ("a <!-- generated: table --><!-- end -->", "start its text on a new line"),
        ("a\n  <!-- generated: one --><!-- end -->", "put a word before it"),
    ],
)
def test_a_wrong_mark_is_refused(page: str, said: str) -> None:
    with pytest.raises(marks.WrongMark, match=said):
        marks.fill(page, BLOCKS)
