"""The generated blocks of README.md, README.zh.md and of the pages of docs/ on results, variants and speed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pandas as pd

from algorithms import VARIANTS
from benchmarks.design import settings
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.experiments import EXPERIMENTS
from benchmarks.experiments.ladder import RUNGS
from benchmarks.reports import rate_report, table_formats
from benchmarks.reports.variant_groups import groups
from docs._scripts import cluster_simulation, experiment_rows, installation, variant_pages
from docs._scripts.released import Released
from docs._scripts.wording import cells, duration, listed, signed_change, two_decimals, value_range

SPEED, WHOLE = "speed.json", "whole_runs.json"
OWN_RATES = "each its own."
TUNING = ("Default against tuned", "Optimism", "Which hyper-parameters matter")


def blocks(results: Released) -> dict[str, Callable[[], str]]:
    """By the name of the block: what makes it."""
    generators: dict[str, Callable[[], str]] = {
        "ladder-short": partial(ladder_short, results),
        "guide-short": partial(guide_short, results),
        "ladder-scores": lambda: results.markdown("ladder", "aggregate"),
        "ladder-ingredients": lambda: results.section("ladder", "What each ingredient buys"),
        "ladder-seconds": partial(ladder_seconds, results),
        "cluster-simulation": lambda: cluster_simulation.markdown(cluster_simulation.stored(results.root)),
        "ladder-rungs": variant_pages.ladder_table,
        "variants": partial(variants, "Other variants"),
        "presets": partial(variants, "Presets of other libraries"),
        "tuning-sections": lambda: "\n".join(results.section("tuning", title) for title in TUNING),
        "experiments": partial(experiment_rows.table, results),
        "guide": partial(guide, results),
        "ppo-speed": partial(ppo_speed, results),
        "q-learning": partial(q_learning, results),
        "rates-at-ends": partial(rates_at_ends, results),
        "installation": lambda: installation.block(results.json(installation.FILE)),
        "speed": partial(speed, results),
        "speed-cells": partial(speed_cells, results),
        "speed-text": partial(speed_text, results),
    }
    for name in EXPERIMENTS:
        generators[f"answer-{name}"] = partial(results.answer, name)
        generators[f"training-{name}"] = partial(training, results, name)
        generators[f"undone-{name}"] = partial(undone, results, name)
    return generators


def training(results: Released, name: str) -> str:
    """How long an experiment's cells trained, and on what."""
    clocks = results.clocks(name)
    return f"{duration(clocks.seconds)} of training on one core of {listed(clocks.processors)}"


def ladder_short(results: Released) -> str:
    """A row a rung: what it does, its score, and its gain over the rung that it comes from."""
    lines = [
        "| rung | what it does | score | 95 % interval | gain over | gain |",
        "| --- | --- | ---: | --- | --- | --- |",
    ]
    for name in RUNGS:
        score, variant = results.row("ladder", "aggregate", variant=name), VARIANTS[name]
        low, high = (two_decimals(score[side]) for side in ("low", "high"))
        gain = signed_change(results.pair("ladder", name, variant.parent)) if variant.parent else "-"
        parent = f"`{variant.parent}`" if variant.parent else "-"
        lines.append(
            f"| `{name}` | {variant.summary} | {two_decimals(score['mean'])} | {low} to {high} | {parent} | {gain} |"
        )
    return "\n".join(lines)


def ladder_seconds(results: Released) -> str:
    """The training time of the released ladder, and what the whole command took."""
    clocks, (whole,) = results.clocks("ladder"), results.json(WHOLE)["ladder"]
    return (
        f"The {clocks.cells} cells of the released run trained for {clocks.seconds:,.0f} seconds in all, by their "
        f"own clocks "
        f"(one core of {listed(clocks.processors)} a cell; installation, evaluation and report are not counted). "
        f"The whole command, its environment built, took {whole['wall_s'] // 60} min {whole['wall_s'] % 60} s with "
        f"{whole['cores']} cores of {whole['processor']}."
    )


def undone(results: Released, name: str) -> str:
    """The variants, and variants on single tasks, that an experiment has not run."""
    experiment = EXPERIMENTS[name]
    assert isinstance(experiment, ComparisonExperiment)
    have = set(results.summary(name)["variant"])
    parts = [f"`{v}`" for v in experiment.variant_names if v not in have]
    by_variant: dict[str, list[str]] = {}
    for task, variant in results.missing(name):
        by_variant.setdefault(variant, []).append(task)
    parts += [f"`{variant}` on {listed(tasks)}" for variant, tasks in by_variant.items()]
    return f"not run yet: {', '.join(parts)}" if parts else "complete"


