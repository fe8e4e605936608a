"""How good is each estimator's gradient? Bias, variance, signal and direction, against the exact gradient."""

from __future__ import annotations

from dataclasses import replace

from algorithms import VARIANTS
from algorithms.estimators.credit import LambdaReturn
from algorithms.estimators.entropy_bonus import Constant
from algorithms.policies.networks.gru import GRU
from algorithms.training_config import Episodes, TrainingConfig
from algorithms.variant import Variant
from benchmarks.design.gradient_experiment import (
    AxisPoint,
    ExactAscent,
    ExactNumbers,
    GaussianParameters,
    GradientExperiment,
    Measurement,
    PolicyChoice,
)
from benchmarks.experiments.estimators import LEARNERS
from envs.api import Task
from envs.text.bandit import Bandit
from envs.text.lexicon import Lexicon
from envs.text.lock import Lock
from envs.text.transduce import Transduce
from envs.text_env import text_task

REPLICATES = 2_000
GAUSSIAN = GaussianParameters(0.5)
TRAINING = TrainingConfig(network=GRU(6), collection=Episodes(16, 4), learning_rate=0.01)
DENSE, TERMINAL, EXACT = (
    text_task(f"copy {mode}", Transduce(symbols=3, length=3, reward_mode=mode))
    for mode in ("dense", "terminal", "exact")
)
LOCK = text_task("lock", Lock(length=2, vocabulary=4, locks=2))
SHIFTS = {
    shift: text_task(f"copy +{shift:g}", Transduce(symbols=3, length=3, reward_shift=shift)) for shift in (1.0, 10.0)
}
HORIZONS = {n: text_task(f"copy L={n}", Transduce(symbols=2, length=n)) for n in (1, 2, 3, 4, 5)}
VOCABULARY = {
    n: text_task(f"bandit V={n}", Bandit(arms=n, contexts=1, best=0.9, gap=0.9)) for n in (2, 4, 8, 16, 32, 64)
}
RATES = {
    p: text_task(f"success {p:g}", Bandit(arms=2, contexts=1, best=2 * p, gap=2 * p)) for p in (0.02, 0.05, 0.1, 0.25)
}
RATES[0.5] = text_task("success 0.5", Bandit(arms=2, contexts=1, best=1.0, gap=1.0))

# an entropy bonus changes the objective, so its gradient has nothing to be compared with; a nucleus changes who acts; a
# natural gradient is no estimate of grad J. Presets are measured at the group size of all
LEFT_OUT = ("entropy", "entropy_annealed", "entropy_target", "nlpo", "npg")
ESTIMATORS = tuple(name for name in LEARNERS if name not in LEFT_OUT)
SUBSET = (
    "reinforce",
    "reward_to_go",
    "baseline_mean",
    "baseline_loo",
    "baseline_value",
    "gae",
    "rloo",
    "optimal_const",
    "scst",
    "grpo",
)
LAMBDAS = (0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0)
FITTED = (0, 50, 500)


def _point(
    axis: str,
    x: float,
    label: str,
    task: Task,
    variant: Variant,
    envs: int = 16,
    group: int = 4,
    where: PolicyChoice = GAUSSIAN,
    replicates: int = REPLICATES,
    fitted: int | None = None,
) -> AxisPoint:
    if fitted is None:
        fitted = FITTED[1] if variant.estimator.baseline.critic else 0
    training = replace(TRAINING, collection=Episodes(envs, group))
    return AxisPoint(axis, x, label, Measurement(task, variant, training, where, replicates, fitted))


def _gae_with_lambda(lam: float) -> Variant:
    gae = VARIANTS["gae"]
    return replace(
        gae, name=f"gae {lam:g}", shown_as=f"GAE {lam:g}", estimator=replace(gae.estimator, credit=LambdaReturn(lam))
    )


def build_points(
    family: tuple[str, ...],
    subset: tuple[str, ...],
    replicates: int,
    lambdas: tuple[float, ...] = LAMBDAS,
    longest: int = 9,
) -> tuple[AxisPoint, ...]:
    """Everything that is measured, with at most `longest` points an axis."""
    points: list[AxisPoint] = []

    def add(axis: str, x: float, label: str, task: Task, variant: Variant, **where: object) -> None:
        points.append(_point(axis, x, label, task, variant, replicates=replicates, **where))  # type: ignore[arg-type]

    for name in family:
        for x, task in enumerate((DENSE, EXACT, LOCK)):
            add("estimator", x, task.name, task, VARIANTS[name])
    for name in subset:
        variant = VARIANTS[name]
        for envs in (4, 8, 16, 32, 64)[:longest]:
            add("episodes of a batch", envs, str(envs), DENSE, variant, envs=envs)
        for group in (2, 4, 8, 16)[:longest]:
            add("episodes of a group", group, str(group), DENSE, variant, group=group)
        for horizon, task in list(HORIZONS.items())[:longest]:
            add("horizon", horizon, str(horizon), task, variant)
        for arms, task in list(VOCABULARY.items())[:longest]:
            add("vocabulary", arms, str(arms), task, variant)
        for x, task in enumerate((DENSE, TERMINAL, EXACT)[:longest]):
            add("reward", x, task.name.removeprefix("copy "), task, variant)
        for shift, task in [(0.0, DENSE), *SHIFTS.items()][:longest]:
            add("constant in the reward", shift, f"{shift:g}", task, variant)
        for updates in (0, 20, 60, 150, 400)[:longest]:
            add("steps of exact ascent", updates, str(updates), DENSE, variant, where=ExactAscent(updates))
    for fitted in FITTED[:longest]:
        for lam in lambdas:
            add("lambda", lam, f"critic fitted to {fitted} rollouts", DENSE, _gae_with_lambda(lam), fitted=fitted)
    # the deviation alone, with sums over tokens: grpo without the division by length
    ratio = replace(VARIANTS["grpo"].estimator, entropy=Constant())
    for group in (2, 8):
        for p, task in list(RATES.items())[:longest]:
            variant = replace(VARIANTS["grpo"], name=f"grpo G={group}", shown_as=f"GRPO G={group}", estimator=ratio)
            add("success", p, f"G={group}", task, variant, envs=4 * group, group=group, where=GaussianParameters(0.0))
    return tuple(points)


def _copy(mode: str, symbols: int, length: int) -> Task:
    return text_task(f"copy {mode} L={length}", Transduce(symbols=symbols, length=length, reward_mode=mode))


STEPS = (0, 10, 20, 30, 45, 70, 120, 250, 500)
WORDS = Lexicon(words=3, length=3, topics=2, beta=1.0)

EXPERIMENT = GradientExperiment(
    name="gradient_quality",
    question="How good is each estimator's gradient, measured against the exact one?",
    training=TRAINING,
    points=build_points(ESTIMATORS, SUBSET, REPLICATES),
    exact=ExactNumbers(
        crossover=(
            ("copy, paid by the symbol", _copy("dense", 4, 2), STEPS),
            ("copy, all or nothing", _copy("exact", 4, 2), STEPS),
            ("lock, all or nothing", LOCK, STEPS),
        ),
        kl=(text_task("lexicon V=3 L=3", WORDS),),
    ),
    small={
        "points": build_points(("reinforce", "rloo", "dr_grpo"), ("reinforce", "rloo"), 200, (0.0, 0.95), 2),
        "exact": ExactNumbers(
            crossover=(("copy, all or nothing", _copy("exact", 3, 1), (0, 40)),),
            kl=(text_task("lexicon V=3 L=2", replace(WORDS, length=2)),),
            noises=(0.7,),
            groups=(2, 4),
        ),
    },
)
