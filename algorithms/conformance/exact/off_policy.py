"""Exact moments of an estimator's gradient where another policy acted: mu plays, pi learns, rho = pi / mu.

A batch is one group of G episodes s_1..s_G of one start x. Its gradient is a sum over the actions of these episodes,
g = sum_it c_it grad log pi(a_it | .), whose coefficients c come from the code that training uses: assessment, row weights
and surrogate. All groups are listed in their order, so

    E[g] = sum_x p(x) sum_{s_1..s_G} mu(s_1 | x) .. mu(s_G | x) g(s_1..s_G),    Var g = E|g|^2 - |E[g]|^2

have no sampling error. An action after a text is an edge e of the tree of texts: with c_e the sum of the coefficients on e,
E[g] = sum_e E[c_e] grad log pi_e and E|g|^2 = sum_ef E[c_e c_f] grad log pi_e . grad log pi_f. A reward that is 1 or 0 by
chance makes two episodes of one text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from algorithms.conformance.coefficients import gradient_of
from algorithms.conformance.exact.drift import exact_log_probabilities
from algorithms.conformance.exact.group_objective import reason_reads_more
from algorithms.conformance.gradient_quality import Quality, exact_gradient, one_policy
from algorithms.estimators.estimator import Estimator, Signals
from algorithms.estimators.loss import action_objective, assess, rows_to_learn_from
from algorithms.estimators.rollout import Rollout
from algorithms.training.returns.exact_return import ExactReturn, text_mdp
from algorithms.training_config import Episodes, TrainingConfig
from envs.api import Task

AT_ONCE = 20_000  # groups in one population; this limits memory
MOST_GROUPS = 3_000_000


@dataclass(frozen=True)
class Start:
    """The K episodes of one start x: edge, valid, reward, log mu and log pi of each action [T, K]; chance mu(s | x) [K]."""

    weight: float
    edge: Tensor
    valid: Tensor
    reward: Tensor
    logmu: Tensor
    logpi: Tensor
    chance: Tensor


@dataclass(frozen=True)
class Listing:
    """The episodes of all starts, and grad log pi of each edge: scores [E, D], products [E, E]; gradient: grad J [D]."""

    starts: tuple[Start, ...]
    scores: Tensor
    products: Tensor
    gradient: Tensor


def list_episodes(task: Task, training: TrainingConfig, mu: Tensor, pi: Tensor) -> Listing:
    """The episodes of a task where actors with parameters mu and pi [D] play and learn. ValueError for noisy rewards."""
    mdp = text_mdp(task)
    if mdp is not None and mdp.reward_noise:
        raise ValueError(f"{task.name} adds Gaussian noise to its rewards, so its episodes cannot be listed")
    exact = ExactReturn(task)
    episodes = exact.enumeration
    logmu, logpi = (exact_log_probabilities(exact, one_policy(task, training, actor)) for actor in (mu, pi))
    chance = logmu.sum(0).exp() * torch.from_numpy(episodes.probability)
    valid, reward = torch.from_numpy(episodes.valid).double(), torch.from_numpy(episodes.reward)
    edge, start = torch.from_numpy(exact.whole_tree().edges), torch.from_numpy(episodes.start)
    if mdp is not None and mdp.random_final_reward:
        last = (torch.arange(len(valid))[:, None] == valid.sum(0) - 1).double()
        right = (last * reward).sum(0) - mdp.reward_shift  # the chance of a final reward of 1 + shift, else of shift
        paid = [reward * (1 - last) + last * (r + mdp.reward_shift) for r in (1.0, 0.0)]
        chance = torch.cat([chance * right, chance * (1 - right)])
        edge, valid, logmu, logpi = (torch.cat([x, x], 1) for x in (edge, valid, logmu, logpi))
        reward, start = torch.cat(paid, 1), torch.cat([start, start])
    kept, starts = chance > 0, []
    for x in range(int(start.max()) + 1):
        on = kept & (start == x)
        weight = float(chance[on].sum())
        of_start = (edge[:, on], valid[:, on], reward[:, on], logmu[:, on], logpi[:, on])
        starts.append(Start(weight, *of_start, chance[on] / weight))
    scores = _edge_scores(exact, task, training, pi)
    return Listing(tuple(starts), scores, scores @ scores.T, exact_gradient(task, training, pi))


def _edge_scores(exact: ExactReturn, task: Task, training: TrainingConfig, actor: Tensor) -> Tensor:
    """grad log pi of each edge of the tree [E, D]; 0 for illegal actions, which no episode has."""
    tree, policy = exact.whole_tree(), one_policy(task, training, actor)
    logp = policy.at_prefixes(tree.prefixes, tree.mask).double().log_softmax(-1).flatten()
    scores = torch.zeros(len(logp), len(actor), dtype=torch.float64)
    for e in np.unique(tree.edges):
        policy.flat.gradient.zero_()
        logp[e].backward(retain_graph=True)  # type: ignore[no-untyped-call]
        scores[e] = policy.flat.gradient[0].double()
    return scores


class Moments(NamedTuple):
    """E[g] [D], the trace of g's covariance, and E[cos(g, grad J)], a gradient of 0 counting as 0."""

    mean: Tensor
    variance: float
    cosine: float


