"""The report of tuning studies: is tuned better than default, and does the ranking of variants survive it?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks import pairs, stats, verdict
from benchmarks.design.report_blocks import Block, Drawn, Prose, Section, Table, joined
from benchmarks.document import Document
from benchmarks.figures.layout import line_groups
from benchmarks.figures.rendering.output import SUFFIXES
from benchmarks.formats import number
from benchmarks.pairs import LEVEL
from benchmarks.tuning import figures
from benchmarks.tuning.protocol import Protocol
from benchmarks.tuning.result import Attempt, Stage, Tuned
from benchmarks.tuning.summary import (
    SHUFFLES,
    TOP,
    Ranking,
    Summary,
    by_cell,
    complete,
    knobs,
    shown,
)
from envs.discover import UsageError

ENOUGH_SEEDS = 10
AT_END = 0.02  # of a range, on the scale that was searched: so near, the search may have ended too early
OBJECTIVES = {
    "last_fifth": "the mean over the evaluations of the last fifth of the budget",
    "auc": "the mean over all evaluations",
}
MANY = 12  # studies: of more, a table shows means
COMMON = ("trials", "batch", "tuning_seeds", "selection_seeds", "test_seeds", "top", "objective", "episodes", "sampler",
          "pruner", "space")  # fmt: skip
NEUTRAL = ("command", "commit", "dirty")  # provenance that may differ without moving a number


def write(name: str, question: str, tuned: Sequence[Tuned], out: Path, kinds: Sequence[str] = SUFFIXES) -> Path:
    """The report of these studies under `out`; returns the path of report.md."""
    return compose(name, question, tuned).write(out, kinds)


def compose(name: str, question: str, tuned: Sequence[Tuned]) -> Document:
    """What the report says."""
    summary = Summary(by_cell(tuned))
    if not summary.studies:
        return Document(name, question, "Nothing was tuned.", ())
    check_units(tuned)
    parts = (against, ranking, budget, optimism, importance, sensitivity, coordinates, losses, protocol)
    sections = tuple(section for part in parts if (section := part(summary)) is not None)
    names = (*summary.variants, *summary.tasks)
    return Document(name, question, headline(summary), sections, tuple(warned(summary)), names=names)


def check_units(tuned: Sequence[Tuned]) -> None:
    """UsageError where returns of several tasks would be averaged."""
    tasks = dict.fromkeys(task for t in tuned for task in t.tasks)
    raw = [task for t in tuned for task, scale in t.read_on.items() if not scale.normalised]
    if raw and len(tasks) > 1:
        raise UsageError(
            f"a report of studies averages over tasks, and {raw[0]} has no ceiling: give --ceiling, or tune it in a folder "
            "of its own (--study)"
        )


# words


def span(values: Iterable[float]) -> str:
    """`20`, or `8 to 20` where they differ."""
    found = sorted(set(values))
    return number(found[0]) if len(found) == 1 else f"{number(found[0])} to {number(found[-1])}"


def count_of(value: Any) -> int:
    """How many seeds a protocol names, as a number or one by one."""
    return len(value) if isinstance(value, (list, tuple)) else int(value or 0)


def signed(difference: float, interval: stats.Interval) -> str:
    """+0.210 [+0.150, +0.270]"""
    bounds = f" [{interval.low:+.3f}, {interval.high:+.3f}]" if interval.low == interval.low else ""
    return f"{difference:+.3f}{bounds}"


def cells(summary: Summary, of: Iterable[tuple[str, str]]) -> str:
    """`gae` on CartPole-v1, ... and 3 more"""
    told = [f"`{variant}` on {task}" for task, variant in of]
    more = f" and {len(told) - verdict.NAMED} more" if len(told) > verdict.NAMED else ""
    return ", ".join(told[: verdict.NAMED]) + more


def plural(count: int, word: str, words: str = "") -> str:
    """1 study, 2 studies"""
    return f"{count} {word if count == 1 else words or word + 's'}"


def studies_of(summary: Summary) -> str:
    """10 variants x 5 tasks, or what else there is."""
    if len(summary.studies) == 1:
        ((task, variant),) = summary.studies
        return f"`{variant}` on {task}"
    variants, tasks = plural(len(summary.variants), "variant"), plural(len(summary.tasks), "task")
    if len(summary.studies) == len(summary.variants) * len(summary.tasks):
        return f"{variants} x {tasks}"
    return f"{len(summary.studies)} studies of {variants} on {tasks}"


def tests(summary: Summary) -> str:
    """The n of a caption."""
    return f"n = {span(summary.test_seeds)} test seeds"


# the verdict


def headline(summary: Summary) -> str:
    """The answer, in a sentence."""
    if len(summary.studies) == 1:
        return of_one(summary)
    if not summary.compared:
        return f"{studies_of(summary)}: nothing is compared, for in each a setting lost all its test runs."
    if summary.overall is None:
        return of_several(summary)
    return f"{of_ranking(summary.overall)}, and tuning {on_average(summary)}."


def of_one(summary: Summary) -> str:
    """One study: what tuning does to its test score, and what the seeds cannot show."""
    row = summary.gains.iloc[0]
    what, seeds = f"`{row['variant']}` on {row['task']}", int(row["seeds"])
    if gone := summary.lost.get((row["task"], row["variant"])):
        return f"No difference can be measured for {what}: {lost_settings(gone)} all {seeds} test runs."
    scores = f"{row['default']:.3f} by default and {row['tuned']:.3f} tuned"
    if row["kept"]:
        tried = plural(len(next(iter(summary.studies.values())).trials), "trial")
        score = f"its test score is {row['default']:.3f} ({plural(seeds, 'test seed')})"
        return f"Tuning {what} chose the default itself, of {tried}: {score}."
    change = signed(row["difference"], stats.Interval(row["low"], row["high"]))
    if row["p"] < LEVEL:
        word = "raises" if row["difference"] > 0 else "lowers"
        return f"Tuning {word} the test score of {what}: {scores}, {change} (p {row['p']:.2g}, {seeds} test seeds)."
    if (least := stats.smallest_p(seeds)) > LEVEL:
        why = f"{verdict.spelled(seeds)} cannot show one: the smallest p is {min(1.0, least):.3g}"
    else:
        why = verdict.detects(seeds, row["detectable"], row["difference"]).removesuffix(".")
    shown = f"No difference is shown for {what}: {scores}, {change} (p {row['p']:.2g})."
    return f"{shown} {why}." if why else shown


def lost_settings(settings: Sequence[str]) -> str:
    """the default setting lost"""
    if len(settings) > 1:
        return "the default and the tuned setting lost"
    return f"the {settings[0]} setting lost"


def of_several(summary: Summary) -> str:
    """Studies that make no ranking: how much tuning gains, and in how many it is shown."""
    up, down, tested = (len(part) for part in told_apart(summary))
    text = f"{studies_of(summary)}: tuning {on_average(summary)}; a gain is shown in {up} of {tested} that were tested"
    text += f", a loss in {down}" if down else ""
    text += "; the variants share no task, so that there is no ranking" if len(summary.variants) > 1 else ""
    return text + "."


def told_apart(summary: Summary) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Rows of the studies with a gain, with a loss that is shown (Holm), and of all that were tested."""
    table = summary.gains[~summary.gains["kept"]]
    sure = table[table["p_holm"] < LEVEL]
    return sure[sure["difference"] > 0], sure[sure["difference"] < 0], table


