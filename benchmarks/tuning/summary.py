"""What studies come to, as arrays and tables: gains, rankings before and after, optimism, budgets, importances.

Scores are paired by test seed. One that is not a number (a lost run: it diverged, or returned none) counts as the worst of
its task among those it is compared with (tuning.counting). A setting whose test runs are all lost is not compared.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import optuna
import pandas as pd
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from benchmarks import leaders as joint
from benchmarks import stats
from benchmarks.pairs import LEVEL, SEED
from benchmarks.reports.variant_groups import groups
from benchmarks.suite import COLUMNS, Doubles, Scale, Suite
from benchmarks.tuning import counting
from benchmarks.tuning.result import Attempt, BySeed, Tuned

NAN = float("nan")
TIE = 1e-12  # means of equal scores differ in their last digits
ENOUGH = 10  # complete trials: of fewer, none has both a best part of TOP and a rest
TOP = 5  # trials that count as good ones in an importance, as its authors advise, and a tenth of many
SHUFFLES = 19  # of the scores: what exceeds all of them has p .05
WORDS = {"n": "n steps"}  # where the last word of a path says too little
SHORT = {
    "learning_rate": "lr",
    "max_grad_norm": "grad norm",
    "value_coefficient": "value coef",
    "initial_log_std": "log std",
}
Share = tuple[str, str]  # a task and a variant


def per_seed(scores: BySeed) -> Doubles:
    """Mean over the tasks of each seed's score [S]; of as many seeds as all tasks have. NaN where one is."""
    rows = [np.asarray(of, np.float64) for of in scores.values()]
    seeds = min(map(len, rows))
    means: Doubles = np.mean([row[:seeds] for row in rows], axis=0)
    return means


def mean_of(scores: BySeed) -> float:
    """Mean over the tasks of the mean over seeds; NaN where a score is."""
    return float(np.mean([np.asarray(of, np.float64).mean() for of in scores.values()]))


def ordered(trials: Iterable[Attempt]) -> list[Attempt]:
    """In the order in which they were asked."""
    return sorted(trials, key=lambda t: t.number)


def complete(tuned: Tuned) -> list[Attempt]:
    """Trials whose values compare: whole runs that have one."""
    return [t for t in ordered(tuned.trials) if t.state == "complete" and math.isfinite(t.value)]


def value_of(tuned: Tuned, number: int) -> float:
    """What a complete trial scored on the tuning seeds; NaN where there is no such trial."""
    return next((t.value for t in complete(tuned) if t.number == number), NAN)


def best_so_far(tuned: Tuned) -> Doubles:
    """The highest value among the first k trials [trials]; pruned ones cost a trial and win nothing."""
    whole = {t.number for t in complete(tuned)}
    values = [t.value if t.number in whole else NAN for t in ordered(tuned.trials)]
    return np.fmax.accumulate(np.array(values, np.float64)) if values else np.zeros(0)


def selected(tuned: Tuned) -> Doubles:
    """The chosen configuration's score on each selection seed; empty where it was not run again."""
    stage = next((s for s in tuned.selection if s.number == tuned.chosen), None)
    return np.zeros(0) if stage is None else per_seed(stage.scores)


def keeps_default(tuned: Tuned) -> bool:
    """Whether the configuration that was chosen is the default itself."""
    return tuned.chosen == tuned.test["default"].number or _plain(tuned.configuration) == _plain(tuned.default)


def _plain(value: Any) -> Any:
    """As JSON has it: no tuples."""
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, (list, tuple)) else value


# fields that were searched


@dataclass(frozen=True)
class Knob:
    """A field that was searched, as an axis: numbers from low to high, or the texts of its choices in their order."""

    name: str
    label: str
    short: str
    low: float = NAN
    high: float = NAN
    log: bool = False
    integer: bool = False
    choices: tuple[str, ...] = ()

    def place(self, value: object) -> float:
        """Where a value stands: itself, or the place of a choice; NaN where it has none (an infinite bound, say)."""
        if self.choices:
            return float(self.choices.index(shown(value))) if shown(value) in self.choices else NAN
        number = float(value) if isinstance(value, (int, float)) else NAN
        return number if math.isfinite(number) else NAN

    def height(self, value: object) -> float:
        """Where a value stands between the lowest (0) and the highest (1) on the scale that was searched."""
        low, high = (0.0, len(self.choices) - 1.0) if self.choices else (self.low, self.high)
        at = self.place(value)
        if not high > low:
            return 0.5 + 0 * at
        return math.log(at / low) / math.log(high / low) if self.log else (at - low) / (high - low)

    @property
    def ends(self) -> tuple[str, str]:
        """Both ends in words."""
        if self.choices:
            return self.choices[0], self.choices[-1]
        return shown(self.low), shown(self.high)


