"""How many seconds does asynchrony save, and where? Steps that are cheap, that compute for 1 ms, and that wait for 1 ms."""

from dataclasses import replace

from algorithms.composition import Processes, Schedule
from algorithms.training.evaluation import Evaluation
from algorithms.training_config import Episodes, Unroll
from algorithms.variant import Variant
from algorithms.variants import async_vtrace
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.figures.throughput import Throughput
from benchmarks.findings.throughput import Speedup
from envs import TASKS
from envs.delayed import delayed

MILLISECOND = 0.001
TEXT = TASKS["dyck/small"]
COMPUTED, WAITED = (delayed(TEXT, MILLISECOND, kind) for kind in ("computes", "waits"))
SYNCHRONOUS, TWO = "synchronous", "2 actors"


def _configured(name: str, summary: str, schedule: Schedule) -> Variant:
    """One estimator (on policy, V-trace is the lambda-return), one rate and one batch; who plays differs alone."""
    return replace(
        async_vtrace.VARIANT,
        name=name,
        summary=summary,
        schedule=schedule,
        collection=Unroll(steps=32, envs=16),
        fixed=(("learning_rate", 0.005), ("collection", Episodes(envs=8))),
        parent=None,
        changes="",
        needs=(),
        shown_as="",
    )


VARIANTS = (
    _configured(SYNCHRONOUS, "plays and learns in turn, in one process", Schedule()),
    _configured("1 actor", "one process plays while one learns", Schedule(processes=Processes(actors=1))),
    _configured(TWO, "two processes play while one learns", Schedule(processes=Processes(actors=2))),
    _configured("4 actors", "four processes play while one learns", Schedule(processes=Processes(actors=4))),
    _configured(
        "Hogwild, 2",
        "two processes play and learn, on parameters that they share without a lock",
        Schedule(processes=Processes(actors=2, hogwild=True)),
    ),
)

EXPERIMENT = ComparisonExperiment(
    name="async_throughput",
    question="How many seconds does asynchrony save, and where?",
    tasks=("CartPole-v1", TEXT, COMPUTED, WAITED),
    variants=VARIANTS,
    seeds=5,
    block=1,
    one_at_a_time=True,
    env_steps={"CartPole-v1": 80_000, TEXT.name: 5_000, COMPUTED.name: 5_000, WAITED.name: 5_000},
    evaluation=Evaluation(checkpoints=25, episodes=20, greedy=False),
    baseline=SYNCHRONOUS,
    figures=(
        Throughput(
            "async_throughput",
            "Environment steps a second, and seconds of training until the return is at the task's threshold, by who plays. "
            "One seed a run, one run after another. The clock starts when all actors are ready and stops during evaluation",
            baseline=SYNCHRONOUS,
        ),
    ),
    finding=Speedup(SYNCHRONOUS, TWO),
    small={
        "tasks": (TEXT, WAITED),
        "variants": (VARIANTS[0], VARIANTS[2]),
        "seeds": 2,
        "env_steps": {TEXT.name: 500, WAITED.name: 500},
    },
)
