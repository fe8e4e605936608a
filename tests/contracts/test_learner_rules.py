"""The learner passes the conformance kit with every variant, and deliberately wrong twins of it do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from algorithms import VARIANTS
from algorithms.conformance import learner as conformance_learner
from algorithms.estimators.loss import Loss
from algorithms.estimators.rollout import Batch, Rollout
from algorithms.training.learner import Learner
from algorithms.variant import Variant
from tests.builders import LEARNING
from tests.contracts.wrong_twins import broken

LEARNERS = [v for v in LEARNING if v.reason_unsupported(conformance_learner.TASK) is None]


@pytest.mark.parametrize("variant", LEARNERS, ids=lambda v: v.name)
def test_the_learner_passes_with_every_variant(variant: Variant) -> None:
    findings = conformance_learner.examine(Learner, variant)
    assert not broken(findings), "\n".join(map(str, findings))
    assert len(findings) >= 5 + variant.estimator.credit.bootstraps


class GlobalClip(Learner):
    """One norm over the gradients of all members."""

    def apply(self) -> None:
        gradient = self.policy.flat.gradient
        gradient.mul_((self.training.max_grad_norm / gradient.norm()).clamp(max=1.0))
        super().apply()


class MemoryPerEpoch(Learner):
    """The baseline's state moves with every pass over a rollout."""

    def learn(self, rollout: Rollout, shuffles: object, progress: Tensor | None = None) -> None:
        for _ in range(self.schedule.epochs):
            batch, _ = self.prepare(rollout, progress)
            self.step(batch, 1)


class CriticPerMicrobatch(Learner):
    """The critic's loss is a mean over the rows that a minibatch happens to hold."""

    def loss(self, batch: Batch) -> Loss:
        made = super().loss(batch)
        assert batch.target is not None
        critic = made.total - made.actor
        return made._replace(total=made.actor + critic / (batch.weight > 0).sum((0, 2)))


class LearnsReset(Learner):
    """Every row is learned from: those after an episode's end, and those that only deliver a reset."""

    def learn(self, rollout: Rollout, shuffles: list[np.random.Generator], progress: Tensor | None = None) -> None:
        super().learn(replace(rollout, valid=torch.ones_like(rollout.valid)), shuffles, progress)


class Longer(Learner):
    """A factor of 1.02 on the gradient."""

    def descend(self, batch: Batch, parts: int = 1) -> Tensor:
        logp = super().descend(batch, parts)
        self.policy.flat.gradient.mul_(1.02)
        return logp


class DrainsEntropy(Learner):
    """The entropy bonus has the wrong sign."""

    def loss(self, batch: Batch) -> Loss:
        if self._alpha is not None:
            self._alpha = -self._alpha.abs()
        return super().loss(batch)


class PaysKL(Learner):
    """The KL to the reference is paid for and not charged."""

    def loss(self, batch: Batch) -> Loss:
        beta, self.beta = self.beta, -self.beta
        made = super().loss(batch)
        self.beta = beta
        return made


class PaysKLInReward(Learner):
    """The same in the reward."""

    def learn(self, rollout: Rollout, shuffles: list[np.random.Generator], progress: Tensor | None = None) -> None:
        self.beta = -abs(self.beta)
        super().learn(rollout, shuffles, progress)

    def gradient(self, rollout: Rollout) -> Tensor:
        self.beta = -abs(self.beta)
        return super().gradient(rollout)


class UpsideDown(Learner):
    """Ratios of the policy that acted over the one that learns."""

    def loss(self, batch: Batch) -> Loss:
        logp = super().loss(batch).logp.detach()
        return super().loss(replace(batch, logp=2 * logp - batch.logp))


class FleesTarget(Learner):
    """The critic moves away from its target."""

    def loss(self, batch: Batch) -> Loss:
        made = super().loss(batch)
        return made._replace(total=2 * made.actor - made.total)


class TokenMeanOfMicrobatch(Learner):
    """A mean over the tokens of each micro-batch, and then over micro-batches (SkyRL #1296; verl #5366 was of this kind)."""

    def descend(self, batch: Batch, parts: int = 1) -> Tensor:
        valid = (batch.weight > 0).to(batch.weight)
        mean = valid / valid.sum((0, 2), keepdim=True).clamp(min=1)
        return super().descend(replace(batch, weight=mean / parts), parts)


class DilutedByPadding(Learner):
    """The tokens that are left out of the loss are counted in its mean (TRL #6439, of cut texts)."""

    def loss(self, batch: Batch) -> Loss:
        share = (batch.weight > 0).to(batch.weight).mean((0, 2), keepdim=True)
        return super().loss(replace(batch, weight=batch.weight * share))


class TimesTheParts(Learner):
    """Each minibatch counts as a whole rollout, so a step is longer by their number (verl #5798, with workers for parts)."""

    def descend(self, batch: Batch, parts: int = 1) -> Tensor:
        return super().descend(batch, parts * parts)


WHOLE = "the gradient is that of surrogate, entropy, KL and critic"


@pytest.mark.parametrize(
    ("twin", "name", "rule"),
    [
        (GlobalClip, "gae", "a member's step is the one it takes alone"),
        (MemoryPerEpoch, "baseline_mean", "a baseline's memory moves once a rollout"),
        (CriticPerMicrobatch, "baseline_value", "the gradients of minibatches add up"),
        (Longer, "reinforce", WHOLE),
        (DrainsEntropy, "rloo", WHOLE),
        (PaysKL, "grpo", WHOLE),
        (PaysKLInReward, "rloo", WHOLE),
        (UpsideDown, "grpo", WHOLE),
        (UpsideDown, "ppo", WHOLE),
        (FleesTarget, "baseline_value", WHOLE),
        (LearnsReset, "reinforce", "what stands in rows that are not valid leaves the step as it was"),
        (LearnsReset, "ppo", "what stands in rows that are not valid leaves the step as it was"),
        (TokenMeanOfMicrobatch, "reinforce_pp", "the gradients of minibatches add up"),
        (TimesTheParts, "reinforce_pp", "the gradients of minibatches add up"),
        (DilutedByPadding, "reinforce_pp", WHOLE),
        (LearnsReset, "gae", "the row that delivers a reset is not learned from"),
    ],
)
def test_wrong_learners_are_rejected(twin: type[Learner], name: str, rule: str) -> None:
    assert rule in broken(conformance_learner.examine(twin, VARIANTS[name]))
