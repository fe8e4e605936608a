"""How does learning slow down as the vocabulary grows? The same one-step choice among 4 to 10,000 tokens."""

from algorithms.training.evaluation import Evaluation
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.guide_case import GuideCase
from benchmarks.figures.sweep import Sweep
from benchmarks.findings.sweep import SweepChange
from envs.text.bandit import Bandit
from envs.text_env import text_task

SIZES = (4, 10, 100, 1_000, 10_000)
TASKS = {size: text_task(f"bandit V={size}", Bandit(arms=size, contexts=4)) for size in SIZES}

EXPERIMENT = ComparisonExperiment(
    name="action_space",
    question="How does learning slow down as the vocabulary grows?",
    tasks=tuple(TASKS.values()),
    variants=("reinforce", "baseline_mean", "baseline_loo", "entropy"),
    env_steps={task.name: 20_000 for task in TASKS.values()},
    evaluation=Evaluation(checkpoints=2, episodes=200),  # a checkpoint of 10 members at V = 10,000 holds 50 MB
    figures=(
        Sweep(
            "action_space",
            "Final score after equal steps against the size of the vocabulary",
            x={task.name: size for size, task in TASKS.items()},
            label="tokens to choose from",
            log=True,
        ),
    ),
    finding=SweepChange({task.name: size for size, task in TASKS.items()}, "tokens to choose from"),
    guide=(
        GuideCase("vocabulary", "10 to 1,000 tokens", tuple(TASKS[size].name for size in (10, 100, 1_000))),
        GuideCase("vocabulary", "10,000 tokens", (TASKS[10_000].name,)),
    ),
    small={
        "tasks": tuple(TASKS[size] for size in SIZES[:3]),
        "seeds": 2,
        "env_steps": {TASKS[size].name: 3_000 for size in SIZES[:3]},
    },
)
