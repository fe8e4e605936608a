"""Lines of JSON: what is read, and that each error names file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from envs.language.data.jsonl import CONVERSATIONS, DEMONSTRATIONS, PREFERENCES, PROMPTS, columns_of, read_lines
from envs.validation import UsageError


def test_rows_know_their_line_and_hold_the_wanted_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('\n{"prompt": "one\u2028two", "id": 7}\n\n{"prompt": [{"role": "user", "content": ""}]}\n')
    first, second = read_lines(path, PROMPTS)
    assert (first.line, first.columns, first.conversational) == (2, {"prompt": "one\u2028two"}, False)
    assert (second.line, second.conversational) == (4, True)
    assert second.messages("prompt") == [{"role": "user", "content": ""}]
    assert columns_of(path) == ("prompt", "id")
    with pytest.raises(UsageError, match="line 4: 'prompt' must be a text"):
        second.text("prompt")


@pytest.mark.parametrize(
    ("line", "columns", "message"),
    [
        ('{"prompt": "a", "completions": "b"}', DEMONSTRATIONS, "no column 'completion'; nearest: 'completions'"),
        ('{"x": "a"}', PROMPTS, "no column 'prompt'; columns: 'x'"),
        ("{}", PROMPTS, "no column 'prompt'; columns: none"),
        ('{"prompt": "a"', PROMPTS, "no valid JSON: .* at character 15"),
        ('["prompt"]', PROMPTS, r"expected a JSON object, not \[\"prompt\"\]"),
        ('{"prompt": 3}', PROMPTS, "'prompt' must be a text or a list of messages, not 3"),
        ('{"prompt": " "}', PROMPTS, "'prompt' is empty"),
        ('{"messages": []}', CONVERSATIONS, "'messages' is empty"),
        (
            '{"messages": [{"role": "user"}]}',
            CONVERSATIONS,
            r"'messages' holds {\"role\": \"user\"}, which is no message",
        ),
        ('{"prompt": "a", "chosen": "b", "rejected": "b"}', PREFERENCES, "'chosen' equals 'rejected'"),
        (
            '{"prompt": "a", "completion": [{"role": "user", "content": "b"}]}',
            DEMONSTRATIONS,
            "some columns are texts and others lists of messages",
        ),
    ],
)
def test_every_error_names_file_and_line(tmp_path: Path, line: str, columns: tuple[str, ...], message: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n\n" + line)
    with pytest.raises(UsageError, match=rf"a\.jsonl, line 3: .*{message}"):
        read_lines(path, columns)


def test_a_file_without_text_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with pytest.raises(UsageError, match="there is no file"):
        read_lines(path, PROMPTS)
    path.write_text("\n")
    with pytest.raises(UsageError, match="is empty"):
        read_lines(path, PROMPTS)
    path.write_bytes(b'{"prompt": "\xff"}')
    with pytest.raises(UsageError, match="not in UTF-8: byte 12"):
        read_lines(path, PROMPTS)
