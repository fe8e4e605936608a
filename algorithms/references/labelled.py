"""Learning from labelled texts of the policy that training begins with, beside the policy gradient.

A member plays texts once and has them labelled. Then it takes a step on a minibatch of them wherever a variant takes a step
on new texts, and is charged the tokens of one rollout for it: equal budgets are equally many steps.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, Protocol, get_args, runtime_checkable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from algorithms.algorithm import Methods, TrainingPlan
from algorithms.estimators.rollout import Rollout, select
from algorithms.language.stage import Stream, streams
from algorithms.policies.actor_critic import ActorCritic
from algorithms.references.trained_reference import COMPOSITION, TrainedReference
from algorithms.training.actor import Actor
from algorithms.training.build import build_policy
from algorithms.training.collector import Collector
from algorithms.training.observation_normaliser import Identity
from algorithms.training.records import Record, TrainingEvent
from algorithms.training.run import Run
from algorithms.training.state import RunState
from envs.api import Factory, Task, Transcript
from envs.custom.faults import CheckedVecEnv
from envs.seeding import Role, stream
from envs.validation import UnknownName, check_between, check_least

Judge = Literal["gold", "paid"]
LARGEST = 700.0  # e to a larger power is no number of float64


@runtime_checkable
class HasGold(Protocol):
    """A task that can pay its true reward instead of the one that it trains on."""

    def paid_by_gold(self) -> Factory | None:
        """The same task, paid by gold and without a KL; None where gold is what it pays."""


def paid_by_gold(task: Task) -> Factory | None:
    """The task as it pays gold; None if it has no reward besides the one that it pays."""
    return task.factory.paid_by_gold() if isinstance(task.factory, HasGold) else None


@dataclass(frozen=True, kw_only=True)
class Labelled(TrainedReference):
    """labels: labelled items of each member; judge: who labels, gold or what the task pays."""

    labels: int = 256
    judge: Judge = "gold"

    methods = Methods(steps_per_update=1)

    def __post_init__(self) -> None:
        if self.judge not in get_args(Judge):
            raise UnknownName("judge", self.judge, get_args(Judge))
        check_least(labels=(self.labels, 1))

    # ---- what a way of learning defines

    @property
    @abstractmethod
    def group(self) -> int:
        """Texts of one prompt that a label compares."""

    @property
    @abstractmethod
    def counted(self) -> dict[str, float]:
        """What labels of each kind a member has used, by name."""

    @abstractmethod
    def label(self, texts: Rollout, value: Tensor, rngs: list[np.random.Generator]) -> Tensor:
        """Places [P, labels, k] of the texts that each label is about, from the judge's values [P, labels x group]."""

    @abstractmethod
    def loss(self, policy: ActorCritic, texts: Rollout, k: int) -> Tensor:
        """The loss [P] of a minibatch: texts [.., P, B k], those of a label side by side."""

    def reason_unsupported(self, task: Task) -> str | None:
        """Why the task cannot be learned from labels; None if it can."""
        if not isinstance(task.spec.observation, Transcript):
            return "learns from labelled texts, and this task has none"
        if self.judge == "gold" and paid_by_gold(task) is None:
            return "learns from labels by gold, and this task has no reward besides the one that it pays"
        return None

    def run(self, plan: TrainingPlan, device: str) -> Run:
        """A run whose updates are steps on labelled texts."""
        return LabelledRun(self, plan, device)

    def train(self, plan: TrainingPlan, device: str = "cpu", state: RunState | None = None) -> Iterator[TrainingEvent]:
        """Train like a variant; each Record counts the labels."""
        for event in super().train(plan, device, state):
            yield replace(event, measures=event.measures | self.counted) if isinstance(event, Record) else event


@dataclass(frozen=True, kw_only=True)
class Imitation(Labelled):
    """Maximum likelihood of the best of `candidates` texts of a prompt: supervised fine-tuning on n demonstrations.

    loss = - mean over texts of 1/T sum_t log pi(a_t | s_t)       (Ouyang et al. 2022, section 3.5)
    """

    candidates: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        check_least(candidates=(self.candidates, 1))

    @property
    def group(self) -> int:
        return self.candidates

    @property
    def counted(self) -> dict[str, float]:
        if self.judge == "gold":
            return {"demonstrations": float(self.labels)}
        return {"rewarded texts": float(self.labels * self.candidates)}

    def label(self, texts: Rollout, value: Tensor, rngs: list[np.random.Generator]) -> Tensor:
        best = value.view(len(value), -1, self.group).argmax(2)
        return (torch.arange(self.labels, device=best.device) * self.group + best)[..., None]

    def loss(self, policy: ActorCritic, texts: Rollout, k: int) -> Tensor:
        logp = log_probabilities(policy, texts)
        return -(logp / texts.valid.sum(0)).mean(1)