def on_average(summary: Summary) -> str:
    """... `gains +0.050 [+0.030, +0.070] on average over 50 studies (p 0.001, 20 test seeds)`"""
    made = summary.average
    word = "changes the test score by" if not made.p < LEVEL else "gains" if made.difference > 0 else "costs"
    told = f"p {made.p:.2g}, {plural(made.n, 'test seed')}{'' if made.p < LEVEL else '; not shown'}"
    over = plural(len(summary.compared), "study", "studies")
    return f"{word} {signed(made.difference, made.interval)} on average over {over} ({told})"


def of_ranking(r: Ranking) -> str:
    """Whether the ranking survives, and who leads before and after."""
    if r.tau != r.tau:
        return f"There is no ranking to survive: {r.where}, all score the same before or after tuning"
    seeds, orders = plural(len(r.default), "test seed"), r.orders
    if orders.default:
        word = "does not survive tuning" if orders.turned else "survives tuning" + (" in part" if orders.opened else "")
        head = (
            f"The ranking {word}: of {plural(orders.default, 'pair')} that {seeds} order by default {orders.kept} keep that "
            f"order, {orders.opened} are left open and {len(orders.turned)} turn round"
        )
    else:
        head = f"{seeds} cannot tell whether the ranking survives tuning: they order no pair of variants by default"
    where = f"{len(r.variants)} variants {f'over {r.tasks} tasks' if r.tasks > 1 else f'on {r.where}'}"
    leads = f"{led(r, 'default')} leads before, {led(r, 'tuned')} after"
    return f"{head} (Kendall's tau {r.tau:.2f}{figures.bounds(r.interval)}, {where}); {leads}"


def led(r: Ranking, setting: str) -> str:
    """`ppo` (`gae` may be as good)"""
    best, *others = r.best(setting)
    return f"`{best}` ({verdict.names(others) if others else 'no other'} may be as good)"


# default against tuned


def against(summary: Summary) -> Section:
    """Every study on the test seeds."""
    caption = (
        f"Mean {summary.unit} on the test seeds, {tests(summary)}, the same for both settings; difference paired by "
        "seed, p of an exact sign-flip test, Holm over all tests of this table; A12: how often a tuned run is above a "
        "default one; detectable: where none is shown, the true difference that is shown with probability .8 at the level "
        "that Holm's correction guarantees to each row."
    )
    if bold_of(summary):
        caption += " Bold: the highest of its task and column, and those not shown to be lower."
    drawn = Drawn(
        "default_against_tuned",
        partial(figures.gains, summary),
        "Default (circles) and tuned setting (filled marks) on the test seeds: means, their 95 % t intervals and a dot a "
        f"seed, {tests(summary)}. A filled mark has a colour where the difference is shown (sign-flip, Holm); a circle "
        "alone: the default was chosen.",
    )
    gains = Table("gains", summary.gains.drop(columns=["kept", "within"]), caption, bold_of(summary))
    told = "What each chosen configuration changed, default -> tuned; names as in the table of the search space."
    changed = Table("changes", summary.changed, told)
    return Section("Default against tuned", (Prose(joined(said_of_gains(summary))), drawn, gains, changed))