def shown(value: object) -> str:
    """A value in few characters: 0.003, [64, 64] -> 64x64."""
    if isinstance(value, (list, tuple)):
        return "x".join(map(shown, value))
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def labels(names: Iterable[str], short: bool = False) -> dict[str, str]:
    """A path's last word, with the one before it where two paths end alike: `clip`, `entropy alpha`; `short`: `lr`."""
    names = list(dict.fromkeys(names))
    ends = Counter(name.rpartition(".")[2] for name in names)
    made = {}
    for name in names:
        *rest, last = name.split(".")
        told = (short and SHORT.get(last)) or WORDS.get(last) or last.replace("_", " ")
        made[name] = f"{rest[-1].replace('_', ' ')} {told}" if ends[last] > 1 and rest else told
    twice = Counter(made.values())
    return {name: label if twice[label] == 1 else name for name, label in made.items()}


def knobs(studies: Sequence[Tuned]) -> dict[str, Knob]:
    """Every field that any of them searched, wide enough for all of them, by path."""
    entries: dict[str, list[Mapping[str, Any]]] = {}
    for entry in (e for t in studies for e in t.space):
        entries.setdefault(str(entry["name"]), []).append(entry)
    named, brief = labels(entries), labels(entries, short=True)
    seen: dict[str, list[Any]] = {name: [] for name in entries}
    for values in (v for t in studies for v in (t.default, *(a.values for a in t.trials))):
        for name in entries.keys() & values.keys():
            seen[name].append(values[name])
    return {name: _knob((name, named[name], brief[name]), entries[name], seen[name]) for name in entries}


def _knob(names: tuple[str, str, str], entries: Sequence[Mapping[str, Any]], seen: Sequence[Any]) -> Knob:
    listed = [v for e in entries for v in e.get("choices", ())]
    bounds = [float(e[end]) for e in entries if "choices" not in e for end in ("low", "high")]
    numbers = [float(v) for v in (*bounds, *seen) if isinstance(v, (int, float)) and math.isfinite(v)]
    if listed or not numbers:
        return Knob(*names, choices=tuple(dict.fromkeys(map(shown, _sorted([*listed, *seen])))))
    log = all(bool(e.get("log")) for e in entries) and min(numbers) > 0
    return Knob(*names, min(numbers), max(numbers), log, all(bool(e.get("integer")) for e in entries))


def _sorted(values: Sequence[Any]) -> list[Any]:
    """By size where they have one, as they come where they have none."""
    try:
        return sorted(values)
    except TypeError:
        return list(values)


def changes(tuned: Tuned, named: Mapping[str, str]) -> str:
    """Which fields the chosen configuration changed: `lr 0.003 -> 0.01, lam 0.95 -> 0.9`."""
    if keeps_default(tuned):
        return "none: the default was chosen"
    a, b = _plain(tuned.default), _plain(tuned.configuration)
    names = [n for n in dict.fromkeys([*named, *a, *b]) if (n in a or n in b) and a.get(n) != b.get(n)]
    return ", ".join(f"{named.get(n, n)} {shown(a.get(n))} -> {shown(b.get(n))}" for n in names)


# rankings


def tau(a: Doubles, b: Doubles) -> Doubles:
    """Kendall's tau-b of two rankings, over the last axis; NaN where one of them is all ties."""
    i, j = np.triu_indices(a.shape[-1], 1)
    x, y = (np.where(np.abs(d := s[..., i] - s[..., j]) < TIE, 0.0, np.sign(d)) for s in (a, b))
    size = np.sqrt((x**2).sum(-1) * (y**2).sum(-1))
    return np.where(size > 0, (x * y).sum(-1) / np.where(size > 0, size, 1.0), NAN)


