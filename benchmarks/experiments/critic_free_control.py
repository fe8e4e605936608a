"""Can control do without a critic? Group baselines, with and without shared starts, against critics.

Two papers contradict each other. Chen et al. (2025, Group Policy Gradient, arXiv 2510.03679) find that group baselines match
or beat PPO. Oliveira et al. (2025, Learning Without Critics?, arXiv 2511.03527) find that a critic is needed except in short
episodes, and that small groups do better. `grpo_epochs_start_4` and PPO both make clipped steps, several to a rollout; they
differ in where the advantage comes from. Variants named `_start_4` compare the 4 episodes that begin in the same state. The
others compare all 8 of a rollout, each of which begins elsewhere. Each variant learns at its own rate.
"""

from algorithms import VARIANTS
from algorithms.training_config import Episodes
from algorithms.variant import Variant
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.guide_case import GuideCase
from benchmarks.findings.pairs.several_pairs import Pairs

TASKS = ("CartPole-v1", "Acrobot-v1", "Pendulum-v1", "MountainCarContinuous-v0")
ENVS = 8  # as the settings of these tasks have it


def same_start(name: str, group: int) -> Variant:
    """The variant with groups of this many episodes that begin in the same state."""
    parent = VARIANTS[name]
    return parent.rung(
        f"{name}_start_{group}",
        f"compares the {group} episodes that begin in the same state",
        promises=parent.promises,
        collection=Episodes(ENVS, group),
        shown_as=f"{parent.title}, {group} a start",
    )


CRITICS = ("gae", "ppo")
GROUPED = (
    same_start("baseline_loo", 4),
    same_start("rloo", 4),
    same_start("grpo", 4),
    same_start("grpo", 8),
    same_start("grpo_epochs", 4),
)
OTHERS = ("reinforce", "baseline_loo", "rloo", "grpo", "grpo_epochs", "reinforce_pp")
WITHOUT_CRITIC = (*OTHERS, *(variant.name for variant in GROUPED))
VARIANTS_COMPARED = (*OTHERS, *GROUPED, *CRITICS)

EXPERIMENT = ComparisonExperiment(
    name="critic_free_control",
    question="Can classic control do without a critic?",
    tasks=TASKS,
    variants=VARIANTS_COMPARED,
    seeds=20,
    env_steps=dict.fromkeys(TASKS, 100_000),
    protocol="critic_free",
    baseline="ppo",
    finding=Pairs(
        (("ppo", "grpo_epochs_start_4"), ("gae", "rloo_start_4"), ("gae", "baseline_loo_start_4")),
        "with a critic",
        "without",
    ),
    guide=(
        GuideCase("critic", "classic control, with a critic or without", TASKS),
        GuideCase("critic", "classic control, no critic", TASKS, WITHOUT_CRITIC),
    ),
    small={
        "tasks": ("CartPole-v1",),
        "variants": (same_start("grpo_epochs", 4), "ppo"),
        "seeds": 2,
        "env_steps": {"CartPole-v1": 3_000},
    },
)
