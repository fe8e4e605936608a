"""Which estimators of ours compute the same: the same advantages, or the same loss up to its weights."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from algorithms.conformance.coefficients import assess_rollout, gradient_of
from algorithms.conformance.foreign.adapters.adapter import Foreign
from algorithms.conformance.foreign.rules.changes import batches
from algorithms.conformance.foreign.rules.weights import slope
from algorithms.conformance.foreign.texts import Texts, rollout_of
from algorithms.estimators.baseline import reads_pool
from algorithms.estimators.estimator import Estimator

CLOSE = 2e-5
SIZES = (0.05, 0.3, 1.2)  # of log ratios


def difference(foreign: Foreign, estimator: Estimator) -> float:
    """The largest relative difference of the two on the kit's batch; inf where ours cannot be computed on it."""
    batch = batches(foreign)[-1]
    if foreign.kind == "advantages":
        ours = _advantages(estimator, batch)
        seen = foreign(batch)
        return torch.inf if ours is None else _largest(seen - ours, ours, batch)
    worst = 0.0
    for size in SIZES:
        at = _moved(batch, size)
        seen = slope(foreign, at) / slope(foreign, batch)
        ours = _surrogate(estimator, at) / _surrogate(estimator, batch)
        off = (seen - ours).abs() / (at.logp - at.old_logp).exp().clamp(min=1.0)
        worst = max(worst, float(off[batch.train].nan_to_num(torch.inf).max()))
    return worst


def _moved(batch: Texts, size: float) -> Texts:
    """The batch with log ratios that differ between the positions of a text, up to this size."""
    away = size * torch.cos(2.4 * torch.arange(batch.mask.numel()).reshape(batch.mask.shape).double() + 0.5)
    return batch.each(old_logp=batch.logp - away * batch.mask)


def equal(foreign: Foreign, estimators: Mapping[str, Estimator]) -> list[str]:
    """The names of ours that compute the same."""
    return [name for name, estimator in estimators.items() if difference(foreign, estimator) < CLOSE]


def _largest(off: Tensor, ours: Tensor, batch: Texts) -> float:
    on = batch.train
    return float(off[on].abs().nan_to_num(torch.inf).max()) / max(1.0, float(ours[on].abs().max()))


def _advantages(estimator: Estimator, batch: Texts) -> Tensor | None:
    """Ours [B, L]; None where they depend on more than a batch: earlier rollouts, texts that were not kept, a teacher."""
    baseline = estimator.baseline
    if estimator.teacher is not None or reads_pool(baseline) or baseline.initial(1, batch.mask.shape[1]):
        return None
    rollout, values = rollout_of(batch)
    try:
        made, _ = assess_rollout(estimator, rollout, values)
    except (ValueError, RuntimeError, AssertionError):
        return None
    return made.advantage[:, 0].T


def _surrogate(estimator: Estimator, batch: Texts) -> Tensor:
    """d L / d log pi over A [B, L], without the weights of the aggregation."""
    logp = batch.logp.T[:, None].clone().requires_grad_()
    advantage, old, mask = (x.T[:, None] for x in (batch.advantage, batch.old_logp, batch.mask))
    objective = estimator.surrogate(logp, old, advantage, mask) * mask
    made = gradient_of(objective, logp)[:, 0].T
    return torch.where(batch.train, made / torch.where(batch.train, batch.advantage, 1.0), 0.0)
