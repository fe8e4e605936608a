"""Optuna's samplers by name, made anew for every configuration that they draw."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, CmaEsSampler, GPSampler, QMCSampler, RandomSampler, TPESampler
from optuna.study import Study

from envs.validation import UnknownName, UsageError

KINDS = ("tpe", "random", "qmc", "cma", "gp")


def sampler(kind: str, seed: int, draw: int) -> BaseSampler:
    """What makes draw number `draw` of a study (0 its first configuration that was not given), from (seed, draw) alone:
    a study that was killed goes on with the draws that it would have made, and two processes never share a stream.

    tpe, random, gp  their generator starts from (seed, draw); they read everything else from the trials
    qmc              one scrambled Sobol sequence a study, so its scrambling comes from the seed; the draw is the point
    cma              Optuna adds the trial's number to a generator that starts from the seed, so that trials differ.
                     The draw must not go into it as well (number + stream could repeat), but it does for categorical
                     parameters, which CMA-ES leaves to a random sampler. The trials of a killed batch get new numbers,
                     so what follows them differs from the uninterrupted study: only here.
    """
    if kind not in KINDS:
        raise UnknownName("sampler", kind, KINDS)
    if kind == "cma" and importlib.util.find_spec("cmaes") is None:
        raise UsageError("the sampler cma needs a package that is not installed: pip install cmaes")
    own, common = _state(seed, draw), _state(seed)
    random = RandomSampler(seed=own)
    with warnings.catch_warnings():  # QMC, and TPE's two options before Optuna 5, are called experimental
        warnings.simplefilter("ignore", ExperimentalWarning)
        match kind:
            case "tpe":
                return TPESampler(multivariate=True, constant_liar=True, seed=own)
            case "qmc":
                return _Sobol(common, draw, random)
            case "cma":
                return CmaEsSampler(seed=common, independent_sampler=random, warn_independent_sampling=False)
            case "gp":
                return GPSampler(seed=own, deterministic_objective=False, warn_independent_sampling=False)
    return random


def _state(seed: int, *draw: int) -> int:
    """32 bits of the stream of a draw, or of the whole study."""
    return int(np.random.SeedSequence(seed, spawn_key=draw).generate_state(1)[0])


class _Sobol(QMCSampler):
    """Point number `draw` of a study's sequence. Optuna counts the points in the study, but reads and writes that counter
    in two steps, so that two processes can train one point; and a point that was drawn by a process killed is lost."""

    def __init__(self, seed: int, draw: int, independent: BaseSampler) -> None:
        super().__init__(scramble=True, seed=seed, independent_sampler=independent, warn_independent_sampling=False)
        self._draw = draw

    def _find_sample_id(self, study: Study, search_space: Mapping[str, BaseDistribution]) -> Any:
        return self._draw