def bold_of(summary: Summary) -> Mapping[str, list[bool]]:
    """The best of a task and whoever is not shown to be lower, by setting; nobody where nobody is compared."""
    strong: dict[str, list[bool]] = {}
    sets = {r.where: r for r in summary.rankings if r.tasks == 1}
    for setting in ("default", "tuned") if sets else ():
        strong[setting] = [task in sets and v in sets[task].best(setting) for task, v in summary.studies]
    return strong


def said_of_gains(summary: Summary) -> list[str]:
    """How much on average, in how many studies, where not."""
    up, down, tested = told_apart(summary)
    said = []
    if len(summary.studies) > 1 and summary.compared:
        said.append(f"Tuning {on_average(summary)}: each seed's mean over the studies, paired.")
        of = f"of {len(tested)} tested" if len(tested) < len(summary.studies) else f"of {len(tested)}"
        text = f"A gain is shown in {plural(len(up), 'study', 'studies')} {of} (Holm over all)"
        text += f": {cells(summary, zip(up['task'], up['variant'], strict=True))}" if len(up) else ""
        text += f"; a loss in {len(down)}"
        text += f": {cells(summary, zip(down['task'], down['variant'], strict=True))}." if len(down) else "."
        said.append(text)
    kept = summary.gains[summary.gains["kept"]]
    if len(kept):
        where = cells(summary, zip(kept["task"], kept["variant"], strict=True))
        said.append(f"The default itself was chosen in {len(kept)} of {len(summary.studies)}: {where}.")
    return [*said, floor_sentence(summary)]


def floor_sentence(summary: Summary) -> str:
    """Whether every tuned setting scores at least the default's mean less the half width of the default's interval."""
    rule = "the default's less the half width of the default's 95 % interval"
    if min(summary.test_seeds) < 2:
        return f"Whether the tuned test score is at least {rule} cannot be said of one test seed."
    low = summary.gains[~summary.gains["within"]]
    total = len(summary.studies)
    if low.empty:
        every = "the study's" if total == 1 else f"each of the {total} studies'"
        return f"On the test seeds {every} tuned score is at least {rule}."
    where = "; ".join(
        f"`{r['variant']}` on {r['task']} ({_mean(r['tuned'])}, default {_mean(r['default'])})"
        for r in low.to_dict("records")
    )
    return f"In {len(low)} of {total} the tuned test score is below {rule}: {where}."


def _mean(value: float) -> str:
    """0.123; a setting that lost all runs has none."""
    return "no mean" if value != value else f"{value:.3f}"


# rankings


def ranking(summary: Summary) -> Section | None:
    """Rankings before and after; None where there is nobody to rank."""
    if not summary.rankings:
        return None
    seeds = span(len(r.default) for r in summary.rankings)
    drawn = Drawn(
        "rankings", partial(figures.slopes, summary.rankings),
        f"Places and mean test scores before and after tuning, n = {seeds} test seeds; in bold the highest "
        "mean and those not shown to be lower (all pairs tested together, familywise error 5 %). tau: "
        "Kendall's, with its 95 % bootstrap interval.",
    )  # fmt: skip
    caption = (
        f"n = {seeds} test seeds. tau: Kendall's rank correlation of the default and the tuned ranking; its interval: "
        f"{stats.RESAMPLES:,} bootstrap resamples of whole test seeds. again: mean tau of the default ranking on one "
        "resample with itself on another, what is to be expected where tuning changes nothing. ordered: pairs of variants "
        "whose order is shown (sign-flip, Holm over the pairs); of those ordered by default, kept, left open and turned are "
        "ordered in the same way, not, or the other way once tuned."
    )
    blocks = (Prose(joined(said_of_ranks(summary))), drawn, Table("rankings", summary.ranks, caption))
    return Section("Does the ranking survive tuning", blocks)


def said_of_ranks(summary: Summary) -> list[str]:
    """The ranking of all, its yardstick, and the tasks one by one."""
    said = []
    if summary.overall is None:
        said.append(
            "No task is shared by all variants, so there is no ranking of all; each task ranks those that it has."
        )
    for r in [summary.overall] if summary.overall else summary.rankings if len(summary.rankings) == 1 else ():
        said.append(f"{of_ranking(r)}.")
        if r.again == r.again:
            said.append(
                f"As a yardstick: on other test seeds the default ranking agrees with itself at tau {r.again:.2f}."
            )
        if r.orders.turned:
            told = ", ".join(f"`{a}` above `{b}`" for a, b in r.orders.turned[: verdict.NAMED])
            more = len(r.orders.turned) - verdict.NAMED
            said.append(f"Shown before, and the other way after: {told}{f' and {more} more' if more > 0 else ''}.")
        if r.orders.new:
            said.append(f"{plural(r.orders.new, 'pair')} of {r.orders.pairs} are ordered only after tuning.")
    by_task = [r for r in summary.rankings if r.tasks == 1 and r.tau == r.tau]
    if len(by_task) > 1:
        low, high = min(by_task, key=lambda r: r.tau), max(by_task, key=lambda r: r.tau)
        moved = sum(r.best("default")[0] != r.best("tuned")[0] for r in by_task)
        said.append(
            f"Task by task tau runs from {low.tau:.2f} ({low.where}) to {high.tau:.2f} ({high.where}); another variant "
            f"leads after tuning on {moved} of {len(by_task)} tasks."
        )
    if summary.overall and len(summary.overall.variants) == 2:
        said.append("Of two variants tau can only be 1 or -1.")
    return said


