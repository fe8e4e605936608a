"""Families of comparisons, who may be the best, what a knob does: hand numbers, and error rates by simulation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from benchmarks import guide, pairs, stats, verdict
from benchmarks.pairs import Pair
from benchmarks.situation import Situation
from benchmarks.suite import Scale, Suite
from tests.benchmarks.made import PARENTS, frame, suite


def made(scores: dict[str, dict[str, list[float]]]) -> Suite:
    """A suite of two checkpoints from final scores: by task, by variant, one a seed."""
    rows = [
        {
            "task": task, "variant": v, "seed": s, "learning_rate": 0.1, "checkpoint": k, "fraction": float(k),
            "env_steps": 100 * k, "updates": k, "wall_s": 1.0 * k, "eval_return": x * k, "eval_return_greedy": x,
            "diverged": False,
        }
        for task, of in scores.items()
        for v, values in of.items()
        for s, x in enumerate(values)
        for k in (0, 1)
    ]  # fmt: skip
    variants = list(dict.fromkeys(v for of in scores.values() for v in of))
    return Suite(pd.DataFrame(rows), {t: Scale(0.0, 1.0, 0.9) for t in scores}, variants)


def test_the_three_families() -> None:
    of = suite(frame())
    assert pairs.rungs(of, PARENTS)[0] == Pair("reward_to_go", "reinforce")
    assert len(pairs.rungs(of, PARENTS)) == 4
    assert pairs.against(of, "gae")[-1] == Pair("ppo", "gae")
    assert len(pairs.against(of, "gae")) == 4
    assert len(pairs.everyone(of)) == 5 * 4 / 2  # random does not learn and is compared with nobody


def test_a_suite_row_by_hand() -> None:
    """b - a of each seed's mean over two tasks: .3, .1, .2. On task t it is .4, .2, .0."""
    of = made({"t": {"a": [0.1, 0.2, 0.3], "b": [0.5, 0.4, 0.3]}, "u": {"a": [0.1, 0.2, 0.1], "b": [0.3, 0.2, 0.5]}})
    by_task = pairs.task_table(of, [Pair("b", "a")])
    row = pairs.suite_table(of, [Pair("b", "a")], by_task).iloc[0]
    assert row["difference"] == pytest.approx(0.2)
    assert row["p"] == pytest.approx(2 / 8)
    assert (row["low"], row["high"]) == pytest.approx(stats.t_interval(np.array([0.3, 0.1, 0.2])))
    assert row["improvement"] == pytest.approx(8.5 / 9)  # on each task 8 wins and a tie of 9
    assert (row["better"], row["shown"], row["test"]) == (2, 0, "sign-flip")
    assert by_task["difference"].tolist() == pytest.approx([0.2, 0.2])
    assert by_task["p"].tolist() == pytest.approx([4 / 8, 4 / 8])  # .4 .2 .0: the 0 flips for nothing
    assert by_task["p_holm"].tolist() == pytest.approx([1.0, 1.0])


def test_imported_runs_are_no_pairs() -> None:
    """Seeds of somebody else's runs say nothing of ours: Welch's test, which the shared luck does not help."""
    paired, unpaired = suite(frame()), suite(frame(), imported=frozenset({"gae"}))
    found = [pairs.compare(of, Pair("gae", "baseline_loo"), of.tasks("gae")) for of in (paired, unpaired)]
    assert found[0] is not None
    assert found[1] is not None
    assert (found[0].paired, found[1].paired) == (True, False)
    assert found[0].difference == pytest.approx(found[1].difference)
    width = [r.interval.high - r.interval.low for r in found]
    assert width[1] > 3 * width[0]


def test_leaders_by_hand() -> None:
    """Six seeds. c is above a on all (one-sided p 1/64, two rivals: 1/32) and above b on five (too few to rule it out)."""
    of = made({"t": {"a": [0.0] * 6, "b": [0.6, 0.6, 0.6, 0.6, 0.6, 0.9], "c": [0.71, 0.72, 0.73, 0.74, 0.75, 0.8]}})
    found = pairs.leaders(of, ["a", "b", "c"], ["t"])
    assert found is not None
    assert (found.best, found.others) == ("c", ["b"])
    assert found.table.set_index("variant").loc["a", "p_best"] == pytest.approx(2 / 64)
    assert "`b` may be as good or better (ruled out: `a`" in verdict.headline(of)


