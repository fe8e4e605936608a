"""The generated blocks of README.md."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pandas as pd

from benchmarks.design import settings
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.experiments import EXPERIMENTS
from benchmarks.reports import rate_report, table_formats
from benchmarks.reports.variant_groups import groups
from docs._scripts import experiment_rows, variant_pages
from docs._scripts.released import Released
from docs._scripts.wording import cells, duration, listed, span, two

SPEED, OTHERS = "speed.json", "other_machines.json"
TUNING = ("Default against tuned", "Optimism", "Which hyper-parameters matter")


def blocks(of: Released) -> dict[str, Callable[[], str]]:
    """By the name of the block: what makes it."""
    made: dict[str, Callable[[], str]] = {
        "ladder-scores": lambda: of.markdown("ladder", "aggregate"),
        "ladder-ingredients": lambda: of.section("ladder", "What each ingredient buys"),
        "ladder-seconds": partial(ladder_seconds, of),
        "ladder-rungs": variant_pages.ladder_table,
        "variants": partial(variants, "Beside the ladder"),
        "presets": partial(variants, "Presets of peers"),
        "tuning-sections": lambda: "\n".join(of.section("tuning", title) for title in TUNING),
        "experiments": partial(experiment_rows.table, of),
        "guide": partial(guide, of),
        "ppo-speed": partial(ppo_speed, of),
        "q-learning": partial(q_learning, of),
        "rates-at-ends": partial(rates_at_ends, of),
        "speed": partial(speed, of),
        "speed-text": partial(speed_text, of),
    }
    for name in EXPERIMENTS:
        made[f"answer-{name}"] = partial(of.answer, name)
        made[f"training-{name}"] = partial(training, of, name)
        made[f"undone-{name}"] = partial(undone, of, name)
    return made


def training(of: Released, name: str) -> str:
    """How long an experiment's cells trained, and on what."""
    found = of.clocks(name)
    return f"{duration(found.seconds)} of training on one core of {listed(found.processors)}"


def ladder_seconds(of: Released) -> str:
    """What the released ladder cost, and what another machine gave."""
    found, (other,) = of.clocks("ladder"), of.json(OTHERS)["ladder"]
    return (
        f"The {found.cells} cells of the released run trained for {found.seconds:,.0f} seconds in all, by their own clocks "
        f"(one core of {listed(found.processors)} a cell; installation, evaluation and report are not counted). "
        f"Another machine took {other['wall_s'] // 60} min {other['wall_s'] % 60} s for the whole command with "
        f"{other['cores']} cores ({other['cpu_s']:,} CPU seconds; processor {other['processor']})."
    )


def undone(of: Released, name: str) -> str:
    """What an experiment has not come to: whole variants, and variants on some of the tasks."""
    experiment = EXPERIMENTS[name]
    assert isinstance(experiment, ComparisonExperiment)
    have = set(of.summary(name)["variant"])
    told = [f"`{v}`" for v in experiment.variant_names if v not in have]
    by_variant: dict[str, list[str]] = {}
    for task, variant in of.missing(name):
        by_variant.setdefault(variant, []).append(task)
    told += [f"`{variant}` on {listed(tasks)}" for variant, tasks in by_variant.items()]
    return f"not run yet: {', '.join(told)}" if told else "complete"


def variants(title: str) -> str:
    """A group of variants as a table that leads to docs/variants.md."""
    return variant_pages.table(groups()[title], of="docs/variants.md")


def guide(of: Released) -> str:
    """The decision guide: the rows of all reports that have one, by aspect."""
    rows = []
    for name, experiment in EXPERIMENTS.items():
        if isinstance(experiment, ComparisonExperiment) and experiment.guide and of.has(name, "tables", "guide.csv"):
            rows.append(of.table(name, "guide").assign(experiment=name))
    joined = pd.concat(rows, ignore_index=True).sort_values("aspect", kind="stable", ignore_index=True)
    return table_formats.markdown(joined)


def ppo_speed(of: Released) -> str:
    """PPO's environment steps a second as a share of GAE's: control tasks and text tasks of the ladder."""
    ppo, gae = (of.row("ladder", "throughput", variant=v) for v in ("ppo", "gae"))
    share = {task: float(ppo[task]) / float(gae[task]) for task in ppo if task != "variant"}
    control, text = ([s for task, s in share.items() if ("/" in task) == of_text] for of_text in (False, True))
    return f"{span(control)} times `gae`'s steps a second on control tasks and {span(text)} times on text"


def q_learning(of: Released) -> str:
    """Two comparisons of `references`: settings against code, and a table of states against networks."""
    pendulum = {v: of.value("references", "Pendulum-v1", v, "mean") for v in ("sb3:ppo", "like_sb3_ppo")}
    lock = {v: of.value("references", "lock/medium", v) for v in ("q_learning", "ppo", "sb3:ppo")}
    return (
        f"After equally many steps of Pendulum-v1 stable-baselines3's PPO in rl-baselines3-zoo's settings returns "
        f"{pendulum['sb3:ppo']:,.0f}, and our PPO in stable-baselines3's default settings {pendulum['like_sb3_ppo']:,.0f}. "
        f"On `lock/medium` tabular Q-learning scores {two(lock['q_learning'])}, `ppo` {two(lock['ppo'])} and `sb3:ppo` "
        f"{two(lock['sb3:ppo'])}: Q-learning has a table of the states where they have a network."
    )


def rates_at_ends(of: Released) -> str:
    """How often a rate of `text_rates` is at an end of the list, and how many of the ladder's chosen ones are."""
    table = of.table("text_rates", "rates")
    ladder = [rate for tasks in settings.LEARNING_RATES["ladder"].values() for rate in tasks.values()]
    ends = sum(rate in (min(settings.RATES), max(settings.RATES)) for rate in ladder)
    text = rate_report.at_an_end(table.assign(chosen=table["chosen"].eq("yes")))
    return f"{text} (`text_rates`.) Of the ladder's own chosen rates {ends} of {len(ladder)} are at an end."


def speed(of: Released) -> str:
    """Ours against stable-baselines3 and against one process, as `speed` measured them."""
    found = of.json(SPEED)
    races = pd.DataFrame([row for row in found["rows"] if "peer" in row])
    names = {"what": "what", "ours": "ours, steps/s", "peer_name": "against", "peer": "its steps/s", "ratio": "ratio"}
    return cells(races, names)


def speed_text(of: Released) -> str:
    """The range of tokens a second over the text tasks, and on which machine all of `speed` ran."""
    found = of.json(SPEED)
    told = []
    for kind in ("one turn", "several turns"):
        rows = sorted((r for r in found["rows"] if f"({kind})" in r["what"]), key=lambda r: r["ours"])
        ends = [f"{r['ours'] / 1e6:.1f} million (`{r['what'].partition(' ')[0]}`)" for r in (rows[0], rows[-1])]
        told.append(f"{kind}: {ends[0]} to {ends[1]}")
    return f"{'; '.join(told)}. Measured on {found['provenance']['processor']}."