# budgets


def budget(summary: Summary) -> Section:
    """Best value so far against trials, and what the choice is worth."""
    blocks: list[Block] = [Prose(joined(said_of_budget(summary)))]
    if len(summary.studies) == 1:
        (t,) = summary.studies.values()
        caption = (
            f"Every trial on its tuning seeds and the best so far, what was run again on selection seeds, and both settings "
            f"on the test seeds; bars: 95 % t intervals. n = {len(t.trials)} trials, {tests(summary)}. {cost(summary)}"
        )
        blocks.append(Drawn("budget", partial(figures.trials, t), caption))
    else:
        groups = line_groups(summary.variants)
        for i, group in enumerate(groups):
            caption = (
                f"Highest value so far on the tuning seeds (lines) against trials; circles: the default, which is trial 1; "
                f"at the right, shaded: the chosen configuration on the test seeds, with 95 % t intervals. "
                f"{tests(summary)}. {cost(summary)}"
            )
            blocks.append(Drawn(name_of("budget", "", i, groups), partial(figures.budget, summary, group), caption))
    if len(summary.budgets):
        caption = (
            "Highest value on the tuning seeds after a part of the trials (default: trial 1), the trials at which the best "
            f"and the chosen configuration came, and the chosen one's test score; {tests(summary)}."
        )
        blocks.append(Table("budgets", of_budgets(summary), caption))
    return Section("Score against tuning budget", tuple(blocks))


def of_budgets(summary: Summary) -> pd.DataFrame:
    """A row a study; of many, means over those of a task."""
    table = summary.budgets
    if len(table) <= MANY:
        return table
    counted = table.groupby("task", sort=False)["variant"].size().to_numpy()
    means = table.groupby("task", sort=False, as_index=False).mean(numeric_only=True)
    means.insert(1, "studies", counted)
    return means


def cost(summary: Summary) -> str:
    """Environment steps of a trial."""
    of: dict[str, list[str]] = {}
    for (task, _), t in summary.studies.items():
        seeds, steps = count_of(t.protocol.get("tuning_seeds")), steps_of(t)
        text = f"{number(seeds * steps)} ({plural(seeds, 'seed')} of {number(steps)})"
        of.setdefault(text, []).append(task)
    if len(of) == 1:
        return f"A trial costs {next(iter(of))} environment steps."
    parts = "; ".join(f"{text} on {', '.join(dict.fromkeys(tasks))}" for text, tasks in of.items())
    return f"Environment steps of a trial: {parts}."


def steps_of(t: Tuned) -> int:
    """Environment steps of one seed of all its tasks."""
    steps = t.protocol.get("env_steps") or {}
    return sum(int(steps.get(task, 0)) for task in t.tasks) if isinstance(steps, Mapping) else int(steps)


def said_of_budget(summary: Summary) -> list[str]:
    """What the later trials brought."""
    table = summary.budgets
    if table.empty:
        return ["No trial was complete."]
    mean = table.mean(numeric_only=True)
    many = " on average" if len(table) > 1 else ""
    late = int((table["best at trial"] > table["trials"] / 2).sum())
    said = [
        f"The highest value on the tuning seeds is{many} {mean['after a quarter']:.3f} after a quarter of the trials, "
        f"{mean['after a half']:.3f} after a half and {mean['after all']:.3f} after all (the default's: "
        f"{mean['default']:.3f}); the chosen configuration's test score is {mean['chosen, test']:.3f}.",
        "The highest of many noisy values is too high, the more so the more were tried: a line that still rises need not "
        "mean that the choice still gains.",
    ]
    if len(table) > 1:
        said.append(f"In {late} of {len(table)} studies the highest value came in the second half of the trials.")
    else:
        said.append(f"The highest value came at trial {int(table['best at trial'].iloc[0])} of {int(mean['trials'])}.")
    batches = {count_of(t.protocol.get("batch")) for t in summary.studies.values()} - {0, 1}
    if batches:
        said.append(f"Trials are asked in batches of {span(batches)}: inside a batch their order means nothing.")
    return said


# optimism


def optimism(summary: Summary) -> Section:
    """What the best value promises and the test does not keep."""
    drawn = Drawn(
        "optimism", partial(figures.stages, summary),
        "The best trial's value on the tuning seeds, and the chosen configuration on selection and on test seeds: means, "
        f"95 % t intervals and a dot a seed; {tests(summary)}, n = {selection_seeds(summary)} selection seeds.",
    )  # fmt: skip
    caption = (
        f"optimism: the best trial's value less the chosen configuration's test score, {tests(summary)}; its interval is "
        "the test score's. drift: the default's own value on the tuning seeds less its test score, what the seeds alone do."
    )
    return Section(
        "Optimism",
        (Prose(joined(said_of_optimism(summary))), drawn, Table("optimism", summary.optimism, caption)),
    )


