"""A judgement of few steps: a copy is no better, a kill changes nothing, and what is broken is not trained."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from algorithms import VARIANTS
from algorithms.estimators.baseline import LeaveOneOut
from algorithms.variant import Promises, Variant
from benchmarks.execution.dispatch.execution import Execution
from benchmarks.judging import page, verdict
from benchmarks.judging.candidate import Candidate
from benchmarks.judging.hidden import Hidden
from benchmarks.judging.judge import Case, Found, judge
from benchmarks.judging.protocol import Protocol
from benchmarks.reports.render import as_markdown
from benchmarks.statistics.wording.answers import count_words
from envs import TASKS
from envs.text.bandit import Bandit
from envs.text_env import text_task

OPEN = TASKS["bandit/small"]
HIDDEN = Hidden("0" * 64, (text_task("hidden/bandit", Bandit(arms=6, contexts=2, instance=3)),), 5_000_000)
PROTOCOL = Protocol(
    open_tasks=(OPEN.name,), rates=(0.01, 0.03), tuning_seeds=2, env_steps=256, max_seeds=10, margin=0.5
)
COPY = replace(VARIANTS["baseline_loo"], name="copy")


@dataclass(frozen=True)
class Doubled(LeaveOneOut):
    """Twice the baseline, which is unbiased still, and promises to be shift-invariant, which it is not."""

    def __call__(self, q: Any, rollout: Any, values: Any, state: Any) -> Any:
        b, state = super().__call__(q, rollout, values, state)
        return 2.0 * b, state


@dataclass(frozen=True)
class Faulty(LeaveOneOut):
    """A baseline that goes wrong in populations of so many members: the kit has one, open tasks four, hidden ones ten."""

    members: int = 4
    raises: bool = False

    def __call__(self, q: Any, rollout: Any, values: Any, state: Any) -> Any:
        b, state = super().__call__(q, rollout, values, state)
        if q.shape[1] == self.members and self.raises:
            raise ZeroDivisionError("no such rollout")
        return b + (np.inf if q.shape[1] == self.members else 0.0), state


SEEN: list[int] = []


@dataclass(frozen=True)
class Counting(LeaveOneOut):
    """A baseline that grows with the rollouts that this process has seen."""

    def __call__(self, q: Any, rollout: Any, values: Any, state: Any) -> Any:
        b, state = super().__call__(q, rollout, values, state)
        SEEN.append(1)
        return b + 0.01 * len(SEEN), state


def case(variant: Variant, folder: Path, *rivals: str) -> Case:
    file = folder / "mine.py"
    candidate = Candidate(variant, file, "0" * 64, "source")
    return Case(candidate, tuple(VARIANTS[r] for r in rivals), (OPEN,), HIDDEN, PROTOCOL, folder)


def cells(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.parquet"))


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> tuple[Case, Found, bytes]:
    """The judgement of a copy, and its file."""
    made = case(COPY, tmp_path_factory.mktemp("judged"), "baseline_loo")
    found = judge(made, Execution(1))
    return made, found, verdict.save(made, found).read_bytes()


def test_a_copy_is_not_shown_to_be_better_and_is_named(copied: tuple[Case, Found, bytes]) -> None:
    made, found, written = copied
    document = json.loads(written)
    assert document["schema"] == 2
    assert document["verdict"] == "not shown"
    assert document["candidate"]["same_parts_as"] == ["baseline_loo"]
    (rival,) = document["rivals"]
    assert (rival["rival"], rival["difference"], rival["p_corrected"], rival["seeds"]) == ("baseline_loo", 0.0, 1.0, 10)
    assert document["open"]["scores"]["copy"] == document["open"]["scores"]["baseline_loo"]
    assert set(document["open"]["scores"]["copy"]) == {"0.01", "0.03"}
    assert document["open"]["released"] == document["not_met"] == []
    assert document["hidden"]["seeds"] == [5_000_000, 5_000_009]
    assert len(cells(made.pool)) == 4  # of both, on the open and on the hidden task
    assert found.lost_runs == 0


def test_the_verdict_repeats_bit_for_bit_after_a_kill(copied: tuple[Case, Found, bytes]) -> None:
    made, _, written = copied
    for path in cells(made.pool)[::2]:
        path.unlink()
    (made.folder / verdict.FILE).unlink()
    again = judge(made, Execution(2))
    assert verdict.save(made, again).read_bytes() == written
    assert "time" not in json.loads(written)["provenance"]


def test_damaged_files_are_made_anew_and_change_nothing(
    copied: tuple[Case, Found, bytes], capfd: pytest.CaptureFixture[str]
) -> None:
    made, _, written = copied
    damaged = cells(made.pool)[0]
    damaged.write_bytes(damaged.read_bytes()[:500])
    (made.folder / verdict.FILE).write_text('{"verdict": "better"')
    again = judge(made, Execution(1))
    assert verdict.save(made, again).read_bytes() == written
    assert f"damaged: {damaged.name}" in capfd.readouterr().err
    for aside in damaged.parent.glob(f"{damaged.name}*"):
        if aside != damaged:
            aside.unlink()


def test_a_candidate_that_beats_no_cheap_rival_leaves_the_costly_one_untrained(tmp_path: Path) -> None:
    """A natural gradient passes eleven times where baseline_loo passes once."""
    made = case(COPY, tmp_path, "npg", "baseline_loo")
    assert made.stages == (("baseline_loo",), ("npg",))
    found = judge(made, Execution(1))
    assert {path.name.split("__")[1] for path in cells(made.pool)} == {"copy", "baseline_loo"}
    document = verdict.verdict(made, found)
    assert (document["verdict"], document["not_met"]) == ("not shown", ["npg"])
    assert "not compared with npg, because runs of it take longer and the others come first" in document["reasons"]


def test_who_keeps_state_between_rollouts_is_broken(tmp_path: Path) -> None:
    """Its runs would depend on what its process had trained before."""
    found = judge(case(COPY.rung("counting", "", baseline=Counting()), tmp_path, "baseline_loo"), Execution(1))
    assert found.broken
    assert not cells(tmp_path)


def test_the_page_and_the_answer_say_what_the_file_says(copied: tuple[Case, Found, bytes]) -> None:
    made, found, _ = copied
    text = verdict.answer(made, found)
    assert text.startswith("It is not shown that `copy` is better than every rival on the hidden tasks: +0.00 ")
    assert count_words(text) <= 40
    document = page.document(made, found)
    shown = as_markdown(document, document.tables, ())
    assert "All parts that numbers depend on are those of baseline_loo." in shown
    assert "is at an end of the list: a better one may lie outside." in shown  # of two rates
    assert "hidden/bandit is drawn as Bandit arms=6, contexts=2, instance=3." in shown


def test_what_breaks_a_promise_is_broken_and_is_not_trained(tmp_path: Path) -> None:
    wrong = COPY.rung("wrong", "", baseline=Doubled(), promises=Promises(shift_invariant=True))
    made = case(wrong, tmp_path, "baseline_loo")
    found = judge(made, Execution(1))
    assert verdict.outcome(found) == "broken"
    assert found.broken[0].startswith("a constant on every final reward changes nothing: expected no difference; seen")
    assert not cells(tmp_path)
    assert json.loads(verdict.save(made, found).read_text())["rivals"] == []
    assert verdict.answer(made, found).startswith("`wrong` is broken")


def test_what_diverges_at_every_rate_is_broken(tmp_path: Path) -> None:
    found = judge(case(COPY.rung("infinite", "", baseline=Faulty(4)), tmp_path, "baseline_loo"), Execution(1))
    assert found.broken == ["no learning rate keeps it finite on the open tasks"]
    assert found.scores["infinite"].keys() == {0.01, 0.03}


def test_what_diverges_on_hidden_tasks_is_broken(tmp_path: Path) -> None:
    found = judge(case(COPY.rung("late", "", baseline=Faulty(10)), tmp_path, "baseline_loo"), Execution(1))
    assert found.broken == ["10 of 10 hidden runs diverged or have no finite return"]


def test_what_raises_in_training_is_broken_and_what_had_trained_stays(tmp_path: Path) -> None:
    made = case(COPY.rung("raising", "", baseline=Faulty(4, raises=True)), tmp_path, "baseline_loo")
    found = judge(made, Execution(1))
    (reason,) = found.broken
    assert reason.startswith("it cannot be trained: bandit/small x raising: ZeroDivisionError: no such rollout")
    assert [path.name.split("__")[1] for path in cells(made.pool)] == ["baseline_loo"]


def test_other_rivals_or_another_protocol_have_a_verdict_of_their_own(tmp_path: Path) -> None:
    first = case(COPY, tmp_path, "baseline_loo")
    others = (case(COPY, tmp_path, "rloo"), replace(first, protocol=replace(PROTOCOL, env_steps=512)))
    assert len({made.folder for made in (first, *others)}) == 3
    assert {made.pool for made in (first, *others)} == {tmp_path / "judge"}
