"""The data of a report on studies: gains, rankings before and after, optimism, budgets, importances.

Scores are paired by test seed. One that is not a number (a lost run: it diverged, or returned none) counts as the worst of
its task among those it is compared with (tuning.imputation). A setting whose test runs are all lost is not compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from benchmarks.loading.titles import task_titles, variant_titles
from benchmarks.reports.variant_groups import groups
from benchmarks.statistics import tests
from benchmarks.statistics.intervals import limits_of_difference, within
from benchmarks.tuning.imputation import worst_finite_scores
from benchmarks.tuning.result import StudyResult, task_label
from benchmarks.tuning.summary import tables
from benchmarks.tuning.summary.importance import Importance, field_table, importance, share_table
from benchmarks.tuning.summary.parameters import TunedParameter, tuned_parameters
from benchmarks.tuning.summary.ranking import Ranking, rank
from benchmarks.tuning.summary.trials import StudyKey, imputed_study, lost_settings, score_limits, tested_scores
from envs.api import Doubles
from envs.control.limits import mean as mean_limits


def by_task_and_variant(studies: Sequence[StudyResult]) -> dict[StudyKey, StudyResult]:
    """In the order in which they are shown; where two have one key, the study's name is added."""
    keys = [(task_label(study.tasks), study.variant) for study in studies]
    repeated = {key for key, times in Counter(keys).items() if times > 1}
    by_key: dict[StudyKey, StudyResult] = {}
    for (task, variant), study in zip(keys, studies, strict=True):
        name = f"{variant} ({study.study})" if (task, variant) in repeated else variant
        copies = sum(1 for _, v in by_key if v == name and (task, v) in by_key)
        by_key[task, f"{name} {copies + 1}" if (task, name) in by_key else name] = study
    known = {v.name: i for i, v in enumerate(v for group in groups().values() for v in group)}
    tasks = list(dict.fromkeys(task for task, _ in by_key))
    order = sorted(by_key, key=lambda key: (tasks.index(key[0]), known.get(by_key[key].variant, len(known))))
    return {key: by_key[key] for key in order}


def score_unit(studies: Iterable[StudyResult]) -> str:
    """What their scores are measured in."""
    return " or ".join(dict.fromkeys(study.unit for study in studies))


