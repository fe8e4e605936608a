"""When does a better score stop being better? A proxy is optimised, gold is watched, and the exact frontier is drawn."""

from dataclasses import replace

from algorithms.training.evaluation import Evaluation
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.guide_case import GuideCase
from benchmarks.figures.frontier import Frontier
from benchmarks.findings.measured import Measured
from envs.text.overopt import OverOpt, judged_task

BETAS = (0.0, 0.02, 0.06)
MDPS = {f"overopt beta={beta:g}": OverOpt(beta=beta) for beta in BETAS}
TASKS = tuple(
    replace(judged_task(name, mdp), shown_as=f"Over-optimisation, beta {mdp.beta:g}") for name, mdp in MDPS.items()
)

EXPERIMENT = ComparisonExperiment(
    name="reward_hacking",
    question="When does optimising a proxy stop serving its goal, and does a KL penalty help?",
    tasks=TASKS,
    variants=("baseline_loo", "gae", "ppo"),
    env_steps={task.name: 120_000 for task in TASKS},
    evaluation=Evaluation(checkpoints=20, episodes=50),
    figures=(
        Frontier(
            "reward_hacking",
            "Proxy (trained on) and gold (the true reward) along training, against the divergence from the reference. "
            "Line: the best proxy for each divergence, exactly, and its worth in gold. Star: the optimum of the task's "
            "beta. Dotted: gold at the start",
        ),
    ),
    finding=Measured(("gold",), tuple(task.name for task in TASKS), "Gold after training on the proxy is"),
    guide=(GuideCase("reward", "a proxy, with a KL penalty", tuple(task.name for task in TASKS[1:])),),
    small={"tasks": TASKS[:1], "seeds": 2, "env_steps": {TASKS[0].name: 6_000}},
)
