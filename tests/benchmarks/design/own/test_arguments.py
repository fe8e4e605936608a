"""Arguments of environments on the command line: how texts are read, and what is refused."""

from __future__ import annotations

import pytest

from benchmarks.design.own.arguments import parse_env_kwargs
from envs.validation import UsageError


def test_values_are_numbers_truths_texts_and_lists_of_these() -> None:
    texts = [
        "size=5",
        "leak = .2",
        "steps=1e3",
        "slippery=false",
        "none=None",
        "map=['SF','HG']",
        "mode=fast",
        "eq=a=b",
    ]
    assert parse_env_kwargs(texts) == (
        ("size", 5),
        ("leak", 0.2),
        ("steps", 1000.0),
        ("slippery", False),
        ("none", None),
        ("map", ("SF", "HG")),
        ("mode", "fast"),
        ("eq", "a=b"),
    )
    assert parse_env_kwargs([]) == ()


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["size"], "--env-kwargs takes NAME=VALUE, as size=5, not 'size'"),
        (["size="], "not 'size='"),
        (["a.b=1"], "not 'a.b=1'"),
        (["size=1", "size=2"], "gives size twice"),
        (["table={'a': 1}"], "a value is a number, true, false, None, a text or a list of these"),
        (["table=[{1}]"], "register the environment"),
    ],
)
def test_what_is_no_argument_is_refused(texts: list[str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_env_kwargs(texts)
    assert said in str(caught.value)
