"""The verdict as a report: the answer, the rivals, each hidden task, the rates, and how it was judged."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Any

import pandas as pd

from benchmarks.design.report_blocks import Block, FigureBlock, Prose, Section, Table, joined, with_details
from benchmarks.figures import final_scores
from benchmarks.judging.hidden import knobs
from benchmarks.judging.judge import Case, Found
from benchmarks.judging.verdict import answer, by_task, case_rivals, reasons
from benchmarks.reports.document import Document
from benchmarks.statistics.wording.phrases import count_noun, list_variants

MARKS = "bar: its interval over all looks; filled diamond: p < .05 after correction for looks"


def document(case: Case, found: Found) -> Document:
    """The page of a judgement."""
    name = case.candidate.variant.name
    sections = [Section("Against each rival", tuple(_rivals(case, found)))] if found.judgement else []
    rows = by_task(case, found)
    if len(rows):
        caption = "Candidate minus rival on each hidden task, with the 95 % t interval of that difference alone."
        sections.append(Section("By hidden task", (Table("by_task", rows, caption),)))
    if found.scores:
        caption = "Mean score over the open tasks at each learning rate; the chosen one is the smallest near the best."
        said = [Prose(joined(ends))] if (ends := _at_ends(case, found)) else []
        sections.append(Section("Equal tuning", (*said, Table("rates", _rates(found), caption))))
    sections.append(Section("How it was judged", (Prose(joined(_method(case, found))),)))
    names = (name, *case_rivals(case), *(task.name for task in case.hidden.tasks))
    question = f"Is {name} better than each of its rivals?"
    text = with_details(answer(case, found), [f"{one[0].upper()}{one[1:]}." for one in reasons(case, found)])
    return Document("judge", question, text, tuple(sections), names=names)


def _rivals(case: Case, found: Found) -> list[Block]:
    assert found.judgement is not None
    table = pd.DataFrame([asdict(s) for s in found.judgement.standings.values()])
    caption = (
        "Candidate minus rival: each seed's mean over the hidden tasks. An interval holds the true difference at all "
        f"looks together with probability {1 - case.protocol.alpha:g}. `p corrected` is corrected for looks."
    )
    ends = [f"[{low:.3f}, {high:.3f}]" for low, high in zip(table["low"], table["high"], strict=True)]
    shown = table.assign(interval=ends).drop(columns=["low", "high"])
    columns = ["rival", "decision", "seeds", "difference", "interval", "p_corrected"]
    blocks: list[Block] = [Table("rivals", shown[columns].rename(columns={"p_corrected": "p corrected"}), caption)]
    if found.suite is None:
        return blocks
    drawn = table.assign(variant=case.candidate.variant.name, against=table["rival"], test="sign-flip")
    drawn = drawn.assign(p_holm=table["p_corrected"])
    title = f"{case.candidate.variant.name} minus each rival"
    draw = partial(_differences, found.suite, drawn, title)
    return [FigureBlock("rivals", draw, f"{title}: a dot is a seed, a bar the interval over all looks."), *blocks]


def _differences(suite: Any, table: pd.DataFrame, title: str) -> Any:
    return final_scores.differences(suite, table, "minus", title, MARKS)


def _rates(found: Found) -> pd.DataFrame:
    rows = [
        {"variant": name, **{f"{rate:g}": score for rate, score in by_rate.items()}, "chosen": found.rates.get(name)}
        for name, by_rate in found.scores.items()
    ]
    return pd.DataFrame(rows)


def _at_ends(case: Case, found: Found) -> list[str]:
    """Contestants whose rate is the smallest or the largest of the list."""
    ends = (min(case.protocol.rates), max(case.protocol.rates))
    at = [name for name, rate in found.rates.items() if rate in ends and len(found.scores[name]) > 1]
    return [f"The rate of {list_variants(at)} is at an end of the list: a better one may lie outside."] if at else []


def _method(case: Case, found: Found) -> list[str]:
    p, hidden = case.protocol, case.hidden
    drawn = [f"{task.name} is drawn as {knobs(task)}." for task in hidden.tasks]
    return [
        f"Rivals: {list_variants(case_rivals(case))}. Better means better than each of them.",
        *_released(found),
        f"Open tasks: {', '.join(p.open_tasks)}, {count_noun(len(p.rates), 'rate')} on {p.tuning_seeds} seeds each.",
        *drawn,
        f"The draw is {hidden.draw[:12]}, and seeds begin at {hidden.first_seed}.",
        f"{p.env_steps:,} tokens a run, at most {p.max_seeds} seeds, {p.looks} looks that share an error of {p.alpha:g}.",
        f"A difference below {p.margin:g} counts as none.",
        f"Rules of the conformance kit: {found.rules} were tested.",
    ]


def _released(found: Found) -> list[str]:
    if not found.released:
        return []
    return [f"Runs on the open tasks were there already, at the same rates and seeds: {list_variants(found.released)}."]