class Orders(NamedTuple):
    """Pairs of variants, by whether the test seeds show their order (sign-flip, Holm) before and after tuning."""

    pairs: int
    default: int  # ordered before
    kept: int  # ordered before and, in the same way, after
    opened: int  # ordered before, not after
    turned: tuple[tuple[str, str], ...]  # ordered before, and the other way after: (better before, better after)
    new: int  # ordered after alone


@dataclass(frozen=True)
class Ranking:
    """Variants on the test seeds before and after tuning: scores [S, V], means over `tasks` tasks."""

    where: str
    tasks: int
    variants: tuple[str, ...]
    default: Doubles
    tuned: Doubles

    @property
    def tau(self) -> float:
        return float(tau(self.default.mean(0), self.tuned.mean(0)))

    @cached_property
    def interval(self) -> stats.Interval:
        """Of tau: bootstrap of test seeds, one draw for all variants, tasks and both settings; ties alone count 0."""
        both = np.stack([self.default, self.tuned], axis=1)

        def resampled(x: Doubles) -> Doubles:
            means = x.mean(axis=1)
            return np.nan_to_num(tau(means[:, 0], means[:, 1]), nan=0.0)

        return stats.bootstrap(both, resampled, np.random.default_rng(SEED))

    @cached_property
    def again(self) -> float:
        """The yardstick: mean tau of the default ranking on one draw of test seeds with itself on another."""
        rng, seeds = np.random.default_rng(SEED), len(self.default)
        first, second = (self.default[rng.integers(seeds, size=(2_000, seeds))].mean(axis=1) for _ in range(2))
        return float(np.nan_to_num(tau(first, second), nan=0.0).mean()) if seeds > 1 else NAN

    @cached_property
    def leaders(self) -> dict[str, joint.Leaders]:
        """Who leads, and who is not shown to score less (benchmarks/leaders.py), by setting."""
        found = {}
        for setting, scores in (("default", self.default), ("tuned", self.tuned)):
            made = joint.leaders(_as_suite(scores, self.variants), self.variants, ["test"])
            assert made is not None  # there are seeds
            found[setting] = made
        return found

    def best(self, setting: str) -> list[str]:
        """The leader and whoever is not shown to score less."""
        return [self.leaders[setting].best, *self.leaders[setting].others]

    @cached_property
    def orders(self) -> Orders:
        """Which orders of pairs outlive tuning."""
        pairs_of = list(itertools.combinations(range(len(self.variants)), 2))
        before, after = (self._signs(scores, pairs_of) for scores in (self.default, self.tuned))
        turned = []
        for (i, j), sign in zip(pairs_of, np.where(before * after < 0, before, 0.0), strict=True):
            if sign:
                first, second = (i, j) if sign > 0 else (j, i)
                turned.append((self.variants[first], self.variants[second]))
        kept, opened = int((before * after > 0).sum()), int(((before != 0) & (after == 0)).sum())
        new = int(((before == 0) & (after != 0)).sum())
        return Orders(len(pairs_of), int((before != 0).sum()), kept, opened, tuple(turned), new)

    def _signs(self, scores: Doubles, pairs_of: Sequence[tuple[int, int]]) -> Doubles:
        """1 where the first of a pair is shown to be better, -1 the second, 0 where no order is shown."""
        differences = [scores[:, i] - scores[:, j] for i, j in pairs_of]
        p = stats.holm(np.array([stats.sign_flip_p(d) for d in differences]))
        return np.where(p < LEVEL, np.sign([d.mean() for d in differences]), 0.0)


def _as_suite(scores: Doubles, variants: Sequence[str]) -> Suite:
    """Scores [S, V] as leaders.leaders reads them: of one task, whose scale is the score's own."""
    rows = [
        {"task": "test", "variant": v, "seed": s, "checkpoint": 0, "fraction": 1.0, **dict.fromkeys(COLUMNS, 0.0),
         "eval_return": scores[s, i]}
        for i, v in enumerate(variants) for s in range(len(scores))
    ]  # fmt: skip
    return Suite(pd.DataFrame(rows), {"test": Scale(None, None)}, variants)


