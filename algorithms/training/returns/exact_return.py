"""Exact J and grad J of any policy on an enumerable text MDP, the standard of comparison for estimators.

    J(theta) = sum_s p(s) prod_t pi_theta(a_t | s_t) R(s),    R(s) = sum_t gamma^t (r_t - beta log(pi / reference))

The sum is over all starts, sequences and random outcomes s; p(s) is the environment's factor of the probability. The
network is computed once at each distinct text. J and dJ / dlog pi are sums over the tree of episodes, in float64, and
autograd carries the gradient through the network.
"""

from __future__ import annotations

import functools
import math
from collections import defaultdict

import numpy as np
import torch
from torch import Tensor

from algorithms.policies.actor_critic import ActorCritic
from algorithms.policies.api import Acting
from algorithms.training.returns.episode_tree import EpisodeTree
from algorithms.training.returns.pass_at_k import RightTexts
from algorithms.training.returns.sampled_return import Scores
from envs import enumeration
from envs.api import Doubles, Task
from envs.custom.faults import EnvironmentFault
from envs.delayed import undelayed
from envs.enumeration import Enumeration, enumerate_episodes
from envs.text_mdp import TextMDP

LIMIT = 5_000  # the largest number of episodes that training and evaluation enumerate
CHUNK = 100_000  # episodes x members in one tree; this limits memory


def text_mdp(task: Task) -> TextMDP | None:
    """The task's MDP if it is a text MDP, else None."""
    factory = undelayed(task.factory)
    return factory if isinstance(factory, TextMDP) else None


def enumerable(task: Task, limit: int = LIMIT) -> bool:
    """Whether the task, and each of its views, has at most `limit` episodes."""
    factories = (undelayed(task.factory), *(factory for _, factory in task.views))
    return all(isinstance(f, TextMDP) and enumeration.enumerable(f, limit) for f in factories)


def reason_not_enumerable(task: Task) -> str | None:
    """Why the episodes of a text task cannot be listed; None if they can."""
    factories = (undelayed(task.factory), *(factory for _, factory in task.views))
    own = (enumeration.reason_unlisted(f) for f in factories if isinstance(f, TextMDP))
    return next((r for r in own if r), None if enumerable(task) else f"this task has more than {LIMIT:,} episodes")


