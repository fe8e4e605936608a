"""Importances: how much the best trials differ from the others in each field (PED-ANOVA, Watanabe et al. 2023)."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import optuna
import pandas as pd
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from benchmarks.statistics.comparisons import SEED
from benchmarks.tuning.result import StudyResult, TrialResult
from benchmarks.tuning.summary.parameters import TunedParameter, shown
from benchmarks.tuning.summary.ranking import TIE
from benchmarks.tuning.summary.trials import StudyKey, complete_trials
from envs.api import Doubles

ENOUGH = 10  # complete trials: of fewer, none has both a best part of TOP and a rest
TOP = 5  # trials that count as good ones in an importance, as its authors advise, and a tenth of many
SHUFFLES = 19  # of the scores: what exceeds all of them has p .05


class Importance(NamedTuple):
    """PED-ANOVA of one study: each field's share, and which shares are above those of every shuffle of the scores.

    missing  why there are no shares
    """

    shares: Mapping[str, float]
    above_chance: frozenset[str]
    trials: int
    missing: str = ""


def importance(study: StudyResult, parameters: Mapping[str, TunedParameter]) -> Importance:
    """Of the best tenth of the complete trials, at least TOP, against all of them."""
    trials = complete_trials(study)
    varied = [name for name in parameters if _varies(name, trials)]
    values = np.array([t.value for t in trials])
    none = Importance({}, frozenset(), len(trials))
    if len(trials) < ENOUGH:
        return none._replace(missing=f"of {len(trials)} complete trials, fewer than {ENOUGH}")
    if not varied:
        return none._replace(missing="none of its fields varies")
    if np.ptp(values) < TIE:
        return none._replace(missing="all its trials score the same")
    observed, shuffled = _evaluate(trials, {name: _distribution(parameters[name]) for name in varied}, values)
    total = sum(observed.values())
    if total <= 0:
        return none._replace(missing="its best trials do not differ from the others")
    above = frozenset(name for name in varied if observed[name] > max(chance[name] for chance in shuffled))
    return Importance({name: observed[name] / total for name in varied}, above, len(trials))


def _varies(name: str, trials: Sequence[TrialResult]) -> bool:
    return all(name in t.values for t in trials) and len({shown(t.values[name]) for t in trials}) > 1


def _evaluate(
    trials: Sequence[TrialResult], distributions: Mapping[str, BaseDistribution], values: Doubles
) -> tuple[dict[str, float], list[dict[str, float]]]:
    """The importances of the values, and of each of SHUFFLES shuffles of them."""
    names = list(distributions)
    optuna_trials = [
        optuna.trial.create_trial(
            params={name: _as_param(t.values[name], distributions[name]) for name in names},
            distributions=dict(distributions),
            value=value,
        )
        for t, value in zip(trials, values.tolist(), strict=True)
    ]
    rng = np.random.default_rng(SEED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = _in_memory(optuna_trials)
        evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=max(0.1, TOP / len(trials)))
        observed = evaluator.evaluate(study, names)
        shuffled = [
            evaluator.evaluate(study, names, target=_lower_is_better(rng.permutation(values))) for _ in range(SHUFFLES)
        ]
    return observed, shuffled


def _lower_is_better(values: Doubles) -> Callable[[optuna.trial.FrozenTrial], float]:
    """What PED-ANOVA expects of a target of its own."""
    return lambda trial: -float(values[trial.number])


def _in_memory(trials: Sequence[optuna.trial.FrozenTrial]) -> optuna.study.Study:
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # it logs every study that is made
    try:
        study = optuna.create_study(direction="maximize")
    finally:
        optuna.logging.set_verbosity(level)
    study.add_trials(trials)
    return study


def _distribution(parameter: TunedParameter) -> BaseDistribution:
    if parameter.choices:
        return CategoricalDistribution(parameter.choices)
    if parameter.integer:
        return IntDistribution(int(parameter.low), int(parameter.high), log=parameter.log)
    return FloatDistribution(parameter.low, parameter.high, log=parameter.log)


def _as_param(value: Any, distribution: BaseDistribution) -> Any:
    if isinstance(distribution, CategoricalDistribution):
        return shown(value)
    return int(value) if isinstance(distribution, IntDistribution) else float(value)


def share_table(importances: Mapping[StudyKey, Importance], parameters: Mapping[str, TunedParameter]) -> pd.DataFrame:
    """A row a study and field."""
    rows = [
        {"task": task, "variant": variant, "parameter": parameters[name].label, "share": share,
         "above chance": "yes" if name in importance.above_chance else "no", "trials": importance.trials, "field": name}
        for (task, variant), importance in importances.items() for name, share in importance.shares.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def field_table(importances: Mapping[StudyKey, Importance], parameters: Mapping[str, TunedParameter]) -> pd.DataFrame:
    """A row a field, the most important first: its mean share where it was searched, and where it is above chance."""
    rows = []
    for name, parameter in parameters.items():
        with_field = [i for i in importances.values() if name in i.shares]
        if with_field:
            largest = sum(max(i.shares, key=i.shares.__getitem__) == name for i in with_field)
            rows.append({"parameter": parameter.label, "field": name, "studies": len(with_field),
                         "mean share": float(np.mean([i.shares[name] for i in with_field])), "largest in": largest,
                         "above chance in": sum(name in i.above_chance for i in with_field)})  # fmt: skip
    table = pd.DataFrame(rows)
    return table.sort_values("mean share", ascending=False, ignore_index=True) if rows else table