def exact_moments(estimator: Estimator, listing: Listing, training: TrainingConfig, horizon: int) -> Moments:
    """The moments of one group's gradient.

    training  its collection is one group of G episodes: Episodes(G, G)
    horizon   of the task: L_max
    ValueError for an estimator that reads more of an episode than its rewards and probabilities.
    """
    collection = training.collection
    if not isinstance(collection, Episodes) or collection.envs != collection.group:
        raise ValueError(f"a batch must be one group of episodes, such as Episodes(4, 4), not {collection}")
    if reason := reason_reads_more(estimator):
        raise ValueError(f"this estimator {reason}, so its gradients cannot be listed")
    exact, edges = listing.gradient, len(listing.scores)
    along_edges = listing.scores @ exact  # grad log pi_e . grad J
    mean, square, aligned = torch.zeros(edges).double(), 0.0, 0.0
    for start in listing.starts:
        for weight, c in _coefficients(estimator, start, collection.group, horizon, edges):
            weight = weight * start.weight
            norms = ((c @ listing.products) * c).sum(1).clamp(min=0)
            cosines = torch.nan_to_num(c @ along_edges / norms.sqrt(), 0.0, 0.0, 0.0)
            mean += weight @ c
            square += float(weight @ norms)
            aligned += float(weight @ cosines)
    expected = mean @ listing.scores
    return Moments(expected, max(square - float(expected @ expected), 0.0), aligned / float(exact.norm()))


def exact_quality(moments: Moments, exact: Tensor) -> Quality:
    """The moments as Quality has them, compared with the exact gradient [D]: no noise, and 0 replicates."""
    signal = float(exact @ exact)
    return Quality(
        replicates=0,
        bias=float((moments.mean - exact).norm()),
        noise=0.0,
        max_z=0.0,
        scale=float(moments.mean @ exact) / signal,
        scale_error=0.0,
        scale_z=0.0,
        variance=moments.variance,
        snr=signal / moments.variance if moments.variance else float("inf"),
        cosine=float(torch.nn.functional.cosine_similarity(moments.mean, exact, dim=0)),
        single=moments.cosine,
    )


def _coefficients(
    estimator: Estimator, start: Start, group: int, horizon: int, edges: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """(chance given x [B], c of each edge [B, E]) of all groups of a start, AT_ONCE at a time."""
    count = len(start.chance)
    if count**group > MOST_GROUPS:
        raise ValueError(f"{count} episodes make {count**group:,} groups of {group}, more than {MOST_GROUPS:,}")
    places = count ** torch.arange(group - 1, -1, -1)
    for first in range(0, count**group, AT_ONCE):
        number = torch.arange(first, min(first + AT_ONCE, count**group))
        chosen = number[:, None] // places % count  # [B, G]
        c = _row_coefficients(estimator, start, chosen, horizon)
        rows = start.edge[:, chosen].permute(1, 0, 2).reshape(len(chosen), -1)
        on_edges = torch.zeros(len(chosen), edges, dtype=torch.float64)
        on_edges.scatter_add_(1, rows, c.permute(1, 0, 2).reshape(len(chosen), -1))
        yield start.chance[chosen].prod(1), on_edges


def _row_coefficients(estimator: Estimator, start: Start, chosen: Tensor, horizon: int) -> Tensor:
    """c [T, B, G] of the episodes `chosen` [B, G], as Learner.gradient has them: a group is a member."""
    valid, logmu, logpi = (x[:, chosen] for x in (start.valid, start.logmu, start.logpi))
    later = valid[1:].sum(0, keepdim=True)
    rollout = Rollout(
        obs=torch.zeros(1, *valid.shape[1:], dtype=torch.long),
        action=start.edge[:, chosen],
        logp=logmu,
        reward=start.reward[:, chosen],
        discount=torch.cat([valid[1:], torch.zeros_like(later)]),
        continues=torch.cat([valid[1:], torch.zeros_like(later)]),
        valid=valid,
        action_mask=None,
        group=chosen.shape[1],
    )
    if estimator.reads_current_logp:
        rollout = replace(rollout, current_logp=logpi)
    assessment, _ = assess(estimator, rollout, Signals(None), {})
    batch, _ = rows_to_learn_from(estimator, rollout, assessment, horizon, whole_episodes=True)
    logp = logpi.clone().requires_grad_()
    objective = action_objective(estimator, logp, batch.logp, batch.advantage, valid)
    return gradient_of(objective * batch.weight, logp)