def selection_seeds(summary: Summary) -> str:
    """How many, as they were run."""
    found = [len(next(iter(s.scores.values()))) for t in summary.studies.values() for s in t.selection if s.scores]
    return span(found) if found else "0"


def said_of_optimism(summary: Summary) -> list[str]:
    """What the lucky trial would have claimed, and what of it is the seeds'."""
    table = summary.optimism
    means = table.mean(numeric_only=True)
    if table["best trial"].isna().all():
        return ["No trial was complete, so that there is no best value."]
    gain = summary.gains["difference"].mean()
    many, claim = (" on average" if len(table) > 1 else ""), means["best trial"] - means["default, tuning"]
    said = [
        f"Reporting the best trial as it scored would have claimed{many} {means['best trial']:.3f}, {claim:+.3f} over the "
        f"default on the same seeds; on the test seeds the chosen configuration scores {means['chosen, test']:.3f}, "
        f"{gain:+.3f} over the default."
    ]
    values = table["optimism"].dropna().to_numpy(float)
    if len(values) > 1:
        over = signed(float(values.mean()), stats.t_interval(values))
        said.append(
            f"Optimism is {over} on average over {len(values)} studies (t interval over studies, which share their seeds) "
            f"and above 0 in {int((values > 0).sum())} of them."
        )
    elif len(values):
        row = table.iloc[0]
        said.append(f"Optimism is {signed(row['optimism'], stats.Interval(row['low'], row['high']))}.")
    if (drift := table["drift"].dropna()).size:
        said.append(
            f"The default, which nobody chose, scores {drift.mean():+.3f}{many} on the tuning seeds over its test score: "
            "that much is the seeds' and not the choice's."
        )
    return said


# importances and slices


def importance(summary: Summary) -> Section:
    """PED-ANOVA: which fields tell the best trials from the others."""
    title = "Which hyper-parameters matter"
    found = [i for i in summary.importances.values() if i.shares]
    if not found:
        return Section(title, (Prose(joined(without(summary))),))
    trials = f"n = {span(i.trials for i in found)} complete trials a study"
    how = (
        f"PED-ANOVA (Watanabe et al. 2023): how far the density of the best trials (a tenth, at least {TOP}) over a field "
        "differs from that of all trials; shares of a study sum to 1"
    )
    chance = (
        f"above chance: more than in each of {SHUFFLES} shuffles of the scores, as a field of no effect is in one of 20"
    )
    if len(summary.studies) == 1:
        drawn = Drawn("importance", partial(figures.importance_bars, summary), f"{how}. Filled: {chance}. {trials}.")
        of_fields = Table(
            "importance", summary.every_share.sort_values("share", ascending=False), f"{chance}. {trials}."
        )
        return Section(title, (Prose(joined(said_of_fields(summary))), drawn, of_fields))
    means = f"means over {plural(len(found), 'study', 'studies')}, -: not searched"
    drawn = Drawn("importance", partial(figures.importance_map, summary), f"{how}; {means}. {trials}.")
    largest = "largest in: studies in which no other field has a larger share"
    tables = (
        Table("importance", summary.fields, f"{largest}; {chance}. {trials}."),
        Table("importance_by_study", summary.every_share, f"Every share. {trials}.", title="Study by study"),
    )
    return Section(title, (Prose(joined(said_of_fields(summary))), drawn, *tables))


def said_of_fields(summary: Summary) -> list[str]:
    """Which fields have the largest shares, and how many of them are more than chance."""
    table, found = summary.fields, [i for i in summary.importances.values() if i.shares]
    top = ", ".join(f"{r['parameter']} {r['mean share']:.2f}" for r in table.head(3).to_dict("records"))
    many = " on average where they were searched" if len(found) > 1 else ""
    said = [f"The largest shares of the importance{many}: {top}."]
    tests_made = sum(len(i.shares) for i in found)
    above = sum(len(i.above) for i in found)
    chance = f"{tests_made / (SHUFFLES + 1):.{0 if tests_made > 2 * SHUFFLES else 1}f}"
    said.append(
        f"{above} of {tests_made} shares are above those of all {SHUFFLES} shuffles of the scores; about {chance} would be "
        "by chance."
    )
    return said + without(summary)


def without(summary: Summary) -> list[str]:
    """Studies that have no importances, by reason."""
    reasons: dict[str, list[tuple[str, str]]] = {}
    for cell, found in summary.importances.items():
        if found.why_not:
            reasons.setdefault(found.why_not, []).append(cell)
    return [f"No importances, because {reason}: {cells(summary, of)}." for reason, of in reasons.items()]


def sensitivity(summary: Summary) -> Section:
    """Slices through every search."""
    said, blocks = said_of_ends(summary), []
    alone = len(summary.studies) == 1
    how = "coloured by the order in which they were tried" if alone else "a mark and colour a variant"
    for task, i, groups, of in by_handful(summary):
        if not figures.varied(of):
            said.append(f"{task}: no field takes two values in complete trials ({', '.join(f'`{v}`' for v in of)}).")
            continue
        caption = (
            f"{task}: value on the tuning seeds against each field, a point a complete trial, {how}; rings: defaults, "
            f"stars: chosen; logarithmic where the search is. n = {trials_of(of)}."
        )
        blocks.append(
            Drawn(name_of("sensitivity", task, i, groups), partial(figures.slices, of, summary.knobs, alone), caption)
        )
    return Section("Sensitivity", (Prose(joined(said)), *blocks))


