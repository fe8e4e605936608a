"""Examine an estimator, or a function of another library: the rules and promises of policy gradients that it breaks.

FILE::function and package.module::function are advantages, a loss or a value loss (docs/other-libraries.md). The file, or
the module, is run, as an import runs it, with all rights that you have: examine only what you would run.

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
from benchmarks.cli.own import foreign
from benchmarks.design.lookup import find_estimator
from benchmarks.design.own.functions import is_function
from benchmarks.validation.usage import DONE, FAILED, work_errors
from envs.validation import UsageError


@dataclass(frozen=True)
class Examine:
    """The flags of `examine`."""

    # module:ESTIMATOR or module:VARIANT of yours, the name of a variant of ours, or FILE::function, package.module::function
    estimator: Annotated[str, tyro.conf.Positional]
    # sample so many gradients through collector, network and learner, as 3000; needs a promised factor
    replicates: int = 0
    all: bool = False  # print the rules that hold, too
    # a function: how it is called: names (by its parameters), verl, torchrl or trl
    as_: Annotated[str | None, tyro.conf.arg(name="as")] = None
    # a function: its claims, separated by commas: properties as groups or shift, gradient, or a variant as grpo
    promise: str = ""
    given: str = ""  # a function: values of its other parameters, as clip=.3,mode=mean

    def __call__(self) -> int:
        if is_function(self.estimator):
            return self._function()
        if self.replicates < 0:
            raise UsageError(f"--replicates must be 0 or more, not {self.replicates}")
        if self.as_ or self.promise or self.given:
            raise UsageError(f"--as, --promise and --given are for FILE::function, not {self.estimator}")
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

    def _function(self) -> int:
        if self.replicates:
            raise UsageError(
                "--replicates samples gradients of an estimator; the mean of a function is computed exactly"
            )
        promises = [name.strip() for name in self.promise.split(",") if name.strip()]
        report = foreign.report_of(self.estimator, self.as_, promises, self.given)
        return foreign.print_report(self.estimator, report, self.all)
