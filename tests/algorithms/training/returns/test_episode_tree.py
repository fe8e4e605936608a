"""Exact returns on the tree of episodes against the plain sum over all listed episodes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch import Tensor

from algorithms import VARIANTS
from algorithms.policies.actor_critic import ActorCritic
from algorithms.policies.api import Network
from algorithms.policies.networks.gru import GRU
from algorithms.policies.networks.gru_tree import GRUTree
from algorithms.policies.networks.tabular import Tabular
from algorithms.policies.networks.transformer import Transformer
from algorithms.policies.prefixes import Prefixes, TokenLevel, TokenTree
from algorithms.references.sb3_policy import Sb3Policy
from algorithms.training.returns import exact_return
from algorithms.training.returns.episode_tree import EpisodeTree
from algorithms.training.returns.exact_return import ExactReturn, text_mdp
from algorithms.training.returns.pass_at_k import KS
from envs import TASKS
from envs.api import Bools, Task
from envs.delayed import delayed
from envs.enumeration import Enumeration, enumerate_episodes
from envs.text.bandit import Bandit
from envs.text.guessnumber import GuessNumber
from envs.text_env import text_task
from envs.text_mdp import Prompts, Rows, TextMDP
from tests.builders import double_copy, make_policy, small_training

# masks; random outcomes and hidden states; a KL; views; several prompts; replies and early ends; a discount; a delay
NAMES = [
    "dyck/masked-small",
    "causal/medium",
    "lexicon/small",
    "safereply/small",
    "lock/medium",
    "guessnumber/noisy-small",
]
DISCOUNTED = text_task("discounted", GuessNumber(numbers=4, turns=3, gamma=0.5))
SOFT = replace(TASKS["lexicon/small"], gamma=0.7)
LATE = delayed(TASKS["lock/small"], 1_000.0, "waits")
CASES = [*(TASKS[name] for name in NAMES), DISCOUNTED, SOFT, LATE]


@dataclass(frozen=True)
class SecretlyMasked(Bandit):
    """Two starts with the same text, and with different legal arms."""

    def prompts(self) -> Prompts:
        return Prompts(np.full((2, 1), 1 + self.arms), np.array([0.3, 0.7]))

    def legal(self, rows: Rows, t: int) -> Bools:
        return np.array([[True, True, False, True], [False, True, True, True]])


def random_policy(task: Task, network: Network | None = None, members: int = 3) -> ActorCritic:
    """Members with different parameters, far from uniform, in float64."""
    mdp = text_mdp(task)
    assert mdp is not None
    training = replace(small_training(task, VARIANTS["reinforce"]), network=network or GRU(5))
    policy = double_copy(make_policy(task, VARIANTS["reinforce"], training, tuple(range(members))))
    with torch.no_grad():
        policy.flat.values.normal_(std=0.7, generator=torch.Generator().manual_seed(1))
    return policy


def listed(task: Task, policy: ActorCritic) -> dict[str, Tensor]:
    """J and the measures of an evaluation, as sums over all listed episodes at all steps."""
    mdp = text_mdp(task)
    assert mdp is not None
    episodes = enumerate_episodes(mdp)
    p, valid = policy.members, torch.from_numpy(episodes.valid)[:, None]
    tokens = torch.from_numpy(np.ascontiguousarray(episodes.transcript.T))[:, None].expand(-1, p, -1)
    action = torch.from_numpy(episodes.action)[:, None].expand(-1, p, -1)
    mask = None if episodes.action_mask is None else torch.from_numpy(episodes.action_mask)[:, None]
    logp = policy.head.log_prob(policy.outputs(tokens, mask, len(action)), action)
    logp = torch.where(valid, logp, 0.0)  # [T, P, S]
    total, chance = logp.sum(0), logp.sum(0).exp() * torch.from_numpy(episodes.probability)
    powers = (task.gamma ** torch.arange(len(logp), dtype=torch.float64))[:, None, None]
    paid = torch.from_numpy(episodes.reward)[:, None]
    found = {"entropy": -(chance * total).sum(-1), "length": (chance * valid.sum(0)).sum(-1)}
    found |= listed_passes(task, mdp, episodes, chance, (powers * paid * valid)[:, 0].sum(0))
    if episodes.reference is not None:
        kl = logp - torch.from_numpy(episodes.reference)[:, None]
        found["kl"] = (chance * kl.sum(0)).sum(-1)
        paid = paid - task.beta * kl
    return found | {"value": (chance * (powers * paid * valid).sum(0)).sum(-1)}


def listed_passes(
    task: Task, mdp: TextMDP, episodes: Enumeration, chance: Tensor, returns: Tensor
) -> dict[str, Tensor]:
    """pass@k, from the chance [P, S] of each listed episode and its return [S] without a KL, prompt by prompt."""
    if math.isnan(task.scale.middle):
        return {}
    right = returns if mdp.random_final_reward else (returns > task.scale.middle).double()
    prompts = [tuple(row[: mdp.prompt_length]) for row in episodes.transcript.tolist()]
    found = {f"pass@{k}": torch.zeros(len(chance), dtype=torch.float64) for k in KS}
    for prompt in set(prompts):
        on = torch.tensor([p == prompt for p in prompts])
        share = chance[:, on].sum(1)
        p = (chance[:, on] * right[on]).sum(1) / share
        for k in KS:
            found[f"pass@{k}"] += share * (1 - (1 - p) ** k)
    return found


def listed_gradient(task: Task, policy: ActorCritic) -> Tensor:
    """Autograd through the sum."""
    policy.flat.gradient.zero_()
    listed(task, policy)["value"].sum().backward()  # type: ignore[no-untyped-call]
    return policy.flat.gradient.clone()


@pytest.mark.parametrize("task", CASES, ids=lambda t: t.name)
def test_scores_and_gradient_are_those_of_the_sum_over_all_episodes(task: Task) -> None:
    """In float64, so that only the order of the sums differs."""
    policy, exact = random_policy(task), ExactReturn(task)
    scores, expected = exact.scores(policy), listed(task, policy)
    found = scores.measures | {"value": scores.value}
    views = {name: listed(view, policy)["value"] for name, view in task.view_tasks()}
    assert set(found) == set(expected | views)
    for name, value in (expected | views).items():
        np.testing.assert_allclose(found[name], value.detach().numpy(), rtol=1e-11, atol=1e-13, err_msg=name)
    gradient = listed_gradient(task, policy)
    torch.testing.assert_close(exact.gradient(policy), gradient, rtol=1e-10, atol=1e-13)
    assert gradient.norm(dim=1).min() > 1e-4 or task.name == "dyck/masked-small"  # there every policy is optimal
    assert not torch.allclose(gradient[0], gradient[1]) or task.name == "dyck/masked-small"


@pytest.mark.parametrize("name", ["dyck/masked-small", "causal/medium", "lexicon/small", "textgraph/history-small"])
@pytest.mark.parametrize("kind", ["transformer", "table"])
def test_every_network_computes_the_tree_as_it_computes_the_list(name: str, kind: str) -> None:
    task = TASKS[name]
    mdp = text_mdp(task)
    assert mdp is not None
    network: Network = Tabular(mdp) if kind == "table" else Transformer(8, 1, 2)
    policy, exact = random_policy(task, network, 2), ExactReturn(task)
    np.testing.assert_allclose(exact.value(policy), listed(task, policy)["value"].detach(), rtol=1e-11)
    torch.testing.assert_close(exact.gradient(policy), listed_gradient(task, policy), rtol=1e-9, atol=1e-12)


def test_members_and_parts_are_independent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each member alone, and the episodes in parts of 50, give what the population and all episodes give."""
    task = TASKS["lexicon/small"]
    policy, exact = random_policy(task), ExactReturn(task)
    values, gradient = exact.value(policy), exact.gradient(policy)
    for member in range(3):
        alone = policy.select_members(np.array([member]))
        torch.testing.assert_close(exact.value(alone), values[member : member + 1], rtol=1e-12, atol=0)
        torch.testing.assert_close(exact.gradient(alone)[0], gradient[member], rtol=1e-10, atol=1e-13)
    monkeypatch.setattr(exact_return, "CHUNK", 150)
    torch.testing.assert_close(exact.value(policy), values, rtol=1e-12, atol=0)
    torch.testing.assert_close(exact.gradient(policy), gradient, rtol=1e-10, atol=1e-13)