@dataclass(frozen=True)
class Summary:
    """Every table of a report. `raw_studies` have NaN for lost runs."""

    raw_studies: Mapping[StudyKey, StudyResult]

    @cached_property
    def studies(self) -> Mapping[StudyKey, StudyResult]:
        """With imputed scores of lost runs: trials and selection from their own study, tests from all studies of the
        task.
        """
        worst_test = worst_finite_scores(
            stage.scores for study in self.raw_studies.values() for stage in study.test.values()
        )
        return {key: imputed_study(study, worst_test) for key, study in self.raw_studies.items()}

    @cached_property
    def unit(self) -> str:
        """What scores are measured in."""
        return score_unit(self.raw_studies.values())

    @cached_property
    def lost(self) -> dict[StudyKey, list[str]]:
        """The settings ("default", "tuned") of each study whose test runs on a task are all lost; where there are any."""
        return {key: settings for key, study in self.studies.items() if (settings := lost_settings(study))}

    @cached_property
    def compared(self) -> list[StudyKey]:
        """Studies of which both settings have a mean on the test seeds."""
        return [key for key in self.studies if key not in self.lost]

    @cached_property
    def titles(self) -> dict[str, str]:
        """What figures call tasks, sets of tasks and variants, by name."""
        single = task_titles(dict.fromkeys(task for study in self.studies.values() for task in study.tasks))
        together = {task_label(s.tasks): task_label(single[task] for task in s.tasks) for s in self.studies.values()}
        return together | variant_titles(self.variants)

    @cached_property
    def tasks(self) -> list[str]:
        return list(dict.fromkeys(task for task, _ in self.studies))

    @cached_property
    def variants(self) -> list[str]:
        return list(dict.fromkeys(variant for _, variant in self.studies))

    def on_task(self, task: str) -> dict[str, StudyResult]:
        """The studies of a task, by variant."""
        return {v: self.studies[task, v] for v in self.variants if (task, v) in self.studies}

    def tested(self, task: str, variant: str) -> tuple[Doubles, Doubles]:
        """Scores of the tuned and of the default setting, one a test seed, of the seeds that both have."""
        return tested_scores(self.studies[task, variant])

    @cached_property
    def parameters(self) -> dict[str, TunedParameter]:
        return tuned_parameters(list(self.studies.values()))

    @cached_property
    def test_seeds(self) -> list[int]:
        """Of each study."""
        return [len(tested_scores(study)[0]) for study in self.studies.values()]

    @cached_property
    def gains(self) -> pd.DataFrame:
        return tables.gains_table(self.studies)

    @cached_property
    def average(self) -> tests.Comparison:
        """Tuned against default: each test seed's mean over all studies with both means; of as many seeds as all have."""
        seeds = min(self.test_seeds)
        scores = [self.tested(*key) for key in self.compared]
        tuned, default = (np.mean([both[side][:seeds] for both in scores], axis=0) for side in (0, 1))
        result = tests.compare_paired(tuned, default)
        limits = mean_limits(score_limits(self.studies[key]) for key in self.compared)
        return result._replace(
            interval=within(result.interval, result.difference, limits_of_difference(limits, limits))
        )

    @cached_property
    def changed(self) -> pd.DataFrame:
        return tables.changes_table(self.studies, self.parameters)

    @cached_property
    def optimism(self) -> pd.DataFrame:
        return tables.optimism_table(self.studies)

    @cached_property
    def budgets(self) -> pd.DataFrame:
        return tables.budget_table(self.studies)

    @cached_property
    def every_trial(self) -> pd.DataFrame:
        return tables.trial_table(self.studies, self.parameters)

    @cached_property
    def shared(self) -> list[str]:
        """Tasks that all variants have."""
        return [task for task in self.tasks if len(self.on_task(task)) == len(self.variants)]

    @cached_property
    def rankings(self) -> list[Ranking]:
        """Of the mean over the shared tasks, then of each task on which there are two variants or more."""
        if len(self.variants) < 2:
            return []
        ranked = {task: [v for v in self.on_task(task) if (task, v) not in self.lost] for task in self.tasks}
        by_task = [rank(self.studies, [task], variants, task) for task, variants in ranked.items() if len(variants) > 1]
        in_all = [v for v in self.variants if all(v in ranked[task] for task in self.shared)]
        if len(self.shared) < 2 or len(in_all) < 2:
            return by_task
        return [rank(self.studies, self.shared, in_all, f"mean of {len(self.shared)} tasks"), *by_task]

    @property
    def overall(self) -> Ranking | None:
        """What the headline is about: the variants with a mean on every task that all of them have, on these tasks."""
        lost = {v for task, v in self.lost if task in self.shared}
        ranked = tuple(v for v in self.variants if v not in lost)
        return next((r for r in self.rankings if r.variants == ranked and r.tasks == len(self.shared)), None)

    @cached_property
    def ranks(self) -> pd.DataFrame:
        """A row a ranking."""
        return pd.DataFrame([ranking.as_row() for ranking in self.rankings])

    @cached_property
    def importances(self) -> dict[StudyKey, Importance]:
        return {key: importance(study, tuned_parameters([study])) for key, study in self.studies.items()}

    @cached_property
    def every_share(self) -> pd.DataFrame:
        return share_table(self.importances, self.parameters)

    @cached_property
    def fields(self) -> pd.DataFrame:
        return field_table(self.importances, self.parameters)

    def mean_shares(self, axis: int) -> pd.DataFrame:
        """Importances, means over the studies of a task (axis 0) or a variant (axis 1): rows x fields; NaN: not searched."""
        long = self.every_share.pivot_table(
            index=["task", "variant"][axis], columns="field", values="share", sort=False
        )
        rows = [name for name in (self.tasks, self.variants)[axis] if name in long.index]
        return long.loc[rows, list(self.fields["field"])]
