"""Tables that are wider than a terminal show the columns that fit, and say which do not."""

from __future__ import annotations

from benchmarks.validation.narrow_tables import narrow_tables

TABLE = ["| variant | mean | text |", "| --- | ---: | --- |", "| ppo | 0.5 | a long cell |", "| a\\|b | 12.25 | c |"]


def test_a_table_that_fits_stays() -> None:
    assert narrow_tables(["before", *TABLE, "after"], 30) == ["before", *TABLE, "after"]


def test_columns_that_do_not_fit_are_named() -> None:
    """7 + 2 + 5 columns fit into 20; the third would need 2 + 11 more."""
    assert narrow_tables(["before", *TABLE, "after"], 20) == [
        "before",
        "variant   mean",
        "ppo        0.5",
        "a|b      12.25",
        "too wide for 20 columns, and not shown: text",
        "after",
    ]


def test_the_spaces_between_columns_count() -> None:
    """Two columns of 7 and 5 with 2 spaces are 14 wide."""
    assert narrow_tables(TABLE, 14)[0] == "variant   mean"
    assert narrow_tables(TABLE, 13)[0] == "variant: ppo"


def test_long_cells_stand_one_below_the_other() -> None:
    table = ["| name | text |", "| --- | --- |", f"| a | {'word ' * 8}|", "| b | |"]
    assert narrow_tables(table, 30) == ["name: a", f"text: {'word ' * 8}".strip(), "", "name: b", ""]


def test_what_only_looks_like_a_table_stays() -> None:
    assert narrow_tables([f"| {'x ' * 30}", "| y", "| z"], 20) == [f"| {'x ' * 30}", "| y", "| z"]
