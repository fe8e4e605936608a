"""Tables of studies, a row a study or a trial."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.statistics import tests
from benchmarks.statistics.intervals import limits_of_difference, t_interval, within
from benchmarks.statistics.tests import LEVEL
from benchmarks.tuning.result import StudyResult, mean_score
from benchmarks.tuning.summary.parameters import TunedParameter, changes, shown
from benchmarks.tuning.summary.trials import (
    NAN,
    StudyKey,
    best_so_far,
    best_value,
    by_number,
    default_value,
    keeps_default,
    lost_settings,
    score_limits,
    selection_scores,
    tested_scores,
    trial_value,
)

Studies = Mapping[StudyKey, StudyResult]
PARTS = {"a quarter": 0.25, "a half": 0.5, "all": 1.0}  # of the trials


def gains_table(studies: Studies) -> pd.DataFrame:
    """Tuned against default on the test seeds; Holm over all that were tested.

    within  whether the tuned score is at least the default's less the half width of the default's interval
    """
    tested = max(1, sum(not keeps_default(study) for study in studies.values()))
    rows = [{"task": task, "variant": variant, **_gain(study, tested)} for (task, variant), study in studies.items()]
    table = pd.DataFrame(rows)
    table.insert(list(table.columns).index("p") + 1, "p_holm", tests.holm(table["p"].to_numpy(float)))
    return table.assign(detectable=table["detectable"].where(~(table["p_holm"] < LEVEL)))


def _gain(study: StudyResult, tested: int) -> dict[str, Any]:
    tuned, default = tested_scores(study)
    compared, kept, lost = tests.compare_paired(tuned, default), keeps_default(study), lost_settings(study)
    limits = score_limits(study)
    interval = within(compared.interval, compared.difference, limits_of_difference(limits, limits))
    test = {"low": NAN, "high": NAN, "p": NAN, "a12": NAN}
    if not kept and not lost:
        test = {
            "low": interval.low, "high": interval.high, "p": compared.p, "a12": compared.a12,
        }  # fmt: skip
    return {
        "default": compared.mean_a, "tuned": compared.mean_b, "difference": compared.difference, **test,
        "detectable": NAN if kept else compared.detectable(tested), "seeds": compared.n, "kept": kept,
        "within": _is_within(compared.difference, default, lost),
    }  # fmt: skip


def _is_within(difference: float, default: np.ndarray[Any, np.dtype[np.float64]], lost: list[str]) -> bool:
    interval = t_interval(default)
    half = (interval.high - interval.low) / 2
    if lost:
        return "default" in lost or difference >= -half
    return not difference < -half  # of one seed there is no interval


def changes_table(studies: Studies, parameters: Mapping[str, TunedParameter]) -> pd.DataFrame:
    """Which fields the chosen configuration changed."""
    short = {name: parameter.short for name, parameter in parameters.items()}
    rows = [{"task": t, "variant": v, "changed": changes(study, short)} for (t, v), study in studies.items()]
    return pd.DataFrame(rows)


def optimism_table(studies: Studies) -> pd.DataFrame:
    """The best value on the tuning seeds, and the chosen configuration's scores on the other seeds.

    optimism  best value - test score of the chosen configuration; its interval is that of the test score
    drift     the default's own value on the tuning seeds - its test score; it was not selected
    """
    rows = []
    for (task, variant), study in studies.items():
        best, start = best_value(study), default_value(study)
        test, selection = tested_scores(study)[0], selection_scores(study)
        interval = t_interval(test, limits=score_limits(study))
        rows.append(
            {
                "task": task, "variant": variant, "best trial": best, "chosen, tuning": trial_value(study, study.chosen),
                "chosen, selection": float(selection.mean()) if len(selection) else NAN,
                "chosen, test": float(test.mean()), "optimism": best - float(test.mean()),
                "low": best - interval.high, "high": best - interval.low, "default, tuning": start,
                "drift": start - mean_score(study.test["default"].scores),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def budget_table(studies: Studies) -> pd.DataFrame:
    """The best value after a quarter, a half and all of the trials, and which trial had it first."""
    rows = []
    for (task, variant), study in studies.items():
        best = best_so_far(study)
        if not np.isfinite(best).any():
            continue
        after = {f"after {word}": best[max(math.ceil(len(best) * part), 1) - 1] for word, part in PARTS.items()}
        numbers = [t.number for t in by_number(study.trials)]
        rows.append(
            {
                "task": task, "variant": variant, "trials": len(best), "default": default_value(study), **after,
                "best at trial": int(np.flatnonzero(best == best[-1])[0]) + 1,
                "chosen at trial": numbers.index(study.chosen) + 1 if study.chosen in numbers else NAN,
                "chosen, test": float(tested_scores(study)[0].mean()),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def trial_table(studies: Studies, parameters: Mapping[str, TunedParameter]) -> pd.DataFrame:
    """A row a trial, with the values that it tried."""
    rows = []
    for (task, variant), study in studies.items():
        for trial, best in zip(by_number(study.trials), best_so_far(study), strict=True):
            tried = {p.label: _entry(p, trial.values.get(name)) for name, p in parameters.items()}
            rows.append({"task": task, "variant": variant, "trial": trial.number, "state": trial.state,
                         "value": trial.value, "best so far": best, **tried})  # fmt: skip
    return pd.DataFrame(rows)


def _entry(parameter: TunedParameter, value: Any) -> float | str:
    """A value as the table has it."""
    if parameter.choices:
        return "-" if value is None else shown(value)
    return NAN if value is None else float(value)
