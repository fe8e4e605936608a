"""Studies in a storage: made or loaded, with the protocol that is wanted.

User attributes of a study: `protocol`, `ready` (protocol and default are there), `tested` (the test seeds were used), and
"beat <worker>" (when that worker was last heard of).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import optuna
from optuna.exceptions import DuplicatedStudyError
from optuna.storages import BaseStorage
from optuna.study import Study, StudyDirection

from benchmarks.tuning.storage.workers import STEP_S
from envs.validation import UsageError


def open_study(storage: BaseStorage, name: str, protocol: Mapping[str, Any], default: Mapping[str, Any]) -> Study:
    """The maximising study of that name, made if there is none, with the default configuration as its trial 0.

    Raises UsageError where the study has another protocol. Its `trials` may grow until the test seeds have been used.
    """
    wanted: dict[str, Any] = json.loads(json.dumps(protocol))
    try:
        study = optuna.create_study(storage=storage, study_name=name, direction="maximize")
        _initialise(study, wanted, default)
    except DuplicatedStudyError:
        study = optuna.load_study(storage=storage, study_name=name)
        end = time.monotonic() + STEP_S
        while not (ready := "ready" in study.user_attrs) and time.monotonic() < end:
            time.sleep(0.05)
        if not ready:
            _initialise(study, wanted, default)  # the process that made it died meanwhile
    _check_protocol(study, wanted)
    return study


def _initialise(study: Study, protocol: Mapping[str, Any], default: Mapping[str, Any]) -> None:
    """What a new study needs, in steps of which any may have been done. Two processes may do one at the same time: of two
    defaults, `claim` drops the second."""
    trials, ours = study.get_trials(deepcopy=False), "protocol" in study.user_attrs
    if study.directions != [StudyDirection.MAXIMIZE] or (trials and not ours):
        raise UsageError(f"the study {study.study_name!r} was made by another program; give another --study name")
    if not ours:
        study.set_user_attr("protocol", protocol)
    if not trials:
        study.enqueue_trial(dict(default), user_attrs={"default": True})
    study.set_user_attr("ready", True)


def _check_protocol(study: Study, wanted: Mapping[str, Any]) -> None:
    """Raise UsageError unless the study has the protocol that is wanted; let its trials grow."""
    attributes, advice = study.user_attrs, "give another --study name"
    has = attributes["protocol"]
    grows = "trials" in has and "trials" in wanted and wanted["trials"] > has["trials"]
    differing = [
        f"{key} {json.dumps(has.get(key))} (requested: {json.dumps(wanted.get(key))})"
        for key in sorted(has.keys() | wanted.keys())
        if has.get(key) != wanted.get(key) and not (grows and key == "trials")
    ]
    if differing:
        raise UsageError(f"the study {study.study_name!r} has another protocol: {', '.join(differing)}; {advice}")
    if grows and attributes.get("tested"):
        raise UsageError(f"the test seeds of the study {study.study_name!r} have been used: it cannot grow; {advice}")
    if grows:
        study.set_user_attr("protocol", wanted)