def test_float32_loses_only_its_rounding() -> None:
    task = TASKS["dyck/sparse-medium"]
    policy = random_policy(task)
    rounded = policy.select_members(np.arange(3)).float()
    rounded.flat = type(policy.flat)(rounded)
    exact = ExactReturn(task)
    np.testing.assert_allclose(exact.value(rounded), exact.value(policy), rtol=1e-5)
    gradient = exact.gradient(policy)
    off = (exact.gradient(rounded).double() - gradient).norm(dim=1) / gradient.norm(dim=1)
    assert off.max() < 1e-5


def test_masks_that_the_text_does_not_show_tell_choices_apart() -> None:
    task = text_task("secret", SecretlyMasked(contexts=1, arms=4))
    policy, exact = random_policy(task), ExactReturn(task)
    np.testing.assert_allclose(exact.value(policy), listed(task, policy)["value"].detach(), rtol=1e-12)
    torch.testing.assert_close(exact.gradient(policy), listed_gradient(task, policy), rtol=1e-10, atol=1e-13)
    (tree,) = exact._trees_for(policy)
    assert tree.choices == 2
    assert len(tree.prefixes.levels[0].token) == 1


def small_tree() -> tuple[Enumeration, EpisodeTree]:
    """causal/medium has early ends, replies, chance and hidden answers."""
    mdp = text_mdp(TASKS["causal/medium"])
    assert mdp is not None
    episodes = enumerate_episodes(mdp)
    return episodes, EpisodeTree(episodes, mdp.spec, "cpu", slice(None))


