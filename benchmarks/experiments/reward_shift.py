"""What does a constant added to every return cost? Nothing on average, much in variance: the case for a baseline."""

from benchmarks.experiment import Experiment

EXPERIMENT = Experiment(
    name="reward_shift",
    question="What does a constant added to every return cost, with and without a baseline?",
    tasks=("transduce/copy-small", "transduce/copy-shifted"),
    variants=("reinforce", "reward_to_go", "baseline_mean", "baseline_loo", "baseline_value", "random", "optimal"),
    env_steps=dict.fromkeys(("transduce/copy-small", "transduce/copy-shifted"), 60_000),
    small={"seeds": 2, "env_steps": dict.fromkeys(("transduce/copy-small", "transduce/copy-shifted"), 5_000)},
)
