"""The generated numbers of docs/theory.md: each is one of the released ladder's, or computed from the exact formulas."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pandas as pd

from algorithms.conformance import gradient_quality
from algorithms.conformance.exact.moments import kl_error
from algorithms.estimators.kl_penalty import KL
from algorithms.policies.networks.tabular import Tabular
from algorithms.training_config import Episodes, TrainingConfig
from docs._scripts.released import Released
from docs._scripts.wording import listed, signed_change, two_decimals, value_range
from envs.text.lexicon import Lexicon
from envs.text_env import text_task

SCALES = (0.1, 0.5, 1.0, 1.5, 2.5)
KL_PLACEMENTS = {
    "k1 in the reward": KL("k1", "reward"),
    "k2 of the text in the loss": KL("k2", "loss", "sequence"),
    "k1 in the loss": KL("k1", "loss"),
    "k2 of tokens in the loss": KL("k2", "loss"),
    "k3 in the loss": KL("k3", "loss"),
    "k3 in the reward": KL("k3", "reward"),
}


def blocks(results: Released) -> dict[str, Callable[[], str]]:
    """By the name of the block: what makes it."""
    return {
        "theory-baselines": partial(
            rungs, results, ("baseline_mean", "baseline_loo", "baseline_value"), "reward_to_go"
        ),
        "theory-advantage": partial(rungs, results, ("gae", "a2c"), "baseline_value"),
        "theory-entropy": partial(entropy, results),
        "theory-causality": partial(rungs, results, ("reward_to_go",), "reinforce"),
        "theory-data": partial(data, results),
        "theory-shifted": partial(
            scores, results, "transduce/copy-shifted", ("reinforce", "reward_to_go", "baseline_mean")
        ),
        "theory-sampling": partial(scores, results, "lock/medium", ("exact_pg", "gae", "ppo")),
        "theory-kl": kl_errors,
        "theory-alignment": partial(alignment, results),
    }


def rungs(results: Released, variants: tuple[str, ...], parent: str) -> str:
    """What each variant changes against its parent, over the ladder's tasks."""
    return (
        listed([f"`{v}` {signed_change(results.pair('ladder', v, parent))}" for v in variants]) + f" against `{parent}`"
    )


def entropy(results: Released) -> str:
    """What the bonus changes over all tasks, and on the two tasks where it moves the score most, by their means."""
    table = results.table("ladder", "rungs_by_task")
    rows = table[(table["variant"] == "entropy") & (table["against"] == "gae")]
    largest = rows.loc[rows["difference"].abs().sort_values(ascending=False).index[:2]]
    changes = []
    for row in largest.to_dict("records"):
        before, after = (two_decimals(results.value("ladder", row["task"], v)) for v in ("gae", "entropy"))
        changes.append(f"{row['task']} {before} to {after}{'' if row['p_holm'] < 0.05 else ' (no difference shown)'}")
    return f"{rungs(results, ('entropy',), 'gae')}; the largest changes: {', '.join(changes)}"


def data(results: Released) -> str:
    """How many seeds reach the threshold of `bandit/medium`, and after how many steps."""
    rows = results.summary("ladder").query("task == 'bandit/medium' and steps_per_s > 0").set_index("variant")
    exact = rows.loc["exact_pg"]
    sampled = rows.drop(index="exact_pg")
    reached = [f"`{v}` {n:.0f}" for v, n in sampled["reached"].items() if n]
    return (
        f"the exact gradient, charged as a rollout would be, reaches the threshold in {exact['reached']:.0f} of "
        f"{exact['seeds']:.0f} seeds, after {exact['steps_to_threshold']:,.0f} steps (median). Sampled rungs have "
        f"{sampled['env_steps'].max():,.0f} steps; seeds that touch the threshold at a checkpoint: "
        f"{', '.join(reached) or 'none'}"
    )


def scores(results: Released, task: str, variants: tuple[str, ...]) -> str:
    """Scores on one task of the ladder."""
    return ", ".join(f"`{v}` {two_decimals(results.value('ladder', task, v))}" for v in variants)


# by table: what each measure is called in a sentence
CLAIMS = {
    "toxicity": {"flagged": "share of flagged words", "nll": "nats a token"},
    "bias": {"sentiment": "sentiment", "gap": "gap"},
    "truthfulness": {"answered": "share answered", "true": "share true"},
    "causality": {"ood": "return where the cue lies", "length": "actions"},
    "domains": {"gold": "gold", "gold elsewhere": "gold on the other site"},
}


def alignment(results: Released) -> str:
    """The answer, a line for each task, and the table of each claim, from the released experiment."""
    if not results.has("alignment", "tables", "toxicity_measures.md"):
        return "not run yet"
    tables = {claim: results.table("alignment", f"{claim}_measures") for claim in CLAIMS}
    lines = [
        f"- *{task}*: {'; '.join(_twins(rows, measure, said) for measure, said in [('score', 'score'), *names.items()])}."
        for (claim, names) in CLAIMS.items()
        for task, rows in tables[claim].groupby("task", sort=False)
    ]
    shown = [results.markdown("alignment", f"{claim}_measures") for claim in CLAIMS]
    return "\n\n".join([results.answer("alignment"), "\n".join(lines), *shown])


def _twins(rows: pd.DataFrame, measure: str, said: str) -> str:
    """A measure of each variant, and whether the intervals of the policy gradient and of its twin overlap."""
    learner, twin = (rows[rows["variant"] == name].iloc[0] for name in ("rloo", "imitation"))
    overlap = (
        learner[f"{measure} low"] <= twin[f"{measure} high"] and twin[f"{measure} low"] <= learner[f"{measure} high"]
    )
    every = ", ".join(f"`{name}` {value:.3f}" for name, value in zip(rows["variant"], rows[measure], strict=True))
    # whether scores differ is tested, and in the answer
    return f"{said} {every}{' (the intervals overlap)' if overlap and measure != 'score' else ''}"


def kl_errors() -> str:
    """|E[g] - grad KL| / |grad KL| of each estimator and place of the KL, exactly: least and largest of 5 policies."""
    mdp = Lexicon(words=3, length=3, topics=2, beta=1.0)
    task, training = text_task("soft", mdp), TrainingConfig(network=Tabular(mdp), collection=Episodes(4, 4))
    lines = [f"| estimator, place | {' | '.join(f'{s:g}' for s in SCALES)} |", f"| --- |{' ---: |' * len(SCALES)}"]
    actors = {s: [gradient_quality.gaussian_parameters(task, training, s, seed) for seed in range(5)] for s in SCALES}
    for name, kl in KL_PLACEMENTS.items():
        ranges = [value_range(kl_error(task, training, actor, kl) for actor in actors[s]) for s in SCALES]
        lines.append(f"| {name} | {' | '.join(ranges)} |")
    return "\n".join(lines)
