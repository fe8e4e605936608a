"""Whether a policy gradient scores higher than its supervised twin on as many labels."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.statistics.families import Ledger, compare_by_task
from benchmarks.statistics.wording.phrases import list_words
from benchmarks.statistics.wording.sentences import too_few_seeds
from benchmarks.store.suite import Data, Suite


@dataclass(frozen=True)
class Twin:
    """learner: the policy gradient; twin: what is trained on labelled texts."""

    learner: str
    twin: str

    def sentence(self, data: Data) -> str:
        """The tasks on which the learner scores higher, lower, and is not shown to differ."""
        compared = compare_by_task(data.suite, [(self.learner, self.twin)], Ledger())
        if not compared:
            return ""
        if text := too_few_seeds(compared, data.suite):
            return text
        on = {task: c for (_, _, tasks), c in compared.items() for task in tasks or ()}
        sides = {
            "higher": [task for task, c in on.items() if c.shown and c.difference > 0],
            "lower": [task for task, c in on.items() if c.shown and c.difference < 0],
        }
        said = [f"{side} on {list_words(tasks)}" for side, tasks in sides.items() if tasks]
        open_ = [task for task, c in on.items() if not c.shown]
        rest = f"no difference is shown on {list_words(open_)}" if open_ else ""
        if not said:
            return f"On as many labels {rest} between `{self.learner}` and `{self.twin}`."
        text = f"On as many labels `{self.learner}` scores {list_words(said)} than its supervised twin"
        return f"{text}; {rest}." if rest else f"{text}."

    def decide(self, suite: Suite, ledger: Ledger) -> None:
        """Enter the comparisons by task, so that the sentence agrees with the tables."""
        compare_by_task(suite, [(self.learner, self.twin)], ledger)
