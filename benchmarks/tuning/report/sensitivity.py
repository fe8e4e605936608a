"""Scores against each field that was searched, and every trial as a line."""

from __future__ import annotations

from collections import Counter
from functools import partial

from benchmarks.design.report_blocks import FigureBlock, Prose, Section, Table, joined
from benchmarks.statistics.wording.answers import as_many_as_fit
from benchmarks.statistics.wording.phrases import count_noun
from benchmarks.tuning.figures.parallel import draw_parallel
from benchmarks.tuning.figures.slices import draw_slices, varied_parameters
from benchmarks.tuning.report.phrases import complete_counts, figure_groups
from benchmarks.tuning.summary.parameters import tuned_parameters
from benchmarks.tuning.summary.summary import Summary

AT_END = 0.02  # of a range, on the scale that was searched: so near, the search may have ended too early
SLICES = (
    "{task}: value on the tuning seeds against each field, a point a complete trial, {how}. Rings: defaults; stars: chosen. "
    "Logarithmic where the search is. n = {n}."
)
LINES = (
    "{task}: every trial as a line over its fields and its score on the tuning seeds, the brighter the better, the best on "
    "top. Each axis runs from its lowest to its highest value (above), logarithmic where the search is. Dotted: the "
    "default; thick: chosen; dashed: pruned. n = {n}."
)
TRIALS = "Every trial: its value on the tuning seeds, the highest so far, and what it tried."
WIDER = "Search wider there, unless values beyond that end are invalid."
CAVEAT = (
    "A slice shows one field while all others move too. A cloud without a slope may still hide a field that matters "
    "together with another. A sampler that learns puts its points where they score well."
)


def sensitivity_section(summary: Summary) -> Section:
    """Slices through every search."""
    sentences, figures = [range_end_sentence(summary), CAVEAT], []
    single = len(summary.studies) == 1
    how = "coloured by the order in which they were tried" if single else "a mark and colour a variant"
    for task, name, studies in figure_groups(summary, "sensitivity"):
        if not varied_parameters(studies):
            variants = ", ".join(f"`{v}`" for v in studies)
            sentences.append(f"{task}: no field takes two values in complete trials ({variants}).")
            continue
        draw = partial(draw_slices, studies, summary.parameters, single, summary.titles, summary.variants)
        figures.append(FigureBlock(name, draw, SLICES.format(task=task, how=how, n=complete_counts(studies))))
    return Section("Sensitivity", (Prose(joined(sentences)), *figures))


def range_end_sentence(summary: Summary) -> str:
    """Fields whose chosen value lies at an end of the search."""
    at_end, searched = Counter[str](), Counter[str]()
    for study in summary.studies.values():
        for name, parameter in tuned_parameters([study]).items():
            if name in study.configuration and not parameter.choices and parameter.high > parameter.low:
                fraction, label = parameter.fraction(study.configuration[name]), summary.parameters[name].label
                searched[label] += 1
                at_end[label] += fraction < AT_END or fraction > 1 - AT_END
    share = f"within {AT_END * 100:g} % of an end of its range"
    fields = [
        f"{label} in {k} of {count_noun(searched[label], 'study', 'studies')}" for label, k in at_end.most_common() if k
    ]
    if not fields:
        return f"No chosen value lies {share}."
    return f"{as_many_as_fit(f'The chosen value lies {share} for', fields)} {WIDER}"


def coordinates_section(summary: Summary) -> Section:
    """Every trial as a line."""
    figures = [
        FigureBlock(
            name,
            partial(draw_parallel, studies, summary.parameters, summary.titles),
            LINES.format(task=task, n=complete_counts(studies)),
        )
        for task, name, studies in figure_groups(summary, "parallel")
    ]
    return Section("Parallel coordinates", (*figures, Table("trials", summary.every_trial, TRIALS, title="All trials")))