def variants(title: str) -> str:
    """A group of variants as a table that leads to docs/variants.md."""
    return variant_pages.table(groups()[title], page_path="variants.md")


def guide(results: Released) -> str:
    """The decision guide: the rows of all reports that have one, by aspect."""
    return table_formats.markdown(_guide_rows(results))


def guide_short(results: Released) -> str:
    """The rows of the guide in which each variant has its own learning rate and one is shown to be the best."""
    rows = _guide_rows(results)
    sure = rows[(rows["learning rates"] == OWN_RATES) & (rows["not separated from"] == "-")]
    return table_formats.markdown(sure[["your case", "use", "what is shown", "experiment"]])


def _guide_rows(results: Released) -> pd.DataFrame:
    names = [name for name in EXPERIMENTS if results.has(name, "tables", "guide.csv")]
    rows = [results.table(name, "guide").assign(experiment=name) for name in names]
    return pd.concat(rows, ignore_index=True).sort_values("aspect", kind="stable", ignore_index=True)


def ppo_speed(results: Released) -> str:
    """PPO's environment steps a second as a share of GAE's: control tasks and text tasks of the ladder."""
    ppo, gae = (results.row("ladder", "throughput", variant=v) for v in ("ppo", "gae"))
    share = {task: float(ppo[task]) / float(gae[task]) for task in ppo if task != "variant"}
    control, text = ([s for task, s in share.items() if ("/" in task) == is_text] for is_text in (False, True))
    return f"{value_range(control)} times `gae`'s steps a second on control tasks and {value_range(text)} times on text"


def q_learning(results: Released) -> str:
    """Two comparisons of `references`: settings against code, and a table of states against networks."""
    pendulum = {v: results.value("references", "Pendulum-v1", v, "mean") for v in ("sb3:ppo", "like_sb3_ppo")}
    lock = {v: results.value("references", "lock/medium", v) for v in ("q_learning", "ppo", "sb3:ppo")}
    return (
        f"After equally many steps of Pendulum-v1 stable-baselines3's PPO in rl-baselines3-zoo's settings returns "
        f"{pendulum['sb3:ppo']:,.0f}, and our PPO in stable-baselines3's default settings {pendulum['like_sb3_ppo']:,.0f}. "
        f"On `lock/medium` tabular Q-learning scores {two_decimals(lock['q_learning'])}, `ppo` "
        f"{two_decimals(lock['ppo'])} and `sb3:ppo` "
        f"{two_decimals(lock['sb3:ppo'])}: Q-learning has a table of the states where they have a network."
    )


def rates_at_ends(results: Released) -> str:
    """How often a rate of `text_rates` is at an end of the list, and how many of the ladder's chosen ones are."""
    table = results.table("text_rates", "rates")
    ladder = [rate for tasks in settings.LEARNING_RATES["ladder"].values() for rate in tasks.values()]
    ends = sum(rate in (min(settings.RATES), max(settings.RATES)) for rate in ladder)
    text = rate_report.rates_at_ends(table.assign(chosen=table["chosen"].eq("yes")))
    return f"{text} (`text_rates`.) Of the ladder's own chosen rates {ends} of {len(ladder)} are at an end."


def speed(results: Released) -> str:
    """Ours against stable-baselines3 and against one process, as `speed` measured them."""
    document = results.json(SPEED)
    rows = [row for row in document["rows"] if "peer" in row]
    counted = [row | {"what": f"{row['what']} ({row['unit']})"} if "unit" in row else row for row in rows]
    names = {"what": "what", "ours": "ours, steps/s", "peer_name": "against", "peer": "its steps/s", "ratio": "ratio"}
    return cells(pd.DataFrame(counted), names)


def speed_cells(results: Released) -> str:
    """Whole cells, evaluation's share, commands and memory, as `speed` measured them."""
    document = results.json(SPEED)
    rows = [row for row in document["rows"] if "unit" in row and "peer" not in row and "lock step" not in row["what"]]
    return cells(pd.DataFrame(rows), {"what": "what", "ours": "measured", "unit": "unit"})


def speed_text(results: Released) -> str:
    """The range of tokens a second over the text tasks, and on which machine all of `speed` ran."""
    document = results.json(SPEED)
    ranges = []
    for kind in ("one turn", "several turns"):
        rows = sorted((r for r in document["rows"] if f"({kind})" in r["what"]), key=lambda r: r["ours"])
        ends = [f"{r['ours'] / 1e6:.1f} million (`{r['what'].partition(' ')[0]}`)" for r in (rows[0], rows[-1])]
        ranges.append(f"{kind}: {ends[0]} to {ends[1]}")
    return f"{'; '.join(ranges)}. Measured on {document['provenance']['processor']}."
