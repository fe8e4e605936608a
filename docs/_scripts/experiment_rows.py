"""The README's table of experiments: what each released run shows, in numbers of its own tables.

A row states what was measured and leaves larger, smaller and better to the reader, so it holds whatever the numbers are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from algorithms import VARIANTS
from benchmarks.experiments import action_space, bias, causal, reward_hacking
from benchmarks.reports import rate_report
from docs._scripts.released import Released, shown
from docs._scripts.wording import against, change, each, span, two

HEAD = ("experiment", "what the released run shows (the link is its declaration)")


def _gradient_quality(of: Released) -> str:
    crossover, kl = of.table("gradient_quality", "crossover"), of.table("gradient_quality", "kl")
    count = len(of.table("gradient_quality", "quality"))
    fours = crossover[crossover["K"] == 4].groupby("reward", sort=False)["ratio"]
    times = "; ".join(f"{name!s}: {ratio.min():.2f} to {ratio.max():,.2f} times" for name, ratio in fours)
    errors = "; ".join(f"{name!s} {span(rows['error'])}" for name, rows in kl.groupby("estimator", sort=False))
    return (
        f"{count} measurements of gradients against the exact one. {of.answer('gradient_quality')} Variance of RLOO over "
        f"REINFORCE's in groups of 4, along exact ascent: {times}. Relative error of the KL's expected gradient: {errors}."
    )


def _estimators(of: Released) -> str:
    rungs = of.table("estimators", "rungs")
    told = "; ".join(
        against(of.pair("estimators", *pair))
        for pair in (("entropy_annealed", "gae"), ("npg", "gae"), ("grpo", "dr_grpo"), ("nlpo", "ppo"))
    )
    factor = change(of.pair("estimators", "dr_grpo", "rloo"))
    seeds = int(rungs["seeds"].min())
    return (
        f"{of.answer('estimators')} {baselines(of)} Further comparisons: {told}. ({seeds} seeds, equally many tokens, "
        "each variant at its own rate of one selection.) `dr_grpo` and `rloo` differ by a factor that Adam ignores: their "
        f"difference, {factor}, is that of their learning rates"
    )


def baselines(of: Released) -> str:
    """What a baseline is worth to a variant that had none: all rungs of `estimators` that add one, none left out."""
    bare = {name for name, v in VARIANTS.items() if type(v.estimator.baseline).__name__ == "Zero"}
    table = of.table("estimators", "rungs")
    rows = [r for r in table.to_dict("records") if r["against"] in bare and r["variant"] not in bare]
    rows = sorted((r for r in rows if VARIANTS[r["variant"]].changes == "baseline"), key=lambda r: r["difference"])
    least, most, clear = rows[0], rows[-1], sum(shown(row) for row in rows)
    return (
        f"A baseline, added where there was none, changes the score by {least['difference']:+.2f} (`{least['variant']}`) to "
        f"{most['difference']:+.2f} (`{most['variant']}`); a difference is shown for {clear} of {len(rows)}."
    )


def _text_rates(of: Released) -> str:
    table = of.table("text_rates", "rates")
    ranks, moved = of.table("text_rates", "ranking"), of.table("text_rates", "spreads")
    said = rate_report.verdicts(ranks, moved, int(table["seeds"].max()), table["variant"].nunique())
    ends = rate_report.at_an_end(table.assign(chosen=table["chosen"].eq("yes")))
    return f"How much of a ranking is the learning rate? {said[0]} {said[2]} {ends}"


def _reward_shift(of: Released) -> str:
    table = of.table("reward_shift", "reward_shift_change")
    first, last = table["from"].iloc[0], table["to"].iloc[0]
    told = [f"`{r['variant']}` {two(r['before'])} and {two(r['after'])}" for r in table.to_dict("records")]
    return f"The score with {first} and with {last} added to every return: {', '.join(told)}"


def _causal(of: Released) -> str:
    name, mdp = causal.TASKS[0].name, causal.SURE
    ood = {v: of.measure("causal", name, v, "ood") for v in causal.EXPERIMENT.variant_names}
    length = {v: of.measure("causal", name, v, "length") for v in ood}
    return (
        f"Asking is worth {two(mdp.optimal_return())} and the cue alone {two(mdp.rho)}. Where the cue lies, the return "
        f"is: {each(ood)}. Actions an episode (1: answers by the cue at once): {each(length)}"
    )


def _reward_hacking(of: Released) -> str:
    lines = []
    for beta, task in zip(reward_hacking.BETAS, reward_hacking.TASKS, strict=True):
        gold = {v: of.measure("reward_hacking", task.name, v, "gold") for v in reward_hacking.EXPERIMENT.variant_names}
        lines.append(f"KL weight {beta:g}: {each(gold)}")
    return f"The return that the proxy stands for (gold), after training on the proxy. {'. '.join(lines)}"


def _entropy_collapse(of: Released) -> str:
    null = {v: of.measure("entropy_collapse", "bandit/null-medium", v, "entropy") for v in _variants(of)}
    lock = {v: of.value("entropy_collapse", "lock/medium", v) for v in _variants(of)}
    return (
        f"Entropy in nats after training where there is nothing to learn (`bandit/null-medium`): {each(null)}. Score on "
        f"`lock/medium`: {each(lock)}"
    )


def _variants(of: Released) -> list[str]:
    return [str(v) for v in dict.fromkeys(of.summary("entropy_collapse")["variant"])]


def _dialogue(of: Released) -> str:
    turns = {
        v: of.measure("dialogue", "guessnumber/medium", v, "length")
        for v in ("reinforce", "baseline_loo", "gae", "ppo")
    }
    asked = [of.measure("dialogue", "infogame/medium", v, "length") for v in turns]
    return (
        f"{of.answer('dialogue')} Turns to find one of 16 numbers (3.375 is optimal): {each(turns)}. In twenty "
        f"questions the variants end after {span(asked)} turns, 1 being a guess at once: a question costs before it helps"
    )


def _generalisation(of: Released) -> str:
    measures = of.table("generalisation", "measures")
    told = []
    for task, rows in measures.groupby("task", sort=False):
        longer = f", longer {span(rows['ood'])}" if rows["ood"].notna().all() else ""
        told.append(f"{task}: held out {span(rows['test'])}{longer}")
    return f"Return on prompts that were not trained on, over the variants. {'; '.join(told)}"


def _sparse_reward(of: Released) -> str:
    table = of.table("sparse_reward", "sparse_reward_change")
    told = [
        f"{line}: {each(dict(zip(rows['variant'], rows['after'], strict=True)))}"
        for line, rows in table.groupby("line", sort=False)
    ]
    four = {
        v: of.value("sparse_reward", "copy shaped L=4", v) for v in ("reinforce", "reward_to_go", "baseline_loo", "gae")
    }
    size = table["to"].iloc[0]
    return (
        f"Score on answers of {size} symbols, by how they are paid. {'; '.join(told)}. Shaped, 4 symbols: {each(four)}"
    )


def _action_space(of: Released) -> str:
    told = []
    for task in action_space.EXPERIMENT.task_names[-2:]:
        scores = {v: of.value("action_space", task, v) for v in action_space.EXPERIMENT.variant_names}
        told.append(f"{task}: {each(scores)}")
    return f"The two largest vocabularies V, after equally many steps. {'; '.join(told)}"


def _recommendation(of: Released) -> str:
    pair = of.pair("recommendation", "myopic", "baseline_loo")
    return f"{of.answer('recommendation')} Myopic credit against credit for the long run: {against(pair)}"


def _length_bias(of: Released) -> str:
    length = {v: of.measure("length_bias", "2 fillers", v, "length") for v in ("rloo", "loo_token", "loo_sequence")}
    return f"{of.answer('length_bias')} Tokens of a text after training (2 fillers): {each(length)}"


def _bias(of: Released) -> str:
    told = []
    for name, mdp in bias.MDPS.items():
        group = [
            f"{g} group {two(of.measure('bias', name, 'ppo', f'{g} group'))} of "
            f"{two(replace(mdp, group=g).optimal_return())}"
            for g in bias.GROUPS
        ]
        told.append(f"{name}: {', '.join(group)}")
    return f"What `ppo` earns for each group, of what the penalty leaves to it. {'; '.join(told)}"


def _answered(name: str) -> Callable[[Released], str]:
    return lambda of: of.answer(name)


ROWS: dict[str, Callable[[Released], str]] = {
    "gradient_quality": _gradient_quality,
    "estimators": _estimators,
    "text_rates": _text_rates,
    "reward_shift": _reward_shift,
    "causal": _causal,
    "reward_hacking": _reward_hacking,
    "entropy_collapse": _entropy_collapse,
    "entropy_schedules": _answered("entropy_schedules"),
    "dialogue": _dialogue,
    "generalisation": _generalisation,
    "sparse_reward": _sparse_reward,
    "action_space": _action_space,
    "recommendation": _recommendation,
    "length_bias": _length_bias,
    "bias": _bias,
}


def table(of: Released) -> str:
    """A Markdown row an experiment."""
    lines = [f"| {' | '.join(HEAD)} |", "| --- | --- |"]
    for name, row in ROWS.items():
        said = " ".join(row(of).split()).rstrip(".").replace("|", "\\|")
        lines.append(f"| [`{name}`](benchmarks/experiments/{name}.py) | {said} |")
    return "\n".join(lines)