class ExactReturn:
    """J and its gradient for the policies of one enumerable task, and the measures of an evaluation."""

    def __init__(self, task: Task, device: str = "cpu", limit: int = 200_000) -> None:
        mdp = text_mdp(task)
        if mdp is None:
            raise ValueError(f"{task.name} is not a text MDP: its exact return cannot be enumerated")
        self.enumeration: Enumeration = enumerate_episodes(mdp, limit)
        episodes, valid = self.enumeration, self.enumeration.valid
        self.beta = 0.0 if episodes.reference is None else task.beta
        self._powers = task.gamma ** np.arange(len(valid))  # [T]
        discounted = self._powers[:, None] * valid * episodes.reward
        if not np.isfinite(discounted).all():
            t, s = (int(i) for i in np.argwhere(~np.isfinite(discounted))[0])
            text = mdp.decode(episodes.transcript[s])
            raise EnvironmentFault(
                f"{task.name}: the environment pays {episodes.reward[t, s]} at step {t + 1} of {text!r}"
            )
        self._chance = episodes.probability  # p(s) [S]
        self._return = discounted.sum(0)  # [S]
        self._length = valid.sum(0).astype(np.float64)
        self._right = _right_texts(task, mdp, episodes, self._return)
        if episodes.reference is not None:
            self._reference = episodes.reference.sum(0)  # [S], 0 after an end
            self._return = self._return + self.beta * (self._powers @ episodes.reference)
        # a constant shift of all returns does not change grad J; after it, grad J of equal returns is exactly 0
        self._shift = self._return.max()
        self._build_tree = functools.partial(EpisodeTree, episodes, mdp.spec, device)
        self._trees: dict[int, list[EpisodeTree]] = {}  # by the number of episodes in each
        self.views = [(name, ExactReturn(view, device, limit)) for name, view in task.view_tasks()]

    def _split(self, size: int) -> list[EpisodeTree]:
        """All episodes, in trees of at most `size`."""
        if size not in self._trees:
            starts = range(0, len(self._chance), size)
            self._trees[size] = [self._build_tree(slice(start, start + size)) for start in starts]
        return self._trees[size]

    def _trees_for(self, policy: Acting) -> list[EpisodeTree]:
        return self._split(max(1, CHUNK // policy.members))

    def log_probabilities(self, policy: Acting) -> Tensor:
        """log pi(a_t | s_t) of each listed episode, [T, P, S], 0 after its end."""
        tree = self.whole_tree()
        out = policy.at_prefixes(tree.prefixes, tree.mask)
        edges, valid = (torch.from_numpy(x).to(out.device) for x in (tree.edges, self.enumeration.valid))
        logp = out.log_softmax(-1).flatten(1)[:, edges].transpose(0, 1)
        return torch.where(valid[:, None], logp, 0.0)

    def probabilities(self, policy: Acting) -> Tensor:
        """prod_t pi(a_t | s_t) of each listed episode, [P, S]."""
        return self.log_probabilities(policy).sum(0).exp()

    def _returns(self, tree: EpisodeTree, logp: Doubles, shift: float = 0.0) -> tuple[Doubles, Doubles, Doubles]:
        """log pi, pi, and p(s) (R(s) - shift) of whole episodes [P, E], from log pi at each edge [P, C V].

        Episodes with the same texts and actions are summed.
        """
        total = tree.sum_on_paths(logp)
        returns = tree.collect(self._chance * (self._return - shift))
        if self.beta:
            discounted = tree.sum_on_paths(logp * self._powers[tree.step])
            returns = returns - self.beta * tree.collect(self._chance) * discounted
        return total, np.exp(total), returns

    def whole_tree(self) -> EpisodeTree:
        """All episodes in one tree."""
        (tree,) = self._split(len(self._chance))
        return tree

    def sums_behind_choices(self, tree: EpisodeTree, logp: Doubles) -> tuple[Doubles, Doubles]:
        """(p(reach c), E[R 1(reach c)]) of each choice c of the tree [P, C], from log pi at its edges [P, C V]."""
        _, pi, returns = self._returns(tree, logp)
        shape = len(logp), tree.choices, tree.actions
        reached, paid = (
            tree.sum_below(x).reshape(shape).sum(-1) for x in (pi * tree.collect(self._chance), pi * returns)
        )
        return reached, paid

    def value(self, policy: Acting) -> Tensor:
        """J of each member [P], float64."""
        return torch.from_numpy(self.scores(policy).value)

    @torch.no_grad()
    def scores(self, policy: Acting) -> Scores:
        """The scores of an evaluation, without sampling."""
        trees = self._trees_for(policy)
        logps = [log_pi(policy.at_prefixes(tree.prefixes, tree.mask)) for tree in trees]
        measures = self._measures(trees, logps)
        value = measures.pop("value")
        for name, view in self.views:
            same = view.enumeration.same_texts(self.enumeration)  # then the policy acts in it as here
            measures[name] = view._measures(trees, logps)["value"] if same else view.scores(policy).value
        return Scores(value, measures)

    def _measures(self, trees: list[EpisodeTree], logps: list[Doubles]) -> dict[str, Doubles]:
        """J and the measures of an evaluation [P], from log pi at the edges of each tree [P, C V]."""
        found: dict[str, list[Doubles]] = defaultdict(list)
        right: Doubles | float = 0.0
        for tree, logp in zip(trees, logps, strict=True):
            total, pi, returns = self._returns(tree, logp)
            reach = pi * tree.collect(self._chance)  # probability of an episode that ends here
            found["value"].append(pi * returns)
            found["entropy"].append(-reach * total)
            found["length"].append(pi * tree.collect(self._chance * self._length))
            if self.enumeration.reference is not None:
                found["kl"].append(reach * total - pi * tree.collect(self._chance * self._reference))
            if self._right is not None:
                right = right + self._right.chances(tree, pi)
        measures = {name: np.concatenate(parts, 1).sum(1) for name, parts in found.items()}
        return measures if self._right is None else measures | self._right.measures(np.asarray(right))

    def gradient(self, policy: ActorCritic) -> Tensor:
        """grad J of each member with respect to all its parameters [P, D]; 0 for those of a critic.

        The result is also in policy.flat.gradient.
        """
        policy.flat.gradient.zero_()
        for tree in self._trees_for(policy):
            out = policy.at_prefixes(tree.prefixes, tree.mask)
            logp = log_pi(out.detach())
            _, chance, returns = self._returns(tree, logp, self._shift)
            # dJ / dlog pi, without the derivative of R(s) itself: it is -beta gamma^t times E[grad log pi], which is 0
            by_logp = tree.sum_below(chance * returns)
            by_logp, pi = by_logp.reshape(out.shape), np.exp(logp).reshape(out.shape)
            by_out = by_logp - pi * by_logp.sum(-1, keepdims=True)
            # not out.backward(by_out): its check of shapes imports sympy, which takes a second
            (out * torch.from_numpy(by_out).to(out)).sum().backward()  # type: ignore[no-untyped-call]
        return policy.flat.gradient.clone()


def _right_texts(task: Task, mdp: TextMDP, episodes: Enumeration, returns: Doubles) -> RightTexts | None:
    """How often each text is right; None where the scale has no middle, or where noise hides what is right."""
    if mdp.reward_noise or math.isnan(task.scale.middle):
        return None
    # a final reward that is paid as 1 or 0 by chance is listed as its mean, the chance that it is 1
    right = returns if mdp.random_final_reward else (returns > task.scale.middle).astype(np.float64)
    if right.min() < 0 or right.max() > 1:
        return None
    prompts = mdp.prompts()
    which = np.unique(prompts.tokens, axis=0, return_inverse=True)[1].reshape(-1)
    start = np.bincount(which, prompts.probability).astype(np.float64)
    return RightTexts(right, which[episodes.start], episodes.probability, start)


def log_pi(out: Tensor) -> Doubles:
    """log pi(a | s) of head inputs [P, C, V], as edges [P, C V] in float64."""
    logp: Doubles = out.double().log_softmax(-1).flatten(1).cpu().numpy()
    return logp