def test_sums_on_paths_and_below_are_adjoint_and_count_episodes() -> None:
    """<sum_on_paths x, y> = <x, sum_below y>; with x = 1 the sums are lengths, with y = counts the episodes below."""
    episodes, tree = small_tree()
    assert tree.choices == episodes.texts == 240
    generator = np.random.default_rng(0)
    x, ends = generator.normal(size=(2, len(tree.step))), tree.collect(np.ones(len(episodes.probability)))
    y = generator.normal(size=(2, len(ends)))
    np.testing.assert_allclose((tree.sum_on_paths(x) * y).sum(1), (x * tree.sum_below(y)).sum(1))
    lengths = tree.collect(episodes.valid.sum(0).astype(np.float64))
    np.testing.assert_array_equal(tree.sum_on_paths(np.ones_like(x))[0] * ends, lengths)
    passing = np.zeros(len(tree.step))
    for t, s in np.argwhere(episodes.valid):
        passing[tree.edges[t, s]] += 1
    np.testing.assert_array_equal(tree.sum_below(ends[None])[0], passing)


TEXTS = np.array([[1, 2, 3], [1, 2, 1], [1, 3, 0], [2, 2, 3], [1, 2, 3]])


def test_a_tree_of_five_texts() -> None:
    """1-2-3 (twice), 1-2-1, 1-3 and 2: six nodes below the empty text, four leaves."""
    tree = TokenTree(TEXTS, np.array([3, 3, 2, 1, 3]))
    assert [(token.tolist(), parent.tolist()) for token, parent in tree.levels] == [
        ([1, 2], [0, 0]),
        ([2, 3], [0, 0]),
        ([1, 3], [0, 0]),
    ]
    assert tree.node.T.tolist() == [[0, 2, 5], [0, 2, 4], [0, 3, -1], [1, -1, -1], [0, 2, 5]]
    prefixes = Prefixes.of_tree(tree, np.array([0, 2, 3, 1, 4]))
    assert prefixes.padded().T.tolist() == [[1, 0, 0], [1, 2, 0], [1, 3, 0], [2, 0, 0], [1, 2, 1]]
    assert sorted(prefixes.rows.T.tolist()) == [[1, 2, 1], [1, 2, 3], [1, 3, 0], [2, 0, 0]]
    read = Sb3Policy(TASKS["lock/small"].spec, lambda texts: texts.double()).at_prefixes(prefixes, None)
    assert read[0].tolist() == prefixes.padded().T.tolist()  # a model reads padded texts


def test_gradients_of_a_gru_on_a_tree_against_finite_differences() -> None:
    shape = [([0, 2], [0, 0]), ([1, 2, 0], [0, 0, 1]), ([0, 1, 2, 2], [0, 0, 0, 2])]
    levels = tuple(TokenLevel(torch.tensor(token), torch.tensor(parent)) for token, parent in shape)
    generator = torch.Generator().manual_seed(0)
    x, u = (torch.randn(2, 3, 9, dtype=torch.float64, generator=generator, requires_grad=True) for _ in range(2))
    assert torch.autograd.gradcheck(lambda x, u: GRUTree.apply(x, u, levels), (x, u))