def trials_of(of: Mapping[str, Tuned]) -> str:
    """30 complete trials of 5 tuning seeds each"""
    trials = span(len(complete(t)) for t in of.values())
    seeds = span(count_of(t.protocol.get("tuning_seeds")) for t in of.values())
    each = " a variant" if len(of) > 1 else ""
    return f"{trials} complete trial{'' if trials == '1' else 's'}{each}, {seeds} tuning seeds each"


def by_handful(summary: Summary) -> Iterator[tuple[str, int, list[list[str]], dict[str, Tuned]]]:
    """Every task's studies, in as many groups as a panel can hold apart."""
    for task in summary.tasks:
        found = summary.on(task)
        groups = line_groups(list(found))
        for i, group in enumerate(groups):
            yield task, i, groups, {v: found[v] for v in group}


def name_of(kind: str, task: str, i: int, groups: Sequence[object]) -> str:
    """A figure's name, good as an id: sensitivity_cartpole-v1_2"""
    words = [kind, re.sub(r"[^a-z0-9]+", "-", task.lower()).strip("-"), str(i + 1) if len(groups) > 1 else ""]
    return "_".join(filter(None, words))


def said_of_ends(summary: Summary) -> list[str]:
    """Fields whose chosen value lies at an end of the search, and how to read a slice."""
    at, of = Counter[str](), Counter[str]()
    for t in summary.studies.values():
        for name, knob in knobs([t]).items():
            if name in t.configuration and not knob.choices and knob.high > knob.low:
                height, label = knob.height(t.configuration[name]), summary.knobs[name].label
                of[label] += 1
                at[label] += height < AT_END or height > 1 - AT_END
    said = [f"{label} in {k} of {plural(of[label], 'study', 'studies')}" for label, k in at.most_common() if k]
    share = f"within {AT_END * 100:g} % of an end of its range"
    text = f"No chosen value lies {share}."
    if said:
        text = (
            f"The chosen value lies {share} for {', '.join(said)}: if the end is no bound of its meaning, search wider."
        )
    return [
        text,
        "A slice shows one field while all others move too: a cloud without a slope may still hide a field that matters "
        "together with another, and a sampler that learns puts its points where they score well.",
    ]


def coordinates(summary: Summary) -> Section:
    """Every trial as a line."""
    blocks = []
    for task, i, groups, of in by_handful(summary):
        caption = (
            f"{task}: every trial as a line over its fields and its score on the tuning seeds, the brighter the better and "
            "the best on top; each axis runs from its lowest to its highest value (above), logarithmic where the search is; "
            f"dotted: the default, thick: chosen, dashed: pruned. n = {trials_of(of)}."
        )
        blocks.append(
            Drawn(name_of("parallel", task, i, groups), partial(figures.parallel, of, summary.knobs), caption)
        )
    told = "Every trial: its value on the tuning seeds, the highest so far, and what it tried."
    return Section("Parallel coordinates", (*blocks, Table("trials", summary.every_trial, told, title="All trials")))


# losses


def losses(summary: Summary) -> Section:
    """Trials that were pruned, are missing or diverged."""
    table = pd.DataFrame([{"task": task, "variant": v, **lost(t)} for (task, v), t in summary.given.items()])
    total = {name: int(table[name].sum()) for name in table.columns[2:]}
    trials, whole, pruned = (number(total[name]) for name in ("trials", "complete", "pruned"))
    said = [f"{whole} of {trials} trials are complete, {pruned} were pruned."]
    if total["other"] or total["missing"]:
        said.append(f"{total['other']} have no value, and {total['missing']} that the protocol asks for are missing.")
    if total["not a number"]:
        said.append(
            f"{total['not a number']} of {number(total['runs'])} runs diverged or returned no finite number. Each counts as "
            "the lowest of its task's floor and the worst score that it is compared with."
        )
    if diverged := sum(a.state == "diverged" for t in summary.given.values() for a in t.trials):
        said.append(f"Trials that lost all runs on a task, have no value and cannot be chosen: {diverged}.")
    if summary.unit == figures.SCORE:
        said.append(
            f"{total['exactly 0']} of {number(total['runs'])} runs scored exactly 0, their task's floor, as a run did in "
            "earlier releases that diverged."
        )
    shown = table[table[["pruned", "other", "missing", "not a number", "exactly 0"]].any(axis=1)]
    caption = "Studies with such trials or runs; a run is a seed on a task, in any stage."
    tables = () if shown.empty else (Table("losses", shown, caption),)
    return Section("Pruned, failed and missing trials", (Prose(joined(said)), *tables))


def lost(t: Tuned) -> dict[str, int]:
    """Counts of a study's trials by state, and of its runs without a score or at the floor."""
    staged: list[Attempt | Stage] = [*t.trials, *t.selection, *t.test.values()]
    runs = [s for a in staged for of in a.scores.values() for s in of]
    states = Counter(a.state for a in t.trials)
    whole = len(complete(t))
    return {
        "trials": len(t.trials), "complete": whole, "pruned": states["pruned"],
        "other": len(t.trials) - whole - states["pruned"],
        "missing": max(count_of(t.protocol.get("trials")) - len(t.trials), 0), "runs": len(runs),
        "not a number": sum(s != s for s in runs), "exactly 0": sum(s == 0 for s in runs),
    }  # fmt: skip


