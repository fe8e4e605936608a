"""The report of tuning studies: numbers that can be checked by hand, odd inputs, and the page itself."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest
import scipy.stats

from benchmarks.statistics.intervals import t_interval
from benchmarks.statistics.sign_flips import sign_flip_shift
from benchmarks.tuning import figures, report, result, summary
from benchmarks.tuning.result import Attempt, Stage, Tuned
from benchmarks.tuning.summary import by_cell
from benchmarks.tuning.summary.ranking import Ranking
from benchmarks.tuning.summary.summary import Summary
from tests.benchmarks.reports.chromium import BROWSER, Page, open_page
from tests.benchmarks.reports.test_page import check_page

RATE = {"name": "training.learning_rate", "low": 1e-4, "high": 1e-1, "log": True, "integer": False}
LAM = {"name": "estimator.credit.lam", "low": 0.8, "high": 1.0, "log": False, "integer": False}
PROTOCOL = {
    "trials": 3, "batch": 16, "tuning_seeds": 5, "selection_seeds": 20, "test_seeds": 10, "top": 5,
    "env_steps": {"CartPole-v1": 50_000, "Acrobot-v1": 80_000, "dyck/small": 20_000, "Pendulum-v1": 100_000,
                  "gymnasium:MountainCarContinuous-v0": 120_000},
    "objective": "last_fifth", "sampler": "tpe", "pruner": "none",
    "space": "all", "episodes": 10, "seed": 0,
}  # fmt: skip
PROVENANCE = {
    "commit": "0123abcd", "dirty": False, "results_version": 3, "python": "3.11.9", "device": "cpu",
    "packages": {"numpy": "2.3.1", "torch": "2.13.0", "optuna": "5.0.0"}, "command": "python -m benchmarks tune made",
}  # fmt: skip

# studies that look like the released ones, to be looked at: python -m tests.benchmarks.test_tuning_report FOLDER

LADDER = ("reinforce", "reward_to_go", "baseline_mean", "baseline_loo", "baseline_value", "gae", "a2c", "ppo", "npg",
          "like_openrlhf_reinforce_pp")  # fmt: skip
TASKS = ("CartPole-v1", "Acrobot-v1", "dyck/small", "Pendulum-v1", "gymnasium:MountainCarContinuous-v0")
SPACE: tuple[dict[str, Any], ...] = (
    RATE,
    {"name": "training.discount", "low": 0.9, "high": 1.0, "log": False, "integer": False},
    {"name": "training.max_grad_norm", "low": 0.1, "high": 10.0, "log": True, "integer": False},
    {"name": "training.network.hidden", "choices": [[32, 32], [64, 64], [128, 128]]},
    {"name": "training.collection.envs", "choices": [8, 16, 32, 64]},
)
CRITIC: tuple[dict[str, Any], ...] = (
    {"name": "training.value_coefficient", "low": 0.1, "high": 2.0, "log": True, "integer": False},
    {"name": "training.critic_rate", "low": 0.1, "high": 10.0, "log": True, "integer": False},
    LAM,
)
OWN: dict[str, tuple[dict[str, Any], ...]] = {
    "ppo": ({"name": "estimator.surrogate.clip", "low": 0.05, "high": 0.5, "log": False, "integer": False},
            {"name": "schedule.epochs", "choices": [1, 2, 4, 8]},
            {"name": "schedule.minibatches", "choices": [1, 2, 4, 8]}),
    "a2c": ({"name": "estimator.credit.n", "low": 1, "high": 20, "log": False, "integer": True},
            {"name": "estimator.entropy.alpha", "low": 1e-4, "high": 0.1, "log": True, "integer": False}),
    "npg": ({"name": "update.delta", "low": 1e-3, "high": 0.1, "log": True, "integer": False},),
}  # fmt: skip
DEFAULTS = {
    "training.learning_rate": 3e-3, "training.discount": 1.0, "training.max_grad_norm": 0.5,
    "training.network.hidden": [64, 64], "training.collection.envs": 16, "training.value_coefficient": 0.5,
    "training.critic_rate": 1.0, "estimator.credit.lam": 0.95, "estimator.surrogate.clip": 0.2, "schedule.epochs": 4,
    "schedule.minibatches": 4, "estimator.credit.n": 5, "estimator.entropy.alpha": 0.01, "update.delta": 0.01,
}  # fmt: skip


def drawn(entry: Mapping[str, Any], rng: np.random.Generator) -> Any:
    """A value of the search space."""
    if "choices" in entry:
        return entry["choices"][int(rng.integers(len(entry["choices"])))]
    if entry["log"]:
        return float(np.exp(rng.uniform(np.log(entry["low"]), np.log(entry["high"]))))
    return int(rng.integers(entry["low"], entry["high"] + 1)) if entry["integer"] else float(
        rng.uniform(entry["low"], entry["high"]))  # fmt: skip


def lifelike(variant: str, tasks: Sequence[str], trials: int = 30, seeds: int = 20, pruned: bool = False) -> Tuned:
    """A study whose score depends on the rate, the discount and luck that seeds share."""
    rng = np.random.default_rng(crc32(f"{variant}{tasks}".encode()))
    space = (*SPACE, *(CRITIC if variant in ("baseline_value", "gae", "a2c", "ppo") else ()), *OWN.get(variant, ()))
    default = {e["name"]: DEFAULTS[e["name"]] for e in space}
    known = variant in LADDER
    level = 0.45 + 0.05 * (LADDER.index(variant) if known else 3) + rng.normal(0, 0.05)
    best_rate = np.log(3e-3) + rng.normal(0, 1.2)

    def truth(values: Mapping[str, Any]) -> float:
        rate = np.log(values["training.learning_rate"]) - best_rate
        gap = 0.03 * rate**2 + 1.5 * abs(values["training.discount"] - 0.985)
        return float(min(level + 0.1 - gap + 0.02 * (values["training.collection.envs"] == 32), 1.0))

    def scores(values: Mapping[str, Any], n: int, stream: int) -> dict[str, tuple[float, ...]]:
        made = {}
        for task in tasks:
            luck = np.random.default_rng([stream, crc32(task.encode())]).normal(0, 0.05, n)
            raw = truth(values) + luck + rng.normal(0, 0.06, n)
            made[task] = tuple(float(x) for x in np.where(rng.random(n) < 0.01, 0.0, np.clip(raw, -0.1, 1.02)))
        return made

    tried = [default, *({e["name"]: drawn(e, rng) for e in space} for _ in range(trials - 1))]
    attempts = []
    for i, values in enumerate(tried):
        on = scores(values, 5, 0)
        state = "pruned" if pruned and i and i % 4 == 0 else "complete"
        attempts.append(Attempt(i, state, values, on, result.mean_score(on)))
    whole = sorted((a for a in attempts if a.state == "complete"), key=lambda a: -a.value)
    again = {0: Stage(0, scores(default, 20, 1))}
    again |= {a.number: Stage(a.number, scores(a.values, 20, 1)) for a in whole[:5]}
    chosen = max(again.values(), key=lambda s: s.value).number
    test = {"default": Stage(0, scores(default, seeds, 2))}
    test["tuned"] = test["default"] if chosen == 0 else Stage(chosen, scores(tried[chosen], seeds, 2))
    protocol = {**PROTOCOL, "trials": trials, "test_seeds": seeds, "pruner": "racing" if pruned else "none"}
    return Tuned("made", variant, tuple(tasks), chosen, tried[chosen], default, protocol, space, tuple(attempts),
                 tuple(again.values()), test, PROVENANCE)  # fmt: skip


def released() -> list[Tuned]:
    """10 variants on 5 tasks."""
    return [lifelike(v, [task]) for v in LADDER for task in TASKS]


# made by hand


def study(
    variant: str = "gae",
    tasks: Sequence[str] = ("CartPole-v1",),
    default: Sequence[float] = (0.4,) * 8,
    tuned: Sequence[float] = (0.5, 0.6) * 4,
    values: Sequence[float] = (0.5, 0.7, 0.6),
    **other: Any,
) -> Tuned:
    """Test scores of both settings, and a trial a value; the second was chosen, whose learning rate is .01."""
    rates = [0.003, *(0.01 * (k + 1) for k in range(len(values) - 1))]
    tried = [{"training.learning_rate": rate, "estimator.credit.lam": 0.95} for rate in rates]
    attempts = tuple(
        Attempt(k, "complete", tried[k], dict.fromkeys(tasks, (value,) * 5), value) for k, value in enumerate(values)
    )
    chosen = min(1, len(values) - 1)
    test = {"default": Stage(0, dict.fromkeys(tasks, tuple(default)))}
    test["tuned"] = Stage(chosen, dict.fromkeys(tasks, tuple(tuned))) if chosen else test["default"]
    again = tuple(Stage(k, dict.fromkeys(tasks, (v - 0.05,) * 20)) for k, v in enumerate(values[:2]))
    made = Tuned("made", variant, tuple(tasks), chosen, tried[chosen], tried[0], PROTOCOL, (RATE, LAM), attempts, again,
                 test, PROVENANCE)  # fmt: skip
    return replace(made, **other)


def of(*studies: Tuned) -> Summary:
    return Summary(by_cell(studies))


def said(*studies: Tuned) -> str:
    """The report as plain text."""
    return report.compose("made", "Is tuned better?", studies).as_text()


# default against tuned


def test_the_gain_of_a_study_by_hand() -> None:
    """.5 .6 .5 .6 ... less .4: mean .15; eight differences of one sign: p 2 / 2^8."""
    row = of(study()).gains.iloc[0]
    assert [row["default"], row["tuned"], row["difference"]] == pytest.approx([0.4, 0.55, 0.15])
    half = scipy.stats.t.ppf(0.975, 7) * np.std([0.1, 0.2] * 4, ddof=1) / np.sqrt(8)
    assert [row["low"], row["high"]] == pytest.approx([0.15 - half, 0.15 + half])
    assert [row["p"], row["p_holm"], row["a12"], row["seeds"]] == [2 / 2**8, 2 / 2**8, 1.0, 8]
    assert np.isnan(row["detectable"])
    raised = "Tuning raises the test score of `gae` on CartPole-v1: 0.400 by default and 0.550 tuned, +0.150"
    assert raised in said(study())


def test_p_is_corrected_over_all_studies_and_what_is_not_shown_has_a_detectable_difference() -> None:
    table = of(study(), study("ppo", tuned=(0.3, 0.5) * 4)).gains
    assert table["p_holm"].tolist() == [2 * 2 / 2**8, 1.0]
    d = np.array([-0.1, 0.1] * 4)
    assert np.isnan(table["detectable"][0])
    assert table["detectable"][1] == pytest.approx(sign_flip_shift(8, 0.05 / 2) * d.std(ddof=1) / np.sqrt(8))


def test_what_was_changed_is_said_in_few_characters() -> None:
    assert of(study()).changed["changed"].tolist() == ["lr 0.003 -> 0.01"]
    listed = study(default=(0.4,) * 8, configuration={"training.network.hidden": [64, 64], "estimator.credit.lam": 0.9})
    assert of(listed).changed["changed"].tolist() == [
        "lr 0.003 -> None, lam 0.95 -> 0.9, training.network.hidden None -> 64x64"
    ]


def test_names_are_last_words_and_longer_where_they_are_alike() -> None:
    paths = ["training.learning_rate", "estimator.credit.n", "estimator.entropy.alpha", "estimator.baseline.alpha"]
    assert list(summary.labels(paths).values()) == ["learning rate", "n steps", "entropy alpha", "baseline alpha"]
    assert summary.labels(paths, short=True)["training.learning_rate"] == "lr"


def test_where_the_default_was_chosen_nothing_is_tested() -> None:
    kept = study("ppo", values=(0.9,))
    row = of(kept).gains.iloc[0]
    assert row["kept"]
    assert row["difference"] == 0
    assert np.isnan([row["p"], row["p_holm"], row["low"], row["detectable"]]).all()
    assert of(study(), kept).gains["p_holm"].tolist()[0] == 2 / 2**8  # not a test more
    text = said(study(), kept)
    assert "The default itself was chosen in 1 of 2: `ppo` on CartPole-v1." in text
    assert "none: the default was chosen" in text
    assert "chose the default itself, of 1 trial: its test score is 0.400 (8 test seeds)" in said(kept)
    same = study(configuration=study().default)  # drawn again, under another number
    assert of(same).gains["kept"].tolist() == [True]


def test_a_tuned_score_below_the_defaults_interval_is_counted_and_named() -> None:
    """Defaults .3 .5 ... have mean .4 and a half width of 2.36 x .107 / sqrt(8) = .089: .32 is within, .30 is not."""
    default = (0.3, 0.5) * 4
    assert "each of the 2 studies' tuned score is at least" in said(
        study(), study("ppo", default=default, tuned=(0.32,) * 8)
    )
    low = said(study(), study("ppo", default=default, tuned=(0.30,) * 8))
    assert "In 1 of 2 the tuned test score is below" in low
    assert "`ppo` on CartPole-v1 (0.300, default 0.400)" in low


def test_what_few_seeds_cannot_show_is_said() -> None:
    few = study(default=(0.4,) * 3, tuned=(0.5, 0.6, 0.7))
    made = report.compose("made", "?", [few])
    assert "Three seeds cannot show one: the smallest p is 0.25." in made.verdict
    assert any(w.startswith("Three test seeds: the smallest two-sided p") for w in made.warnings)
    ten = [study(v, default=(0.4,) * 10, tuned=(0.5, 0.6) * 5) for v in "abcdefghijklmnopqrstuvwxyz"]
    (warning,) = report.compose("made", "?", ten).warnings
    assert "the smallest corrected p is 0.0508" in warning  # 26 x 2 / 2^10
    assert not report.compose("made", "?", ten[:25]).warnings


def test_tasks_tuned_jointly_are_one_mean_a_seed() -> None:
    scores = {"CartPole-v1": (0.2, 0.4), "Acrobot-v1": (0.6, 0.6)}
    joint = study(
        tasks=tuple(scores), test={"default": Stage(0, scores), "tuned": Stage(1, dict.fromkeys(scores, (1.0, 1.0)))}
    )
    row = of(joint).gains.iloc[0]
    assert row["task"] == "CartPole-v1 + Acrobot-v1"
    assert row["default"] == pytest.approx((0.4 + 0.5) / 2)
    assert summary.per_seed(scores).tolist() == pytest.approx([0.4, 0.5])


# rankings


def test_tau_is_kendalls() -> None:
    a, b = np.array([3.0, 2.0, 1.0, 0.0]), np.array([3.0, 1.0, 2.0, 0.0])
    assert float(summary.tau(a, b)) == pytest.approx((5 - 1) / 6)
    tied = np.array([1.0, 1.0, 0.5, 0.0])
    assert float(summary.tau(a, tied)) == pytest.approx(scipy.stats.kendalltau(a, tied).statistic)
    assert np.isnan(summary.tau(a, np.ones(4)))
    assert summary.tau(np.stack([a, -a]), np.stack([b, b])).tolist() == pytest.approx([4 / 6, -4 / 6])


def ranking(default: Sequence[float], tuned: Sequence[float], seeds: int = 10) -> Ranking:
    """Variants a, b, c with these scores on every seed, up to a hair that all share."""
    hair = np.linspace(0, 0.01, seeds)[:, None]
    return Ranking("mean of 2 tasks", 2, ("a", "b", "c")[: len(default)], hair + default, hair + tuned)


def test_orders_that_survive_turn_round_or_are_left_open() -> None:
    same = ranking((0.9, 0.6, 0.3), (0.8, 0.7, 0.6))
    assert same.tau == 1.0
    assert same.interval == (1.0, 1.0)
    assert same.orders == (3, 3, 3, 0, (), 0)
    assert report.of_ranking(same).startswith(
        "The ranking survives tuning: of 3 pairs that 10 test seeds order by default 3"
    )
    turned = ranking((0.9, 0.6, 0.3), (0.6, 0.9, 0.3))
    assert turned.tau == pytest.approx(1 / 3)
    assert turned.orders == (3, 3, 2, 0, (("a", "b"),), 0)
    assert report.of_ranking(turned).startswith("The ranking does not survive tuning: of 3 pairs")
    assert "`a` (no other may be as good) leads before, `b` (no other may be as good) after" in report.of_ranking(
        turned
    )
    level = ranking((0.9, 0.6, 0.3), (0.9, 0.9, 0.3))
    assert level.orders == (3, 3, 2, 1, (), 0)
    assert "`a` (`b` may be as good) after" in report.of_ranking(level)
    assert report.of_ranking(level).startswith("The ranking survives tuning in part: of 3 pairs")
    assert ranking((0.9, 0.9, 0.3), (0.9, 0.6, 0.3)).orders == (3, 2, 2, 0, (), 1)
    assert "4 test seeds cannot tell" in report.of_ranking(ranking((0.9, 0.6), (0.8, 0.7), seeds=4))
    assert "There is no ranking to survive" in report.of_ranking(ranking((0.5, 0.5), (0.5, 0.6)))


def test_the_interval_of_tau_resamples_seeds_of_all_together() -> None:
    """Two variants that win on every other seed: a resample in which one wins by default has it win once tuned."""
    ahead = np.tile([[1.01, 0.0], [0.01, 1.0]], (4, 1))
    shared = Ranking("task", 1, ("a", "b"), ahead, ahead)
    assert shared.interval == (1.0, 1.0)
    assert shared.again < 0.2  # two draws of the seeds agree by chance alone
    apart = Ranking("task", 1, ("a", "b"), ahead, ahead[::-1])
    assert apart.interval.low == -1.0


def test_the_ranking_is_of_the_tasks_that_all_have() -> None:
    """a: .4 and .8 by default, b: .5 and .5; c has the second task alone, and then it is the only one that all have."""
    made = of(study("a"), study("a", ("Acrobot-v1",), (0.8,) * 8, (0.8,) * 8), study("b", default=(0.5,) * 8),
              study("b", ("Acrobot-v1",), (0.5,) * 8, (0.9,) * 8))  # fmt: skip
    assert made.overall is not None
    assert made.overall.where == "mean of 2 tasks"
    assert made.overall.default.mean(0).tolist() == pytest.approx([0.6, 0.5])
    assert made.overall.tuned.mean(0).tolist() == pytest.approx([(0.55 + 0.8) / 2, (0.55 + 0.9) / 2])
    assert made.ranks["tau"].tolist()[0] == -1.0
    assert [r.where for r in made.rankings] == ["mean of 2 tasks", "CartPole-v1", "Acrobot-v1"]
    partly = of(*made.studies.values(), study("c", ("Acrobot-v1",)))
    assert partly.shared == ["Acrobot-v1"]
    assert partly.overall is not None
    assert partly.overall.where == "Acrobot-v1"
    assert of(study("a"), study("b", ("Acrobot-v1",))).overall is None
    assert "share no task" in said(study("a"), study("b", ("Acrobot-v1",)))


def test_bold_is_who_may_be_best_of_a_task() -> None:
    made = of(study("a"), study("b", default=(0.5,) * 8), study("c", ("Acrobot-v1",)))
    assert report.bold_of(made) == {"default": [False, True, False], "tuned": [True, True, False]}


# budgets and optimism


def test_the_best_so_far_skips_pruned_trials() -> None:
    made = study(values=(0.5, 0.4, 0.9, 0.7, 0.6))
    pruned = replace(made, trials=(*made.trials[:2], replace(made.trials[2], state="pruned"), *made.trials[3:]))
    assert summary.best_so_far(pruned).tolist() == [0.5, 0.5, 0.5, 0.7, 0.7]
    row = of(pruned).budgets.iloc[0]
    assert row[["default", "after a quarter", "after a half", "after all"]].tolist() == [0.5, 0.5, 0.5, 0.7]
    assert row[["trials", "best at trial", "chosen at trial"]].tolist() == [5, 4, 2]


def test_optimism_by_hand() -> None:
    """The best trial .7 (tuning), .65 on selection and .55 on test seeds; the default .5 and .4."""
    row = of(study()).optimism.iloc[0]
    assert row["optimism"] == pytest.approx(0.7 - 0.55)
    assert row["optimism"] == pytest.approx(study().optimism)
    assert row["chosen, selection"] == pytest.approx(0.65)
    assert row["drift"] == pytest.approx(0.5 - 0.4)
    tested = t_interval(np.array((0.5, 0.6) * 4))
    assert [row["low"], row["high"]] == pytest.approx([0.7 - tested.high, 0.7 - tested.low])
    text = said(study(), study("ppo", tuned=(0.65,) * 8))
    assert "would have claimed on average 0.700, +0.200 over the default on the same seeds" in text
    assert "scores 0.600, +0.200 over the default" in text  # (.55 + .65) / 2
    assert "Optimism is +0.100 [-0.535, +0.735] on average over 2 studies" in text  # (.15 + .05) / 2 +- 12.7 x .05
    assert "and above 0 in 2 of them" in text
    assert "The default, which nobody chose, scores +0.100 on average on the tuning seeds" in text


# importances


def searched(effect: float, trials: int = 40) -> Tuned:
    """A study whose score is a function of the learning rate alone."""
    rng = np.random.default_rng(3)
    made = study(values=[0.5] * trials)
    attempts = []
    for a in made.trials:
        values = {
            "training.learning_rate": float(10 ** rng.uniform(-4, -1)),
            "estimator.credit.lam": float(rng.uniform(0.8, 1)),
        }
        value = 0.5 - effect * abs(np.log10(values["training.learning_rate"]) + 2.5)
        attempts.append(Attempt(a.number, "complete", values, {"CartPole-v1": (value,) * 5}, value))
    return replace(made, trials=tuple(attempts))


def test_the_field_that_matters_has_the_largest_share_and_beats_chance() -> None:
    found = of(searched(0.3)).importances["CartPole-v1", "gae"]
    assert sum(found.shares.values()) == pytest.approx(1.0)
    assert found.shares["training.learning_rate"] > 0.8
    assert found.above == {"training.learning_rate"}
    assert found.trials == 40
    assert "1 of 2 shares are above those of all 19 shuffles" in said(searched(0.3))


def test_why_there_is_no_importance() -> None:
    for made, why in (
        (study(), "because of 3 complete trials, fewer than 10"),
        (searched(0.0), "because all its trials score the same"),
        (study(values=[0.5, *np.linspace(0.5, 0.6, 11)], trials=tuple(replace(a, values=study().default)
               for a in study(values=[0.5, *np.linspace(0.5, 0.6, 11)]).trials)), "because none of its fields varies"),
    ):  # fmt: skip
        assert f"No importances, {why}: `gae` on CartPole-v1." in said(made)


# knobs


def test_values_stand_where_the_search_has_them() -> None:
    hidden = {"name": "training.network.hidden", "choices": [[32, 32], [64, 64]]}
    default = {"training.learning_rate": 0.01, "estimator.credit.lam": 0.9, "training.network.hidden": [128, 128]}
    found = summary.knobs([replace(study(), space=(RATE, LAM, hidden), default=default)])
    rate, lam, layers = found.values()
    assert rate.height(1e-4) == 0.0
    assert rate.height(10**-2.5) == pytest.approx(0.5)
    assert lam.height(0.95) == pytest.approx(0.75)
    assert layers.choices == ("32x32", "64x64", "128x128")
    assert layers.height((64, 64)) == 0.5
    assert layers.ends == ("32x32", "128x128")
    assert np.isnan(rate.place(float("inf")))
    assert np.isnan(rate.place(None))
    flat = {"name": "x", "low": 2.0, "high": 2.0, "log": False, "integer": False}
    assert summary.knobs([replace(study(), space=(flat,), default={"x": 2.0})])["x"].height(2.0) == 0.5


def test_a_choice_at_the_end_of_its_range_is_told() -> None:
    made = study(configuration={"training.learning_rate": 0.1, "estimator.credit.lam": 0.9})
    assert "within 2 % of an end of its range for learning rate in 1 of 1 study" in said(made)
    assert "No chosen value lies within 2 %" in said(study())


# protocol


def test_protocols_that_differ_are_warned_of() -> None:
    def warnings(**other: Any) -> str:
        return " ".join(report.compose("made", "?", [study("a", **TEN), study("b", **TEN, **other)]).warnings)

    assert not warnings()
    for key, value in (("trials", 64), ("tuning_seeds", 10), ("sampler", "random"), ("space", "members")):
        assert f"differ in their protocol ({key.replace('_', ' ')}: " in warnings(protocol=PROTOCOL | {key: value})
    shorter = warnings(protocol=PROTOCOL | {"env_steps": {"CartPole-v1": 10}})
    assert "On CartPole-v1 the studies differ in environment steps a run (50,000, 10)" in shorter
    assert "searched in different ranges: learning rate" in warnings(space=(RATE | {"high": 1.0}, LAM))
    assert "not made alike (results_version" in warnings(provenance=PROVENANCE | {"results_version": 4})
    assert not warnings(provenance=PROVENANCE | {"commit": "4567"}, protocol=PROTOCOL | {"seed": 1})


TEN: dict[str, Any] = {"default": (0.4,) * 10, "tuned": (0.5, 0.6) * 5}


def test_the_budget_is_what_was_run() -> None:
    """3 trials of 5 seeds, 2 x 20 selection and 2 x 8 test seeds, of 50,000 steps; the default, chosen, is tested once."""
    assert report.spent(study()) == {"tuning": 750_000, "selection": 2_000_000, "test": 800_000, "total": 3_550_000}
    assert report.spent(study(values=(0.5,)))["test"] == 400_000
    table = report.budgets(of(study("a"), study("b")))
    assert table[["studies", "trials", "seeds", "total"]].to_numpy().tolist() == [[2, 3, "5 + 20 + 10", 7_100_000]]
    text = said(study())
    assert report.cost(of(study("a"), study("b"))) == "A trial costs 250,000 (5 seeds of 50,000) environment steps."
    assert "tuning 0 to 4 of TUNING, selection 1000 to 1019 of SELECTION, test 0 to 9 of TEST" in text
    assert "the mean over the evaluations of the last fifth of the budget" in text


def test_losses_are_counted() -> None:
    made = study(default=(float("nan"), *[0.4] * 7))
    made = replace(
        made, trials=(*made.trials[:2], replace(made.trials[2], state="pruned", scores={"CartPole-v1": (0.0,)}))
    )
    assert report.lost(made) == {
        "trials": 3, "complete": 2, "pruned": 1, "other": 0, "missing": 0, "runs": 11 + 40 + 16, "not a number": 1,
        "exactly 0": 1,
    }  # fmt: skip
    assert of(made).gains["default"].tolist() == [pytest.approx(0.35)]  # a diverged run counts as the floor


# odd inputs, and the page


def constant(t: Tuned) -> Tuned:
    """No field varies, and one of them has no width."""
    return replace(t, space=({"name": "training.learning_rate", "low": 1.0, "high": 1.0, "log": True, "integer": False},),
                   trials=tuple(replace(a, values={"training.learning_rate": 1.0}) for a in t.trials),
                   configuration={"training.learning_rate": 1.0}, default={"training.learning_rate": 1.0})  # fmt: skip


def chosen_of(values: Sequence[Any]) -> Tuned:
    """A study of one field of choices."""
    t = study(values=np.linspace(0.4, 0.6, 12).tolist(), space=({"name": "a.kind", "choices": list(values)},))
    tried = [{"a.kind": values[k % len(values)]} for k in range(12)]
    return replace(t, trials=tuple(replace(a, values=v) for a, v in zip(t.trials, tried, strict=True)), default=tried[0],
                   configuration=tried[1])  # fmt: skip


def all_pruned(t: Tuned) -> Tuned:
    rest = tuple(replace(a, state="pruned") for a in t.trials[1:])
    return replace(
        t, trials=(t.trials[0], *rest), chosen=0, configuration=t.default, test={**t.test, "tuned": t.test["default"]}
    )


ODD: dict[str, list[Tuned]] = {
    "nothing": [],
    "one trial": [study(values=(0.5,))],
    "one trial beside three": [study(values=(0.5,)), study("ppo", ("dyck/small",))],
    "long names": [
        study("like_openrlhf_reinforce_pp", (f"{name}Continuous-v3",)) for name in ("LunarLander", "MountainCar", "W")
    ],
    "a constant": [constant(study(values=[0.5] * 12))],
    "numbers": [chosen_of([8, 16, 32])],
    "words and lists": [chosen_of(["relu", "tanh"]), replace(chosen_of([[64, 64], [32, 32, 32]]), variant="ppo")],
    "a mixture": [chosen_of([None, 0.5, "auto"])],
    "all scores equal": [study(v, default=(0.5,) * 8, tuned=(0.5,) * 8, values=(0.5,) * 12) for v in ("a", "b")],
    "pruned but the default": [all_pruned(study(values=(0.5, 0.4, 0.3)))],
    "no trial complete": [replace(study(), trials=tuple(replace(a, state="pruned") for a in study().trials))],
    "one seed": [study(default=(0.4,), tuned=(0.5,)), study("ppo", default=(0.6,), tuned=(0.3,))],
    "jointly": [study(v, ("CartPole-v1", "Acrobot-v1")) for v in ("gae", "ppo")],
    "seeds that differ": [study(), study("ppo", default=(0.4,) * 5, tuned=(0.5,) * 5)],
    "twice": [study(), study(study="other"), study()],
    "bare": [study(protocol={}, provenance={}, space=(), selection=())],
    "diverged": [study(default=(float("nan"),) * 8), study("ppo", values=(float("nan"), 0.4, 0.5))],
}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page | None]:
    """One browser for all pages, or none."""
    if BROWSER is None:
        yield None
        return
    blank = tmp_path_factory.mktemp("page") / "blank.html"
    blank.write_text("<!doctype html>")
    with open_page(blank, 1280, 900) as opened:
        yield opened


def looked_at(page: Page | None, path: Path) -> list[str]:
    """What is wrong with a page at a desktop's and a phone's width."""
    complaints = []
    for width in (1280, 390) if page else ():
        page.emulate(width, 900, mobile=width < 500)
        page.goto(path)
        complaints += check_page(page)
    return complaints


@pytest.mark.parametrize("name", ODD)
def test_odd_studies_have_a_report(name: str, tmp_path: Path, page: Page | None) -> None:
    text = report.write("odd", "Is tuned better?", ODD[name], tmp_path, (".svg",)).read_text()
    assert not re.search(r"\bnan\b", text, re.IGNORECASE)
    assert ("## Default against tuned" in text) == bool(ODD[name])
    assert looked_at(page, tmp_path / "report.html") == []


LIFELIKE = {
    "one": [("ppo", TASKS[0])],
    "several": [(v, task) for v in ("like_openrlhf_reinforce_pp", "ppo") for task in (TASKS[0], TASKS[-1])],
}


@pytest.mark.parametrize("name", LIFELIKE)
def test_the_page_in_a_browser(name: str, tmp_path: Path, page: Page | None) -> None:
    studies = [lifelike(v, [task], trials=12, pruned=name == "one") for v, task in LIFELIKE[name]]
    report.write("made", "Does the ranking survive tuning?", studies, tmp_path, (".svg",))
    assert looked_at(page, tmp_path / "report.html") == []


def test_studies_of_one_name_are_told_apart() -> None:
    assert list(of(*ODD["twice"]).variants) == ["gae (made)", "gae (other)", "gae (made) 2"]
    assert list(of(study("ppo"), study("zeta"), study("reinforce")).variants) == ["reinforce", "ppo", "zeta"]


def test_the_same_studies_give_the_same_files(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        report.write("same", "?", [study("a"), study("b")], tmp_path / folder, (".svg",))
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.*"))
    assert len(files) > 30
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file


def test_figures_hold_at_most_six_variants_apart() -> None:
    many = of(*(study(v) for v in "abcdefgh"))
    names = [b.name for s in report.compose("made", "?", list(many.studies.values())).sections for b in s.blocks
             if hasattr(b, "draw")]  # fmt: skip
    assert {"budget_1", "budget_2", "sensitivity_cartpole-v1_1", "sensitivity_cartpole-v1_2"} <= set(names)
    assert len(set(names)) == len(names)
    figure = figures.budget(many, list("ab"))
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["a", "b", "default"]


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    joint = [lifelike(v, TASKS[:2], pruned=True) for v in ("gae", "ppo", "reinforce")]
    odd = replace(lifelike("gae", TASKS[:1], trials=1, seeds=3), study="other")
    for name, studies in (("many", released()), ("one", [lifelike("ppo", TASKS[:1], pruned=True)]), ("joint", joint),
                          ("odd", [odd, lifelike("reinforce", TASKS[2:3], seeds=8)])):  # fmt: skip
        if name in (sys.argv[2:] or [name]):
            report.write(f"tuning_{name}", "Does the ranking of variants survive tuning?", studies, folder / name)
