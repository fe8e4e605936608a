"""An experiment that measures gradients: each measurement is an estimator at one policy of a task, many replicates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from torch import Tensor

from algorithms.conformance import gradient_quality as laboratory
from algorithms.conformance.exact import moments as enumerated
from algorithms.conformance.exact.drift import drifted
from algorithms.conformance.exact.off_policy import Listing, exact_moments, exact_quality, list_episodes
from algorithms.training.returns.exact_return import ExactReturn
from algorithms.training_config import Episodes, TrainingConfig
from algorithms.variant import Variant
from benchmarks.design.identity import canonical
from benchmarks.design.own.model_flags import NO_MODEL
from benchmarks.store.descriptions import digest
from benchmarks.store.file_names import file_safe
from benchmarks.store.files import save_json
from envs.api import Task
from envs.validation import look_up

LABORATORY_VERSION = 1  # raise it when a change of code, or of a field's default, moves measurements
FIXED_POLICIES = "whose policies are fixed; --variants narrows it"
UNSUPPORTED = {
    **dict.fromkeys(("tasks", "seeds", "env-steps"), FIXED_POLICIES),
    **dict.fromkeys(("floor", "ceiling", "threshold", "env-kwargs"), "whose tasks are its own"),
    **dict.fromkeys(("save-policies", "tuned", "log"), "which trains no policies"),
    **dict.fromkeys(
        ("baseline", "adaptive", "import", "set", "select-rates", "name"), "which compares no learning curves"
    ),
    **NO_MODEL,
}


@dataclass(frozen=True)
class GaussianParameters:
    """An actor whose parameters are Gaussian with this deviation."""

    noise: float = 0.5
    seed: int = 0

    def actor(self, task: Task, training: TrainingConfig) -> Tensor:
        return laboratory.gaussian_parameters(task, training, self.noise, self.seed)


@dataclass(frozen=True)
class ExactAscent:
    """An actor after so many steps of exact gradient ascent from nearly uniform."""

    updates: int

    def actor(self, task: Task, training: TrainingConfig) -> Tensor:
        return laboratory.exact_ascent(task, training, self.updates)


PolicyChoice = GaussianParameters | ExactAscent


@lru_cache(maxsize=2)
def _listing(task: Task, training: TrainingConfig, where: PolicyChoice, drift: float | None) -> Listing:
    """The episodes under mu at `where` and pi `drift` nats away: the same for all estimators that are measured there."""
    mu = where.actor(task, training)
    return list_episodes(task, training, mu, mu if drift is None else drifted(task, training, mu, drift))


@dataclass(frozen=True)
class Measurement:
    """Gradients of one estimator at one policy.

    replicates  how many gradients are drawn; 0: none, all are listed      fitted  rollouts that a critic has learned from
    drift       the rollouts are from mu at `where`, and the policy that learns is KL(mu || pi) = drift nats further along
                exact ascent; None: it is mu
    """

    task: Task
    variant: Variant
    training: TrainingConfig
    where: PolicyChoice
    replicates: int
    fitted: int = 0
    drift: float | None = None

    @property
    def digest(self) -> str:
        """Hash of everything that its numbers depend on."""
        return digest(canonical(self), laboratory_version=LABORATORY_VERSION)

    @property
    def file_name(self) -> str:
        """Readable, and unique by its digest."""
        task = file_safe(self.task.name)
        return f"{task}__{self.variant.name}__{self.digest}.json"

    @property
    def label(self) -> str:
        return f"{self.task.name} x {self.variant.name}"

    @property
    def group(self) -> int:
        """Episodes of a group."""
        assert isinstance(self.training.collection, Episodes)
        return self.training.collection.group

    @property
    def env_steps(self) -> int:
        """Of one replicate."""
        assert isinstance(self.training.collection, Episodes)
        return self.training.collection.envs * self.task.spec.horizon

    def measure(self, on_drawn: Callable[[int], None] = lambda drawn: None) -> dict[str, float]:
        """Quality's fields, and the exact return and gradient norm of the policy. `on_drawn`: of replicates so far."""
        task, variant, training = self.task, self.variant, self.training
        mu = self.where.actor(task, training)
        actor = mu if self.drift is None else drifted(task, training, mu, self.drift)
        exact_gradient = laboratory.exact_gradient(task, training, actor)
        if self.replicates:
            critic = None
            if self.fitted:
                critic = laboratory.fitted_critic(task, variant, training, actor, self.fitted)
            on_drawn(0)  # what came before takes a share of its own
            behaviour = None if self.drift is None else mu
            samples = laboratory.replicates(
                task,
                variant,
                training,
                actor,
                self.replicates,
                critic=critic,
                on_drawn=on_drawn,
                behaviour=behaviour,
            )
            quality = laboratory.quality(samples, exact_gradient)
        else:
            listing = _listing(task, training, self.where, self.drift)
            moments = exact_moments(variant.estimator, listing, training, task.spec.horizon)
            quality = exact_quality(moments, exact_gradient)
        value = float(ExactReturn(task).value(laboratory.one_policy(task, training, actor))[0])
        return {**asdict(quality), "return": value, "gradient": float(exact_gradient.norm())}

    def write(
        self, path: Path, origin: Mapping[str, object], on_drawn: Callable[[int], None] = lambda drawn: None
    ) -> None:
        """Measure and write to `path`; nothing is kept of an interrupted measurement."""
        measured = self.measure(on_drawn)
        provenance = {**origin, "laboratory_version": LABORATORY_VERSION}
        save_json(path, {"found": measured, "cell": canonical(self), "provenance": provenance})