# protocol


def protocol(summary: Summary) -> Section:
    """Budgets, streams, method, search spaces, provenance, and a paragraph for a paper."""
    every = list(summary.studies.values())
    facts = [
        f"objective: {objective(every)}{reading(summary)}",
        f"sampler: {listed(every, 'sampler')} (seed {listed(every, 'seed')}), batches of {listed(every, 'batch')} trials",
        f"pruner: {listed(every, 'pruner')}",
        f"search space: {listed(every, 'space')}",
        f"seeds, of three streams that share none: {' or '.join(dict.fromkeys(map(streams, every)))}",
    ]
    origin = [f"{key}: {'; or '.join(values)}" for key, values in sources(every)]
    steps = (
        "Environment steps by stage, all seeds and trials; at most, where trials were pruned. studies: of this budget."
    )
    return Section(
        "Protocol and provenance",
        (
            Prose(joined(facts)),
            Table("budget", budgets(summary), steps, title="Budget"),
            Table("space", spaces(summary), "What was searched; a row a field and range.", title="Search space"),
            Prose(f"### Provenance\n\n{joined(origin) or 'Nothing is told.'}"),
            Prose(f"### Methods\n\nFor a paper:\n\n> {methods(summary)}"),
        ),
    )


def reading(summary: Summary) -> str:
    """How an objective is read."""
    return ", normalised by the task's floor and ceiling" if summary.unit == figures.SCORE else ", a return"


def objective(studies: Sequence[Tuned]) -> str:
    """In words."""
    found = dict.fromkeys(str(t.protocol.get("objective")) for t in studies)
    return " or ".join(OBJECTIVES.get(name, name) for name in found)


def streams(t: Tuned) -> str:
    """Which seeds each stage had: by the protocol's rules, or as many as it says where it is not one of ours."""
    try:
        rules = Protocol(**t.protocol).streams
    except (TypeError, ValueError):
        return ", ".join(
            f"{stage} {told(t.protocol.get(f'{stage}_seeds'))}" for stage in ("tuning", "selection", "test")
        )
    return ", ".join(f"{stage} {s.seeds[0]} to {s.seeds[-1]} of {s.purpose.name}" for stage, s in rules.items())


def listed(studies: Sequence[Tuned], key: str) -> str:
    """The values that the protocols have, once each."""
    found = dict.fromkeys(told(t.protocol.get(key)) for t in studies)
    return " or ".join(list(found)[:4]) + (" or others" if len(found) > 4 else "")


