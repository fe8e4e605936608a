"""Examine an estimator: the rules and promises of policy gradients that it breaks.

Exit status 0: it breaks none. 1: it breaks some, each of which is named with what was expected and what was seen, or it
cannot be computed. 2: the name stands for no estimator.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Annotated

import tyro

from algorithms.conformance.estimator import examine
from algorithms.variant import Promises
from benchmarks.design.lookup import find_estimator
from benchmarks.validation.usage import DONE, FAILED, work_errors
from envs.validation import UsageError


@dataclass(frozen=True)
class Examine:
    """The flags of `examine`."""

    # module:ESTIMATOR or module:VARIANT of yours, or the name of a variant of ours
    estimator: Annotated[str, tyro.conf.Positional]
    # gradients that are also sampled through collector, network and learner, as 3000; needs a promised factor
    replicates: int = 0
    all: bool = False  # the rules that hold, too

    def __call__(self) -> int:
        if self.replicates < 0:
            raise UsageError(f"--replicates must be 0 or more, not {self.replicates}")
        estimator, promises = find_estimator(self.estimator)
        if self.replicates and promises.factor is None:
            raise UsageError(f"--replicates needs a promise: {self.estimator} has no Promises(factor=...)")
        if promises == Promises():
            print(f"{self.estimator} promises nothing; only the rules for all estimators are tested", file=sys.stderr)
        with work_errors(f"{self.estimator} cannot be examined"):
            findings = examine(estimator, promises, self.replicates)
        broken = [finding for finding in findings if not finding.holds]
        for finding in findings if self.all else broken:
            print(finding)
        print(f"{self.estimator}: {len(findings) - len(broken)} of {len(findings)} rules hold")
        return FAILED if broken else DONE