# importances


class Importance(NamedTuple):
    """PED-ANOVA of one study: each field's share, and which fields tell more than in every shuffle of the scores."""

    shares: Mapping[str, float]
    above: frozenset[str]
    trials: int
    why_not: str = ""


def importance(tuned: Tuned, of: Mapping[str, Knob]) -> Importance:
    """How much better trials than others differ in each field (Watanabe et al. 2023): PED-ANOVA of the best TOP or tenth."""
    trials = complete(tuned)
    names = [n for n in of if all(n in t.values for t in trials) and len({shown(t.values[n]) for t in trials}) > 1]
    values = np.array([t.value for t in trials])
    if len(trials) < ENOUGH:
        return Importance({}, frozenset(), len(trials), f"of {len(trials)} complete trials, fewer than {ENOUGH}")
    if not names or np.ptp(values) < TIE:
        why = "all its trials score the same" if names else "none of its fields varies"
        return Importance({}, frozenset(), len(trials), why)
    distributions = {n: _distribution(of[n]) for n in names}
    made = [
        optuna.trial.create_trial(
            params={n: _as_param(t.values[n], distributions[n]) for n in names}, distributions=distributions, value=v
        )
        for t, v in zip(trials, values.tolist(), strict=True)
    ]
    rng = np.random.default_rng(SEED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = _in_memory(made)
        judge = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=max(0.1, TOP / len(trials)))
        raw = judge.evaluate(study, names)
        chance = [judge.evaluate(study, names, target=_lowest_first(rng.permutation(values))) for _ in range(SHUFFLES)]
    total = sum(raw.values())
    if total <= 0:
        return Importance({}, frozenset(), len(trials), "its best trials are not told from the others")
    above = frozenset(n for n in names if raw[n] > max(c[n] for c in chance))
    return Importance({n: raw[n] / total for n in names}, above, len(trials))


def _lowest_first(values: Doubles) -> Callable[[optuna.trial.FrozenTrial], float]:
    """What PED-ANOVA asks of a target of its own: the lower the better."""
    return lambda trial: -float(values[trial.number])


def _in_memory(trials: Sequence[optuna.trial.FrozenTrial]) -> optuna.study.Study:
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # it tells of every study that is made
    try:
        study = optuna.create_study(direction="maximize")
    finally:
        optuna.logging.set_verbosity(level)
    study.add_trials(trials)
    return study


def _distribution(knob: Knob) -> BaseDistribution:
    if knob.choices:
        return CategoricalDistribution(knob.choices)
    if knob.integer:
        return IntDistribution(int(knob.low), int(knob.high), log=knob.log)
    return FloatDistribution(knob.low, knob.high, log=knob.log)


def _as_param(value: Any, distribution: BaseDistribution) -> Any:
    if isinstance(distribution, CategoricalDistribution):
        return shown(value)
    return int(value) if isinstance(distribution, IntDistribution) else float(value)


def _cell(knob: Knob, value: Any) -> float | str:
    """A tried value as a table has it."""
    if knob.choices:
        return "-" if value is None else shown(value)
    return NAN if value is None else float(value)


# all studies of a report


def by_cell(studies: Sequence[Tuned]) -> dict[Share, Tuned]:
    """By task (joint ones: `a + b`) and variant, in the order they are shown; the study's name tells twins apart."""
    cells = [(" + ".join(t.tasks), t.variant) for t in studies]
    twice = {cell for cell, times in Counter(cells).items() if times > 1}
    made: dict[Share, Tuned] = {}
    for (task, variant), t in zip(cells, studies, strict=True):
        name = f"{variant} ({t.study})" if (task, variant) in twice else variant
        copies = sum(1 for _, v in made if v == name and (task, v) in made)
        made[task, f"{name} {copies + 1}" if (task, name) in made else name] = t
    known = {v.name: i for i, v in enumerate(v for shown_ in groups().values() for v in shown_)}
    tasks = list(dict.fromkeys(task for task, _ in made))
    order = sorted(made, key=lambda c: (tasks.index(c[0]), known.get(made[c].variant, len(known))))
    return {cell: made[cell] for cell in order}


