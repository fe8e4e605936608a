"""The table of experiments in docs/results.md: the results of each released run, from its own tables.

A row states what was measured and leaves larger, smaller and better to the reader, so it holds whatever the numbers are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from algorithms import VARIANTS
from benchmarks.experiments import action_space, bias, causal, reward_hacking, rlhf
from benchmarks.reports import rate_report
from docs._scripts.released import Released, shown
from docs._scripts.wording import comparison, list_scores, signed_change, two_decimals, value_range

HEAD = ("experiment", "what the released run shows (the link is its declaration)")


def _gradient_quality(results: Released) -> str:
    crossover, kl = results.table("gradient_quality", "crossover"), results.table("gradient_quality", "kl")
    count = len(results.table("gradient_quality", "quality"))
    fours = crossover[crossover["K"] == 4].groupby("reward", sort=False)["ratio"]
    times = "; ".join(f"{name!s}: {ratio.min():.2f} to {ratio.max():,.2f} times" for name, ratio in fours)
    errors = "; ".join(f"{name!s} {value_range(rows['error'])}" for name, rows in kl.groupby("estimator", sort=False))
    return (
        f"{count} measurements of gradients against the exact one. {results.answer('gradient_quality')} Variance of "
        f"RLOO over "
        f"REINFORCE's in groups of 4, along exact ascent: {times}. Relative error of the KL's expected gradient: {errors}."
    )


def _estimators(results: Released) -> str:
    rungs = results.table("estimators", "rungs")
    parts = "; ".join(
        comparison(results.pair("estimators", *pair))
        for pair in (("entropy_annealed", "gae"), ("npg", "gae"), ("grpo", "dr_grpo"), ("nlpo", "ppo"))
    )
    factor = signed_change(results.pair("estimators", "dr_grpo", "rloo"))
    seeds = int(rungs["seeds"].min())
    return (
        f"{results.answer('estimators')} {baselines(results)} Further comparisons: {parts}. ({seeds} seeds, equally "
        f"many tokens, "
        "each variant at its own rate of one selection.) `dr_grpo` and `rloo` differ by a factor that Adam ignores: their "
        f"difference, {factor}, is that of their learning rates"
    )


def baselines(results: Released) -> str:
    """What a baseline is worth to a variant that had none: all rungs of `estimators` that add one, none left out."""
    bare = {name for name, v in VARIANTS.items() if type(v.estimator.baseline).__name__ == "Zero"}
    table = results.table("estimators", "rungs")
    rows = [r for r in table.to_dict("records") if r["against"] in bare and r["variant"] not in bare]
    rows = sorted((r for r in rows if VARIANTS[r["variant"]].changes == "baseline"), key=lambda r: r["difference"])
    least, most, clear = rows[0], rows[-1], sum(shown(row) for row in rows)
    return (
        f"A baseline, added where there was none, changes the score by {least['difference']:+.2f} (`{least['variant']}`) to "
        f"{most['difference']:+.2f} (`{most['variant']}`); a difference is shown for {clear} of {len(rows)}."
    )


def _text_rates(results: Released) -> str:
    table = results.table("text_rates", "rates")
    ranks, moved = results.table("text_rates", "ranking"), results.table("text_rates", "spreads")
    verdicts = rate_report.verdicts(ranks, moved, int(table["seeds"].max()), table["variant"].nunique())
    ends = rate_report.rates_at_ends(table.assign(chosen=table["chosen"].eq("yes")))
    return f"How much of a ranking is the learning rate? {verdicts[0]} {verdicts[2]} {ends}"


def _reward_shift(results: Released) -> str:
    table = results.table("reward_shift", "reward_shift_change")
    first, last = table["from"].iloc[0], table["to"].iloc[0]
    parts = [
        f"`{r['variant']}` {two_decimals(r['before'])} and {two_decimals(r['after'])}" for r in table.to_dict("records")
    ]
    return f"The score with {first} and with {last} added to every return: {', '.join(parts)}"


def _causal(results: Released) -> str:
    name, mdp = causal.TASKS[0].name, causal.ASKING_PAYS
    ood = {v: results.measure("causal", name, v, "ood") for v in causal.EXPERIMENT.variant_names}
    length = {v: results.measure("causal", name, v, "length") for v in ood}
    return (
        f"Asking is worth {two_decimals(mdp.optimal_return())} and the cue alone {two_decimals(mdp.rho)}. Where the "
        f"cue lies, the return "
        f"is: {list_scores(ood)}. Actions an episode (1: answers by the cue at once): {list_scores(length)}"
    )


def _reward_hacking(results: Released) -> str:
    lines = []
    for beta, task in zip(reward_hacking.BETAS, reward_hacking.TASKS, strict=True):
        gold = {
            v: results.measure("reward_hacking", task.name, v, "gold") for v in reward_hacking.EXPERIMENT.variant_names
        }
        lines.append(f"KL weight {beta:g}: {list_scores(gold)}")
    return f"The true return (gold), after training on the proxy. {'. '.join(lines)}"


def _rlhf_exact(results: Released) -> str:
    """What the finding says, and what each kind of method has lost against the exact frontier of the last task."""
    table = results.table("rlhf_exact", "frontier_distance")
    task = table["task"].iloc[-1]
    rows = table[table["task"] == task].set_index("variant")
    shown_variants = ("rloo", "rloo_k2_sequence", "rloo_k3_token", "grpo", "sft", "dpo", "best_of_16")
    parts = [
        f"`{v}` {rows.loc[v, 'kl']:.1f} nats, proxy {rows.loc[v, 'proxy lost']:.2f}, gold {rows.loc[v, 'gold lost']:.2f}"
        for v in shown_variants
    ]
    return (
        f"{results.answer('rlhf_exact')} KL at the end on {task}, and how much more proxy and gold the best policies have "
        f"at the same KL: "
        f"{'; '.join(parts)}"
    )


def _entropy_collapse(results: Released) -> str:
    null = {v: results.measure("entropy_collapse", "bandit/null-medium", v, "entropy") for v in _variants(results)}
    lock = {v: results.value("entropy_collapse", "lock/medium", v) for v in _variants(results)}
    return (
        f"Entropy in nats after training where there is nothing to learn (`bandit/null-medium`): "
        f"{list_scores(null)}. Score on "
        f"`lock/medium`: {list_scores(lock)}"
    )


def _variants(results: Released) -> list[str]:
    return [str(v) for v in dict.fromkeys(results.summary("entropy_collapse")["variant"])]


def _dialogue(results: Released) -> str:
    turns = {
        v: results.measure("dialogue", "guessnumber/medium", v, "length")
        for v in ("reinforce", "baseline_loo", "gae", "ppo")
    }
    questions = [results.measure("dialogue", "infogame/medium", v, "length") for v in turns]
    return (
        f"{results.answer('dialogue')} Turns to find one of 16 numbers (3.375 is optimal): {list_scores(turns)}. In twenty "
        f"questions the variants end after {value_range(questions)} turns, 1 being a guess at once: a question costs "
        f"before it helps"
    )


def _generalisation(results: Released) -> str:
    measures = results.table("generalisation", "measures")
    parts = []
    for task, rows in measures.groupby("task", sort=False):
        longer = f", longer {value_range(rows['ood'])}" if rows["ood"].notna().all() else ""
        parts.append(f"{task}: held out {value_range(rows['test'])}{longer}")
    return f"Return on prompts that were not trained on, over the variants. {'; '.join(parts)}"


def _sparse_reward(results: Released) -> str:
    table = results.table("sparse_reward", "sparse_reward_change")
    parts = [
        f"{line}: {list_scores(dict(zip(rows['variant'], rows['after'], strict=True)))}"
        for line, rows in table.groupby("line", sort=False)
    ]
    four = {
        v: results.value("sparse_reward", "copy shaped L=4", v)
        for v in ("reinforce", "reward_to_go", "baseline_loo", "gae")
    }
    size = table["to"].iloc[0]
    return (
        f"Score on answers of {size} symbols, by how they are paid. {'; '.join(parts)}. Shaped, 4 symbols: "
        f"{list_scores(four)}"
    )


def _action_space(results: Released) -> str:
    parts = []
    for task in action_space.EXPERIMENT.task_names[-2:]:
        scores = {v: results.value("action_space", task, v) for v in action_space.EXPERIMENT.variant_names}
        parts.append(f"{task}: {list_scores(scores)}")
    return f"The two largest vocabularies V, after equally many steps. {'; '.join(parts)}"


def _recommendation(results: Released) -> str:
    return f"{results.answer('recommendation')} `myopic` credits an action with its immediate reward alone"


def _length_bias(results: Released) -> str:
    length = {
        v: results.measure("length_bias", "2 fillers", v, "length") for v in ("rloo", "loo_token", "loo_sequence")
    }
    return f"{results.answer('length_bias')} Tokens of a text after training (2 fillers): {list_scores(length)}"


def _bias(results: Released) -> str:
    parts = []
    for name, mdp in bias.MDPS.items():
        group = [
            f"{g} group {two_decimals(results.measure('bias', name, 'ppo', f'{g} group'))} of "
            f"{two_decimals(replace(mdp, group=g).optimal_return())}"
            for g in bias.GROUPS
        ]
        parts.append(f"{name}: {', '.join(group)}")
    return f"What `ppo` earns for each group, of the most that a policy can earn there under the penalty. {'; '.join(parts)}"


def _rlhf(results: Released) -> str:
    parts = []
    for task, rows in results.table("rlhf", "labels_and_measures").groupby("task", sort=False):
        trained = [r for r in rows.to_dict("records") if not r["variant"].startswith("best_of_") or task == rlhf.PAID]
        texts = (f"`{r['variant']}` {two_decimals(r['gold'])} ({r['labels']:.0f})" for r in trained)
        parts.append(f"{task}: {', '.join(texts)}")
    return (
        f"{results.answer('rlhf')} Gold of the last texts; in brackets the labels that a seed used beyond those of SFT. "
        f"{'. '.join(parts)}"
    )


def _answered(name: str) -> Callable[[Released], str]:
    return lambda results: results.answer(name)


ROWS: dict[str, Callable[[Released], str]] = {
    "gradient_quality": _gradient_quality,
    "gradient_quality_2026": _answered("gradient_quality_2026"),
    "objectives": _answered("objectives"),
    "critic_free_control": _answered("critic_free_control"),
    "trust_regions": _answered("trust_regions"),
    "trust_regions_training": _answered("trust_regions_training"),
    "estimators": _estimators,
    "estimators_2026": _answered("estimators_2026"),
    "estimators_rewards": _answered("estimators_rewards"),
    "transfer": _answered("transfer"),
    "distillation": _answered("distillation"),
    "text_rates": _text_rates,
    "reward_shift": _reward_shift,
    "causal": _causal,
    "reward_hacking": _reward_hacking,
    "rlhf_exact": _rlhf_exact,
    "entropy_collapse": _entropy_collapse,
    "entropy_schedules": _answered("entropy_schedules"),
    "dialogue": _dialogue,
    "generalisation": _generalisation,
    "sparse_reward": _sparse_reward,
    "action_space": _action_space,
    "recommendation": _recommendation,
    "length_bias": _length_bias,
    "bias": _bias,
    "rlhf": _rlhf,
}


def table(results: Released) -> str:
    """A Markdown row an experiment."""
    lines = [f"| {' | '.join(HEAD)} |", "| --- | --- |"]
    for name, row in ROWS.items():
        text = " ".join(row(results).split()).rstrip(".").replace("|", "\\|")
        lines.append(f"| [`{name}`](../benchmarks/experiments/{name}.py) | {text} |")
    return "\n".join(lines)
