"""The supervised twin of a policy gradient: maximum likelihood on labelled texts, as many as the other plays episodes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from algorithms.algorithm import Methods, TrainingPlan
from algorithms.estimators.rollout import Rollout
from algorithms.policies.actor_critic import ActorCritic
from algorithms.references.trained_reference import COMPOSITION, TrainedReference
from algorithms.training.learner import Learner
from algorithms.training.run import Run
from algorithms.training_config import TrainingConfig
from envs.api import Task
from envs.language.taught_mdp import Demonstrations, Taught, taught
from envs.text_mdp import PAD, TextMDP
from envs.validation import UsageError, check_least


@dataclass(frozen=True, kw_only=True)
class BehaviourCloning(TrainedReference):
    """Each rollout of N episodes stands for N labels of the task: the texts that they keep are imitated, the rest is lost.

    loss_p = - sum_t log pi(a_t | s_t) / number of tokens, over the texts kept (Ouyang et al. 2022, section 3.5)

    passes  over the texts of a rollout, a step each     rate  of learning
    """

    passes: int = 3
    rate: float = 3e-3

    def __post_init__(self) -> None:
        check_least(passes=(self.passes, 1))
        if not self.rate > 0:
            raise UsageError(f"rate must be above 0, not {self.rate}")

    @property
    def methods(self) -> Methods:
        return Methods(own_rate=True, steps_per_update=self.passes)

    def reason_unsupported(self, task: Task) -> str | None:
        """Why this task has no labelled texts; None if it has some."""
        return None if taught(task) is not None else "imitates labelled texts, and this task has none"

    def configure(self, training: TrainingConfig, task: Task) -> TrainingConfig:
        """The task's settings at this rate."""
        return replace(training, learning_rate=self.rate)

    @property
    def epochs(self) -> int:
        return self.passes

    def run(self, plan: TrainingPlan, device: str) -> Run:
        """A run with steps of likelihood; its episodes are played only to count them."""
        mdp = taught(plan.task)
        if mdp is None:
            raise ValueError(f"{plan.task.name}: {self.name} {self.reason_unsupported(plan.task)}")

        def learner(*parts: Any) -> ImitationLearner:
            return ImitationLearner(mdp, self.passes, *parts)

        return Run(
            plan.task, COMPOSITION, plan.training, plan.members, plan.env_steps, plan.evaluation, device, learner
        )


class ImitationLearner(Learner):
    """A learner that counts the episodes of a rollout, and imitates as many labelled texts."""

    diagnoses = False

    def __init__(self, mdp: Taught, passes: int, *parts: Any) -> None:
        super().__init__(*parts)
        self._mdp, self._passes = mdp, passes

    def learn(
        self,
        rollout: Rollout,
        shuffles: list[np.random.Generator],
        progress: Tensor | None = None,
        diagnosing: bool = False,
        exact_gradient: Tensor | None = None,
    ) -> None:
        """Take a step for each pass; each member draws its texts from its own generator."""
        labels = rollout.valid.shape[2]
        drawn = [self._mdp.demonstrate(labels, rng) for rng in shuffles]
        playing = rollout.valid.amax((0, 2))  # members whose budget is spent learn no more
        self.anneal(progress)
        for _ in range(self._passes):
            loss = imitation_loss(self.policy, self._mdp, drawn) * playing
            parameters = list(self.policy.parameters())
            self.policy.flat.set_gradient(torch.autograd.grad(loss.sum(), parameters, allow_unused=True))
            self.apply()


def imitation_loss(policy: ActorCritic, mdp: Taught, drawn: list[Demonstrations]) -> Tensor:
    """- log pi(a_t | s_t) [P], the mean over the tokens of each member's kept texts; 0 without any."""
    assert isinstance(mdp, TextMDP)
    device = policy.flat.values.device
    obs = torch.from_numpy(np.stack([texts.transcripts for texts in drawn])).to(device).permute(2, 0, 1)  # [L, P, n]
    kept = torch.from_numpy(np.stack([texts.kept for texts in drawn])).to(device)  # [P, n]
    written = obs[[mdp.position(t) for t in range(mdp.horizon)]]  # [T, P, n]
    logp = policy.outputs(obs, None, mdp.horizon).log_softmax(-1)
    chosen = logp.gather(-1, (written - mdp.first_action).clamp(min=0)[..., None])[..., 0]
    counted = ((written != PAD) & kept).to(chosen)
    return -(chosen * counted).sum((0, 2)) / counted.sum((0, 2)).clamp(min=1)
