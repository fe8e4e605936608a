"""Trials of a study that several processes share: claimed, finished, and released when their process died.

A study has `limit` slots (storage/slots.py). A trial holds one; a retry (its process was killed) holds the first trial's.
User attributes of a trial

    worker    who works on it
    draw      the index of the sampler's draw that made it; none where its parameters were given
    asked     all of its parameters are known
    default   its parameters are the default's: trial 0, or a retry of it
    again     the number of the failed trial of which it is a retry
    surplus   it was beyond the limit, is FAIL and never trained

and of the study, in addition to those of storage/studies.py: "released <number>" (when that trial of a dead worker was
failed).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import UpdateFinishedTrialError
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from benchmarks.sharing.observer import Observer
from benchmarks.tuning.storage.slots import (
    has_free_slot,
    is_surplus,
    known_parameters,
    next_draw,
    pending_retries,
    release_key,
)
from benchmarks.tuning.storage.workers import STEP_S, Worker, heartbeat, observer


def claim(
    study: Study,
    count: int,
    distributions: Mapping[str, BaseDistribution],
    limit: int,
    worker: Worker,
    sampler: Callable[[int], BaseSampler],
) -> list[Trial]:
    """Up to `count` trials for this worker, enqueued ones first, all parameters known; fewer where the study's `limit`
    is reached. sampler(draw) draws a new configuration.

    Over all processes at most `limit` trials are not FAIL: of trials made at the same moment the last are surplus.
    """
    heartbeat(study, worker)  # before another process can find a trial of it
    claimed: list[Trial] = []
    while len(claimed) < count and has_free_slot(study, limit):
        trial = study.ask()  # nothing is drawn yet
        try:
            trial.set_user_attr("worker", asdict(worker))
            trials = study.get_trials(deepcopy=False)  # by number
            if is_surplus(trials, study.user_attrs, trial.number, limit):
                trial.set_user_attr("surplus", True)
                finish(study, trial, None, TrialState.FAIL)
                continue
            _set_parameters(study, trial, trials, distributions, sampler)
        except UpdateFinishedTrialError:  # another process took this one for dead: it has the trial now
            continue
        claimed.append(trial)
    return claimed


def _set_parameters(
    study: Study,
    trial: Trial,
    trials: Sequence[FrozenTrial],
    distributions: Mapping[str, BaseDistribution],
    sampler: Callable[[int], BaseSampler],
) -> None:
    """All parameters of a trial: given ones, or those of the sampler's next draw."""
    if distributions.keys() - trials[trial.number].system_attrs.get("fixed_params", {}).keys():
        draw = next_draw(trials, trial.number)
        trial.set_user_attr("draw", draw)
        study.sampler = sampler(draw)
    for name, distribution in distributions.items():
        _suggest(trial, name, distribution)
    trial.set_user_attr("asked", True)


def _suggest(trial: Trial, name: str, distribution: BaseDistribution) -> None:
    match distribution:
        case FloatDistribution(low=low, high=high, step=step, log=log):
            trial.suggest_float(name, low, high, step=step, log=log)
        case IntDistribution(low=low, high=high, step=step, log=log):
            trial.suggest_int(name, low, high, step=step, log=log)
        case CategoricalDistribution(choices=choices):
            trial.suggest_categorical(name, choices)
        case _:
            raise TypeError(f"{name}: {distribution!r}")


def finish(study: Study, trial: Trial | int, value: float | None, state: TrialState = TrialState.COMPLETE) -> bool:
    """Record the result of a trial. False where it has one already: another process had taken this one for dead."""
    try:
        study.tell(trial, value, state)
    except UpdateFinishedTrialError:
        return False
    except ValueError:  # the same, seen in time, or a value that Optuna cannot take
        number = trial if isinstance(trial, int) else trial.number
        if study.get_trials(deepcopy=False)[number].state.is_finished():
            return False
        raise
    return True


def release(study: Study, worker: Worker) -> list[dict[str, Any]]:
    """Fail the trials that dead workers hold, and enqueue those whose parameters were known again, in the order of their
    numbers. Returns these parameters.

    Any number of processes may do so at the same time, and be killed meanwhile: only one of them succeeds in failing a
    trial, and enqueues it; where that one dies first, any process that calls STEP_S later does.
    """
    attributes, failed, seen = study.user_attrs, set(), observer(study)
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if _is_abandoned(trial, worker, attributes, seen):
            study.set_user_attr(release_key(trial.number), time.time())
            if finish(study, trial.number, None, TrialState.FAIL):
                failed.add(trial.number)
    attributes = study.user_attrs
    return [
        _enqueue_retry(study, trial)
        for trial in pending_retries(study.get_trials(deepcopy=False), attributes)
        if seen.unchanged_s(key := release_key(trial.number), attributes[key]) > STEP_S or trial.number in failed
    ]


def return_unfinished(study: Study, trials: Iterable[Trial]) -> None:
    """Release the trials of this process that it has not finished: somebody tries them again."""
    for trial in trials:
        frozen = study.get_trials(deepcopy=False)[trial.number]
        if frozen.state != TrialState.RUNNING:
            continue
        study.set_user_attr(release_key(trial.number), time.time())
        if finish(study, trial, None, TrialState.FAIL):
            _enqueue_retry(study, study.get_trials(deepcopy=False)[trial.number])


def _is_abandoned(trial: FrozenTrial, here: Worker, attributes: Mapping[str, Any], seen: Observer) -> bool:
    if "worker" in trial.user_attrs:
        worker = Worker.read(trial.user_attrs["worker"])
        return worker is None or not worker.alive(here, attributes, seen)
    return seen.unchanged_s(trial.number, trial.datetime_start) > STEP_S  # it is taken and not yet signed


def _enqueue_retry(study: Study, trial: FrozenTrial) -> dict[str, Any]:
    """Study.enqueue_trial, which cannot keep the generation by which CMA-ES knows a trial."""
    parameters = dict(known_parameters(trial) or {})
    default = {key: value for key, value in trial.user_attrs.items() if key == "default"}
    generation = {key: value for key, value in trial.system_attrs.items() if key.endswith(":generation")}
    study.add_trial(
        create_trial(
            state=TrialState.WAITING,
            system_attrs={**generation, "fixed_params": parameters},
            user_attrs={**default, "again": trial.number},
        )
    )
    return parameters