def told(value: Any) -> str:
    """A fact in words."""
    if value is None or value == "":
        return "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {told(v)}" for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(told, value))
    return number(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


def spent(t: Tuned) -> dict[str, int]:
    """Environment steps of each stage."""
    tasks = t.protocol.get("env_steps") or {}
    steps = tasks if isinstance(tasks, Mapping) else dict.fromkeys(t.tasks, tasks)

    def of(scores: Iterable[Mapping[str, Sequence[float]]]) -> int:
        return sum(len(runs) * int(steps.get(task, 0)) for by_task in scores for task, runs in by_task.items())

    tested = {s.number: s.scores for s in t.test.values()}  # the default, chosen again, runs once
    made = {"tuning": of(a.scores for a in t.trials), "selection": of(s.scores for s in t.selection),
            "test": of(tested.values())}  # fmt: skip
    return {**made, "total": sum(made.values())}


def budgets(summary: Summary) -> pd.DataFrame:
    """A row a task and budget: how many studies had it, and the environment steps of all of them."""
    seeds = {"tuning": "tuning_seeds", "selection": "selection_seeds", "test": "test_seeds"}
    rows = []
    for (task, _), t in summary.studies.items():
        counts = " + ".join(str(count_of(t.protocol.get(key))) for key in seeds.values())
        of = {"trials": count_of(t.protocol.get("trials")), "seeds": counts, "steps a run": steps_of(t)}
        rows.append({"task": task, **of, "studies": 1, **spent(t)})
    return pd.DataFrame(rows).groupby(["task", "trials", "seeds", "steps a run"], sort=False, as_index=False).sum()


def spaces(summary: Summary) -> pd.DataFrame:
    """A row a field and range: what was searched, in how many studies, from which defaults."""
    rows: dict[tuple[str, str, str], list[str]] = {}
    for t in summary.studies.values():
        for entry in t.space:
            row = str(entry["name"]), *searched(entry)
            rows.setdefault(row, []).append(shown(t.default.get(entry["name"])))
    made = []
    for (name, values, scale), defaults in rows.items():
        distinct = list(dict.fromkeys(defaults))
        text = ", ".join(distinct[:4]) + (f" and {len(distinct) - 4} more" if len(distinct) > 4 else "")
        knob = summary.knobs[name]
        made.append({"parameter": knob.label, "short": knob.short, "values": values, "scale": scale, "defaults": text,
                     "studies": len(defaults), "field": name})  # fmt: skip
    table = pd.DataFrame(made)
    return table.sort_values("field", kind="stable", ignore_index=True) if made else table


def searched(entry: Mapping[str, Any]) -> tuple[str, str]:
    """(values, scale) of an entry of a space."""
    if "choices" in entry:
        return ", ".join(map(shown, entry["choices"])), "choices"
    scale = ("logarithmic" if entry.get("log") else "linear") + (", whole numbers" if entry.get("integer") else "")
    return f"{shown(float(entry['low']))} to {shown(float(entry['high']))}", scale


def sources(studies: Sequence[Tuned]) -> Iterator[tuple[str, list[str]]]:
    """Where the numbers come from: facts, and every value that they have."""
    for key in dict.fromkeys(key for t in studies for key in t.provenance):
        yield key, list(dict.fromkeys(told(t.provenance[key]) for t in studies if key in t.provenance))


def methods(summary: Summary) -> str:
    """How the numbers were made, for a paper."""
    every = list(summary.studies.values())

    def seeds(key: str) -> str:
        return span(count_of(t.protocol.get(key)) for t in every)

    found = {str((t.provenance.get("packages") or {}).get("optuna", "")) for t in every} - {""}  # type: ignore[attr-defined]
    optuna = f" (Optuna {', '.join(sorted(found))})" if found else ""
    fields = ", ".join(sorted(knob.label for knob in summary.knobs.values()))
    what = f"for {studies_of(summary)}" + (", each in a study of its own," if len(every) > 1 else "")
    pruner = listed(every, "pruner")
    ranks = (
        " Rankings of the default and of the tuned settings are compared by Kendall's tau-b with a percentile bootstrap of "
        f"whole test seeds ({stats.RESAMPLES:,} resamples)."
    )
    return (
        f"Hyper-parameters ({fields}) were tuned {what} with {seeds('trials')} trials of {seeds('tuning_seeds')} tuning "
        f"seeds. The first trial was the default; the others came from the sampler {listed(every, 'sampler')}{optuna}, "
        f"{'without pruning' if pruner == 'none' else f'with the pruner {pruner}'}. A seed's objective is "
        f"{objective(every)}{reading(summary)}. The default and the best {seeds('top')} trials "
        f"were run again on {seeds('selection_seeds')} selection seeds, and the configuration with the highest mean there "
        f"was chosen; the default and the chosen configuration were then run on {seeds('test_seeds')} test seeds. The three "
        "streams of seeds are disjoint, and all scores of default and tuned settings are of the test seeds. Differences are "
        "paired by seed (95 % t intervals, exact two-sided sign-flip tests, Holm over "
        f"{plural(len(every), 'study', 'studies')}).{ranks if summary.rankings else ''} Importances are those of PED-ANOVA "
        f"(Watanabe et al. 2023) for the best tenth of the trials, at least {TOP}."
    )


# warnings


def warned(summary: Summary) -> Iterator[str]:
    """What makes a comparison unfair, and what the seeds cannot say."""
    every = list(summary.studies.values())
    for (task, variant), settings in summary.lost.items():
        yield (
            f"`{variant}` on {task}: {lost_settings(settings)} all test runs, which diverged or returned no number. It "
            "has no mean there and is not ranked."
        )
    for key in COMMON:
        found = Counter(told(t.protocol.get(key)) for t in every)
        if len(found) > 1:
            parts = "; ".join(f"{value} in {plural(k, 'study', 'studies')}" for value, k in found.most_common(4))
            yield f"The studies differ in their protocol ({key.replace('_', ' ')}: {parts}): comparing them is unfair."
    for task in summary.tasks:
        found = Counter(str(steps_of(t)) for t in summary.on(task).values())
        if len(found) > 1:
            parts = ", ".join(f"{number(float(steps))}" for steps in found)
            yield f"On {task} the studies differ in environment steps a run ({parts}): comparing them is unfair."
    if unlike := ranges_apart(summary):
        yield f"The same field was searched in different ranges: {', '.join(unlike)} (table of the search space)."
    if len(set(summary.test_seeds)) > 1:
        yield (
            f"The studies have {span(summary.test_seeds)} test seeds: rankings and averages use the first "
            f"{min(summary.test_seeds)} of each."
        )
    if facts := [key for key, values in sources(every) if len(values) > 1 and key not in NEUTRAL]:
        yield f"The studies were not made alike ({', '.join(facts)}: see the provenance)."
    yield from few_seeds(summary)


def ranges_apart(summary: Summary) -> list[str]:
    """Fields whose range is not the same in all studies that search them."""
    found: dict[str, set[tuple[str, str]]] = {}
    for t in summary.studies.values():
        for entry in t.space:
            found.setdefault(str(entry["name"]), set()).add(searched(entry))
    return [summary.knobs[name].label for name, ways in found.items() if len(ways) > 1]


def few_seeds(summary: Summary) -> Iterator[str]:
    """What the test seeds cannot say."""
    seeds, tested = min(summary.test_seeds), int((~summary.gains["kept"]).sum())
    if text := verdict.few_seeds(seeds, ENOUGH_SEEDS):
        yield text.replace("seeds:", "test seeds:", 1)
    elif tested and (least := pairs.least_p(seeds, tested)) > LEVEL:
        yield (
            f"{seeds} test seeds and {tested} tests: the smallest corrected p is {least:.3g}, so no gain of a single study "
            "can be shown, only averages. Use more test seeds."
        )
