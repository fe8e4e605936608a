"""Which learning rate is best for each variant under each kind of policy of `transfer`?"""

from dataclasses import replace

from algorithms.training.evaluation import Evaluation
from benchmarks.design.settings import RATES
from benchmarks.experiments import transfer
from benchmarks.experiments.rlhf_exact import FIRST
from envs.seeding import Purpose

EXPERIMENT = replace(
    transfer.EXPERIMENT,
    name="transfer_rates",
    question="Which learning rate can each variant bear under each kind of policy?",
    seeds=3,
    env_steps=dict.fromkeys(transfer.NAMES.values(), 10_000) | dict.fromkeys(FIRST, 1_056),
    evaluation=Evaluation(checkpoints=5, episodes=10),
    purpose=Purpose.SELECTION,
    rates=(*RATES, 0.1, 0.3),  # tables and linear policies bear more than networks
    figures=(),
    finding=None,
    guide=(),
    baseline=None,
    small={**transfer.EXPERIMENT.small, "seeds": 1, "variants": ("reinforce", "rloo")},
)
