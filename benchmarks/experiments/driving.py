"""Which variant drives best among other cars? A highway and a roundabout, in the settings of highway-env's scripts.

Nobody has published scores on these versions, so ours are not compared with any.
"""

from algorithms.training.evaluation import Evaluation
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.published import A2C, CONFIGURATIONS, IMPALA, PPO, REINFORCE

EXPERIMENT = ComparisonExperiment(
    name="driving",
    question="Which variant drives best among other cars, in published settings?",
    tasks=("Highway-v0", "Roundabout-v0"),
    variants=(REINFORCE, A2C, PPO, IMPALA),
    seeds=5,
    env_steps={"Highway-v0": 50_000, "Roundabout-v0": 50_000},
    configurations=CONFIGURATIONS,
    evaluation=Evaluation(checkpoints=10, episodes=20),
    small={
        "seeds": 2,
        "env_steps": {"Highway-v0": 2_000, "Roundabout-v0": 2_000},
        "evaluation": Evaluation(checkpoints=1, episodes=5),
    },
)