@dataclass(frozen=True, kw_only=True)
class Preference(Labelled):
    """Direct preference optimisation on n pairs (Rafailov et al. 2023, equation 7).

    loss = - mean log sigmoid(beta [log pi/mu (chosen) - log pi/mu (rejected)]), mu the policy that training begins with.
    The first text of a pair is chosen with sigmoid(sharpness (value_1 - value_2)), and a share `noise` of labels is turned.
    """

    beta: float = 0.1
    sharpness: float = 4.0
    noise: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_between(noise=(self.noise, 0, 0.5))
        if not self.beta > 0 or not self.sharpness > 0:
            raise ValueError(f"beta and sharpness must be above 0, not {self.beta} and {self.sharpness}")

    @property
    def group(self) -> int:
        return 2

    @property
    def counted(self) -> dict[str, float]:
        return {"comparisons": float(self.labels)}

    def label(self, texts: Rollout, value: Tensor, rngs: list[np.random.Generator]) -> Tensor:
        pairs = value.view(len(value), -1, 2).cpu().numpy()
        draws = np.stack([rng.random((2, self.labels)) for rng in rngs])  # [P, 2, labels]
        gap = np.clip(self.sharpness * (pairs[..., 0] - pairs[..., 1]), -LARGEST, LARGEST)
        chance = 1 / (1 + np.exp(-gap))
        second = (draws[:, 0] >= chance) ^ (draws[:, 1] < self.noise)
        places = np.stack([second, ~second], 2).astype(np.int64) + 2 * np.arange(self.labels)[:, None]
        return torch.from_numpy(places).to(value.device)

    def loss(self, policy: ActorCritic, texts: Rollout, k: int) -> Tensor:
        ratio = log_probabilities(policy, texts) - (texts.logp * texts.valid).sum(0)
        chosen, rejected = ratio.view(len(ratio), -1, k).unbind(2)
        return -functional.logsigmoid(self.beta * (chosen - rejected)).mean(1)


def log_probabilities(policy: ActorCritic, texts: Rollout) -> Tensor:
    """log pi of the actions of each text [P, n], with a gradient."""
    many = policy.log_prob_entropy(texts.obs, texts.action_mask, texts.action)
    if many is None:
        out = policy.outputs(texts.obs, texts.action_mask, len(texts.valid))
        return (policy.head.log_prob(out, texts.action) * texts.valid).sum(0)
    return (many[0] * texts.valid).sum(0)


class LabelledRun(Run):
    """A run whose updates are steps on minibatches of labelled texts, which were played before it begins."""

    def __init__(self, learner: Labelled, plan: TrainingPlan, device: str) -> None:
        super().__init__(
            plan.task, COMPOSITION, plan.training, plan.members, plan.env_steps, plan.evaluation, device
        )  # fmt: skip
        self._labelled = learner

    @cached_property
    def _texts(self) -> tuple[Rollout, Tensor]:
        """All texts of each member [.., P, n group], and the places [P, n, k] of those that the labels are about."""
        task, seeds, purpose = self.task, self.members.seeds, self.members.purpose
        factory = task.factory
        if self._labelled.judge == "gold":
            factory = paid_by_gold(task) or factory
        count, group = self._labelled.labels * self._labelled.group, self._labelled.group
        starts = [stream(s, Role.STAGE, int(Stream.LABELLED_STARTS), purpose=purpose) for s in seeds]
        env = CheckedVecEnv(factory.make(starts, count, group), task.name, starts, count)
        begin = build_policy(task, COMPOSITION, self.training, self.members, self.device)
        acting = streams(seeds, Stream.LABELLED_ACTIONS, purpose=purpose)
        actor = Actor(env, begin, Identity(), acting, self.device)
        texts = actor.rollout(actor.play(np.ones(len(seeds), np.bool_)), 1.0, 1.0, group)
        env.close()
        value = (texts.reward * texts.valid).sum(0)
        return texts, self._labelled.label(texts, value, streams(seeds, Stream.LABELS, purpose=purpose))

    def _one_update(self, collector: Collector, shuffles: list[np.random.Generator]) -> None:
        texts, places = self._texts
        playing = self.playing
        count, k = places.shape[1:]
        size = max(1, min(count, self.training.collection.envs // k))
        chosen = torch.from_numpy(np.stack([rng.choice(count, size, replace=False) for rng in shuffles]))
        columns = places.gather(1, chosen.to(places.device)[..., None].expand(-1, -1, k)).flatten(1)
        picked = {name: select(x, columns) for name, x in texts.tensors().items()}
        loss = self._labelled.loss(self.policy, replace(texts, **picked), k)  # type: ignore[arg-type]
        parameters = list(self.policy.parameters())
        self.policy.flat.set_gradient(torch.autograd.grad(loss.sum(), parameters, allow_unused=True))
        self.learner.apply()
        self.env_steps += playing * self.training.collection.envs * self.task.spec.horizon
        self.updates += playing
        self.update += 1
