"""Exact moments of estimators at one policy of an enumerable task, without samples or Monte Carlo error."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from algorithms.conformance.gradient_quality import one_policy
from algorithms.estimators.kl_penalty import KL
from algorithms.training.returns.exact_return import ExactReturn, text_mdp
from algorithms.training_config import TrainingConfig
from envs.api import Task


@dataclass(frozen=True)
class EnumeratedEpisodes:
    """Every episode s of a task under one policy.

    chance p(s) [S]; returns R(s) [S] without the KL; scores S(s) = sum_t grad log pi [S, D]; prompt: its index [S]
    """

    chance: Tensor
    returns: Tensor
    scores: Tensor
    prompt: Tensor


def enumerate_scores(task: Task, training: TrainingConfig, actor: Tensor) -> EnumeratedEpisodes:
    """The episodes of `task` under the actor with these parameters [D].

    ValueError if there are too many, or if rewards are random: the mean reward does not determine the mean square.
    """
    mdp = text_mdp(task)
    if mdp is not None and (mdp.random_final_reward or mdp.reward_noise):
        raise ValueError(f"{task.name} pays by chance, so variances cannot be read from its listed mean rewards")
    policy, exact = one_policy(task, training, actor), ExactReturn(task)
    episodes = exact.enumeration
    logp, scores = exact.log_probabilities(policy).sum(0)[0], []
    for s in range(len(episodes.probability)):
        policy.flat.gradient.zero_()
        logp[s].backward(retain_graph=True)  # type: ignore[no-untyped-call]
        scores.append(policy.flat.gradient[0].double().clone())
    with torch.no_grad():
        chance = exact.probabilities(policy)[0].double() * torch.from_numpy(episodes.probability)
    positions = task.spec.observation.action_position  # type: ignore[union-attr]
    prompts = torch.from_numpy(episodes.transcript[:, : positions[0] + 1])
    prompt = torch.unique(prompts, dim=0, return_inverse=True)[1]
    return EnumeratedEpisodes(chance, torch.from_numpy(episodes.reward.sum(0)), torch.stack(scores), prompt)


def _by_prompt(every: EnumeratedEpisodes) -> list[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """(p(x), p(s|x), R, S) of each prompt x."""
    parts = []
    for x in range(int(every.prompt.max()) + 1):
        on = every.prompt == x
        weight = every.chance[on].sum()
        parts.append((weight, every.chance[on] / weight, every.returns[on], every.scores[on]))
    return parts


def _total_variance(within: list[tuple[Tensor, Tensor, Tensor]]) -> float:
    """Total variance from (p(x), variance given x, mean given x): E[variance] + variance of the means."""
    inside = sum((w * v for w, v, _ in within), torch.zeros(()))
    mean = sum((w * m for w, _, m in within), torch.zeros(()))
    between = sum((w * m.square().sum() for w, _, m in within), torch.zeros(())) - mean.square().sum()
    return float(inside + between)


def reinforce_variance(every: EnumeratedEpisodes, k: int) -> float:
    """Trace of the covariance of 1/k sum_i R_i S_i over k episodes of one prompt."""
    within = []
    for weight, p, r, s in _by_prompt(every):
        mean = torch.einsum("i,i,id->d", p, r, s)
        second = (p * r.square() * s.square().sum(1)).sum()
        within.append((weight, (second - mean.square().sum()) / k, mean))
    return _total_variance(within)


def rloo_variance(every: EnumeratedEpisodes, k: int) -> float:
    """Trace of RLOO's covariance, k episodes of one prompt: 4 (k-2) / (k (k-1)) z1 + 2 / (k (k-1)) z2 within a prompt.

    RLOO is a U-statistic with kernel h = (R-R')(S-S')/2 (Hoeffding 1948): z1 = Var(E[h | one episode]), z2 = Var(h).
    """
    if k < 2:
        raise ValueError(f"RLOO needs at least 2 episodes, not {k}")
    within = []
    for weight, p, r, s in _by_prompt(every):
        mean = torch.einsum("i,i,id->d", p, r, s) - (p * r).sum() * (p @ s)
        # E[h | i] = (R_i S_i - R_i E[S] - E[R] S_i + E[R S]) / 2
        given = 0.5 * (r[:, None] * (s - p @ s) - (p * r).sum() * s + torch.einsum("i,i,id->d", p, r, s))
        z1 = (p[:, None] * (given - mean) ** 2).sum()
        gaps = (r[:, None] - r).square() * torch.cdist(s, s).square()
        z2 = 0.25 * torch.einsum("i,j,ij->", p, p, gaps) - mean.square().sum()
        within.append((weight, 4 * (k - 2) / (k * (k - 1)) * z1 + 2 / (k * (k - 1)) * z2, mean))
    return _total_variance(within)


def kl_error(task: Task, training: TrainingConfig, actor: Tensor, kl: KL) -> float:
    """|E[g] - grad KL| / |grad KL|, g being the KL's term in the gradient of one episode (beta 1, whole returns).

    In the reward, the episode's sum of k multiplies its score. In the loss, k itself is differentiated.
    """
    exact = ExactReturn(task)
    if exact.enumeration.reference is None:
        raise ValueError(f"{task.name} has no reference policy, so there is no KL to it")
    policy = one_policy(task, training, actor)
    reference = torch.from_numpy(exact.enumeration.reference)[:, None]  # [T, 1, S]
    valid = torch.from_numpy(exact.enumeration.valid).double()[:, None]
    start = torch.from_numpy(exact.enumeration.probability)

    def gradient_of(objective: Tensor) -> Tensor:
        policy.flat.gradient.zero_()
        objective.sum().backward()  # type: ignore[no-untyped-call]
        return policy.flat.gradient[0].double().clone()

    logp = exact.log_probabilities(policy).double()
    exact_gradient = gradient_of(logp.sum(0).exp() * start * ((logp - reference) * valid).sum(0))
    drawn_logp = logp.detach().requires_grad_()
    k = kl.estimate(drawn_logp - reference, valid)
    if kl.place == "reward":
        coefficient = k.detach().sum(0, keepdim=True).expand_as(k) * valid
    else:
        (coefficient,) = torch.autograd.grad(k.sum(), drawn_logp)
    logp = exact.log_probabilities(policy).double()
    made = gradient_of(logp.detach().sum(0).exp() * start * (coefficient * logp).sum(0))
    return float((made - exact_gradient).norm() / exact_gradient.norm())
