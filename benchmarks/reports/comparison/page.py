"""The comparison of two folders of results as a report."""

from __future__ import annotations

from functools import partial

import pandas as pd

from benchmarks.design.report_blocks import Block, FigureBlock, Prose, Section, Table, joined, with_details
from benchmarks.figures import final_scores
from benchmarks.reports.comparison.comparison import Result, labelled
from benchmarks.reports.comparison.result_folders import ResultFolder, differences, uncompared
from benchmarks.reports.document import Document
from benchmarks.statistics import divergence
from benchmarks.statistics.wording import phrases, sentences
from benchmarks.statistics.wording.answers import as_many_as_fit, first_that_fits
from benchmarks.statistics.wording.phrases import amount, count_noun


def document(a: ResultFolder, b: ResultFolder, result: Result, margin: float) -> Document:
    """The comparison as a report."""
    word = f"B = {b.folder}, A = {a.folder}"
    caption = (
        f"B minus A ({word}) of the {result.suite.unit}, with the 95 % interval of each difference alone, not corrected. "
        "`p (Holm)` corrects over the rows. `p same` is the test that the difference is smaller than "
        f"{margin:g} (TOST, uncorrected). It is 1 where A and B lost different runs, because the score of a lost run was "
        "not measured. `identical`: equal at every checkpoint of every shared seed, to rounding."
    )
    if "p_noninferior" in result.by_variant:
        caption += " `p noninferior` is the one-sided t test that B is worse by less than the given margin; "
        caption += "1 where B lost runs that A did not."
    blocks: list[Block] = [Table("by_variant", result.by_variant, caption)]
    if len(tested := result.tested):
        drawn = tested.assign(
            variant=[labelled(v, "B") for v in tested["variant"]],
            against=[labelled(v, "A") for v in tested["variant"]],
        )
        title = f"B minus A, n = {count_noun(int(drawn['seeds'].min()), 'seed')}"
        draw = partial(final_scores.differences, result.suite, drawn, "minus", title)
        blocks.insert(0, FigureBlock("compare", draw, f"{title}: {word}."))
    shown = _shown_rows(result.by_task, phrases.is_raw(result.suite.unit))
    sections = (
        Section("By variant", tuple(blocks)),
        Section(
            "By task",
            (
                Prose(shown),
                Table("by_task", result.by_task, caption),
            ),
        ),
        Section("What differs", (Prose(joined(differences(a, b)) or "Configurations and provenance agree."),)),
        Section("What is not compared", (Prose(joined(uncompared(a, b)) or "Everything is in both folders."),)),
    )
    warning = sentences.too_few(tested) if len(tested) else ""
    names = [name for side in (a, b) for place in side.cell_keys for name in place]
    return Document(
        "compare",
        f"Is {b.folder} better or worse than {a.folder}?",
        answer(result),
        sections,
        tuple(w for w in (warning, *result.suite.notes, *divergence.score_warnings(result.suite)) if w),
        names=(*dict.fromkeys([*names, *(labelled(v, side) for v in names for side in "AB")]),),
    )


def _shown_rows(by_task: pd.DataFrame, raw: bool) -> str:
    """The rows in which a difference is shown, as a list."""
    shown = by_task[by_task["finding"].isin(("better", "worse"))].to_dict("records")
    lines = [
        f"`{r['variant']}` on {r['task']} is {r['finding']}: {phrases.change(r, raw)} (p {r['p_holm']:.2g})"
        for r in shown
    ]
    none = f"None of {len(by_task)} rows shows a difference by itself, corrected for their number."
    return joined(lines) or ("The only row shows no difference." if len(by_task) == 1 else none)


def answer(result: Result) -> str:
    """The result in at most 40 words, which begin with the gate; below it the names, and why the gate fails."""
    table, raw = result.by_variant, phrases.is_raw(result.suite.unit)
    names = {f: [f"`{v}`" for v in table["variant"][table["finding"] == f]] for f in table["finding"].unique()}
    heads = {
        "better": "B is shown to be better with",
        "worse": "B is shown to be worse with",
        "identical": "Identical in A and B:",
        "the same within the margin": "The same within the margin:",
        "open": "No difference is shown for",
    }
    limit = float(table["detectable"][table["finding"] == "open"].max()) if "open" in names else float("nan")
    power = phrases.power_sentence(amount(limit, 2, raw)) if limit == limit else ""
    said = [as_many_as_fit(head, names[f]) for f, head in heads.items() if f in names]
    counted = [f"{head} {count_noun(len(names[f]), 'variant')}." for f, head in heads.items() if f in names]
    gate_says = f"B fails the gate for {count_noun(len(result.violations), 'reason')}." if result.violations else ""
    known = said or ([] if result.violations else ["No variant has a mean in both folders."])
    text = first_that_fits(" ".join([gate_says, *form]).strip() for form in (known, counted))
    reasons = [_shortened(f"{why[0].upper()}{why[1:]}") for why in result.violations]
    return with_details(text, [*reasons, *(one for one in said if one not in text), power])


def _shortened(text: str) -> str:
    """`head: a, b, c` with as many places as a sentence has room for."""
    head, _, places = text.partition(": ")
    return as_many_as_fit(f"{head}:", places.split(", ")) if places else f"{text}."