def ruled_out(rule: Callable[[list[np.ndarray]], np.ndarray], skew: bool) -> float:
    """How often variant 0, a best one of eight equals, is ruled out by the leader; `rule` gives each rival's p."""
    rng, lost = np.random.default_rng(0), 0
    for _ in range(600):
        x = rng.lognormal(size=(10, 8)) if skew else rng.normal(size=(10, 8))
        best = int(x.mean(axis=0).argmax())
        rivals = [i for i in range(8) if i != best]
        if best:
            lost += rule([x[:, best] - x[:, i] for i in rivals])[rivals.index(0)] < 0.05
    return lost / 600


@pytest.mark.parametrize("skew", [False, True])
def test_the_best_is_seldom_ruled_out(skew: bool) -> None:
    assert ruled_out(pairs.p_best, skew) <= 0.05


def test_an_uncorrected_leader_rules_out_too_many() -> None:
    def naive(leads: list[np.ndarray]) -> np.ndarray:
        return np.array([stats.sign_flip_p(d, alternative="greater") for d in leads])

    assert ruled_out(naive, skew=False) > 0.1


def test_what_a_knob_does() -> None:
    """From x = 1 to x = 10 a loses .5 on every seed of ten, b nothing."""
    rng = np.random.default_rng(0)
    low, noise = rng.normal(0.8, 0.05, 10), rng.normal(0, 0.01, 10)
    of = made(
        {
            "x1": {"a": low.tolist(), "b": low.tolist()},
            "x10": {"a": (low - 0.5 + noise).tolist(), "b": (low + noise).tolist()},
        }
    )
    table = pairs.sweep_table(of, {"x10": 10.0, "x1": 1.0}, {}).set_index("variant")
    assert table.loc["a", "difference"] == pytest.approx(-0.5 + noise.mean())
    assert (table.loc["a", "from"], table.loc["a", "to"]) == ("1", "10")
    assert table.loc["a", "p_holm"] == pytest.approx(4 / 2**10)
    (said,) = verdict.of_sweep(table.reset_index(), "a knob")
    assert said.startswith("From 1 to 10 (a knob) the score moves for `a` by -0.5")
    assert said.endswith("no change shown for `b`.")


def test_the_headline_names_a_winner_only_with_evidence() -> None:
    best = {"t": {"a": [0.1 * i for i in range(10)], "b": [0.1 * i + 0.3 for i in range(10)]}}
    assert verdict.headline(made(best)).startswith(
        "`b` has the highest mean score on t, 0.75, and is shown to be the best"
    )
    even = {"t": {"a": [0.1 * i for i in range(10)], "b": [0.1 * i + (0.3 if i % 2 else -0.28) for i in range(10)]}}
    assert "10 seeds do not show that it is the best: `a` may be as good or better" in verdict.headline(made(even))
    few = {"t": {v: x[:4] for v, x in best["t"].items()}}
    assert "4 seeds cannot show it: the smallest corrected p they can reach is 0.0625" in verdict.headline(made(few))


def test_the_guide_says_what_the_tests_say() -> None:
    of = suite(frame())
    rows = guide.table(
        of,
        [
            Situation("horizon", "short", ("CartPole-v1", "transduce/reverse-medium")),
            Situation("horizon", "somewhere else", ("not/here",)),
            Situation("staleness", "two of them", ("CartPole-v1",), ("reinforce", "gae")),
        ],
    )
    assert rows["your case"].tolist() == ["short", "two of them"]
    assert rows["use"][0].startswith("`gae` (0.8")
    assert "better than 3 of 4" in rows["how sure"][0] or "better than 4 of 4" in rows["how sure"][0]
    assert rows["use"][1].startswith("`gae`")
    few = guide.table(suite(frame(seeds=4)), [Situation("horizon", "short", ("CartPole-v1",))])
    assert few["how sure"][0].startswith("not at all: 4 seeds cannot reach p < .05")


def test_seeds_are_counted_on_our_own_runs() -> None:
    """One imported run beside ten seeds of ours does not make a report of one seed."""
    rows = frame()
    alone = rows[(rows["variant"] != "gae") | (rows["seed"] == 0)]
    assert suite(rows).seeds == 10
    assert suite(alone).seeds == 1
    assert suite(alone, imported=frozenset({"gae"})).seeds == 10
