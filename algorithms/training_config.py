"""The settings that all variants of a comparison share: network, optimiser, discount, collection and others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from algorithms.estimators.optimisers import Adam, Optimiser
from algorithms.policies.api import KnowsMemory, Network
from algorithms.policies.distributions import Actions
from algorithms.policies.exploration import GSDE, Exploration, Independent, continuous
from algorithms.tunable import Choice, Context, Number, Range, as_vector, tunable, with_critic
from envs.api import Box, Discrete, Spec, Task, Transcript
from envs.control.actions import reason_unbounded
from envs.seeding import reason_unshared
from envs.validation import UnknownName


@dataclass(frozen=True)
class Episodes:
    """Every update plays one episode in each of a member's `envs` environments; `group` neighbours share their starts.

    The start of a text is its prompt. On control tasks a group of 1 means that all environments of a member
    are compared with each other, each with a start of its own.
    """

    envs: int = tunable(16, Choice((8, 16, 32, 64)))
    group: int = 1

    def __post_init__(self) -> None:
        if self.group < 1 or self.envs < 1 or self.envs % self.group:
            raise ValueError(f"{self.envs} environments cannot be split into groups of {self.group}")


@dataclass(frozen=True)
class Unroll:
    """Every update plays a window of `steps` in each of `envs` auto-resetting environments; its last row bootstraps."""

    steps: int = tunable(5, Choice((5, 16, 32)))
    envs: int = tunable(64, Choice((16, 32, 64)))

    def __post_init__(self) -> None:
        if self.steps < 1 or self.envs < 1:
            raise ValueError(f"needs 1 step and 1 environment at least, not {self.steps} and {self.envs}")


Collection = Episodes | Unroll
Clipped = Literal["together", "apart"]


def _clipping(training: TrainingConfig, context: Context) -> bool:
    """Whether gradients are clipped."""
    return as_vector(training.max_grad_norm) != float("inf")


def _independent(training: TrainingConfig, context: Context) -> bool:
    """Whether actions are normal and exploration Independent, which alone have this standard deviation."""
    normal = training.actions != "beta" and isinstance(training.exploration, Independent)
    return continuous(training, context) and normal


@dataclass(frozen=True)
class TrainingConfig:
    """Settings that a comparison holds fixed.

    discount      gamma of the learner (Task.gamma defines the score)
    anneal        share by which the learning rates fall linearly over the budget; 1 (True): to 0
    critic_rate   the critic's learning rate as a multiple of the actor's
    reward_scale  rewards are multiplied by it before learning (scores are not), after normalise_returns
    initial_log_std  log standard deviation of Independent exploration at the start
    segment       updates between two points from which a killed run resumes; environments are rebuilt there
    exploration   of continuous actions: Independent, or GSDE (algorithms.policies.exploration)
    actions       real-valued actions: normal in units of the environment (raw) or of its box (scaled), or under a tanh
                  (squashed), or Beta distributed over the box (beta); the environment clips raw and scaled ones
    normalise_returns  divide rewards by the running deviation of each member's discounted returns
                  (algorithms.training.reward_normaliser)
    clipped       whether max_grad_norm limits the gradient of actor and critic together, or of each separately
    """

    network: Network
    optimiser: Optimiser = field(default_factory=Adam)
    learning_rate: float = tunable(1e-3, Range(1e-4, 1e-1, log=True))
    max_grad_norm: Number = tunable(float("inf"), Range(0.1, 10, log=True), when=_clipping)
    discount: Number = tunable(1.0, Range(0.9, 1.0))
    value_coefficient: Number = tunable(0.5, Range(0.1, 2, log=True), when=with_critic)
    critic_rate: Number = tunable(1.0, Range(0.1, 10, log=True), when=with_critic)
    reward_scale: float = 1.0
    normalise_observations: bool = False
    initial_log_std: Number = tunable(0.0, Range(-2, 1), when=_independent)
    collection: Collection = field(default_factory=Episodes)
    segment: int = 50
    anneal: bool | float = False
    exploration: Exploration = field(default_factory=Independent)
    actions: Actions = "raw"
    normalise_returns: bool = False
    clipped: Clipped = "together"

    def __post_init__(self) -> None:
        for name in ("learning_rate", "max_grad_norm", "critic_rate", "reward_scale", "segment"):
            if not as_vector(getattr(self, name)) > 0:
                raise ValueError(f"{name} must be positive, not {getattr(self, name)}")
        for name in ("learning_rate", "critic_rate", "reward_scale"):
            if not as_vector(getattr(self, name)) < float("inf"):
                raise ValueError(f"{name} must be finite, not {getattr(self, name)}")
        if not 0 <= as_vector(self.discount) <= 1:
            raise ValueError(f"discount must lie in [0, 1], not {self.discount}")
        if not 0 <= self.anneal <= 1:
            raise ValueError(f"anneal must lie in [0, 1], not {self.anneal}")
        if self.actions not in get_args(Actions):
            raise UnknownName("kind of actions", self.actions, get_args(Actions))
        if self.clipped not in get_args(Clipped):
            raise UnknownName("way of clipping", self.clipped, get_args(Clipped))
        if isinstance(self.exploration, GSDE) and self.actions == "beta":
            raise ValueError("GSDE explores around the mean of a normal, and beta actions have another distribution")
        if isinstance(self.exploration, GSDE) and isinstance(self.initial_log_std, float) and self.initial_log_std:
            raise ValueError("initial_log_std is that of Independent exploration; GSDE has its own (exploration)")

    def reason_unsupported(self, task: Task) -> str | None:
        """Why the task cannot be trained with these settings; None if it can."""
        spec, action = task.spec, task.spec.action
        shared = isinstance(self.collection, Episodes) and self.collection.group > 1
        if shared and (reason := reason_unshared(task.factory)):
            return reason
        if not isinstance(action, Box) and isinstance(self.exploration, GSDE):
            return "explores by GSDE, and this task's actions are discrete"
        if reason := reason_unfit(self.actions, action):
            return reason
        if self.normalise_returns and isinstance(spec.observation, Transcript):
            return "normalises returns, and texts pay a KL in units of the reward"
        return None

    def check_memory(self, spec: Spec, members: int, critic: bool, device: str = "cpu") -> None:
        """UsageError where it is known that a device has too little free memory to train so many members."""
        if isinstance(self.network, KnowsMemory):
            self.network.check_memory(spec, members, self.collection.envs, critic, device)


def reason_unfit(actions: Actions, space: Box | Discrete) -> str | None:
    """Why actions of this kind do not fit the task's; None if they do."""
    if actions == "raw":
        return None
    if not isinstance(space, Box):
        return f"has {actions} actions, and this task's are discrete"
    if why := reason_unbounded(space):
        return f"has {actions} actions, and the bounds of this task's {why}"
    if any(low == high for low, high in zip(space.low, space.high, strict=True)):
        return f"has {actions} actions, and one of this task's can have only one value"
    return None
