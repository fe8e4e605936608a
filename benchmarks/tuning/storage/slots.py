"""Which trial holds which of a study's `limit` slots, and which draw of the sampler is next."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState


def has_free_slot(study: Study, limit: int) -> bool:
    """Whether a trial waits, or fewer than `limit` slots are held."""
    trials = study.get_trials(deepcopy=False)
    return any(t.state == TrialState.WAITING for t in trials) or len(_holders(trials, study.user_attrs)) < limit


def is_surplus(trials: Sequence[FrozenTrial], attributes: Mapping[str, Any], number: int, limit: int) -> bool:
    """Whether another trial holds its slot, or `limit` lower slots are held.

    A slot never changes, and none below it comes to be held later, so that processes which look at different moments agree.
    """
    holders, slot = _holders(trials, attributes), _slots(trials)[number]
    return holders.get(slot) != number or sum(other < slot for other in holders) >= limit


def _holders(trials: Sequence[FrozenTrial], attributes: Mapping[str, Any]) -> dict[int, int]:
    """Slot -> the trial that holds it: one that is not failed, or is pending; of two, the finished or the earlier one."""
    pending = {t.number for t in pending_retries(trials, attributes)}
    holding = [t for t in trials if t.state != TrialState.FAIL or t.number in pending]
    slots, holders = _slots(trials), dict[int, int]()
    for trial in sorted(holding, key=lambda t: (not t.state.is_finished(), t.number)):
        holders.setdefault(slots[trial.number], trial.number)
    return holders


def _slots(trials: Sequence[FrozenTrial]) -> list[int]:
    """Of each trial, the number of the first trial of which it is a retry, or its own."""
    slots: list[int] = []
    for trial in trials:
        retried = 0 if "default" in trial.user_attrs else trial.user_attrs.get("again", trial.number)
        slots.append(slots[retried] if retried < trial.number else trial.number)
    return slots


def next_draw(trials: Sequence[FrozenTrial], number: int) -> int:
    """The lowest draw that no trial has, less those that trials before this one are about to take.

    A draw whose process was killed before all parameters were known is made again.
    """
    used, earlier = set(), 0
    for trial in trials:
        if "draw" in trial.user_attrs:
            if trial.state != TrialState.FAIL or "asked" in trial.user_attrs:
                used.add(trial.user_attrs["draw"])
        elif trial.number < number and trial.state == TrialState.RUNNING and "fixed_params" not in trial.system_attrs:
            earlier += 1
    return next(itertools.islice((n for n in itertools.count() if n not in used), earlier, None))


def pending_retries(trials: Sequence[FrozenTrial], attributes: Mapping[str, Any]) -> list[FrozenTrial]:
    """The trials that were released, and are still to be enqueued again."""
    done = {t.user_attrs.get("again") for t in trials}
    return [
        t
        for t in trials
        if t.state == TrialState.FAIL
        and release_key(t.number) in attributes
        and t.number not in done
        and "surplus" not in t.user_attrs
        and known_parameters(t) is not None
    ]


def known_parameters(trial: FrozenTrial) -> dict[str, Any] | None:
    """All parameters of a trial, where they are known."""
    return trial.params if "asked" in trial.user_attrs else trial.system_attrs.get("fixed_params")


def release_key(number: int) -> str:
    """The user attribute of the study that says when this trial was failed."""
    return f"released {number}"


def unfinished(study: Study) -> bool:
    """Whether any trial is held, even by a dead worker, or waits."""
    trials = study.get_trials(deepcopy=False)
    return any(not t.state.is_finished() for t in trials) or bool(pending_retries(trials, study.user_attrs))
