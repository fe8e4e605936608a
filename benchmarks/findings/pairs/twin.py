"""Whether a policy gradient scores higher than its supervised twin with equally many labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.design.report_blocks import with_details
from benchmarks.statistics.families import Ledger, compare_by_task
from benchmarks.statistics.wording.answers import name_or_count
from benchmarks.statistics.wording.phrases import count_noun, effect_size, p_value
from benchmarks.statistics.wording.sentences import explained, too_few_seeds
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
        open_ = [task for task, c in on.items() if not c.shown]
        pair = f"`{self.learner}` and `{self.twin}`"
        if len(open_) == len(on):
            answer = (
                f"With equally many labels no difference is shown between {pair} on {name_or_count(open_, 'tasks')}."
            )
        else:
            first, *others = [(side, _where(tasks, on)) for side, tasks in sides.items() if tasks]
            answer = (
                f"With equally many labels `{self.learner}` scores {first[0]} than its supervised twin on {first[1]}"
            )
            answer += "".join(f", and {side} on {where}" for side, where in others) + "."
            answer += f" No difference is shown on {_where(open_, on)}." if open_ else ""
        sizes = [
            f"On {task} `{self.learner}` {'gains' if c.difference > 0 else 'loses'} {effect_size(c)} "
            f"({p_value(c.p_corrected)})."
            for task, c in on.items()
            if c.shown
        ]
        sure = f"p is corrected over {count_noun(len(on), 'task')} (Holm), {count_noun(data.suite.seeds, 'seed')}."
        return with_details(answer, explained(answer, [*sizes, sure]))

    def decide(self, suite: Suite, ledger: Ledger) -> None:
        """Enter the comparisons by task, so that the sentence agrees with the tables."""
        compare_by_task(suite, [(self.learner, self.twin)], ledger)


def _where(tasks: Sequence[str], on: Mapping[str, object]) -> str:
    """Their names where they are few, else their number."""
    return name_or_count(tasks, f"of {len(on)} tasks", 8)