def unit_of(studies: Iterable[Tuned]) -> str:
    """What their scores are measured in."""
    return " or ".join(dict.fromkeys(t.unit for t in studies))


def _counted(t: Tuned, worst_test: Mapping[str, float]) -> Tuned:
    """The study with what its lost runs count as."""
    scales = t.read_on
    trials = counting.worst(a.scores for a in t.trials if a.state == "complete")
    selection = counting.worst(s.scores for s in t.selection)
    return replace(
        t,
        trials=tuple(replace(a, scores=counting.counted(a.scores, trials, scales)) for a in t.trials),
        selection=tuple(replace(s, scores=counting.counted(s.scores, selection, scales)) for s in t.selection),
        test={name: replace(s, scores=counting.counted(s.scores, worst_test, scales)) for name, s in t.test.items()},
    )


@dataclass(frozen=True)
class Summary:
    """What a report on studies is made of; every table once. `given`: as they were read, with NaN for lost runs."""

    given: Mapping[Share, Tuned]

    @cached_property
    def studies(self) -> Mapping[Share, Tuned]:
        """With what lost runs count as: trials and selection against those of their study, tests against all of the task."""
        tests = [(t, stage.scores) for t in self.given.values() for stage in t.test.values()]
        worst_test = counting.worst(scores for _, scores in tests)
        return {cell: _counted(t, worst_test) for cell, t in self.given.items()}

    @cached_property
    def unit(self) -> str:
        """What scores are measured in."""
        return unit_of(self.given.values())

    @cached_property
    def lost(self) -> dict[Share, list[str]]:
        """The settings ("default", "tuned") of each study whose test runs on a task are all lost; where there are any."""
        found = {}
        for cell, t in self.studies.items():
            settings = [s for s in ("default", "tuned") if np.isnan(per_seed(t.test[s].scores)).any()]
            if settings:
                found[cell] = settings
        return found

    @cached_property
    def tasks(self) -> list[str]:
        return list(dict.fromkeys(task for task, _ in self.studies))

    @cached_property
    def variants(self) -> list[str]:
        return list(dict.fromkeys(variant for _, variant in self.studies))

    def on(self, task: str) -> dict[str, Tuned]:
        """The studies of a task, by variant."""
        return {v: self.studies[task, v] for v in self.variants if (task, v) in self.studies}

    @cached_property
    def knobs(self) -> dict[str, Knob]:
        return knobs(list(self.studies.values()))

    @cached_property
    def test_seeds(self) -> list[int]:
        """Of each study."""
        return [min(len(per_seed(s.scores)) for s in t.test.values()) for t in self.studies.values()]

    @cached_property
    def gains(self) -> pd.DataFrame:
        """A row a study: tuned against default on the test seeds; Holm over all that were tested.

        within  whether the tuned score is at least the default's less the half width of the default's interval
        """
        rows, tested = [], max(1, sum(not keeps_default(t) for t in self.studies.values()))
        for (task, variant), t in self.studies.items():
            b, a = self.tested(task, variant)
            made, kept, gone = stats.compare_paired(b, a), keeps_default(t), self.lost.get((task, variant), [])
            half = (stats.t_interval(a).high - stats.t_interval(a).low) / 2
            spread = {"low": NAN, "high": NAN, "p": NAN, "a12": NAN} if kept or gone else {
                "low": made.interval.low, "high": made.interval.high, "p": made.p, "a12": made.a12,
            }  # fmt: skip
            rows.append(
                {
                    "task": task, "variant": variant, "default": made.mean_a, "tuned": made.mean_b,
                    "difference": made.difference, **spread, "detectable": NAN if kept else made.detectable(tested),
                    "seeds": made.n, "kept": kept,
                    "within": "default" in gone or made.difference >= -half if gone else not made.difference < -half,
                }
            )  # fmt: skip
        table = pd.DataFrame(rows)
        table.insert(list(table.columns).index("p") + 1, "p_holm", stats.holm(table["p"].to_numpy(float)))
        return table.assign(detectable=table["detectable"].where(~(table["p_holm"] < LEVEL)))

    @cached_property
    def changed(self) -> pd.DataFrame:
        """A row a study: which fields the chosen configuration changed."""
        named = {name: knob.short for name, knob in self.knobs.items()}
        rows = [{"task": t, "variant": v, "changed": changes(s, named)} for (t, v), s in self.studies.items()]
        return pd.DataFrame(rows)

    def tested(self, task: str, variant: str) -> tuple[Doubles, Doubles]:
        """Scores of the tuned and of the default setting, one a test seed, of the seeds that both have."""
        t = self.studies[task, variant]
        b, a = (per_seed(t.test[setting].scores) for setting in ("tuned", "default"))
        seeds = min(len(b), len(a))
        return b[:seeds], a[:seeds]

    def ranking(self, tasks: Sequence[str], variants: Sequence[str], where: str) -> Ranking:
        """Test scores of these variants, means over these tasks; of as many seeds as all of them have."""
        cells = [[self.tested(task, v) for task in tasks] for v in variants]
        seeds = min(len(b) for row in cells for b, _ in row)
        means = [np.mean([[x[:seeds] for x in both] for both in row], axis=0) for row in cells]  # [2, S] a variant
        tuned, default = np.stack(means, axis=-1)
        return Ranking(where, len(tasks), tuple(variants), default, tuned)

    @cached_property
    def shared(self) -> list[str]:
        """Tasks that all variants have."""
        return [task for task in self.tasks if len(self.on(task)) == len(self.variants)]

    @cached_property
    def rankings(self) -> list[Ranking]:
        """Of the mean over the shared tasks, then of each task on which there are two variants or more."""
        if len(self.variants) < 2:
            return []
        ranked = {task: [v for v in self.on(task) if (task, v) not in self.lost] for task in self.tasks}
        of_tasks = [self.ranking([task], of, task) for task, of in ranked.items() if len(of) > 1]
        everywhere = [v for v in self.variants if all(v in ranked[task] for task in self.shared)]
        if len(self.shared) < 2 or len(everywhere) < 2:
            return of_tasks
        return [self.ranking(self.shared, everywhere, f"mean of {len(self.shared)} tasks"), *of_tasks]

    @property
    def overall(self) -> Ranking | None:
        """What the verdict is about: all variants on the tasks that all of them have, but those that have no mean there."""
        lost = {v for task, v in self.lost if task in self.shared}
        wanted = tuple(v for v in self.variants if v not in lost)
        return next((r for r in self.rankings if r.variants == wanted and r.tasks == len(self.shared)), None)

    @cached_property
    def ranks(self) -> pd.DataFrame:
        """A row a ranking."""
        rows = []
        for r in self.rankings:
            row: dict[str, object] = {
                "ranking": r.where, "variants": len(r.variants), "seeds": len(r.default), "tau": r.tau,
                "low": r.interval.low, "high": r.interval.high, "again": r.again, "pairs": r.orders.pairs,
                "ordered, default": r.orders.default, "kept": r.orders.kept, "left open": r.orders.opened,
                "turned": len(r.orders.turned), "ordered, tuned alone": r.orders.new,
            }  # fmt: skip
            for setting in ("default", "tuned"):
                best, *others = r.best(setting)
                row |= {f"leads, {setting}": best, f"may be as good, {setting}": ", ".join(others) or "none"}
            rows.append(row)
        return pd.DataFrame(rows)

    @cached_property
    def compared(self) -> list[Share]:
        """Studies of which both settings have a mean on the test seeds."""
        return [cell for cell in self.studies if cell not in self.lost]

    @cached_property
    def average(self) -> stats.Comparison:
        """Tuned against default: each test seed's mean over all studies with both means; of as many seeds as all have."""
        seeds = min(self.test_seeds)
        cells = [self.tested(*cell) for cell in self.compared]
        tuned, default = (np.mean([cell[side][:seeds] for cell in cells], axis=0) for side in (0, 1))
        return stats.compare_paired(tuned, default)

    @cached_property
    def optimism(self) -> pd.DataFrame:
        """A row a study: the best value on the tuning seeds, and what became of it.

        optimism  best value - test score of the chosen configuration; its interval is that of the test score
        drift     the default's own value on the tuning seeds - its test score: nobody chose it
        """
        rows = []
        for (task, variant), t in self.studies.items():
            best = max((a.value for a in complete(t)), default=NAN)
            test, again = self.tested(task, variant)[0], selected(t)
            interval = stats.t_interval(test)
            start = value_of(t, t.test["default"].number)
            rows.append(
                {
                    "task": task, "variant": variant, "best trial": best, "chosen, tuning": value_of(t, t.chosen),
                    "chosen, selection": float(again.mean()) if len(again) else NAN, "chosen, test": float(test.mean()),
                    "optimism": best - float(test.mean()), "low": best - interval.high, "high": best - interval.low,
                    "default, tuning": start, "drift": start - mean_of(t.test["default"].scores),
                }
            )  # fmt: skip
        return pd.DataFrame(rows)

    @cached_property
    def budgets(self) -> pd.DataFrame:
        """A row a study: the best value after a quarter, a half and all of its trials, and which trial had it first."""
        rows = []
        for (task, variant), t in self.studies.items():
            best = best_so_far(t)
            if not np.isfinite(best).any():
                continue
            after = {f"after {word}": best[max(math.ceil(len(best) * part), 1) - 1]
                     for word, part in (("a quarter", 0.25), ("a half", 0.5), ("all", 1.0))}  # fmt: skip
            first = int(np.flatnonzero(best == best[-1])[0]) + 1
            start = value_of(t, t.test["default"].number)
            numbers = [a.number for a in ordered(t.trials)]
            chosen = numbers.index(t.chosen) + 1 if t.chosen in numbers else NAN
            test = float(self.tested(task, variant)[0].mean())
            rows.append({"task": task, "variant": variant, "trials": len(best), "default": start, **after,
                         "best at trial": first, "chosen at trial": chosen, "chosen, test": test})  # fmt: skip
        return pd.DataFrame(rows)

    @cached_property
    def importances(self) -> dict[Share, Importance]:
        return {cell: importance(t, knobs([t])) for cell, t in self.studies.items()}

    def shares(self, axis: int) -> pd.DataFrame:
        """Importances, means over the studies of a task (axis 0) or a variant (axis 1): rows x fields; NaN: not searched."""
        long = self.every_share.pivot_table(
            index=["task", "variant"][axis], columns="field", values="share", sort=False
        )
        rows = [name for name in (self.tasks, self.variants)[axis] if name in long.index]
        return long.loc[rows, list(self.fields["field"])]

    @cached_property
    def every_share(self) -> pd.DataFrame:
        """A row a study and field."""
        rows = [
            {"task": task, "variant": variant, "parameter": self.knobs[name].label, "share": share,
             "above chance": "yes" if name in found.above else "no", "trials": found.trials, "field": name}
            for (task, variant), found in self.importances.items() for name, share in found.shares.items()
        ]  # fmt: skip
        return pd.DataFrame(rows)

    @cached_property
    def every_trial(self) -> pd.DataFrame:
        """A row a trial, with what it tried."""
        rows = []
        for (task, variant), t in self.studies.items():
            for a, best in zip(ordered(t.trials), best_so_far(t), strict=True):
                tried = {k.label: _cell(k, a.values.get(n)) for n, k in self.knobs.items()}
                rows.append({"task": task, "variant": variant, "trial": a.number, "state": a.state, "value": a.value,
                             "best so far": best, **tried})  # fmt: skip
        return pd.DataFrame(rows)

    @cached_property
    def fields(self) -> pd.DataFrame:
        """A row a field, the most important first: its mean share where it was searched, and how often it tells."""
        rows = []
        for name, knob in self.knobs.items():
            found = [i for i in self.importances.values() if name in i.shares]
            if found:
                first = sum(max(i.shares, key=lambda n, i=i: i.shares[n]) == name for i in found)  # type: ignore[misc]
                rows.append({"parameter": knob.label, "field": name, "studies": len(found),
                             "mean share": float(np.mean([i.shares[name] for i in found])), "largest in": first,
                             "above chance in": sum(name in i.above for i in found)})  # fmt: skip
        table = pd.DataFrame(rows)
        return table.sort_values("mean share", ascending=False, ignore_index=True) if rows else table