@dataclass(frozen=True)
class AxisPoint:
    """Where a figure shows a measurement: the axis, the value on it, and the label of that value."""

    axis: str
    x: float
    label: str
    measurement: Measurement


@dataclass(frozen=True)
class ExactNumbers:
    """Numbers without samples that the figures show next to the measurements."""

    crossover: tuple[tuple[str, Task, tuple[int, ...]], ...] = ()  # (line, task, steps of ascent)
    kl: tuple[Task, ...] = ()
    noises: tuple[float, ...] = (0.2, 0.5, 1.0)
    groups: tuple[int, ...] = (2, 4, 8)


@dataclass(frozen=True)
class GradientExperiment:
    """An experiment whose cells are measurements of gradients."""

    name: str
    question: str
    training: TrainingConfig
    points: tuple[AxisPoint, ...]
    exact: ExactNumbers
    small: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tasks(self) -> tuple[Task, ...]:
        return tuple({p.measurement.task.name: p.measurement.task for p in self.points}.values())

    @property
    def variants(self) -> tuple[Variant, ...]:
        return tuple({p.measurement.variant.name: p.measurement.variant for p in self.points}.values())

    @property
    def task_names(self) -> tuple[str, ...]:
        return tuple(task.name for task in self.tasks)

    @property
    def variant_names(self) -> tuple[str, ...]:
        return tuple(variant.name for variant in self.variants)

    @property
    def measurements(self) -> list[Measurement]:
        """Each once: several axes may share a measurement."""
        return list({p.measurement.digest: p.measurement for p in self.points}.values())

    def smoke(self) -> Self:
        return replace(self, **self.small)

    def unsupported(self) -> Mapping[str, str]:
        return UNSUPPORTED

    def select_variants(self, names: Sequence[str]) -> Self:
        """With the measurements of these variants alone. UnknownName for a name that has none here."""
        for name in names:
            look_up(dict.fromkeys(self.variant_names), name, f"variant of {self.name}")
        return replace(self, points=tuple(p for p in self.points if p.measurement.variant.name in names))


def crossover_rows(exact: ExactNumbers, training: TrainingConfig) -> list[dict[str, object]]:
    """Variance of RLOO over REINFORCE's along exact ascent: a row a line, group size and step."""
    rows: list[dict[str, object]] = []
    for line, task, steps in exact.crossover:
        for updates in steps:
            actor = ExactAscent(updates).actor(task, training)
            every = enumerated.enumerate_scores(task, training, actor)
            score = float(task.scale.read(laboratory.exact_return(task, training, actor)))
            for k in exact.groups:
                ratio = enumerated.rloo_variance(every, k) / enumerated.reinforce_variance(every, k)
                rows.append({"reward": line, "K": k, "updates": updates, "score": score, "ratio": ratio})
    return rows
