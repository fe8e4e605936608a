"""What `tune` prints at its end: the chosen values beside the defaults, and whether tuning helps."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.statistics.wording.phrases import count_noun
from benchmarks.tuning.report.gains import gain_sentences
from benchmarks.tuning.report.headline import headline
from benchmarks.tuning.result import StudyResult
from benchmarks.tuning.summary.parameters import shown
from benchmarks.tuning.summary.summary import Summary, by_task_and_variant
from benchmarks.tuning.summary.trials import StudyKey, as_json

SEVERAL = 3  # studies whose values are listed; of more, the report has them


def as_text(studies: Sequence[StudyResult]) -> str:
    """A table of each study, and whether tuning helps: in a sentence, or of several studies on average and one by one."""
    summary = Summary(by_task_and_variant(studies))
    tables = [_table(summary, key) for key in summary.studies] if len(studies) <= SEVERAL else []
    alone = len(studies) == 1 or not summary.compared
    answer = headline(summary).partition("\n\n")[0] if alone else " ".join(gain_sentences(summary)[:3])
    return "\n\n".join([*tables, answer.replace("`", "")])


def _table(summary: Summary, key: StudyKey) -> str:
    """The searched values and the test score: by default, and as chosen."""
    study, (task, variant) = summary.studies[key], key
    row = next(r for r in summary.gains.to_dict("records") if (r["task"], r["variant"]) == key)
    default, chosen = as_json(study.default), as_json(study.configuration)
    names = [str(entry["name"]) for entry in study.space]
    rows = [(name, shown(default.get(name)), shown(chosen.get(name))) for name in names]
    fixed = [name for name in chosen if name not in names]
    rows += [(f"{name} (--set)", shown(default.get(name)), shown(chosen.get(name))) for name in fixed]
    seeds = count_noun(int(row["seeds"]), "test seed")
    rows.append((f"{summary.unit}, {seeds}", _score(row["default"]), _score(row["tuned"])))
    title = f"{variant} on {task}, {count_noun(len(study.trials), 'trial')}"
    return _aligned([(title, "default", "chosen"), *rows])


def _score(value: float) -> str:
    return "lost" if value != value else f"{value:.3f}"


def _aligned(rows: Sequence[tuple[str, ...]]) -> str:
    """The first column to the left, the others to the right; the rows below the first are indented."""
    table = [(("" if i == 0 else "  ") + row[0], *row[1:]) for i, row in enumerate(rows)]
    widths = [max(len(row[k]) for row in table) for k in range(len(rows[0]))]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))])
        for row in table
    )
