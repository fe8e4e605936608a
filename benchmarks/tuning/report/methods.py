"""How the numbers were made: the paragraph for a paper."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from benchmarks.statistics import intervals
from benchmarks.statistics.wording.phrases import count_noun
from benchmarks.tuning.report.phrases import (
    SCORE,
    describe_studies,
    number_range,
    protocol_count,
    protocol_values,
)
from benchmarks.tuning.result import StudyResult
from benchmarks.tuning.summary.importance import TOP
from benchmarks.tuning.summary.summary import Summary

OBJECTIVES = {
    "last_fifth": "the mean over the evaluations of the last fifth of the budget",
    "auc": "the mean over all evaluations",
}


def objective_phrase(summary: Summary) -> str:
    """What a seed's objective is, and whether it is normalised."""
    names = dict.fromkeys(str(study.protocol.get("objective")) for study in summary.studies.values())
    scale = ", normalised by the task's floor and ceiling" if summary.unit == SCORE else ", a return"
    return " or ".join(OBJECTIVES.get(name, name) for name in names) + scale


def methods_paragraph(summary: Summary) -> str:
    """How the numbers were made, for a paper."""
    return " ".join([*_how_tuned(summary), *_how_chosen(summary), *_how_compared(summary)])


def _how_tuned(summary: Summary) -> Iterator[str]:
    studies = list(summary.studies.values())
    fields = ", ".join(sorted(parameter.label for parameter in summary.parameters.values()))
    each = ", each in a study of its own," if len(studies) > 1 else ""
    pruner = protocol_values(studies, "pruner")
    yield (
        f"Hyper-parameters were tuned for {describe_studies(summary)}{each} with {_counts(studies, 'trials')} trials of "
        f"{_counts(studies, 'tuning_seeds')} tuning seeds. They are {fields}."
    )
    yield (
        f"The first trial was the default. The others came from the sampler {protocol_values(studies, 'sampler')}"
        f"{_optuna(studies)}, {'without pruning' if pruner == 'none' else f'with the pruner {pruner}'}."
    )
    yield f"A seed's objective is {objective_phrase(summary)}."


def _how_chosen(summary: Summary) -> Iterator[str]:
    studies = list(summary.studies.values())
    yield (
        f"The default and the best {_counts(studies, 'top')} trials were run again on "
        f"{_counts(studies, 'selection_seeds')} selection seeds. The configuration with the highest mean there was chosen."
    )
    yield (
        f"The default and the chosen configuration were then run on {_counts(studies, 'test_seeds')} test seeds. The three "
        "streams of seeds are disjoint. All scores of default and tuned settings are of the test seeds."
    )


def _how_compared(summary: Summary) -> Iterator[str]:
    yield (
        "Differences are paired by seed (95 % t intervals, exact two-sided sign-flip tests, Holm over "
        f"{count_noun(len(summary.studies), 'study', 'studies')}). Intervals end where an expected return cannot go "
        "further: at an optimum that is known exactly, and at the limits of an episode's return."
    )
    if summary.rankings:
        yield (
            "Rankings of the default and of the tuned settings are compared by Kendall's tau-b with a percentile bootstrap "
            f"of whole test seeds ({intervals.RESAMPLES:,} resamples)."
        )
    yield (
        f"Importances are those of PED-ANOVA (Watanabe et al. 2023) for the best tenth of the trials, at least {TOP}."
    )


def _counts(studies: Sequence[StudyResult], key: str) -> str:
    return number_range(protocol_count(study, key) for study in studies)


def _optuna(studies: Sequence[StudyResult]) -> str:
    packages = [study.provenance.get("packages") for study in studies]
    versions = {str(p.get("optuna", "")) for p in packages if isinstance(p, Mapping)} - {""}
    return f" (Optuna {', '.join(sorted(versions))})" if versions else ""
